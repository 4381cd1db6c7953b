"""Keeping count of what really left: noted at once when little goes on, together when much does."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import Final

import psycopg
import structlog

from casework.playback import NOTE_SENT
from storage.database import Database
from storage.plain_statement import PlainStatement

log = structlog.get_logger()
_NOTE_SENT: Final = PlainStatement(NOTE_SENT)
_PAUSE_SECONDS: Final = 0.1


class SentNotes:
    """Bytes sent under windows, on their way into the catalog. For one event loop.

    One statement at a time is under way; what others add meanwhile goes with the next one, a tenth of a second later.
    So a player's hundred ranges do not queue for one row, and a crowd's cost as much as one's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: Counter[uuid.UUID] = Counter()
        self._writing = False

    def add(self, sent: Counter[uuid.UUID]) -> bool:
        """Add to the count; whether the caller now has to call `write`."""
        self._waiting.update(sent)
        if self._writing or not self._waiting:
            return False
        self._writing = True
        return True

    async def write(self) -> None:
        """Write until nothing waits. What cannot be written is logged: its bytes have left, whatever happens here."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, Counter()
                await self._write(batch)
                if self._waiting:
                    await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._writing = False

    async def _write(self, batch: Counter[uuid.UUID]) -> None:
        # In one order everywhere: two processes may have the same windows to note.
        windows = sorted(batch)
        said = _NOTE_SENT.parameters(windows=windows, sent=[batch[window] for window in windows])
        try:
            async with self._database.direct_soon() as connection:
                noted = await connection.run_soon(_NOTE_SENT.text, *said)
        except psycopg.Error:
            log.exception("playback.not_noted", windows={str(window): batch[window] for window in windows})
            return
        unknown = [window for window, (known,) in zip(windows, noted, strict=True) if known != "t"]
        if unknown:
            log.error("playback.not_noted", windows={str(window): batch[window] for window in unknown})
