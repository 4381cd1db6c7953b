"""The values of a rule file read strictly: a mistyped word is a mistake, named by its line, and never a rule less."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from casework.register.calendar import is_usable
from casework.rules.errors import THE_FILE, RuleFileUnusable
from casework.wording import shown

MOST_BYTES: Final = 256 << 10
LONGEST_TEXT: Final = 200
_LARGEST: Final = 1 << 63


def read_rules(content: bytes) -> tuple[str, Table]:
    """The text of a file and the table it holds. Raises RuleFileUnusable, as whatever reads the table does."""
    if len(content) > MOST_BYTES:
        raise RuleFileUnusable(THE_FILE, "too_large")
    # The rules in force are rows: of the processes that know rules, few ever read a file of them.
    from casework.rules.yaml_with_lines import parse

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RuleFileUnusable(THE_FILE, "not_yaml") from error
    return text, Value(parse(text), THE_FILE, 0).table()


def _is_small(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


class Value:
    """What stands at one place of a file, not looked at yet."""

    def __init__(self, value: object, where: str, line: int) -> None:
        self.value, self.where, self.line = value, where, line

    def refused(self, problem: str, known: Sequence[str] = (), *, found: object = "") -> RuleFileUnusable:
        said = found if isinstance(found, str) else str(found) if _is_small(found) else ""
        where = f"{self.where} {shown(said)}" if said else self.where
        return RuleFileUnusable(where, problem, tuple(known), self.line)

    def table(self) -> Table:
        if not isinstance(self.value, LinedMapping):
            raise self.refused("not_a_table")
        return Table(self.value, "" if self.where == THE_FILE else f"{self.where}.", self.line)

    def list(self) -> list[Value]:
        """Its members, counted from 1."""
        if not isinstance(self.value, LinedSequence):
            raise self.refused("not_a_list")
        lines = self.value.lines
        return [Value(each, f"{self.where}[{at}]", lines[at - 1]) for at, each in enumerate(self.value, 1)]

    def line_of_text(self) -> str:
        value = self.value
        # A code of digits is read as a number: it is meant as it is written.
        text = str(value) if _is_small(value) else value
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
            raise self.refused("no_text")
        return text.strip()

    def text(self, problem: str, longest: int) -> str:
        """As many lines as there are, as they stand."""
        if not isinstance(self.value, str) or not self.value.strip() or len(self.value) > longest:
            raise self.refused(problem)
        return self.value

    def lines_of_text(self) -> tuple[str, ...]:
        if not isinstance(self.value, LinedSequence):
            raise self.refused("not_a_list")
        return tuple(Value(each.value, self.where, each.line).line_of_text() for each in self.list())

    def matching(self, pattern: re.Pattern[str], problem: str) -> str:
        if not isinstance(self.value, str) or not pattern.fullmatch(self.value):
            raise self.refused(problem)
        return self.value

    def word(self, known: Sequence[str]) -> str:
        if not isinstance(self.value, str) or self.value not in known:
            raise self.refused("unknown", known, found=self.value)
        return self.value

    def number(self, problem: str = "no_number", *, first: int = 1, last: int = (1 << 31) - 1) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not first <= self.value <= last:
            raise self.refused(problem)
        return self.value

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refused("no_truth")
        return self.value

    def day(self) -> date:
        if not isinstance(self.value, date) or isinstance(self.value, datetime):
            raise self.refused("no_day")
        if not is_usable(self.value):
            raise self.refused("no_such_year")
        return self.value


class Table:
    """Names with values. `names` first: what is not known is refused before anything is read."""

    def __init__(self, mapping: LinedMapping, prefix: str, line: int) -> None:
        self._mapping, self._prefix, self._line = mapping, prefix, line

    def names(self, needed: Sequence[str], optional: Sequence[str] = ()) -> Table:
        known = (*needed, *optional)
        for name in self._mapping:
            if name not in known:
                found = shown(name) if isinstance(name, str) else "?"
                raise RuleFileUnusable(f"{self._prefix}{found}", "unknown", known, self._mapping.lines[name])
        for name in needed:
            if self._mapping.get(name) is None:
                raise RuleFileUnusable(f"{self._prefix}{name}", "missing", line=self._line)
        return self

    def at(self, name: str) -> Value:
        line = self._mapping.lines.get(name, self._line)
        return Value(self._mapping.get(name), f"{self._prefix}{name}", line)

    def maybe(self, name: str) -> Value | None:
        """None where it is left out, or empty."""
        return None if self._mapping.get(name) is None else self.at(name)

    def __contains__(self, name: str) -> bool:
        return name in self._mapping

    def __bool__(self) -> bool:
        return bool(self._mapping)

    def __iter__(self) -> Iterator[str]:
        return iter(self._mapping)


class LinedMapping(dict[Any, Any]):
    """`lines`: where each of its names stands, counted from 1."""

    lines: dict[Any, int]


class LinedSequence(list[Any]):
    """`lines`: where each of its members stands, counted from 1."""

    lines: list[int]
