"""Whether a return that is there is one that the archive would have drawn up. The database refuses others (migration
0066); whoever owns the database can put one in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from casework.returns.periods import MONTHS, period_of
from casework.returns.rows import kind_of
from casework.returns.rule_file import ReturnKind
from integrity.local_time import chinese_day
from storage.catalog.organisation import Unit
from storage.catalog.returns import ReturnRule, UnitReturn


def what_is_unsound(row: UnitReturn, rule: ReturnRule) -> str | None:
    """Why nothing can be said of it, a key of errors.UNSOUND: its rule states no such return, its days are no such
    period, its figures are none. None where it can be read."""
    try:
        kind = kind_of(row, rule)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "rule"
    if not _is_its_period(row, kind):
        return "period"
    return None if _are_figures(row.figures) else "figures"


def is_asked_of(row: UnitReturn, rule: ReturnRule, line: Sequence[uuid.UUID], unit: Unit) -> bool:
    """Whether its rule held on the period's last day, and binds its unit, which the archive knew by then. `line`: the
    unit, then those above it; the row is sound."""
    owed_by = kind_of(row, rule).owed_by
    held = rule.valid_from <= row.last_day and (rule.last_day is None or row.last_day <= rule.last_day)
    binds = rule.unit_id is None or rule.unit_id in line
    fits = owed_by in ("every", "topmost" if len(line) == 1 else "below")
    return held and binds and fits and row.last_day >= chinese_day(unit.created_at)


def _is_its_period(row: UnitReturn, kind: ReturnKind) -> bool:
    if kind.every not in MONTHS:
        return False
    period = period_of(kind.every, row.first_day)
    return (period.code, period.first_day, period.last_day) == (row.period, row.first_day, row.last_day)


def _are_figures(figures: Any) -> bool:
    if not isinstance(figures, Mapping) or not isinstance(units := figures.get("units"), list) or not units:
        return False
    return all(isinstance(unit, Mapping) and _is_unit(unit) for unit in units)


def _is_unit(stated: Mapping[str, Any]) -> bool:
    try:
        uuid.UUID(stated["id"])
        figures = stated["figures"].values()
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    named = isinstance(stated.get("name"), str) and type(stated.get("depth")) is int
    return named and all(type(number) is int for number in figures)
