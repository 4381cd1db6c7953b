"""Versions of the rules of retrieval, and which way somebody has to footage on a day.

How versions come to be: casework/rules/versions.py. A request keeps what was ruled on its day.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.permission import require
from casework.retrieval.errors import NoWay
from casework.retrieval.rule_file import SHIPPED, RetrievalFile, Way, read_retrieval, refuse_nonsense, ways_of
from casework.rules.versions import LOADER, Versions, held_on, is_read_from_source, shipped_in
from casework.units import Doer, line_of
from integrity.local_time import chinese_day
from storage.catalog.access import RetrievalRule
from storage.catalog.organisation import Person, Unit

KEEPING = "keep_policies"
RETRIEVAL = Versions(RetrievalRule, "retrieval")


@dataclass(frozen=True)
class Ruled:
    """A way, and the version that states it."""

    way: Way
    rule: RetrievalRule


def load_retrieval_rules(session: Session, by: Doer, content: bytes, now: datetime) -> RetrievalRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_retrieval(content), now)


def load_shipped_retrieval_rules(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return RETRIEVAL.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


def retrieval_rules_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return RETRIEVAL.come_into_force(session, now)


def list_retrieval_rules(session: Session) -> tuple[RetrievalRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return RETRIEVAL.all(session)


def is_of_its_source(row: RetrievalRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_retrieval)


def require_way(session: Session, unit_id: uuid.UUID, who: str, kind: str, now: datetime) -> Ruled:
    """The way that holds today. An archive that never had any rules gets those of the package first. Raises NoWay."""
    rules = list_retrieval_rules(session)
    if not rules:
        load_shipped_retrieval_rules(session, now)
        rules = list_retrieval_rules(session)
    found = find_way(rules, line_of(session, unit_id), who, kind, chinese_day(now))
    if found is None:
        raise NoWay(who, kind)
    return found


def find_way(rules: Iterable[RetrievalRule], line: Sequence[uuid.UUID], who: str, kind: str, day: date) -> Ruled | None:
    """The way that holds for a unit on a day; `line`: the unit, then those above it, the nearest first. Of several the
    highest rank counts, and of one series the nearest unit's own."""
    found = [
        Ruled(way, row)
        for row in held_on(rules, line, day)
        for way in ways_of(row.rules)
        if (way.who, way.kind) == (who, kind)
    ]
    return max(found, key=lambda each: int(each.rule.rules["rank"]), default=None)


def _take(session: Session, by: Doer, file: RetrievalFile, now: datetime) -> RetrievalRule:
    return RETRIEVAL.take(session, by, file, now, partial(_refuse_beside_others, session, file))


def _refuse_beside_others(session: Session, file: RetrievalFile) -> None:
    """Two series of one rank are told apart where no unit is under both."""
    rows = [row for row in list_retrieval_rules(session) if _meet(session, file.unit_code, row.unit_id)]
    refuse_nonsense(file, [read_retrieval(row.source.encode()) for row in rows])


def _meet(session: Session, code: str | None, other: uuid.UUID | None) -> bool:
    if code is None or other is None:
        return True
    unit_id = session.scalars(select(Unit.id).where(Unit.code == code)).one()
    return unit_id in line_of(session, other) or other in line_of(session, unit_id)


@cache
def _shipped() -> tuple[RetrievalFile, ...]:
    return shipped_in(SHIPPED, read_retrieval)
