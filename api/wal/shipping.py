"""Shipping the write-ahead log: a pass at a time, each of them repeated without harm whatever was killed in it.

The order within a pass is the argument:

    1. how far the log is durable, and where its last record by then ends      (PostgreSQL says so)
    2. the keys, as they are now           every key that this log names was durable before the log
    3. the log up to there, synced         so it is never here before the keys that it names
    4. the mark: how far, as of when, and the ledger's last checkpoint
    5. the server may remove what is before

Until 5 PostgreSQL keeps its log (a replication slot), up to the bound that the settings give it: while the place is
away nothing is lost, and nobody waits. Beyond the bound the log is given up, which is a gap: a new stream begins, and
says WalLacksBackup until the next backup.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog

from api.settings import Settings
from api.wal import place
from api.wal.cluster_log import ClusterLog, Position, Slot
from api.wal.errors import WalError, WalStreamBroken, of_disk
from api.wal.keys_mirror import KeysMirror
from api.wal.place import DESTROYED, KEYS, SHIPPED, Shipped
from api.wal.segments import StreamWriter, first_gap
from api.wal.standing import WalStanding
from api.wal.steady_instant import SteadyInstant
from integrity.durable_files import PRIVATE, replace_durably, sync_folder
from storage.errors import StorageError
from storage.roots.given_secret import GivenSecret

log = structlog.get_logger()

PASS_SECONDS: Final = 0.1
IDLE_PASS_SECONDS: Final = 0.25
AWAY_SECONDS: Final = 2.0
IDLE_MARK_SECONDS: Final = 5.0
"""An idle archive's mark is written as often: its instant says up to when nothing happened."""
_LEAST_FREE_RESERVES: Final = 4
"""So many times what uploads leave free has to be free of the data disk for log to wait on it."""
_DESTROYED = "SELECT subject_id FROM ledger_entry WHERE action = 'key.destroyed' AND subject_id = ANY(%s)"
_LATEST = "SELECT size, convert_from(note, 'UTF8') FROM ledger_checkpoint ORDER BY size DESC LIMIT 1"


