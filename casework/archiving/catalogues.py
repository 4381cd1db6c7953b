"""The catalogue of an archived case (卷内目录) as rows: made once, each version beside the ones before it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.archiving.contents import in_order
from casework.cases import find_cleared_case
from casework.errors import Unknown
from integrity.catalogue import NOTE, Catalogue, CatalogueItem, parse_catalogue
from integrity.fields import format_instant
from integrity.local_time import chinese_day
from storage.catalog.archiving import CaseArchive, CaseCatalogue
from storage.catalog.casework import Case
from storage.catalog.organisation import Person, Unit


def make_catalogue(
    session: Session,
    by: Person,
    case: Case,
    archive: CaseArchive,
    items: Sequence[CatalogueItem],
    now: datetime,
    *,
    secrecy_class: str,
    reason: str | None = None,
) -> CaseCatalogue:
    """The next version, with these items. Names are those of now, and stay: a unit may be renamed later."""
    latest = session.scalar(select(func.max(CaseCatalogue.version)).where(CaseCatalogue.case_id == case.id)) or 0
    unit = session.get_one(Unit, case.unit_id)
    catalogue = Catalogue(
        version=latest + 1,
        made_at=now,
        made_by=by.name,
        reason=reason,
        unit_code=unit.code,
        unit_name=unit.name,
        case={
            "case_id": str(case.id),
            "number": case.number,
            "title": case.title,
            "kind": case.kind,
            "procedure": case.procedure,
            "opened_at": format_instant(case.opened_at),
            "closed_at": None if case.closed_at is None else format_instant(case.closed_at),
        },
        secrecy_class=secrecy_class,
        retention_class=archive.retention_class,
        items=in_order(items),
    )
    content = catalogue.to_bytes()
    row = CaseCatalogue(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        version=catalogue.version,
        content=content,
        sha256=hashlib.sha256(content).digest(),
        reason=reason,
        made_by=by.id,
        made_at=now,
    )
    session.add(row)
    session.flush()
    return row


def skipped_notes(by: Person, stages: Sequence[str], reason: str, now: datetime) -> list[CatalogueItem]:
    """Why a case never came to these stages, as lines that stand where there is no file."""
    return [
        CatalogueItem(stage=stage, kind=NOTE, id=None, title=reason, day=chinese_day(now), responsible=by.name)
        for stage in stages
    ]


def notes_of(session: Session, case_id: uuid.UUID) -> tuple[CatalogueItem, ...]:
    """The lines of the catalogue so far that no file stands behind: each version holds what the one before it held."""
    latest = catalogues_of(session, case_id)[-1]
    return tuple(each for each in parse_catalogue(latest.content).items if each.kind == NOTE)


def catalogues_of(session: Session, case_id: uuid.UUID) -> tuple[CaseCatalogue, ...]:
    """Every version, the first first; none of a case that is not archived."""
    statement = select(CaseCatalogue).where(CaseCatalogue.case_id == case_id)
    return tuple(session.scalars(statement.order_by(CaseCatalogue.version)))


def find_catalogue(session: Session, by: Person, case_id: uuid.UUID, version: int | None = None) -> CaseCatalogue:
    """That version, else the latest. It names recordings, so that it is open to whom they are open.

    Raises Unknown for a case that is not archived, or a version it does not have; AccessRefused, UnknownSubject,
    OutsideUnit.
    """
    case = find_cleared_case(session, by, case_id)
    found = [row for row in catalogues_of(session, case.id) if version in (None, row.version)]
    if not found:
        raise Unknown("case_catalogue", case.id if version is None else f"{case.id} / {version}")
    return found[-1]
