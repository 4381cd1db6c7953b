"""Who takes what he is given at once is given more at once; who is slow, little."""

from __future__ import annotations

import time

import pytest

import api.http.pace
from api.http.pace import LEAST_AT_ONCE, MOST_AT_ONCE, Pace

BODY = memoryview(bytes(range(256)) * (3 << 12))


def test_pieces_are_all_of_it_in_order_and_small_at_first() -> None:
    pieces = list(Pace().cut(BODY))
    assert b"".join(pieces) == BODY
    assert [len(piece) for piece in pieces] == [LEAST_AT_ONCE, MOST_AT_ONCE, MOST_AT_ONCE, 3 * LEAST_AT_ONCE]


def test_after_a_piece_that_took_its_time_they_are_small_again_also_of_what_comes_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace, sizes = Pace(), []
    for body in (BODY, BODY):
        for piece in pace.cut(body):
            sizes.append(len(piece))
            now += 1.0 if len(piece) == MOST_AT_ONCE and sizes.count(MOST_AT_ONCE) == 2 else 0.01
    assert sizes[:5] == [LEAST_AT_ONCE, MOST_AT_ONCE, MOST_AT_ONCE, LEAST_AT_ONCE, 2 * LEAST_AT_ONCE]
    assert sizes[5:] == [MOST_AT_ONCE] * 3
    assert sum(sizes) == 2 * len(BODY)


def test_nothing_is_cut_into_nothing() -> None:
    assert list(Pace().cut(memoryview(b""))) == []
    assert api.http.pace.LEAST_AT_ONCE < api.http.pace.MOST_AT_ONCE
