"""Versions of which returns are owed: taken in, superseded, come into force; and which of them bind a unit.

How versions come to be: casework/rules/versions.py. Of two that state a return of one code, the nearest unit's own goes
before; two of which none is nearer are not taken in.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.permission import require
from casework.returns.rule_file import (
    SHIPPED,
    ReturnFile,
    ReturnKind,
    kinds_of,
    may_bind_one,
    read_returns,
    refuse_nonsense,
)
from casework.rules.errors import RuleFileUnusable
from casework.rules.versions import LOADER, Versions, is_read_from_source, shipped_in
from casework.units import Doer
from storage.catalog.organisation import Person, Unit
from storage.catalog.returns import ReturnRule

KEEPING = "keep_policies"
RETURNS = Versions(ReturnRule, "return_rule")


def load_returns(session: Session, by: Doer, content: bytes, now: datetime) -> ReturnRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_returns(content), now)


def load_shipped_returns(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days and returns are free; how many."""
    files = [file for file in _shipped() if not _stated_elsewhere(session, file)]
    return RETURNS.load_shipped(session, files, lambda file: _take(session, LOADER, file, now))


def returns_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return RETURNS.come_into_force(session, now)


def list_return_rules(session: Session) -> tuple[ReturnRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return RETURNS.all(session)


def kinds_for(rules: Sequence[ReturnRule], line: Sequence[uuid.UUID]) -> Iterator[tuple[int, ReturnRule, ReturnKind]]:
    """What versions state for a unit, whenever they hold, with how near each is: 0 for the unit's own. `line`: the
    unit, then those above it."""
    nearness: dict[uuid.UUID | None, int] = {unit_id: place for place, unit_id in enumerate((*line, None))}
    owing = {"every", "topmost" if len(line) == 1 else "below"}
    for rule in rules:
        if rule.unit_id in nearness:
            for kind in kinds_of(rule.rules):
                if kind.owed_by in owing:
                    yield nearness[rule.unit_id], rule, kind


def is_of_its_source(row: ReturnRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_returns)


def _take(session: Session, by: Doer, file: ReturnFile, now: datetime) -> ReturnRule:
    def refuse() -> None:
        refuse_nonsense(file)
        for code, other in _stated_elsewhere(session, file):
            raise RuleFileUnusable(f"returns {code} ({other.jurisdiction} {other.version})", "same_return")

    return RETURNS.take(session, by, file, now, refuse)


def _stated_elsewhere(session: Session, file: ReturnFile) -> list[tuple[str, ReturnRule]]:
    """Returns of these codes that another series has, as near to the same units, on days of this one: nobody could say
    which of the two is owed."""
    unit_id = session.scalar(select(Unit.id).where(Unit.code == file.unit_code)) if file.unit_code else None
    others = select(ReturnRule).where(
        ReturnRule.jurisdiction != file.jurisdiction, ReturnRule.unit_id.is_not_distinct_from(unit_id)
    )
    return [
        (ours.code, rule)
        for rule in session.scalars(others.order_by(ReturnRule.jurisdiction, ReturnRule.version))
        if rule.valid_from <= (file.last_day or date.max) and file.valid_from <= (rule.last_day or date.max)
        for ours in file.returns
        for theirs in kinds_of(rule.rules)
        if ours.code == theirs.code and may_bind_one(ours, theirs)
    ]


@cache
def _shipped() -> tuple[ReturnFile, ...]:
    return shipped_in(SHIPPED, read_returns)
