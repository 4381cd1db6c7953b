"""When the demo kills: in the middle of the bytes, whatever their number, and never outside it."""

from __future__ import annotations

import pytest

from api.demo.pace import AGENT_DIES_AT, ARCHIVE_DIES_AT, Tally, choose_rate

MEBIBYTE = 1 << 20


def progress(name: str, sent: int, acknowledged: int) -> dict[str, object]:
    return {"event": "progress", "file": name, "sent_bytes": sent, "acknowledged_bytes": acknowledged}


@pytest.mark.parametrize("size_bytes", [1 << 20, 60 << 20, 5 << 30])
def test_any_amount_takes_seconds_to_send(size_bytes: int) -> None:
    assert 5 <= size_bytes / (choose_rate(size_bytes) * MEBIBYTE) <= 8


def test_a_handful_of_bytes_is_not_sent_slower_than_the_archive_bears() -> None:
    assert choose_rate(100) * MEBIBYTE >= 4096


def test_a_kill_waits_until_some_bytes_are_durable_but_not_for_ever() -> None:
    tally = Tally({"a": 1000})
    tally.take(progress("a", 310, 0))
    assert not tally.is_due(AGENT_DIES_AT)
    tally.take(progress("a", 310, 250))
    assert tally.is_due(AGENT_DIES_AT)
    tally.take(progress("a", 460, 0))
    assert tally.is_due(AGENT_DIES_AT)


def test_no_kill_comes_after_four_fifths() -> None:
    tally = Tally({"a": 1000})
    tally.take(progress("a", 790, 700))
    assert tally.is_due(ARCHIVE_DIES_AT)
    tally.take(progress("a", 800, 700))
    assert not tally.is_due(ARCHIVE_DIES_AT)


def test_an_agent_started_again_begins_where_the_archive_says() -> None:
    tally = Tally({"a": 400, "b": 600})
    tally.take({"event": "uploaded", "file": "a", "size_bytes": 400})
    tally.take(progress("b", 300, 100))
    assert tally.sent_part == 0.7
    assert tally.under_way() == {"b": 100}
    tally.take({"event": "upload", "file": "b", "offset": 200})
    assert tally.sent_part == 0.6
    tally.take({"event": "receipt", "file": "b", "size_bytes": 600})
    assert tally.under_way() == {}
