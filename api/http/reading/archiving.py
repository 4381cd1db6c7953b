"""What a case lacks for being archived, and its catalogue, with names."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from api.archive import Archive
from api.http.problems.archiving import what_is_missing
from api.http.reading.names import people_named
from api.http.schema.archiving import (
    ArchiveItem,
    Archiving,
    CatalogueItemShown,
    CatalogueShown,
    LeastRetentionItem,
    MissingItem,
    SecrecyItem,
)
from api.http.schema.base import PersonRef
from casework.archived import find_archive
from casework.archiving.catalogues import catalogues_of, find_catalogue
from casework.archiving.contents import contents_of
from casework.archiving.errors import Missing
from casework.archiving.readiness import Wanted, readiness_of
from casework.archiving.secrecy import secrecy_stated
from casework.cases import find_cleared_case
from integrity.catalogue import CatalogueItem, parse_catalogue
from storage.catalog.archiving import CaseArchive
from storage.catalog.casework import Case
from storage.catalog.organisation import Person


def is_licensed(archive: Archive) -> bool:
    """Whether this installation may hold state secrets."""
    return archive.settings.state_secret_licence is not None


def describe_archiving(session: Session, case: Case, licensed: bool, now: datetime) -> Archiving:
    archive, stated = find_archive(session, case.id), secrecy_stated(session, case.id)
    names = people_named(session, *(row.stated_by for row in stated))
    ready = readiness_of(session, case, Wanted(licensed=licensed), now)
    law = dict.fromkeys(each for demand in ready.least.demands for each in demand.law)
    return Archiving(
        archive=None if archive is None else archive_item(session, archive),
        missing=[] if archive is not None else missing_items(ready.missing),
        skipped_stages=list(ready.skipped),
        least_retention=LeastRetentionItem(retention_class=ready.least.retention_class.code, law=list(law)),
        secrecy=[
            SecrecyItem(
                secrecy_class=row.secrecy_class,
                reason=row.reason,
                stated_by=PersonRef.of(row.stated_by, names),
                stated_at=row.stated_at,
            )
            for row in stated
        ],
    )


def archive_item(session: Session, row: CaseArchive) -> ArchiveItem:
    return ArchiveItem(
        id=row.id,
        secrecy_class=row.secrecy_class,
        retention_class=row.retention_class,
        skipped_reason=row.skipped_reason,
        archived_by=PersonRef.of(row.archived_by, people_named(session, row.archived_by)),
        archived_at=row.archived_at,
    )


def missing_items(missing: Iterable[Missing]) -> list[MissingItem]:
    return [
        MissingItem(code=each.code, stages=list(each.stages), chinese=what_is_missing(each), english=str(each))
        for each in missing
    ]


def show_catalogue_of(session: Session, person: Person, case_id: uuid.UUID, version: int | None) -> CatalogueShown:
    """That version, else the latest; of a case that is not archived what it would list now.

    Raises what `find_catalogue` does.
    """
    case = find_cleared_case(session, person, case_id)
    versions = len(catalogues_of(session, case.id))
    if not versions and version is None:
        nothing = dict.fromkeys(("version", "sha256", "made_at", "made_by", "reason", "unit_name"))
        return CatalogueShown(**nothing, versions=0, items=catalogue_items(contents_of(session, case)))
    row = find_catalogue(session, person, case.id, version)
    kept = parse_catalogue(row.content)
    return CatalogueShown(
        version=row.version,
        versions=versions,
        sha256=row.sha256.hex(),
        made_at=kept.made_at,
        made_by=kept.made_by,
        reason=kept.reason,
        unit_name=kept.unit_name,
        items=catalogue_items(kept.items),
    )


def catalogue_items(items: Sequence[CatalogueItem]) -> list[CatalogueItemShown]:
    return [
        CatalogueItemShown(
            item=number,
            stage=each.stage,
            kind=each.kind,
            id=each.id,
            title=each.title,
            date=each.day,
            responsible=each.responsible,
            pages=each.pages,
            duration_ms=each.duration_ms,
            size_bytes=each.size_bytes,
            sha256=None if each.sha256 is None else each.sha256.hex,
        )
        for number, each in enumerate(items, 1)
    ]