class Shipper:
    """`catalog_url` is a worker's: what the ledger says of keys, and its last checkpoint."""

    def __init__(self, settings: Settings, log_url: str, catalog_url: str, given: GivenSecret) -> None:
        assert settings.wal_folder is not None
        self._settings, self._folder, self._given = settings, settings.wal_folder, given
        self._cluster, self._catalog_url = ClusterLog(log_url), catalog_url
        self._catalog: psycopg.Connection[tuple[Any, ...]] | None = None
        self._open: _OpenStream | None = None
        self._standing = WalStanding.read(settings.data) or WalStanding.none()

    def close(self) -> None:
        self._cluster.close()
        if self._catalog is not None:
            self._catalog.close()
            self._catalog = None

    def go_on(self) -> float:
        """One pass; how many seconds to wait before the next. What is wrong is recorded, logged once, waited for."""
        began = time.monotonic()
        try:
            position, slot = self._find_slot()
        except psycopg.Error as error:
            self.close()
            self._fail(type(error).__name__, f"数据库没有应答 / the database does not answer: {_first_line(error)}")
            return AWAY_SECONDS
        held = max(0, position.durable - slot.kept_from) if slot.kept_from is not None else 0
        room = self._room(held)
        try:
            shipped = self._ship(position, slot)
        except Exception as error:
            self._open = None
            failure = of_disk(self._folder, error) if isinstance(error, OSError) else error
            if not isinstance(failure, WalError | StorageError | psycopg.Error | ValueError):
                raise
            self._fail(type(failure).__name__, str(failure), held, room, slot.stream)
            with suppress(psycopg.Error):
                self._give_up_before_the_disk_is_full(slot, held)
            return AWAY_SECONDS
        self._work(slot.stream, shipped, room)
        idle = position.durable == slot.kept_from
        return max(IDLE_PASS_SECONDS if idle else PASS_SECONDS, 2 * (time.monotonic() - began))

    def _find_slot(self) -> tuple[Position, Slot]:
        """The stream under way; where the server gave its log up, or there never was one, a new one."""
        slots = self._cluster.slots()
        kept = [each for each in slots if each.kept_from is not None]
        for each in slots:
            if each not in kept[-1:]:
                log.warning("wal.gap", stream=each.stream, why="the server keeps its log no longer")
                self._cluster.let_go(each.stream)
        if not kept:
            stream = place.new_stream()
            kept = [Slot(stream, self._cluster.reserve(stream))]
            log.info("wal.stream", stream=stream)
        return self._cluster.position(), kept[-1]

    def _ship(self, position: Position, slot: Slot) -> Shipped | None:
        opened = self._open
        if opened is None or opened.stream != slot.stream:
            opened = self._open = self._begin(position, slot)
        opened.look_again(self._settings.data, self._folder)
        opened.keys.bring_up()
        opened.writer.take_until(position.durable)
        shipped = opened.mark(position, self._latest_checkpoint)
        if position.durable != slot.kept_from:
            self._cluster.release(slot.stream, position.durable)
        return shipped

    def _begin(self, position: Position, slot: Slot) -> _OpenStream:
        assert slot.kept_from is not None
        known = place.recognise(self._settings.data, self._folder)
        if slot.stream in known.streams and not (self._folder / slot.stream / place.STREAM).exists():
            # Of a place that was exchanged, or robbed: what was shipped before is not here.
            self._cluster.let_go(slot.stream)
            raise WalStreamBroken(self._folder / slot.stream)
        facts = {"begins": slot.kept_from, "timeline": position.timeline}
        folder = place.begin_stream(self._settings.data, self._folder, slot.stream, facts)
        begins = int(json.loads((folder / place.STREAM).read_bytes())["begins"])
        if first_gap(folder, begins, slot.kept_from) is not None:
            self._cluster.let_go(slot.stream)
            raise WalStreamBroken(folder)
        writer = StreamWriter(self._settings.cluster_folder / "pg_wal", folder, position.timeline, slot.kept_from)
        keys = KeysMirror(folder / KEYS, self._settings, self._given, self._destroyed_of, _noting(folder))
        return _OpenStream(slot.stream, folder, writer, keys)

    def _room(self, held: int) -> int:
        """How much more log may wait here: by the bound, and by what is left of the disk."""
        free = shutil.disk_usage(self._settings.data).free - _LEAST_FREE_RESERVES * int(self._settings.disk_reserve)
        return max(0, min(int(self._settings.wal_keep) - held, free))

    def _give_up_before_the_disk_is_full(self, slot: Slot, held: int) -> None:
        """An archive that stands still for want of room would lose more than its log."""
        if held and not self._room(held):
            log.error("wal.given_up", stream=slot.stream, held_bytes=held)
            self._cluster.let_go(slot.stream)
            self._cluster.make_room()

    def _destroyed_of(self, keks: Collection[str]) -> set[str]:
        return {str(row[0]) for row in self._ask_catalog(_DESTROYED, (list(keks),))}

    def _latest_checkpoint(self) -> tuple[int, str]:
        rows = self._ask_catalog(_LATEST, ())
        return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")

    def _ask_catalog(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        if self._catalog is None or self._catalog.closed:
            options = "-c timezone=UTC -c statement_timeout=30s"
            self._catalog = psycopg.connect(self._catalog_url, autocommit=True, connect_timeout=5, options=options)
        return self._catalog.execute(statement, values or None).fetchall()

    def _work(self, stream: str, shipped: Shipped | None, room: int) -> None:
        if self._standing.failure is not None:
            log.info("wal.goes_on", stream=stream)
        lsn, at = (0, None) if shipped is None else (shipped.lsn, shipped.at)
        self._tell(WalStanding(stream, lsn, at, 0, room, None, "", None, datetime.now(UTC), SteadyInstant.now()))

    def _fail(self, failure: str, why: str, held: int = 0, room: int = 0, stream: str | None = None) -> None:
        was, now = self._standing, datetime.now(UTC)
        if was.failure != failure:
            log.warning("wal.waits", error=failure, why=why)
        since = was.since if was.failure is not None else now
        name = was.stream if stream is None else stream
        self._tell(WalStanding(name, was.lsn, was.at, held, room, failure, why, since, now, SteadyInstant.now()))

    def _tell(self, standing: WalStanding) -> None:
        self._standing = standing
        try:
            standing.write(self._settings.data)
        except OSError as error:
            log.warning("wal.standing_untold", why=str(error))


class _OpenStream:
    def __init__(self, stream: str, folder: Path, writer: StreamWriter, keys: KeysMirror) -> None:
        self.stream, self.folder, self.writer, self.keys = stream, folder, writer, keys
        self._shipped = Shipped.read(folder)
        self._noted: Position | None = None
        self._looked, self._marked = time.monotonic(), float("-inf")

    def look_again(self, data: Path, folder: Path) -> None:
        """That it is the place still: what is mounted over it, or taken away below, is not noticed by writing."""
        now = time.monotonic()
        if now - self._looked >= AWAY_SECONDS:
            place.recognise(data, folder)
            self._looked = now

    def mark(self, position: Position, latest: Callable[[], tuple[int, str]]) -> Shipped | None:
        """How far everything is here: a record's end that was noted before, and is durable by now."""
        if position.written <= position.durable:
            ended = position
        elif self._noted is not None and self._noted.written <= position.durable:
            ended = self._noted
        else:
            self._noted = self._noted or position
            return self._shipped
        self._noted = None if ended is position else position
        before = self._shipped
        idle = before is not None and ended.written == before.lsn
        if idle and time.monotonic() - self._marked < IDLE_MARK_SECONDS:
            return before
        size, note = latest()
        self._shipped = Shipped(ended.written, ended.at, size, note)
        replace_durably(self.folder / SHIPPED, self._shipped.to_bytes(), PRIVATE)
        self._marked = time.monotonic()
        return self._shipped


def keep_shipping(shipper: Shipper, stop: threading.Event) -> None:
    """And once more then: what was committed before this process was to end."""
    while not stop.is_set():
        stop.wait(shipper.go_on())
    shipper.go_on()


def _noting(folder: Path) -> Callable[[Collection[str]], None]:
    def note(keks: Collection[str]) -> None:
        content = "".join(json.dumps({"kek_id": each}) + "\n" for each in keks).encode()
        descriptor = os.open(folder / DESTROYED, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE)
        try:
            os.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(folder)

    return note


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
