"""Where the clock of a stream jumps, by times alone; real streams: tests/ingest/media/test_stream_breaks.py."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.metadata import stream_clock
from ingest.metadata.bounds import ReadingTooMuch
from ingest.metadata.mp4 import Budget
from ingest.metadata.reading import UNFINISHED, read_file_facts
from ingest.metadata.stream_clock import (
    BREAK_TICKS,
    CLOCK_HERTZ,
    CLOCK_TURNS_OVER,
    LONGEST_PROCESSOR_SECONDS,
    MOST_RUNS,
    StreamClock,
    least_break,
    own_budget,
    read_runs,
    time_in,
)
from ingest.metadata.transport_stream import Layout

FRAME = 3600  # 25 a second


def taken(times: Iterable[int]) -> StreamClock:
    clock = StreamClock()
    for ticks in times:
        clock.take(ticks % CLOCK_TURNS_OVER)
    return clock


def pictures(seconds: int, start: int = 0) -> list[int]:
    return [start + n * FRAME for n in range(25 * seconds)]


def runs(times: Iterable[int]) -> list[tuple[float, float, bool]]:
    return [(run["offset_seconds"], run["seconds"], run["by_clock"]) for run in taken(times).runs()]


@given(st.integers(0, CLOCK_TURNS_OVER - 1), st.randoms(use_true_random=False))
def test_a_clock_that_runs_on_has_no_break(start: int, chance: random.Random) -> None:
    """Also where it turns over, and where pictures come in another order than they are shown in, or not at all."""
    times = pictures(20, start)
    groups = [times[at : at + 4] for at in range(0, len(times), 4)]
    shuffled = [each for group in groups for each in chance.sample(group, chance.randint(1, 4))]
    assert runs(shuffled) == []


def test_a_pause_is_a_hole_and_no_footage() -> None:
    paused = [*pictures(10), *pictures(5, start=90_000 * 1200)]
    assert runs(paused) == [(0.0, 10.0, True), (1200.0, 5.0, True)]


@pytest.mark.parametrize(("minutes", "sure"), [(55, True), (65, False), (26 * 60, False)])
def test_a_jump_beyond_an_hour_is_not_believed(minutes: int, sure: bool) -> None:
    """The clock turns over every 26.5 hours: so far ahead may be so far ahead of another turn, or behind."""
    paused = [*pictures(10), *pictures(5, start=90_000 * 60 * minutes)]
    assert [by_clock for _, _, by_clock in runs(paused)] == [True, sure]


def test_a_clock_that_begins_anew_says_no_more_than_that_footage_follows() -> None:
    restarted = [*pictures(10), *pictures(5), *pictures(5, start=90_000 * 600)]
    assert runs(restarted) == [(0.0, 10.0, True), (10.0, 5.0, False), (610.0, 5.0, False)]


@given(st.lists(st.integers(0, CLOCK_TURNS_OVER - 1), max_size=1000))
def test_any_times_give_runs_in_order_that_a_row_can_hold(times: list[int]) -> None:
    found = taken(times).runs()
    assert len(found) <= MOST_RUNS
    assert all(run["seconds"] >= 0 and run["offset_seconds"] >= 0 for run in found)
    assert [run["offset_seconds"] for run in found] == sorted(run["offset_seconds"] for run in found)


def test_of_very_many_breaks_the_last_run_takes_in_the_rest() -> None:
    times = [ticks for _ in range(2 * MOST_RUNS) for ticks in pictures(3)]
    found = runs(times)
    assert len(found) == MOST_RUNS
    assert found[-1] == (3.0 * (MOST_RUNS - 1), 3.0 * (MOST_RUNS + 1), False)


@pytest.mark.parametrize("noise", [b"", b"\x00\x00\x01\xba", b"\x00\x00\x01\xba" + b"\x00\x00\x01\xe0" * 99])
@pytest.mark.parametrize("layout", [None, Layout(188, 0), Layout(192, 4)])
def test_noise_has_no_breaks(noise: bytes, layout: Layout | None) -> None:
    assert read_runs(io.BytesIO(noise), noise[:4096], len(noise), layout) == []


HEADS = b"\x00\x00\x01\xba" + b"\x00\x00\x01\xe0" * 5000


@pytest.mark.parametrize("spent", [{"boxes": 4999}, {"bytes": 19_999}, {"until": -1.0}])
def test_what_costs_too_much_ends_and_is_no_answer(spent: dict[str, float]) -> None:
    budget = Budget(**spent)  # type: ignore[arg-type]
    with pytest.raises(ReadingTooMuch):
        read_runs(io.BytesIO(HEADS), HEADS[:4096], len(HEADS), None, budget)
    assert budget.spent


def test_a_slow_disk_spends_nothing() -> None:
    budget = own_budget()
    assert budget.clock is time.process_time
    assert budget.until - time.process_time() > LONGEST_PROCESSOR_SECONDS - 1


def test_that_the_clock_was_not_read_to_its_end_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = tmp_path / "film.mpg"
    film.write_bytes(HEADS)
    assert read_file_facts(film) == {}
    monkeypatch.setattr(stream_clock, "MOST_HEADS", 4999)
    assert read_file_facts(film) == {UNFINISHED: ["runs"]}


@given(st.binary(max_size=40))
def test_no_head_makes_it_raise(head: bytes) -> None:
    ticks = time_in(b"\x00\x00\x01\xe0\x00\x00" + head)
    assert ticks is None or 0 <= ticks < CLOCK_TURNS_OVER


def test_a_picture_every_few_seconds_is_a_slow_film_and_a_longer_gap_in_it_a_break() -> None:
    every = 4 * CLOCK_HERTZ
    slow = [number * every for number in range(100)]
    assert least_break(slow[:64]) == 16 * CLOCK_HERTZ
    clock = StreamClock(least_break(slow[:64]))
    for ticks in slow:
        clock.take(ticks)
    assert clock.runs() == []
    clock.take(slow[-1] + 60 * CLOCK_HERTZ)
    assert [(run["offset_seconds"], run["seconds"]) for run in clock.runs()] == [(0.0, 400.0), (456.0, 4.0)]


def test_what_is_a_break_is_told_by_the_usual_step_and_by_no_jump() -> None:
    film = [number * 3600 for number in range(30)]
    assert least_break([*film, *(10**8 + each for each in film)]) == BREAK_TICKS
    assert least_break([0, 10**8]) == BREAK_TICKS == least_break([])
