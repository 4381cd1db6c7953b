"""`make fuzz`: mutated JPEG, MP4 and TS files through probe and metadata as the custody worker runs them, sandboxed.

    python -m tests.fuzz.run [--count 10000] [--seed 1] [--only NUMBER] [--keep FOLDER]

Every case is known by its number: its file depends on the seed, the number and the files begun from, on nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ingest.media.probe import COUNT_LIMITS, PROBE_LIMITS, probe_media
from ingest.media.reader import FileFacts
from ingest.media.runner import MediaRunner, open_runner
from ingest.sealing.best_claims import best_claims, state_best
from ingest.sealing.claims import claims_by_kind, read_claims
from integrity.canonical import canonical_json
from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import Seed, gather_seeds

STUCK_SECONDS: Final = int(PROBE_LIMITS.deadline_seconds + 3 * COUNT_LIMITS.deadline_seconds + 30)
"""More than all deadlines of one probe together: whoever takes longer was not ended by any."""
RECEIVED: Final = datetime(2026, 3, 1, 9, tzinfo=UTC)
NAMES: Final = ("AB00001_000123_99991231230000.MP4", "AB00001_000123_20260101093000.MP4")
FORM_OF_NUMBER: Final = ("jpeg", "mp4", "ts")


class Stuck(BaseException):
    """Not an Exception: no code that catches those may hold it up."""


@dataclass
class Outcome:
    """What became of one case. `escaped` is a trace; `broke` what a reader met and the process it ran in caught."""

    number: int
    seed: str
    done: tuple[str, ...]
    state: str = ""
    seconds: float = 0.0
    escaped: str | None = None
    stuck: bool = False
    broke: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Watched(MediaRunner):
    """Remembers what the reader said of what it could not read."""

    said: list[FileFacts] = field(default_factory=list)

    def read(self, media: Path) -> FileFacts:
        facts = super().read(media)
        self.said.append(facts)
        return facts


class Bench:
    """One process's runner and files to begin from."""

    def __init__(self, seed: int, corpus: Path | None) -> None:
        self.seed, self.runner = seed, open_runner(os.environ.get("PATH", os.defpath))
        seeds = gather_seeds(self.runner, corpus)
        self.seeds = {form: [one for one in seeds if one.form == form] for form in FORM_OF_NUMBER}

    def make(self, number: int) -> tuple[Seed, bytes, tuple[str, ...]]:
        rng = random.Random(f"{self.seed}:{number}")
        form = FORM_OF_NUMBER[number % len(FORM_OF_NUMBER)]
        begun, other = rng.choice(self.seeds[form]), rng.choice(self.seeds[rng.choice(FORM_OF_NUMBER)])
        return begun, *mutate(begun.content, form, other.content, rng)

    def run(self, number: int) -> Outcome:
        begun, content, done = self.make(number)
        outcome = Outcome(number, begun.name, done)
        runner = Watched(self.runner.tools, self.runner.reader, self.runner.sandbox)
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="liuhen-fuzz-") as folder:
            path = Path(folder) / "media"
            path.write_bytes(content)
            signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS)
            try:
                outcome.state, outcome.reasons = look(path, runner)
            except Stuck:
                outcome.stuck = True
            except Exception:
                outcome.escaped = traceback.format_exc()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        outcome.seconds = time.monotonic() - started
        outcome.broke = tuple(words for facts in runner.said for words in facts.failed)
        return outcome


def look(path: Path, runner: MediaRunner) -> tuple[str, tuple[str, ...]]:
    """As sealing does it, to the words that are signed and the row that is stored."""
    findings = probe_media(path, runner)
    for name in NAMES:
        said = read_claims({"filename": name}, findings)
        stated = state_best(said, RECEIVED, findings.duration_seconds)
        best_claims(stated)
        canonical_json(claims_by_kind(stated))
    kept: Any = json.dumps([findings.as_facts(), [claim.as_facts() for claim in stated.stated]], allow_nan=False)
    if "\\u0000" in kept or "\\ud8" in kept:
        raise ValueError(f"what PostgreSQL cannot hold: {kept[:200]}")
    return findings.state, tuple(reason.code for reason in findings.reasons)


_bench: Bench | None = None


def stop_when_stuck() -> None:
    def stop(*_: object) -> None:
        raise Stuck

    signal.signal(signal.SIGALRM, stop)


def begin(seed: int, corpus: Path | None) -> None:
    global _bench
    stop_when_stuck()
    _bench = Bench(seed, corpus)


def run_case(number: int) -> Outcome:
    assert _bench is not None
    return _bench.run(number)


def run_cases(numbers: range, seed: int, corpus: Path | None, processes: int) -> Iterator[Outcome]:
    with ProcessPoolExecutor(processes, initializer=begin, initargs=(seed, corpus)) as pool:
        yield from pool.map(run_case, numbers, chunksize=8)


def report(outcomes: list[Outcome], seed: int, seconds: float, corpus: Path | None) -> str:
    states = Counter((FORM_OF_NUMBER[one.number % 3], one.state or "—") for one in outcomes)
    lines = [f"{form:5} {state:11} {count:6}" for (form, state), count in sorted(states.items())]
    broke = Counter(words for one in outcomes for words in one.broke)
    lines += [f"caught where it ran: {words}: {count}" for words, count in broke.most_common()]
    ended = sum(not {"not_probed_in_time", "probe_stopped"}.isdisjoint(one.reasons) for one in outcomes)
    slow = max(outcomes, key=lambda one: one.seconds)
    lines.append(f"ended by a limit: {ended}; slowest: number {slow.number}, {slow.seconds:.1f} s ({slow.seed})")
    for one in outcomes:
        if one.escaped or one.stuck:
            lines.append(f"number {one.number}: {one.seed} {'+'.join(one.done)}: {one.escaped or 'stuck'}")
    begun = "the corpus and files made here" if corpus else "files made here"
    lines.append(f"{seconds:.0f} s, {len(outcomes) / seconds:.1f} files a second, from {begun}")
    escaped, stuck = sum(one.escaped is not None for one in outcomes), sum(one.stuck for one in outcomes)
    lines.append(f"escaped {escaped}, stuck {stuck} of {len(outcomes)} (seed {seed})")
    return "\n".join(lines)


def main() -> int:
    wanted = argparse.ArgumentParser(prog="make fuzz")
    wanted.add_argument("--count", type=int, default=10_000)
    wanted.add_argument("--seed", type=int, default=1)
    wanted.add_argument("--only", type=int, help="run one case and say what it gave")
    wanted.add_argument("--keep", type=Path, help="with --only: write its file here")
    wanted.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = wanted.parse_args()
    corpus = Path(os.environ["LIUHEN_CORPUS"]) if os.environ.get("LIUHEN_CORPUS") else None
    if given.only is not None:
        begin(given.seed, corpus)
        assert _bench is not None
        if given.keep is not None:
            given.keep.write_bytes(_bench.make(given.only)[1])
        print(outcome := _bench.run(given.only))
        return int(outcome.stuck or outcome.escaped is not None)
    started, outcomes = time.monotonic(), []
    for outcome in run_cases(range(given.count), given.seed, corpus, given.processes):
        outcomes.append(outcome)
        if len(outcomes) % 500 == 0:
            print(f"{len(outcomes)} of {given.count}, {time.monotonic() - started:.0f} s", flush=True)
    print(report(outcomes, given.seed, time.monotonic() - started, corpus))
    return int(any(one.escaped or one.stuck for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
