"""The agent's own notes: what it has sent, what it holds receipts for, what it was about to remove.

They live outside the footage, which may be read only or gone tomorrow. Each change is on the disk before the step
that relies on it: an upload's id before its first byte is sent, a receipt before its file is removed. Losing the notes
loses no footage: files are sent again, and the archive gives a second receipt for a recording it already has.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from ingest.dock.errors import StateInUse, StateUnusable
from ingest.dock.schema import NotesOfAnotherRelease, bring_up_to_date
from ingest.dock.source import FileIdentity
from ingest.dock.words import Words, reason_of, reason_of_notes
from integrity.digest import ContentDigests, Digest
from integrity.durable_files import PRIVATE, replace_durably, sync_folder
from integrity.errors import EvidenceError

_Value = TypeVar("_Value")
NOTES = "state.sqlite3"
log = logging.getLogger(__name__)


class Phase(StrEnum):
    """How far one file has come. Each follows from the one before it."""

    DIGESTED = "digested"  # read once; nothing is known of it at the archive
    UPLOADING = "uploading"  # has an upload id
    UPLOADED = "uploaded"  # every byte was acknowledged
    RECEIVED = "received"  # its receipt was checked and is on this disk
    WIPING = "wiping"  # may be removed from here on; after a crash the folder says whether it was
    WIPED = "wiped"  # removed from the folder, durably; or not in it after such a crash


def _new_key() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of one file, named by its source's id and its name there.

    `archive` is the pinned key's id: another archive's receipt counts for nothing. `creation_key` is what the archive
    knows the upload's creation by, should it be asked for again. `place` is where the upload is below `/uploads`, as
    the archive said when it opened it: its id, after the name of the ingest node where there are several. `misread`
    counts how often other bytes were found in it while its identity was the same.
    """

    source: str
    name: str
    identity: FileIdentity
    digests: ContentDigests
    archive: str
    credential: str = ""
    place: str = ""
    phase: Phase = Phase.DIGESTED
    creation_key: str = field(default_factory=_new_key)
    misread: int = 0

    @property
    def upload_id(self) -> str:
        """By which receipts name it."""
        return self.place.rpartition("/")[2]

    def begun(self, place: str, credential: str) -> FileRecord:
        """With an upload that the archive has opened for it."""
        return replace(self, place=place, credential=credential, phase=Phase.UPLOADING)

    def at(self, phase: Phase) -> FileRecord:
        """One phase on."""
        return replace(self, phase=phase)

    def doubted(self) -> FileRecord:
        """Its bytes arrived otherwise than they were read: they are read with care before they are sent again."""
        return replace(self.forgotten(), misread=self.misread + 1)

    def forgotten(self) -> FileRecord:
        """As if these bytes had never been sent: what comes next is another upload of them."""
        return replace(self, place="", credential="", phase=Phase.DIGESTED, creation_key=_new_key())


