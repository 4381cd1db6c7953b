"""Exported packages between their making and their fetching: private folders, fetched as one tar, gone after a day."""

from __future__ import annotations

import shutil
import tarfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread
from sqlalchemy.orm import Session

from api.archive import Archive
from api.engines.folders import make_private_folder
from api.export import export_case
from api.http.errors import PackageNotThere
from casework.access import find_copy_grant
from casework.errors import AccessRefused
from retention.subjects import row_in_unit
from storage.catalog.access import Export
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change

KEPT = timedelta(hours=24)
PIECE_BYTES = 1 << 20
BLOCK_BYTES = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK_BYTES)


@dataclass(frozen=True)
class TarMember:
    """One file of a package, with the header that goes before it."""

    path: Path
    header: bytes
    size_bytes: int

    @property
    def padding(self) -> bytes:
        return bytes(-self.size_bytes % BLOCK_BYTES)

    @property
    def total_bytes(self) -> int:
        return len(self.header) + self.size_bytes + len(self.padding)


def packages_folder(archive: Archive) -> Path:
    return archive.settings.data / "exports"


def package_path(archive: Archive, export_id: uuid.UUID) -> Path:
    return packages_folder(archive) / str(export_id)


def make_package(archive: Archive, person: Person, case_id: uuid.UUID, grant_id: uuid.UUID) -> uuid.UUID:
    """Export the case into a folder that can be fetched until it is swept; returns the export's id.

    Raises what api.export.export_case raises.
    """
    folder = packages_folder(archive)
    make_private_folder(folder)
    sweep_packages(archive)
    passing = folder / f"making-{uuid.uuid4().hex}"
    exported = export_case(archive, person, case_id, grant_id, passing)
    passing.rename(package_path(archive, exported.export_id))
    return exported.export_id


def sweep_packages(archive: Archive) -> int:
    """Remove what is older than a day, and what a crash left half made; returns how many."""
    folder, oldest = packages_folder(archive), time.time() - KEPT.total_seconds()
    swept = [path for path in folder.iterdir() if path.lstat().st_mtime < oldest] if folder.is_dir() else []
    for path in swept:
        shutil.rmtree(path, ignore_errors=True)
    return len(swept)


def permit_fetching(session: Session, archive: Archive, person: Person, export_id: uuid.UUID, now: datetime) -> Path:
    """The package's folder, for the person who made it, while the grant holds; with the entry that it is sent.

    Raises AccessRefused, PackageNotThere, UnknownSubject, OutsideUnit. The caller commits before the first byte.
    """
    export = row_in_unit(session, person, Export, export_id)
    if export.person_id != person.id:
        raise AccessRefused("not_yours", "case", export.case_id)
    find_copy_grant(session, person, export.case_id, export.grant_id, now)
    path = package_path(archive, export.id)
    if export.finished_at is None or not path.is_dir():
        raise PackageNotThere
    data = {"export_id": str(export.id), "grant_id": str(export.grant_id)}
    change = Change("export.package_sent", "case", str(export.case_id), export.unit_id, data)
    record_change(session, Actor.person(person.id), change)
    return path


def tar_members(package: Path, name: str) -> tuple[TarMember, ...]:
    """The files of a package as members of a tar, in the order of their paths, below one folder called `name`."""
    files = sorted(path for path in package.rglob("*") if path.is_file() and not path.is_symlink())
    return tuple(_member(path, f"{name}/{path.relative_to(package).as_posix()}") for path in files)


def tar_size(members: tuple[TarMember, ...]) -> int:
    return sum(member.total_bytes for member in members) + len(END)


async def tar_pieces(members: tuple[TarMember, ...]) -> AsyncIterator[bytes]:
    """The tar, without ever being on disk as one. Files are read in threads: their disk may be slow."""
    for member in members:
        yield member.header
        left = member.size_bytes
        with await anyio.to_thread.run_sync(_open, member.path) as file:
            while left:
                piece = await anyio.to_thread.run_sync(file.read, min(PIECE_BYTES, left))
                if not piece:
                    raise PackageNotThere
                left -= len(piece)
                yield piece
        yield member.padding
    yield END


def fetchable(archive: Archive, person: Person, exports: Iterator[Export]) -> frozenset[uuid.UUID]:
    """Those exports of the person whose package is there. Whether the grant still holds shows when it is fetched."""
    return frozenset(
        export.id
        for export in exports
        if export.person_id == person.id
        and export.finished_at is not None
        and package_path(archive, export.id).is_dir()
    )


def _member(path: Path, name: str) -> TarMember:
    found = path.stat()
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = found.st_size, int(found.st_mtime), 0o644
    return TarMember(path, info.tobuf(tarfile.PAX_FORMAT), found.st_size)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
