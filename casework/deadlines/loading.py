"""Terms and days off taken in, and the open terms of cases computed anew by them (casework/deadlines/running.py)."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from functools import cache, partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.calendar import read_year
from casework.deadlines.calendars import latest_years
from casework.deadlines.running import compute_anew
from casework.deadlines.terms import SHIPPED, TermFile, read_terms, refuse_nonsense, terms_of
from casework.deadlines.versions import TERMS, list_term_rules
from casework.permission import require
from casework.rules.versions import LOADER, shipped_in
from casework.units import Doer, actor_of, line_of
from storage.catalog.deadlines import CalendarYear, TermRule
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Change, record_change

KEEPING = "keep_policies"


def load_terms(session: Session, by: Doer, content: bytes, now: datetime) -> TermRule:
    """Take a version in; open terms that it rules are computed anew. The same file again changes nothing.

    Raises RuleFileUnusable, PolicyOverlaps, PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed.
    """
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_terms(content), now)


def load_shipped_terms(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    count = TERMS.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))
    # The library of this release may know years that the one before did not.
    compute_anew(session, LOADER)
    return count


def load_year(session: Session, by: Doer, content: bytes) -> CalendarYear:
    """Take a year's notice in: it counts instead of what was known of that year, and open terms are computed anew.

    The one that counts already changes nothing. Raises RuleFileUnusable, RoleNotAllowed.
    """
    if isinstance(by, Person):
        require(by, KEEPING)
    file, text = read_year(content), content.decode("utf-8-sig")
    digest = hashlib.sha256(text.encode()).digest()
    TERMS.let_one_load(session)
    before = latest_years(session).get(file.year)
    if before is not None and before.source_sha256 == digest:
        return before
    row = CalendarYear(
        id=uuid.uuid4(),
        year=file.year,
        ordinal=1 if before is None else before.ordinal + 1,
        source=text,
        source_sha256=digest,
        loaded_by=by.id if isinstance(by, Person) else None,
        loaded_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data = {"year": row.year, "ordinal": row.ordinal, "source_sha256": digest.hex()}
    record_change(session, actor_of(by), Change("calendar.loaded", "calendar_year", str(row.id), None, data))
    compute_anew(session, by)
    return row


def _take(session: Session, by: Doer, file: TermFile, now: datetime) -> TermRule:
    def computed_anew(_: TermRule) -> None:
        compute_anew(session, by)

    return TERMS.take(session, by, file, now, partial(_refuse_beside_others, session, file), computed_anew)


def _refuse_beside_others(session: Session, file: TermFile) -> None:
    """Two series of one rank are told apart where no unit is under both."""
    beside = [row for row in list_term_rules(session) if _meet(session, file.unit_code, row.unit_id)]
    refuse_nonsense(file, [_file_of(row) for row in beside])


def _meet(session: Session, code: str | None, other: uuid.UUID | None) -> bool:
    if code is None or other is None:
        return True
    unit = session.scalars(select(Unit).where(Unit.code == code)).one()
    return unit.id in line_of(session, other) or other in line_of(session, unit.id)


def _file_of(row: TermRule) -> TermFile:
    return TermFile(
        jurisdiction=row.jurisdiction,
        version=row.version,
        title_zh=row.title_zh,
        title_en=row.title_en,
        valid_from=row.valid_from,
        last_day=row.last_day,
        unit_code=None,
        supersedes=None,
        source=row.source,
        rank=row.rules["rank"],
        terms=terms_of(row.rules),
    )


@cache
def _shipped() -> tuple[TermFile, ...]:
    return shipped_in(SHIPPED, read_terms)