class DockState:
    """The agent's notes. Safe to use from several threads; one process at a time.

    Every method raises StateUnusable when the disk is full, read only or the notes are damaged.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection
        self._turn = threading.Lock()

    def find(self, source: str, name: str) -> FileRecord | None:
        """What is noted of the file `name` of a source."""
        key = (os.fsencode(source), os.fsencode(name))
        with self._guarded():
            row = self._connection.execute("SELECT * FROM source_file WHERE source = ? AND name = ?", key).fetchone()
            return None if row is None else _record_of(row)

    def find_all(self, source: str, phase: Phase) -> list[FileRecord]:
        """All files of a source in one phase, at once however many are in another."""
        key = (os.fsencode(source), phase)
        with self._guarded():
            # Said by name: left to choose, SQLite reads all of the source, for they lie by its name already.
            rows = self._connection.execute(
                "SELECT * FROM source_file INDEXED BY source_file_by_phase "
                "WHERE source = ? AND phase = ? ORDER BY name",
                key,
            )
            return [_record_of(row) for row in rows]

    def adopt(self, source: str) -> None:
        """Give what an earlier release noted, when one folder was all there was, to that folder's source."""
        with self._guarded():
            self._connection.execute(
                "UPDATE OR IGNORE source_file SET source = ? WHERE source = x''", (os.fsencode(source),)
            )

    def save(self, record: FileRecord) -> FileRecord:
        """Note `record`, durable on return; gives it back."""
        identity, digests = record.identity, record.digests
        row = (
            os.fsencode(record.source), os.fsencode(record.name),
            identity.size_bytes, identity.mtime_ns, identity.ctime_ns, identity.inode,
            digests.sha256.value, digests.sm3.value, digests.chunk_root,
            record.archive, record.credential, record.place, record.phase, record.creation_key, record.misread,
        )  # fmt: skip
        with self._guarded():
            self._connection.execute(f"REPLACE INTO source_file VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        return record

    def forget(self, record: FileRecord) -> None:
        """As if the file had never been read, durable on return: it is read again before it is sent again."""
        key = (os.fsencode(record.source), os.fsencode(record.name))
        with self._guarded():
            self._connection.execute("DELETE FROM source_file WHERE source = ? AND name = ?", key)

    def read_docking(self, source: str) -> tuple[str, Mapping[str, tuple[int, int]]] | None:
        """The number that is noted for what is docked at a source, and its witnesses (docking.py)."""
        with self._guarded():
            found = self._connection.execute(
                "SELECT number, witnesses FROM docking WHERE source = ?", (os.fsencode(source),)
            ).fetchone()
            if found is None:
                return None
            said = _as(dict, json.loads(found[1]))
            return found[0], {_as(str, name): (_as(int, size), _as(int, mtime)) for name, (size, mtime) in said.items()}

    def note_docking(self, source: str, number: str, witnesses: Mapping[str, tuple[int, int]]) -> None:
        """What is docked at a source from now on, durable on return."""
        row = (os.fsencode(source), number, json.dumps(witnesses))  # What is no text in a name stays escaped in it.
        with self._guarded():
            self._connection.execute("REPLACE INTO docking VALUES (?, ?, ?)", row)

    def end_docking(self, source: str) -> None:
        """What comes there next is another docking, durable on return."""
        with self._guarded():
            self._connection.execute("DELETE FROM docking WHERE source = ?", (os.fsencode(source),))

    def keep_receipt(self, upload_id: str, envelope: bytes) -> None:
        """Keep a receipt's bytes, name and content durable on return."""
        path = self.receipt_path(upload_id)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            replace_durably(path, envelope, PRIVATE)
            sync_folder(self.folder)
        except OSError as error:
            raise StateUnusable(self.folder, reason_of(error)) from error

    def read_receipt(self, upload_id: str) -> bytes | None:
        """The bytes kept for an upload, None when there are none."""
        try:
            return self.receipt_path(upload_id).read_bytes()
        except OSError:
            return None

    def receipt_path(self, upload_id: str) -> Path:
        """Where the receipt of an upload is kept."""
        return self.receipts_folder / f"{upload_id}.dsse.json"

    @property
    def receipts_folder(self) -> Path:
        """Where receipts are kept; there is none before the first."""
        return self.folder / "receipts"

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with self._turn:
                yield
        except (sqlite3.Error, ValueError, TypeError, EvidenceError) as error:
            raise StateUnusable(self.folder, reason_of_notes(error)) from error


@contextmanager
def opened_state(folder: Path, works_on: str = "") -> Iterator[DockState]:
    """The notes in `folder`, made when missing. Raises StateInUse or StateUnusable.

    `works_on` names the card or the places to whoever comes too late.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StateUnusable(folder, reason_of(error)) from error
    try:
        _take_lock(folder, lock, works_on)
        connection = _connect(folder)
        try:
            yield DockState(folder, connection)
        finally:
            connection.close()
    finally:
        os.close(lock)


def _take_lock(folder: Path, lock: int, works_on: str) -> None:
    # The kernel gives the lock back when its holder dies, SIGKILL included: nothing to repair by hand.
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StateInUse(folder, *_read_holder(lock)) from error
    # Only for whoever comes too late; a disk too full for it is told by the notes themselves.
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n{works_on}".encode("utf-8", "surrogateescape"), 0)


def _read_holder(lock: int) -> tuple[int, str]:
    """The process that holds the lock and what it works on; 0 and nothing where it has not said yet."""
    process, _, works_on = os.pread(lock, 4096, 0).decode("utf-8", "surrogateescape").partition("\n")
    return (int(process), works_on) if process.isascii() and process.isdigit() else (0, "")


def _connect(folder: Path) -> sqlite3.Connection:
    """Notes that are damaged are set aside, and others begun: losing them costs time and no footage. A station that
    would not start for them docks nothing."""
    try:
        try:
            return _open(folder)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise
            _set_aside(folder, error)
            return _open(folder)
    except NotesOfAnotherRelease as error:
        words = Words(str(error), f"它由另一版本的程序写成（版本 {error.version}）")
        raise StateUnusable(folder, words) from error
    except (sqlite3.Error, ValueError) as error:
        raise StateUnusable(folder, reason_of_notes(error)) from error
    except OSError as error:
        raise StateUnusable(folder, reason_of(error)) from error


def _open(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / NOTES, isolation_level=None, check_same_thread=False)
    try:
        bring_up_to_date(connection)
        ((found,), *_) = connection.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            damaged = sqlite3.DatabaseError(str(found))
            damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damaged
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside(folder: Path, error: sqlite3.DatabaseError) -> None:
    """Kept for whoever wants to know what was in them; what is in their log belongs to them."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for ending in ("-wal", "-shm", ""):
        path = folder / f"{NOTES}{ending}"
        if path.exists():
            path.rename(folder / f"{NOTES}.damaged-{at}{ending}")
    sync_folder(folder)
    log.warning("the notes in %s are damaged (%s): set aside, and others begun", folder, error)


def _record_of(row: tuple[object, ...]) -> FileRecord:
    source, name, size, mtime, ctime, inode, sha256, sm3, root, archive, credential, place, phase, key, misread = row
    return FileRecord(
        source=os.fsdecode(_as(bytes, source)),
        name=os.fsdecode(_as(bytes, name)),
        identity=FileIdentity(_as(int, size), _as(int, mtime), _as(int, ctime), _as(int, inode)),
        digests=ContentDigests(
            _as(int, size), Digest("sha256", _as(bytes, sha256)), Digest("sm3", _as(bytes, sm3)), _as(bytes, root)
        ),
        archive=_as(str, archive),
        credential=_as(str, credential),
        place=_as(str, place),
        phase=Phase(_as(str, phase)),
        creation_key=_as(str, key),
        misread=_as(int, misread),
    )


def _as(kind: type[_Value], value: object) -> _Value:
    if not isinstance(value, kind):
        raise TypeError(f"a {kind.__name__} was noted here, found {type(value).__name__}")
    return value
