"""Instants that no calendar has: told of wherever they stand, also where nothing is held against the ledger.

The archive itself fails over such a row, on pages and in tasks: whoever can write one can stop it so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, Text, case, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE
from sqlalchemy.orm import Session
from sqlalchemy.types import Date, DateTime, TypeEngine

from api.verification.audit import Audit
from storage.catalog.base import Base

_BEGIN, _END = "0001-01-01 00:00:00+00", "10000-01-01 00:00:00+00"
_AT_A_TIME: Final = 500
_READABLE: Final = text(
    "SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
    " WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND has_column_privilege(attrelid, attnum, 'SELECT')"
)


def check_instants(audit: Audit) -> None:
    """Every date, every instant and both ends of every span that this role may read, in every table."""
    with audit.archive.database.reading() as session:
        readable = {(table, column) for table, column in session.execute(_READABLE)}
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if (table.name, column.name) in readable]
            for subject, found in _beyond(session, table, columns):
                audit.findings.add("instant_beyond_calendar", subject, None, found)


def _beyond(session: Session, table: Table, columns: list[Column[Any]]) -> Iterator[tuple[str, str]]:
    """Which row and column, and what is there."""
    tests = {column.name: (column, test) for column in columns if (test := _test_of(column)) is not None}
    if not tests:
        return
    key = func.concat_ws(" ", *(cast(column, Text) for column in columns if column.primary_key))
    found = [case((test, cast(column, Text))) for column, test in tests.values()]
    statement = select(key, *found).where(or_(*(test for _, test in tests.values())))
    for which, *values in session.execute(statement, execution_options={"yield_per": _AT_A_TIME}):
        for name, value in zip(tests, values, strict=True):
            if value is not None:
                yield f"{table.name} {which}: {name}", value


def _test_of(column: Column[Any]) -> ColumnElement[bool] | None:
    """Whether what is there is beyond the calendar; nothing of a column of another kind."""
    kind = column.type
    if isinstance(kind, TSTZRANGE | DATERANGE):
        of_end = DateTime(timezone=True) if isinstance(kind, TSTZRANGE) else Date()
        return or_(*(_outside(end(column, type_=of_end), of_end) for end in (func.lower, func.upper)))
    return _outside(column, kind) if isinstance(kind, DateTime | Date) else None


def _outside(value: ColumnElement[Any], kind: TypeEngine[Any]) -> ColumnElement[bool]:
    # As PostgreSQL's own literals: Python could not say the second one.
    sql = "date" if isinstance(kind, Date) else "timestamptz"
    return or_(value < text(f"{sql} '{_BEGIN}'"), value >= text(f"{sql} '{_END}'"))
