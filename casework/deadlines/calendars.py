"""The days off of years as notices have them, laid over the installed library: loaded once, never changed."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.calendar import Calendar, YearFile, read_year
from casework.rules.errors import RuleFileUnusable
from storage.catalog.deadlines import CalendarYear


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
