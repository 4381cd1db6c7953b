"""The time that a claim's value states, however it is written there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from storage.claims import stated_time

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026-03-04T12:00:00Z", "2026-03-04T20:00:00+08:00", "2026-03-04T12:00:00"])
def test_a_time_is_given_in_utc(written: str) -> None:
    time = stated_time({"time": written, "zone": "+08:00"})
    assert time is not None
    assert (time, time.utcoffset()) == (NOON, NOON.utcoffset())


@pytest.mark.parametrize(
    "value",
    [
        "AB00001",
        None,
        {"number": 3.0},
        {"time": "noon"},
        {"time": 7.0},
        {"time": None},
        {"time": "0001-01-01T00:00:00+08:00"},
        {"time": "9999-12-31T23:00:00-08:00"},
    ],
)
def test_what_states_no_time_there_can_be_is_none(value: object) -> None:
    assert stated_time(value) is None
