"""Killed at every line of moving and of bringing back: nothing is lost, and the next go ends what was begun."""

from __future__ import annotations

import pytest

from api.engines.roles import DatabaseAddresses
from storage.database import Database
from tests.ingest.cold_shelf import ColdShelf, whats
from tests.sampling import stride
from tests.storage.killing import run_killed_at

LINES = ("/ingest/cold/", "/ingest/replica/carriage.py", "/storage/objects/folder")

pytestmark = pytest.mark.timeout(900)


def go_on(shelf: ColdShelf, addresses: DatabaseAddresses) -> None:
    """In a process of its own: its connections are its own."""
    database = Database(addresses.worker, pool_size=2)
    shelf.move(shelf.mover(database=database))


@pytest.mark.parametrize("way", ["there", "back", "there again"])
def test_killed_at_any_line_nothing_is_lost_and_the_next_go_ends_it(
    shelf: ColdShelf, addresses: DatabaseAddresses, way: str
) -> None:
    line, ended = 0, False
    while not ended:
        line += max(stride(61), 7)
        (each,) = shelf.put_old([9_000])
        if way != "there":
            shelf.move()
            shelf.recall(each)
        if way == "there again":
            shelf.move()
            shelf.end_cases()
            shelf.make_due(each)
        ended = run_killed_at(line, lambda: go_on(shelf, addresses), *LINES)
        shelf.require_nothing_lost(each)
        shelf.let_leases_run_out()
        shelf.make_due(each)
        shelf.move()
        shelf.require_nothing_lost(each)
        assert shelf.state(each) == ("both" if way == "back" else "cold")
        if way != "back":
            assert shelf.store.stat(each.name) is None
    assert line > 100
    entries = shelf.entries("recording.moved_to_cold", "recording.recalled")
    each_once = {(action, subject) for action, subject, _ in entries}
    assert way == "there again" or len(entries) == len(each_once), "each is entered once"
    assert whats(shelf.move()) == []
