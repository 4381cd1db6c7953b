"""Which stations are sending: noted now and then, so that one whose single upload takes days is not called silent.

A station that reports says itself how it is. Of a plain tus client nothing is heard but its uploads, and of a long one
nothing but its bytes.
"""

from __future__ import annotations

import time
from uuid import UUID

import structlog

from ingest.uploads.contract import UploadRecord, UploadRegister
from ingest.uploads.errors import RegisterUnavailable
from ingest.uploads.threads import Threads

EVERY_SECONDS = 60.0
_MOST_STATIONS = 1000

log = structlog.get_logger()


class Sightings:
    """For the requests of one event loop."""

    def __init__(self, register: UploadRegister, threads: Threads) -> None:
        self._register = register
        self._threads = threads
        self._noted_at: dict[UUID, float] = {}

    async def note(self, record: UploadRecord) -> None:
        """Bytes of an upload have become durable. A catalog that does not answer is asked again with the next ones."""
        now = time.monotonic()
        if now - self._noted_at.get(record.station_id, -EVERY_SECONDS) < EVERY_SECONDS:
            return
        if len(self._noted_at) >= _MOST_STATIONS:
            self._noted_at.clear()
        self._noted_at[record.station_id] = now
        try:
            await self._threads.in_catalog(lambda: self._register.note_seen(record))
        except RegisterUnavailable:
            self._noted_at.pop(record.station_id, None)
            log.info("station.not_noted", trace=record.upload_id, station=str(record.station_id))
