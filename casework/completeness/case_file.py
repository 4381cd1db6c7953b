"""An act and its recordings as a file states them, for whoever tries a rule before it binds anybody.

The format: docs/formats/rules.md. It is read strictly: what is misread here would be a minute less.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from casework.completeness.engine import Clock, Completeness, Demand, Explanation, Footage, judge_completeness
from casework.completeness.errors import CaseFileUnusable
from casework.completeness.spans import Span
from casework.register.calendar import is_usable
from casework.wording import shown

MOST_BYTES: Final = 64 << 20
MOST_DEVICES: Final = 1000
MOST_SECONDS: Final = 10 * 366 * 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MILLION: Final = 1_000_000


@dataclass(frozen=True)
class CaseFile:
    """`unnamed`: paths of the explanations that name no officer; they explain nothing. `unknown`: names at which
    nothing was looked."""

    demand: Demand
    footage: tuple[Footage, ...]
    explanations: tuple[Explanation, ...]
    unnamed: tuple[str, ...]
    unknown: tuple[str, ...]

    def judge(self) -> Completeness:
        return judge_completeness(self.demand, self.footage, self.explanations)


def read_case_files(content: bytes) -> tuple[list[CaseFile], bool]:
    """The cases of a file in their order, and whether it holds a list of them. Raises CaseFileUnusable."""
    table = _parse(content)
    if isinstance(table, list):
        return [_case(each, f"[{place}]") for place, each in enumerate(table)], True
    return [_case(table, "")], False


def as_json(act: Span, found: Completeness) -> dict[str, Any]:
    """The verdict with every stretch: from, to (seconds from the act's start), state, what explains it."""
    stretches = [
        [_seconds_from(act[0], each.span[0]), _seconds_from(act[0], each.span[1]), each.state, each.label]
        for each in found.stretches
    ]
    return {"verdict": found.verdict, "exact": stretches}


def _parse(content: bytes) -> Any:
    if len(content) > MOST_BYTES:
        raise CaseFileUnusable("the file", "too_large")
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_once_each,
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        line = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "the file"
        raise CaseFileUnusable(line, "not_json") from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise CaseFileUnusable(shown(next(name for name in names if names.count(name) > 1)), "twice")
    return table


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and the infinities are no JSON


def _case(table: Any, where: str) -> CaseFile:
    case = _Table(table, where)
    act = _Table(case.need("act"), case.at("act"))
    act.read("kind", _text)
    start, end = act.read("start", _instant), act.read("end", _instant)
    if end <= start:
        raise CaseFileUnusable(act.at("end"), "no_length")
    demand = Demand((start, end), case.read("min_devices", _count, 1), case.read("allowed_gap_s", _not_negative, 0))
    recordings, told = case.rows("recordings"), case.rows("explanations", ())
    explanations, unnamed = _explanations(told)
    footage = _footage(recordings)
    tables = (case, act, *recordings, *told)
    return CaseFile(demand, footage, explanations, unnamed, tuple(name for table in tables for name in table.unread()))


def _footage(rows: Sequence[_Table]) -> tuple[Footage, ...]:
    found: dict[tuple[str, str], Footage] = {}
    for row in rows:
        recording_id = row.read("id", _text)
        footage = Footage(row.read("device", _text), row.span(), _clock(row))
        # Devices that count from one by themselves may have given the same.
        if found.setdefault((footage.device, recording_id), footage) != footage:
            raise CaseFileUnusable(f"{row.at('id')} {shown(recording_id)}", "other_under_one_id")
    return tuple(found.values())


def _clock(row: _Table) -> Clock | None:
    stated = row.need("clock_offset_s"), row.need("clock_uncertainty_s")
    if stated == (None, None):
        return None
    if None in stated:
        raise CaseFileUnusable(row.at("clock_offset_s"), "half_a_clock")
    return Clock(row.read("clock_offset_s", _seconds), row.read("clock_uncertainty_s", _not_negative))


def _explanations(rows: Sequence[_Table]) -> tuple[tuple[Explanation, ...], tuple[str, ...]]:
    found, unnamed = [], []
    for row in rows:
        by, confirmed_by = row.read("by", _name, None), row.read("confirmed_by", _name, None)
        span = row.span()
        if by is None:
            unnamed.append(row.where)
        else:
            found.append(Explanation(span, confirmed_by is not None and _same(confirmed_by) != _same(by)))
    return tuple(found), tuple(unnamed)


_NEEDED: Final = object()
_KNOWN: Final = frozenset(
    [
        "act",
        "kind",
        "start",
        "end",
        "min_devices",
        "allowed_gap_s",
        "recordings",
        "id",
        "device",
        "clock_offset_s",
        "clock_uncertainty_s",
        "explanations",
        "by",
        "confirmed_by",
    ]
)


class _Table:
    """An object of the file, with its place in it."""

    def __init__(self, table: Any, where: str) -> None:
        if not isinstance(table, dict):
            raise CaseFileUnusable(where or "the file", "no_object")
        self.table, self.where = table, where

    def unread(self) -> list[str]:
        return [self.at(shown(name)) for name in self.table if name not in _KNOWN]

    def at(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def need(self, name: str) -> Any:
        if name not in self.table:
            raise CaseFileUnusable(self.at(name), "missing")
        return self.table[name]

    def read(self, name: str, reader: Callable[[Any], Any], otherwise: Any = _NEEDED) -> Any:
        """What `reader` makes of it, in its own unit; `otherwise` as it is where there is nothing or null."""
        if otherwise is not _NEEDED and self.table.get(name) is None:
            return otherwise
        try:
            return reader(self.need(name))
        except _Refused as refused:
            raise CaseFileUnusable(self.at(name), refused.problem) from None

    def rows(self, name: str, otherwise: Sequence[Any] | None = None) -> list[_Table]:
        rows = self.need(name) if otherwise is None or self.table.get(name) is not None else otherwise
        if not isinstance(rows, list | tuple):
            raise CaseFileUnusable(self.at(name), "no_list")
        return [_Table(row, f"{self.at(name)}[{place}]") for place, row in enumerate(rows)]

    def span(self) -> Span:
        start, end = self.read("start", _instant), self.read("end", _instant)
        if end < start:
            raise CaseFileUnusable(self.at("end"), "ends_before_it_begins")
        return start, end


class _Refused(Exception):
    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Refused("no_text")
    return value.strip()


def _name(value: Any) -> str | None:
    if not isinstance(value, str):
        raise _Refused("no_text")
    return value if _same(value) else None


def _same(name: str) -> str:
    """A name as it is compared: 李伟 is 李 伟, and what cannot be seen makes no other person."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign)[0] not in "ZC")


def _instant(value: Any) -> int:
    """Microseconds since 1970."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Refused("no_instant") from None
    if moment.tzinfo is None:
        raise _Refused("no_instant")
    if not is_usable(moment):
        raise _Refused("no_such_year")
    return (moment - _EPOCH) // _MICROSECOND


def _count(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MOST_DEVICES:
        raise _Refused("no_count")
    return value


def _seconds(value: Any) -> int:
    """Microseconds."""
    if type(value) not in (int, Decimal) or not -MOST_SECONDS <= value <= MOST_SECONDS:
        raise _Refused("no_seconds")
    return int((value * _MILLION).to_integral_value()) if isinstance(value, Decimal) else value * _MILLION


def _not_negative(value: Any) -> int:
    """Microseconds."""
    if type(value) not in (int, Decimal) or not 0 <= value <= MOST_SECONDS:
        raise _Refused("negative_seconds")
    return _seconds(value)


def _seconds_from(start: int, moment: int) -> int | float:
    whole, rest = divmod(moment - start, _MILLION)
    return whole if not rest else (moment - start) / _MILLION
