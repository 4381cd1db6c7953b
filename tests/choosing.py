"""Which tests the quick run leaves to CI, and CI to the whole run, by how long each took: `make quicker` writes
tests/left_to_ci.txt and tests/left_to_all.txt anew.

Of each file the quickest tests are kept, up to a share of time that is the same for all files and as large as the
budget lets it be. So every file is still tried, and what is left out is what takes long beside others of its kind. Of a
journey all is kept or nothing: it goes on where its last test ended. What
the first test of a file sets up for all of them is no test's own: whichever is left out, another pays for it.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.invariants import tests_of_invariants
from tests.sampling import LEFT_TO_ALL, LEFT_TO_CI
from tests.scheduling import JOURNEYS

KEPT_ALWAYS = (
    *tests_of_invariants(),
    "tests/journeys/test_demo.py",
    "tests/journeys/test_supervisor_watches.py",
    "tests/api/cli/test_up.py",
    "tests/torture/test_short_run.py",
    "tests/torture/test_failed_writes.py",
    "tests/ingest/custody/test_crashes.py",
    "tests/ingest/dock/test_wipe.py",
    "tests/ingest/media/test_hostile.py",
    "tests/journeys/test_hostile_uploads.py",
    "tests/journeys/test_tus_clients.py",
    "tests/ingest/uploads/test_crash_and_takeover.py",
    "tests/ingest/uploads/test_deferred_length.py",
    "tests/ingest/uploads/test_hostile.py",
    "tests/ingest/uploads/test_tuspy.py::test_tuspy_resumes_after_the_server_was_killed",
    "tests/ingest/uploads/test_aiotus.py::test_aiotus_resumes_after_the_server_was_killed_and_started_again",
    "tests/ingest/uploads/test_javascript_clients.py::test_pause_and_resume_after_the_server_was_killed",
    "tests/ingest/uploads/test_javascript_clients.py::test_several_files_at_once",
    "tests/evaluation/test_linking_evaluation.py::test_of_what_follows_from_its_data_nearly_all_links_itself",
)
"""What must always hold (docs/invariants.md), what a person would see first if it failed, and what nobody should have
to wait for CI to hear of. As tests begin."""

KEPT_IN_CI = (
    *(each for each in KEPT_ALWAYS if each != "tests/torture/test_short_run.py"),
    "tests/torture/test_short_run.py::test_each_process_is_killed_once_and_each_file_is_sealed_once",
    "tests/api/http/test_boundaries.py",
    "tests/api/pages/test_every_page.py",
    "tests/casework/review/test_the_gate.py",
    "tests/contracts/test_object_store.py",
    "tests/contracts/test_s3_faults.py",
    "tests/ingest/media/test_corpus.py",
    "tests/journeys/test_demo_casework.py",
)
"""What no change may land without."""

_HEADINGS = {
    LEFT_TO_CI: "# Left to CI by the quick run: written by tests/choosing.py, which says how they are chosen.\n",
    LEFT_TO_ALL: "# Left to the whole run by CI: written by tests/choosing.py, which says how they are chosen.\n",
}


_DURATION = re.compile(r"([0-9.]+)s (setup|call|teardown) +(\S+\.py)::(\w+)")


@dataclass(frozen=True)
class Durations:
    """Seconds: what each file needs before its first test, and each `file::function` with all its cases."""

    files: Mapping[str, float]
    tests: Mapping[str, float]

    def of_files(self, tests: Iterable[str]) -> float:
        """Seconds before the first test of each file that has one of these."""
        return sum(self.files[path] for path in {test.partition("::")[0] for test in tests})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "report", type=Path, help="what pytest --durations=0 -vv printed of a run that left nothing out"
    )
    parser.add_argument("thorough", type=Path, help="what pytest --collect-only -q -m thorough printed")
    parser.add_argument("--quick", type=float, required=True, help="seconds of the quick run, one test after the other")
    parser.add_argument("--ci", type=float, required=True, help="seconds of CI's")
    given = parser.parse_args()
    took = durations(given.report.read_text("utf-8").splitlines())
    thorough = {line.partition("[")[0] for line in given.thorough.read_text("utf-8").splitlines()}
    quick = {test: seconds for test, seconds in took.tests.items() if test not in thorough}
    write(LEFT_TO_CI, quick, kept(quick, given.quick - took.of_files(quick), KEPT_ALWAYS))
    write(LEFT_TO_ALL, took.tests, kept(took.tests, given.ci - took.of_files(took.tests), KEPT_IN_CI))


def write(list_of_names: Path, seconds: Mapping[str, float], kept: Collection[str]) -> None:
    left = sorted(seconds.keys() - kept)
    list_of_names.write_text(_HEADINGS[list_of_names] + "".join(f"{each}\n" for each in left), encoding="utf-8")
    print(
        f"{list_of_names.name}: {len(left)} of {len(seconds)} tests, {sum(seconds[each] for each in left):.0f} seconds"
    )


def durations(lines: Iterable[str]) -> Durations:
    """Of a file's setups, what one takes longer than they usually do is what it does for all."""
    setups: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    tests: Counter[str] = Counter()
    for line in lines:
        if found := _DURATION.match(line):
            seconds, phase, path, name = float(found[1]), found[2], found[3], found[4]
            tests[f"{path}::{name}"] += 0.0 if phase == "setup" else seconds
            if phase == "setup":
                setups[path].append((name, seconds))
    files = {}
    for path, each in setups.items():
        usual = median(seconds for _, seconds in each)
        files[path] = sum(max(seconds - usual, 0.0) for _, seconds in each)
        for name, seconds in each:
            tests[f"{path}::{name}"] += min(seconds, usual)
    return Durations(files, dict(tests))


def kept(seconds: Mapping[str, float], budget_seconds: float, always: tuple[str, ...]) -> set[str]:
    """By halving: the largest share of a file with which all together stay within the budget. `always`: as tests begin
    that are kept whatever they take."""
    low, high = 0.0, sum(seconds.values())
    for _ in range(40):
        share = (low + high) / 2
        within = sum(seconds[each] for each in _kept_by_share(seconds, share, always)) <= budget_seconds
        low, high = (share, high) if within else (low, share)
    return set(_kept_by_share(seconds, low, always))


def _kept_by_share(seconds: Mapping[str, float], share_seconds: float, always: tuple[str, ...]) -> Iterator[str]:
    """The first of a file may take three times the share: rather one than none."""
    files = defaultdict(list)
    for test in seconds:
        files[test.partition("::")[0]].append(test)
    for path, tests in files.items():
        if path.startswith(JOURNEYS):
            if sum(seconds[test] for test in tests) <= 3 * share_seconds or any(
                test.startswith(always) for test in tests
            ):
                yield from tests
            continue
        used = 0.0
        for test in sorted(tests, key=lambda each: (seconds[each], each)):
            used += seconds[test]
            is_first = used == seconds[test] and used <= 3 * share_seconds
            if used <= share_seconds or is_first or test.startswith(always):
                yield test


if __name__ == "__main__":
    main()
