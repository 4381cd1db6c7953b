"""What a media worker works with, and the private folder in which a plaintext lies while the tools look at it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from ingest.media.errors import RenditionFailed
from ingest.media.plaintext import remove_plaintext
from ingest.media.runner import MediaRunner
from ingest.media.stops import Stop
from ingest.rendering.ending import NO_ROOM, NotInTime, NotYet, Owed, defer, record_failure
from ingest.rendering.errors import NoRoomToWork
from ingest.rendering.work_folder import WorkFolder
from ingest.rendering.work_room import WorkRoom
from storage.database import Database
from storage.keystore import KeyStore
from storage.ledger.append import Actor
from storage.objects.protocol import ObjectStore
from storage.sealed_object import AtRest, open_sealed

log = structlog.get_logger()
PIECE_BYTES = 1 << 20
LEAST_PATIENCE, MOST_PATIENCE = 4.0, 16.0
"""How often its deadline a tool is waited for: with the deadline's own factor, a 16th of one processor and a 64th."""
MEDIA = Actor.system("media")
"""Who a media worker is in the ledger."""


@dataclass(frozen=True)
class Rendering:
    """What a media worker works with. `work_folder` is private and on a disk with room for an original."""

    database: Database
    store: ObjectStore
    key_store: KeyStore
    runner: MediaRunner
    work_folder: WorkFolder
    reserve_bytes: int = 0

    @property
    def room(self) -> WorkRoom:
        return WorkRoom(self.work_folder.path, self.reserve_bytes)


def with_patience(rendering: Rendering, deadlines: int) -> Rendering:
    """Deadlines are of the wall, and pass on a busy machine: from the first on they are long enough for whoever gives
    way to everybody, since what is ended by one has worked for nothing; and after each that was missed they are twice
    as long."""
    patience = min(LEAST_PATIENCE * 2.0 ** min(deadlines, 4), MOST_PATIENCE)
    runner = replace(rendering.runner, reserve_bytes=rendering.reserve_bytes, patience=patience)
    return replace(rendering, runner=runner)


def work_on(due: Owed, needed_bytes: int, work: Callable[[Path, Rendering], None], rendering: Rendering) -> None:
    """In a private folder on a disk with so much room, with the more patience the more deadlines it has missed.
    Where there is no room, or it is not yet to be made, all of it that is still leased waits, in nobody's way."""
    try:
        rendering.room.require(needed_bytes)
        with private_folder(rendering.work_folder.path) as folder:
            work(folder, with_patience(rendering, due.deadlines))
    except NoRoomToWork as error:
        log.warning("media.no_room", subject=due.lease.subject, needed=error.needed_bytes, free=error.free_bytes)
        defer(rendering.database, due, f"{NO_ROOM}: {error}")
    except NotInTime as error:
        log.info("media.not_in_time", subject=due.lease.subject, missed_before=due.deadlines)
        record_failure(rendering.database, due, RenditionFailed("look", Stop.DEADLINE, str(error)), rendering.room)
    except NotYet as error:
        log.info("media.not_yet", subject=due.lease.subject, reason=str(error))
        defer(rendering.database, due, str(error))


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """A folder for one recording's plaintext, removed with everything in it when the block ends. What stays is said."""
    folder = parent / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        remove_plaintext(folder)


def decrypt(at_rest: AtRest, size_bytes: int, rendering: Rendering, path: Path) -> Path:
    """A plaintext in a file only this process and the sandbox's user can read. Raises NoRoomToWork."""
    rendering.room.require(size_bytes)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file, open_sealed(rendering.store, rendering.key_store, at_rest) as sealed:
        for piece in sealed.pieces(0, size_bytes, PIECE_BYTES):
            file.write(piece)
            rendering.room.require(0)
    return path
