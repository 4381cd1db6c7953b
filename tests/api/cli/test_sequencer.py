"""The sequencer's own process: what is away is waited for, and what time does not heal ends it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from api.cli import sequencer
from storage.errors import StoreUnavailable
from storage.ledger.errors import LedgerBehindStore

AWAY = [
    StoreUnavailable("ledger/x", "refused"),
    OperationalError("SELECT 1", {}, Exception("closed")),
    psycopg.OperationalError("closed"),
]


class Places:
    """In a sequencer's place: each look raises what is told, and after the last of them it is asked to stop."""

    def __init__(self, *looks: Exception | None) -> None:
        self._looks = list(looks)
        self.opened = 0
        self.stop = threading.Event()

    @contextmanager
    def open(self) -> Iterator[Any]:
        self.opened += 1
        self._look()
        yield self

    def sequence_pending(self) -> int:
        self._look()
        return 0

    def _look(self) -> None:
        told = self._looks.pop(0)
        if not self._looks:
            self.stop.set()
        if told is not None:
            raise told


@pytest.mark.parametrize("away", AWAY, ids=["the store", "the database", "the database, asked straight"])
def test_what_is_away_is_waited_for_when_it_begins_and_when_it_works(
    away: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer, "AWAY_SECONDS", 0.01)
    ready = []
    # Away when opened; opened, one look, away; opened, and one look more.
    places = Places(away, None, None, away, None, None)
    sequencer.keep_sequencing(places.open, lambda: ready.append(True), places.stop)
    assert (places.opened, len(ready)) == (3, 2)


def test_a_ledger_that_contradicts_the_store_ends_it() -> None:
    places = Places(LedgerBehindStore(1, 2), None)
    with pytest.raises(LedgerBehindStore):
        sequencer.keep_sequencing(places.open, lambda: None, places.stop)
