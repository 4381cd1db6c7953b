"""Exported packages between their making and their fetching: private folders, gone after a day."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from api.archive import Archive
from api.engines.folders import make_private_folder
from api.http.errors import PackageNotThere
from casework.access import find_copy_grant
from casework.errors import AccessRefused
from retention.subjects import row_in_unit
from storage.catalog.access import Export
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change

KEPT = timedelta(hours=24)


def packages_folder(archive: Archive) -> Path:
    return archive.settings.data / "exports"


def package_path(archive: Archive, export_id: uuid.UUID) -> Path:
    return packages_folder(archive) / str(export_id)


def make_package(archive: Archive, person: Person, case_id: uuid.UUID, grant_id: uuid.UUID) -> uuid.UUID:
    """Export the case into a folder that can be fetched until it is swept; returns the export's id.

    Raises what api.export.export_case raises.
    """
    # With the whole verifier, by which every package is read before it is given out.
    from api.export import export_case

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
    """The package's folder, with the entry that it is sent. The caller commits before the first byte.

    Raises PackageNotThere, and what `require_fetcher` does.
    """
    export = require_fetcher(session, person, export_id, now)
    path = package_path(archive, export.id)
    if export.finished_at is None or not path.is_dir():
        raise PackageNotThere
    data = {"export_id": str(export.id), "grant_id": str(export.grant_id)}
    change = Change("export.package_sent", "case", str(export.case_id), export.unit_id, data)
    record_change(session, Actor.person(person.id), change)
    return path


def require_fetcher(session: Session, person: Person, export_id: uuid.UUID, now: datetime) -> Export:
    """For the person who made it, while the grant holds: asked again as long as the package leaves.

    Raises AccessRefused, UnknownSubject, OutsideUnit.
    """
    export = row_in_unit(session, person, Export, export_id)
    if export.person_id != person.id:
        raise AccessRefused("not_yours", "case", export.case_id)
    find_copy_grant(session, person, export.case_id, export.grant_id, now, originals=True)
    return export


def fetchable(archive: Archive, person: Person, exports: Iterator[Export]) -> frozenset[uuid.UUID]:
    """Those exports of the person whose package is there. Whether the grant still holds shows when it is fetched."""
    return frozenset(
        export.id
        for export in exports
        if export.person_id == person.id
        and export.finished_at is not None
        and package_path(archive, export.id).is_dir()
    )
