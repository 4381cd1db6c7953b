"""Versions of which notices a penalty owes: taken in, superseded, come into force.

How versions come to be: casework/rules/versions.py. All that hold for a unit hold together: the strictest counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.notices.rule_file import SHIPPED, NoticeFile, read_notices, refuse_nonsense
from casework.permission import require
from casework.rules.versions import LOADER, Versions, held_on, is_read_from_source, shipped_in
from casework.units import Doer
from storage.catalog.notices import NoticeRule
from storage.catalog.organisation import Person

KEEPING = "keep_policies"
NOTICE_RULES = Versions(NoticeRule, "notice_rule")


@dataclass(frozen=True)
class Owed:
    """What a penalty of one procedure owes, by all versions that hold: `notice` None: no version says."""

    notice: str | None
    days: int
    counted: str
    request_days: int
    request_counted: str
    hearing_notice_days: int


def load_notice_rule(session: Session, by: Doer, content: bytes, now: datetime) -> NoticeRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_notices(content), now)


def load_shipped_notice_rules(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return NOTICE_RULES.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


def notice_rules_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return NOTICE_RULES.come_into_force(session, now)


def list_notice_rules(session: Session) -> tuple[NoticeRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return NOTICE_RULES.all(session)


def is_of_its_source(row: NoticeRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_notices)


def owed_on(session: Session, line: Sequence[uuid.UUID], day: date, procedure: str) -> Owed:
    """As `told_refusals` of the database works it out: the strictest of all that hold. `line`: the unit, then those
    above it."""
    rules: list[Mapping[str, Any]] = [row.rules for row in held_on(session.scalars(select(NoticeRule)), line, day)]
    # Of a row that somebody changed by hand an audit has to go on: what it lacks, it does not ask for.
    of_it = [each["procedures"][procedure] for each in rules if procedure in each.get("procedures", {})]
    return Owed(
        notice=max((each["notice"] for each in of_it), default=None),
        days=max((each.get("days") or 0 for each in of_it), default=0),
        counted=max((each.get("counted") or "" for each in of_it), default=""),
        request_days=max((each.get("request_days") or 0 for each in rules), default=0),
        request_counted=max((each.get("request_counted") or "" for each in rules), default=""),
        hearing_notice_days=max((each.get("hearing_notice_days") or 0 for each in rules), default=0),
    )


def _take(session: Session, by: Doer, file: NoticeFile, now: datetime) -> NoticeRule:
    return NOTICE_RULES.take(session, by, file, now, partial(refuse_nonsense, file))


@cache
def _shipped() -> tuple[NoticeFile, ...]:
    return shipped_in(SHIPPED, read_notices)
