"""What a watching agent has found: each file once, so that what is sent adds up to it."""

from __future__ import annotations

import pickle

import pytest

import ingest.dock.received as received_module
from ingest.dock.found import Found

A, B = ("volume 1", "a.mp4"), ("volume 1", "b.mp4")


def test_a_file_that_is_tried_again_or_comes_back_counts_once() -> None:
    found = Found()
    for _ in range(3):
        found.take(A, (100, 1))
        found.receive(A)
    assert (found.totals, found.received) == ((1, 100), 1)
    # Somebody moved it off the card, and back.
    found.keep_only("volume 1", set())
    assert found.totals == (1, 100)
    found.take(A, (100, 1))
    found.receive(A)
    assert (found.totals, found.received) == ((1, 100), 1)


def test_another_file_of_the_name_counts_beside_what_was_received() -> None:
    found = Found()
    found.take(A, (100, 1))
    found.receive(A)
    found.take(A, (10, 2))
    assert found.totals == (2, 110)
    found.receive(A)
    found.wiped(A)
    found.take(A, (1, 3))
    assert (found.totals, found.received) == ((3, 111), 2)


def test_a_file_that_grew_before_it_was_received_counts_as_it_is_now() -> None:
    found = Found()
    found.take(A, (100, 1))
    found.take(A, (300, 2))
    assert found.totals == (1, 300)


def test_what_is_not_received_and_not_there_any_more_is_no_work() -> None:
    found = Found()
    for key in (A, B):
        found.take(key, (100, 1))
    assert found.left_on("volume 1") == 2
    found.receive(B)
    assert (found.left_on("volume 1"), found.left_on("volume 2")) == (1, 0)
    found.keep_only("volume 2", set())
    assert found.totals == (2, 200)
    found.keep_only("volume 1", set())
    assert found.totals == (1, 100)
    assert found.left_on("volume 1") == 0


def test_of_cards_that_come_for_years_the_last_are_remembered_and_all_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(received_module, "MOST_REMEMBERED", 100)
    found = Found()

    def come(numbers: range) -> int:
        for number in numbers:
            key = (f"volume {number}", "a.mp4")
            found.take(key, (10, number))
            found.receive(key)
        return len(pickle.dumps(found))

    assert come(range(1000, 1200)) == pytest.approx(come(range(1200, 3000)), rel=0.05)
    assert (found.totals, found.received) == ((2000, 20_000), 2000)
    come(range(2900, 3000))  # They are put in again.
    assert (found.totals, found.received) == ((2000, 20_000), 2000)
