"""Instants that PostgreSQL has and Python has not: before the year 1, after 9999, and infinity.

Nothing here writes one, and whoever meets one otherwise fails. Only an audit reads on: what was put into one row is to
hide no other.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, Self

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.errors import DataError
from psycopg.types.datetime import DateLoader, TimestamptzLoader

# So far from the ends of the calendar that nobody who counts some days from there leaves it.
_LATE_YEAR: Final = 9000
_EARLY_YEAR: Final = 1000


class _Beyond:
    """Stands for one: earlier or later than any that means something, and equal to none. Said as PostgreSQL says it."""

    words: str

    def __str__(self) -> str:
        return self.words

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return hash(self.words)


class DateBeyond(_Beyond, date):
    @classmethod
    def of(cls, words: str) -> Self:
        found = cls(_year_of(words), 1, 1)
        found.words = words
        return found


class InstantBeyond(_Beyond, datetime):
    @classmethod
    def of(cls, words: str) -> Self:
        found = cls(_year_of(words), 1, 1, tzinfo=UTC)
        found.words = words
        return found


def _year_of(words: str) -> int:
    return _EARLY_YEAR if words.startswith("-") or words.endswith("BC") else _LATE_YEAR


class _AnyInstant(TimestamptzLoader):
    def load(self, data: Buffer) -> datetime:
        try:
            return super().load(data)
        except DataError:
            return InstantBeyond.of(bytes(data).decode())


class _AnyDate(DateLoader):
    def load(self, data: Buffer) -> date:
        try:
            return super().load(data)
        except DataError:
            return DateBeyond.of(bytes(data).decode())


def _reading_any_instant() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
    adapters.register_loader("timestamptz", _AnyInstant)
    adapters.register_loader("date", _AnyDate)
    return adapters


ANY_INSTANT: Final = _reading_any_instant()
"""The `context` of a connection that gives stand-ins where others raise DataError: in ranges too."""
