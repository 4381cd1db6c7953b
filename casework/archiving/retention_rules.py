"""Versions of the rules of retention, and how long a case has to be kept at least by those that hold on a day.

How versions come to be: casework/rules/versions.py. Series hold together: what one demands another cannot take away.
A class that a version brings stays what it is, for recordings are in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from sqlalchemy.orm import Session

from casework.archiving.retention_file import (
    Demand,
    RetentionFile,
    classes_of,
    demands_of,
    read_retention,
    refuse_nonsense,
)
from casework.permission import require
from casework.rules.errors import RuleFileUnusable
from casework.rules.versions import LOADER, Versions, held_on, is_read_from_source, shipped_in
from casework.units import Doer, lines_of
from retention.classes import CLASS_AT_SEALING
from storage.catalog.archiving import RetentionRule
from storage.catalog.organisation import Person
from storage.catalog.retention import RetentionClass

KEEPING = "keep_policies"
SHIPPED = Path(__file__).parent / "shipped"
RETENTION_RULES = Versions(RetentionRule, "retention")


@dataclass(frozen=True)
class LeastRetention:
    """The class that a case needs at least, the demands that say so, and the versions they are of."""

    retention_class: RetentionClass
    demands: tuple[Demand, ...]
    rules: tuple[uuid.UUID, ...]


def load_retention(session: Session, by: Doer, content: bytes, now: datetime) -> RetentionRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_retention(content), now)


def load_shipped_retention(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return RETENTION_RULES.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


def retention_comes_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return RETENTION_RULES.come_into_force(session, now)


def list_retention_rules(session: Session) -> tuple[RetentionRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return RETENTION_RULES.all(session)


def is_of_its_source(row: RetentionRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_retention)


def rules_on(session: Session, unit_id: uuid.UUID, day: date) -> tuple[RetentionRule, ...]:
    """Those that hold for a unit on a day: of all units, of its own and of those above it."""
    return held_on(list_retention_rules(session), lines_of(session, [unit_id]).get(unit_id, ()), day)


def least_retention(
    session: Session, rules: Sequence[RetentionRule], procedure: str, act_kinds: Iterable[str]
) -> LeastRetention:
    """What these versions demand together of such a case; where none says anything, the class of sealing."""
    asked = frozenset(act_kinds)
    found = [(row.id, each) for row in rules for each in demands_of(row.rules, procedure, asked)]
    codes = {CLASS_AT_SEALING, *(each.at_least for _, each in found)}
    longest = max((session.get_one(RetentionClass, code) for code in sorted(codes)), key=length_of)
    telling = [(rule, each) for rule, each in found if each.at_least == longest.code]
    return LeastRetention(
        longest,
        tuple(each for _, each in telling),
        tuple(dict.fromkeys(rule for rule, _ in telling)),
    )


def length_of(kept: RetentionClass) -> float:
    """In months; for ever is longer than any number."""
    return float("inf") if kept.keep_months is None else kept.keep_months


def _take(session: Session, by: Doer, file: RetentionFile, now: datetime) -> RetentionRule:
    def refuse() -> None:
        refuse_nonsense(file)
        for each in classes_of(file.rules_as_json()):
            known = session.get(RetentionClass, each.code)
            if known is not None and known.keep_months != each.months:
                raise RuleFileUnusable(f"classes {each.code}", "other_class")

    return RETENTION_RULES.take(session, by, file, now, refuse, lambda row: _bring_classes(session, row))


def _bring_classes(session: Session, row: RetentionRule) -> None:
    for each in classes_of(row.rules):
        if session.get(RetentionClass, each.code) is None:
            names = {"name_zh": each.name_zh, "name_en": each.name_en}
            session.add(RetentionClass(code=each.code, keep_months=each.months, **names))
            session.flush()


@cache
def _shipped() -> tuple[RetentionFile, ...]:
    return shipped_in(SHIPPED, read_retention)
