"""Versions of the list of decisions that need a legal review: taken in, superseded, come into force.

How versions come to be: casework/rules/versions.py. All that hold for a unit hold together: a district's or a unit's
own only adds to the nation's.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.permission import require
from casework.review.scope_file import SHIPPED, ScopeFile, ScopeTrigger, read_scope, refuse_nonsense, triggers_of
from casework.rules.versions import LOADER, Versions, is_read_from_source, shipped_in
from casework.units import Doer
from storage.catalog.decisions import ReviewScopeRule
from storage.catalog.organisation import Person

KEEPING = "keep_policies"
SCOPES = Versions(ReviewScopeRule, "review_scope")


@dataclass(frozen=True)
class Met:
    """A line of the list that a decision meets, and the version that states it."""

    trigger: ScopeTrigger
    jurisdiction: str
    version: int


def load_scope(session: Session, by: Doer, content: bytes, now: datetime) -> ReviewScopeRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_scope(content), now)


def load_shipped_scopes(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return SCOPES.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


def scopes_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return SCOPES.come_into_force(session, now)


def list_scopes(session: Session) -> tuple[ReviewScopeRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return SCOPES.all(session)


def is_of_its_source(row: ReviewScopeRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_scope)


def explain_scopes(session: Session, scopes: Sequence[Iterable[Mapping[str, Any]]]) -> list[tuple[Met, ...]]:
    """Of each version in their order: one query for all of them."""
    lines = [{(uuid.UUID(each["rule_id"]), str(each["code"])): None for each in scope} for scope in scopes]
    wanted = {rule_id for each in lines for rule_id, _ in each}
    rows = session.scalars(select(ReviewScopeRule).where(ReviewScopeRule.id.in_(wanted)))
    by_id = {row.id: (row, triggers_of(row.rules)) for row in rows}
    return [
        tuple(
            Met(by_id[rule_id][1][code], by_id[rule_id][0].jurisdiction, by_id[rule_id][0].version)
            for rule_id, code in each
        )
        for each in lines
    ]


def _take(session: Session, by: Doer, file: ScopeFile, now: datetime) -> ReviewScopeRule:
    return SCOPES.take(session, by, file, now, partial(refuse_nonsense, file))


@cache
def _shipped() -> tuple[ScopeFile, ...]:
    return shipped_in(SHIPPED, read_scope)
