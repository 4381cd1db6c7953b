"""Versions of which returns are owed: taken in, superseded, come into force; and which of them bind a unit.

How versions come to be: casework/rules/versions.py. Of two that state a return of one code, the nearest unit's own goes
before.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache, partial

from sqlalchemy.orm import Session

from casework.permission import require
from casework.returns.rule_file import SHIPPED, ReturnFile, ReturnKind, kinds_of, read_returns, refuse_nonsense
from casework.rules.versions import LOADER, Versions, is_read_from_source, shipped_in
from casework.units import Doer
from storage.catalog.organisation import Person
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
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return RETURNS.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


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
    return RETURNS.take(session, by, file, now, partial(refuse_nonsense, file))


@cache
def _shipped() -> tuple[ReturnFile, ...]:
    return shipped_in(SHIPPED, read_returns)
