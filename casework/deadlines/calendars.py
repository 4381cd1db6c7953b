"""The days off of years as notices have them, laid over the installed library: loaded once, never changed."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.calendar import Calendar, YearFile, read_year
from casework.deadlines.versions import KEEPING, TERMS
from casework.permission import require
from casework.rules.errors import RuleFileUnusable
from casework.units import Doer, actor_of
from storage.catalog.deadlines import CalendarYear
from storage.catalog.organisation import Person
from storage.ledger.append import Change, record_change


def load_year(session: Session, by: Doer, content: bytes) -> CalendarYear:
    """Take a year's notice in: from now on it counts instead of what was known of that year.

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
    return row


def latest_years(session: Session) -> dict[int, CalendarYear]:
    """By year, those that count."""
    rows = session.scalars(select(CalendarYear).order_by(CalendarYear.year, CalendarYear.ordinal))
    return {row.year: row for row in rows}


def calendar_now(session: Session) -> Calendar:
    """The announced years: the library's, and over them those that were loaded."""
    return Calendar({year: file_of(row) for year, row in latest_years(session).items()})


def file_of(row: CalendarYear) -> YearFile:
    return read_year(row.source.encode())


def is_of_its_source(row: CalendarYear) -> bool:
    """Whether a row is what its YAML says. Never raises."""
    try:
        return file_of(row).year == row.year and hashlib.sha256(row.source.encode()).digest() == row.source_sha256
    except RuleFileUnusable:
        return False
