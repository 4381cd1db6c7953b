"""Keeping count of what really left: noted at once when little goes on, together when much does."""

from __future__ import annotations

import threading
import uuid
from collections import Counter

import structlog

from casework.playback import note_sent
from storage.database import Database

log = structlog.get_logger()


class SentNotes:
    """Bytes sent under windows, on their way into the catalog.

    One thread at a time writes; what others add meanwhile goes with its next transaction. So a player's hundred ranges
    do not queue for one row, and nothing waits for a clock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: Counter[uuid.UUID] = Counter()
        self._writing = False

    def add(self, sent: Counter[uuid.UUID]) -> bool:
        """Add to the count; whether the caller now has to call `write`. Never waits for anything."""
        with self._lock:
            self._waiting.update(sent)
            if self._writing or not self._waiting:
                return False
            self._writing = True
            return True

    def write(self) -> None:
        """Write until nothing waits. What cannot be written is logged: its bytes have left, whatever happens here."""
        while batch := self._take():
            try:
                self._write(batch)
            except Exception:
                log.exception("playback.not_noted", windows={str(key): sent for key, sent in batch.items()})

    def _take(self) -> Counter[uuid.UUID]:
        with self._lock:
            batch, self._waiting = self._waiting, Counter()
            self._writing = bool(batch)
            return batch

    def _write(self, batch: Counter[uuid.UUID]) -> None:
        with self._database.transaction() as session:
            # In one order everywhere: two processes may have the same windows to note.
            for window_id, sent_bytes in sorted(batch.items()):
                note_sent(session, window_id, sent_bytes)
