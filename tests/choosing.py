"""Which tests the quick run leaves to CI, by how long each took: `make quicker` writes tests/left_to_ci.txt anew.

Of each file the quickest tests are kept, up to a share of time that is the same for all files and as large as the
budget lets it be. So every file is still tried, and what is left out is what takes long beside others of its kind.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from tests.sampling import LEFT_TO_CI

KEPT_ALWAYS = (
    "tests/journeys/test_demo.py",
    "tests/journeys/test_supervisor_watches.py",
    "tests/api/cli/test_up.py",
    "tests/torture/test_short_run.py",
)
"""What a person would see first if it failed."""
_HEADING = "# Left to CI by the quick run: written by tests/choosing.py, which says how they are chosen.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="what pytest --junitxml wrote of a quick run that left nothing out")
    parser.add_argument("--seconds", type=float, required=True, help="of all tests together, one after the other")
    given = parser.parse_args()
    seconds = seconds_by_test(given.report)
    left = sorted(seconds.keys() - kept(seconds, given.seconds))
    LEFT_TO_CI.write_text(_HEADING + "".join(f"{each}\n" for each in left), encoding="utf-8")
    print(f"{len(left)} of {len(seconds)} tests are left to CI, and {sum(seconds[each] for each in left):.0f} seconds")


def seconds_by_test(report: Path) -> dict[str, float]:
    """By `file::function`: the cases of a table together."""
    seconds: Counter[str] = Counter()
    for case in ElementTree.parse(report).iter("testcase"):
        path = case.attrib["classname"].replace(".", "/")
        seconds[f"{path}.py::{case.attrib['name'].partition('[')[0]}"] += float(case.attrib["time"])
    return dict(seconds)


def kept(seconds: Mapping[str, float], budget_seconds: float) -> set[str]:
    """By halving: the largest share of a file with which all together stay within the budget."""
    low, high = 0.0, sum(seconds.values())
    for _ in range(40):
        share = (low + high) / 2
        within = sum(seconds[each] for each in _kept_by_share(seconds, share)) <= budget_seconds
        low, high = (share, high) if within else (low, share)
    return set(_kept_by_share(seconds, low))


def _kept_by_share(seconds: Mapping[str, float], share_seconds: float) -> Iterator[str]:
    """The first of a file may take three times the share: rather one than none."""
    files = defaultdict(list)
    for test in seconds:
        files[test.partition("::")[0]].append(test)
    for path, tests in files.items():
        used = 0.0
        for test in sorted(tests, key=lambda each: (seconds[each], each)):
            used += seconds[test]
            if path in KEPT_ALWAYS or used <= share_seconds or (used == seconds[test] and used <= 3 * share_seconds):
                yield test


if __name__ == "__main__":
    main()
