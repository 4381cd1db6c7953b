"""A short run of `make fuzz`, over files made here, and that it would notice what it is there to notice."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.media.findings import Findings
from ingest.media.runner import MediaRunner
from tests.fuzz import run
from tests.fuzz.mutations import ANY, OF_FORMAT, Mutation

CASES = 30


@pytest.fixture(scope="module")
def bench() -> run.Bench:
    return run.Bench(1, None)


@pytest.fixture
def alarm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    run.stop_when_stuck()
    yield
    signal.signal(signal.SIGALRM, before)


def test_nothing_escapes_and_nothing_is_stuck() -> None:
    outcomes = list(run.run_cases(range(CASES), 1, None, 2))
    assert [one.number for one in outcomes] == list(range(CASES))
    # Of photographs alone the first look says that they are intact, and few of them stay so.
    assert {one.state for one in outcomes} | {"intact"} == {"intact", "opens", "damaged", "unreadable"}
    said = run.report(outcomes, 1, 1.0, None)
    assert said.splitlines()[-1] == f"escaped 0, stuck 0 of {CASES} (seed 1)", said


def test_a_number_names_one_file(bench: run.Bench) -> None:
    again = run.Bench(1, None)
    assert [bench.make(number) for number in range(60)] == [again.make(number) for number in range(60)]
    assert bench.make(0) != run.Bench(2, None).make(0)


@pytest.mark.parametrize("mutation", [*ANY, *(one for form in OF_FORMAT.values() for one in form)])
def test_every_mutation_changes_files_of_every_form(bench: run.Bench, mutation: Mutation) -> None:
    """Also what is of another format, or was cut to nearly nothing."""
    wholes = [seed.content for seeds in bench.seeds.values() for seed in seeds]
    changed = [mutation(bytearray(one), random.Random(n)) != one for n in range(8) for one in wholes]
    assert any(changed)
    for n in range(1, 40):
        mutation(bytearray(wholes[0][:n]), random.Random(n))


def test_an_exception_that_escapes_is_counted(bench: run.Bench, alarm: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(path: Path, runner: MediaRunner) -> Findings:
        raise KeyError(path.name)

    monkeypatch.setattr(run, "probe_media", break_down)
    outcome = bench.run(0)
    assert outcome.escaped is not None
    assert "KeyError: 'media'" in run.report([outcome], 1, 1.0, None)
    assert run.report([outcome], 1, 1.0, None).endswith("escaped 1, stuck 0 of 1 (seed 1)")


def test_a_task_that_never_ends_is_counted(bench: run.Bench, alarm: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def go_on(path: Path, runner: MediaRunner) -> Findings:
        while True:
            try:
                time.sleep(1)
            except Exception:
                continue

    monkeypatch.setattr(run, "probe_media", go_on)
    monkeypatch.setattr(run, "STUCK_SECONDS", 0.05)
    assert run.report([bench.run(0)], 1, 1.0, None).endswith("escaped 0, stuck 1 of 1 (seed 1)")
