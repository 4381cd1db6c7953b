"""What a watching agent has found: each file once, so that what is sent adds up to it."""

from __future__ import annotations

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
