"""What `liuhen admin calendar` does: years listed, tried and loaded."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts
from api.cli.admin_rules import read_file
from casework.deadlines.calendar import library_years
from casework.deadlines.calendars import file_of, latest_years
from casework.deadlines.loading import load_year
from integrity.fields import format_instant
from storage.catalog.deadlines import CalendarYear


def list_all(session: Session) -> list[Facts]:
    """By year; of those that were loaded the one that counts."""
    first, last = library_years()
    loaded = latest_years(session)
    known = sorted({*range(first, last + 1), *loaded})
    return [_facts(loaded[year]) if year in loaded else {"year": year, "ordinal": None} for year in known]


def take(session: Session, file: Path) -> Facts:
    """Load the file as the operator. Raises UsageRefused for one that cannot be read, RuleFileUnusable."""
    return _facts(load_year(session, OPERATOR, read_file(file)))


def year_line(facts: Facts) -> str:
    if facts["ordinal"] is None:
        return f"{facts['year']}  随附日历 / chinesecalendar"
    off, makeup = facts["off_count"], facts["makeup_count"]
    return (
        f"{facts['year']}  {facts['source']}  休 {off} 日，调休上班 {makeup} 日 / {off} days off, {makeup} makeup days"
    )


def _facts(row: CalendarYear) -> Facts:
    file = file_of(row)
    return {
        "id": str(row.id),
        "year": row.year,
        "ordinal": row.ordinal,
        "source": file.source,
        "days_off": [day.isoformat() for day in sorted(file.days_off)],
        "off_count": len(file.days_off),
        "makeup_count": len(file.makeup_days),
        "makeup_days": [day.isoformat() for day in sorted(file.makeup_days)],
        "loaded_at": format_instant(row.loaded_at),
        "source_sha256": row.source_sha256.hex(),
    }
