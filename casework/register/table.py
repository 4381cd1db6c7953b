"""A table as spreadsheets write it: CSV in UTF-8, with or without its mark, or in GBK, as Excel does in China.

The first line names the columns, in Chinese or English, in any order. Columns that nobody asks for are passed over.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from casework.register.calendar import DAY_WRITTEN, WITHOUT_END, is_usable
from casework.register.errors import CellMissing, CellUnusable, ColumnMissing, TableUnreadable
from integrity.local_time import CHINA, chinese_day

MOST_ROWS = 5000
LONGEST_CELL = 200
_SHOWN = 40
# UTF-8 first: what is GBK and not ASCII is hardly ever UTF-8 as well. GB 18030 holds all of GBK.
_ENCODINGS = ("utf-8-sig", "gb18030")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_ROUNDED = re.compile(r"\d(\.\d+)?[Ee]\+\d+")
_FOR_GOOD = ("长期", "长期有效", "永久")
_CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?")


@dataclass(frozen=True)
class Column:
    """`headings`: what it may be called, the Chinese name first."""

    name: str
    headings: tuple[str, ...]
    needed: bool = True


@dataclass(frozen=True)
class TableRow:
    """`line` of the file, the headings' being 1. Cells have no blanks around them; one that is not there is empty."""

    line: int
    columns: Mapping[str, Column]
    cells: Mapping[str, str]

    def optional(self, name: str) -> str | None:
        """None for nothing. Raises CellUnusable for a number that a spreadsheet has rounded, or for too much."""
        text = self.cells.get(name, "")
        if len(text) > LONGEST_CELL:
            raise self._unusable(name, "too_long")
        if _ROUNDED.fullmatch(text):
            raise self._unusable(name, "rounded")
        return text or None

    def needed(self, name: str) -> str:
        """Raises CellMissing, CellUnusable."""
        text = self.optional(name)
        if text is None:
            raise CellMissing(self.columns[name].headings)
        return text

    def day(self, name: str) -> date:
        """A day as people write them in China. Raises CellMissing, CellUnusable."""
        match = DAY_WRITTEN.fullmatch(self.needed(name))
        return self._day_of(match, name)

    def optional_last_day(self, name: str) -> date | None:
        """None for nothing, and for what says that there is no end: 长期, or 9999-12-31. Raises CellUnusable."""
        text = self.optional(name)
        if text is None or text in _FOR_GOOD:
            return None
        match = DAY_WRITTEN.fullmatch(text)
        if match is not None and tuple(map(int, match.groups())) == WITHOUT_END.timetuple()[:3]:
            return None
        return self._day_of(match, name)

    def begin(self, name: str) -> datetime:
        """An instant, in China where no zone is named; a day alone is its beginning.

        Raises CellMissing, CellUnusable.
        """
        day, clock = self._moment(name)
        return clock if clock is not None else datetime.combine(day, time(), CHINA)

    def optional_end(self, name: str, now: datetime) -> datetime | None:
        """An instant; a day alone is its end, which today's has not come yet. Raises CellUnusable."""
        if self.optional(name) is None:
            return None
        day, clock = self._moment(name)
        if clock is None and day == chinese_day(now):
            raise self._unusable(name, "needs_time")
        return clock if clock is not None else datetime.combine(day + timedelta(days=1), time(), CHINA)

    def _moment(self, name: str) -> tuple[date, datetime | None]:
        text = self.needed(name)
        parts = re.split(r"[T\s]+", text, maxsplit=1)
        match = DAY_WRITTEN.fullmatch(parts[0])
        if match is None or len(parts) == 1:
            return self._day_of(match, name, "no_time"), None
        day, clock = self._day_of(match, name, "no_time"), _CLOCK.fullmatch(parts[1])
        try:
            if clock is None:
                moment = datetime.fromisoformat(text)
                return day, moment if moment.tzinfo is not None else moment.replace(tzinfo=CHINA)
            hour, minute, second = (int(part or 0) for part in clock.groups())
            return day, datetime.combine(day, time(hour, minute, second), CHINA)
        except ValueError as error:
            raise self._unusable(name, "no_time") from error

    def _day_of(self, match: re.Match[str] | None, name: str, problem: str = "no_day") -> date:
        if match is None:
            raise self._unusable(name, problem)
        try:
            day = date(*(int(part) for part in match.groups()))
        except ValueError as error:
            raise self._unusable(name, problem) from error
        if not is_usable(day):
            raise self._unusable(name, "no_such_year")
        return day

    def _unusable(self, name: str, problem: str) -> CellUnusable:
        return CellUnusable(self.columns[name].headings, self.cells.get(name, "")[:_SHOWN], problem)


@dataclass(frozen=True)
class Table:
    """`ignored` are the headings that nobody asked for."""

    rows: tuple[TableRow, ...]
    ignored: tuple[str, ...]


def read_table(content: bytes, columns: Sequence[Column]) -> Table:
    """The rows that are not empty. Raises TableUnreadable, ColumnMissing."""
    lines = _lines(_decode(content))
    _, headings = next(lines, (1, []))
    names = [_name_of(heading, columns) for heading in headings]
    for column in columns:
        if column.needed and column.name not in names:
            raise ColumnMissing(column.headings)
    by_name = {column.name: column for column in columns}
    rows: list[TableRow] = []
    for line, cells in lines:
        values = {name: cell for name, cell in zip(names, cells, strict=False) if name is not None}
        if any(cells):
            rows.append(TableRow(line, by_name, values))
        if len(rows) > MOST_ROWS:
            raise TableUnreadable("too_many_rows")
    if not rows:
        raise TableUnreadable("no_rows")
    ignored = tuple(heading for heading, name in zip(headings, names, strict=True) if name is None and heading)
    return Table(tuple(rows), ignored)


def _decode(content: bytes) -> str:
    if content.startswith(_WORKBOOKS):
        raise TableUnreadable("workbook")
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableUnreadable("not_text")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins."""
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=first.count), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [_tidy(cell) for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableUnreadable("quotes") from error


def _tidy(cell: str) -> str:
    """Without blanks, and without the formula by which numbers keep their leading zeros."""
    formula = _FORMULA.fullmatch(cell.strip())
    return (formula[1] if formula else cell).strip()


def _name_of(heading: str, columns: Sequence[Column]) -> str | None:
    wanted = heading.casefold().replace(" ", "_")
    return next((column.name for column in columns if wanted in column.headings), None)
