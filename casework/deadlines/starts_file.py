"""A table of events and their days as a file states them: whoever writes rules tries them on it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from casework.deadlines.calendar import Calendar
from casework.deadlines.counting import DueDay, due_day
from casework.deadlines.errors import StartsUnusable
from casework.deadlines.kinds import KINDS
from casework.deadlines.terms import TermFile, TermRules
from casework.register.calendar import is_usable, read_day
from casework.wording import shown

MOST_BYTES: Final = 16 << 20
COLUMNS: Final[Mapping[str, str]] = {"kind": "期限", "start_date": "起算日"}
"""Under either name, wherever they stand; what other columns hold is not looked at."""
# UTF-8 first: what is GBK and not ASCII is hardly ever UTF-8 as well. GB 18030 holds all of GBK, which Excel writes.
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_KIND_OF: Final = {kind.name_zh: name for name, kind in KINDS.items()}
_COLUMN_OF: Final = {name: column for column, name in COLUMNS.items()}


@dataclass(frozen=True)
class Start:
    kind: str
    day: date


@dataclass(frozen=True)
class Answer:
    """`rules` None: no term was in force that day."""

    start: Start
    due: DueDay | None
    rules: TermFile | None
    law: tuple[str, ...]


def read_starts(content: bytes) -> list[Start]:
    """Raises StartsUnusable, which names the line."""
    if len(content) > MOST_BYTES:
        raise StartsUnusable(0, "", "too_large")
    rows = _rows(_decode(content))
    _, heading = next(rows, (1, []))
    names = [_COLUMN_OF.get(cell, cell.lower()) for cell in heading]
    if not set(COLUMNS) <= set(names):
        raise StartsUnusable(1, shown(",".join(heading)), "no_columns")
    if len(set(names)) < len(names):
        raise StartsUnusable(1, shown(",".join(heading)), "columns")
    return [_start(line, cells, names) for line, cells in rows]


def answer(starts: list[Start], rules: TermRules, calendar: Calendar) -> list[Answer]:
    """The due day of each, in order."""
    return [_answer(start, rules, calendar) for start in starts]


def _answer(start: Start, rules: TermRules, calendar: Calendar) -> Answer:
    found = rules.term(start.kind, start.day)
    if found is None:
        return Answer(start, None, None, ())
    term, file = found
    return Answer(start, due_day(term, start.day, calendar), file, term.law)


def _decode(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StartsUnusable(0, "", "not_text")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, its cells without spaces around, with the line it ends on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise StartsUnusable(reader.line_num, "", "quotes") from error


def _start(line: int, cells: list[str], names: list[str]) -> Start:
    if len(cells) != len(names):
        raise StartsUnusable(line, shown(",".join(cells)), "columns")
    kind, text = (cells[names.index(name)] for name in COLUMNS)
    kind = _KIND_OF.get(kind, kind)
    if kind not in KINDS:
        raise StartsUnusable(line, shown(kind), "kind")
    day = read_day(text)
    if day is None:
        raise StartsUnusable(line, shown(text), "no_day")
    if not is_usable(day):
        raise StartsUnusable(line, text, "no_such_year")
    return Start(kind, day)
