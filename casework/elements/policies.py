"""Versions of the policy, and which of them hold for a unit on a day. How they come to be: casework/rules/versions.py.

A recording is judged by all of them at once, those of all units and of every unit above it: what one demands another
cannot take away.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.elements.again import ask_for_another_judgement_since
from casework.elements.policy_file import Act, PolicyFile, Rules, read_policy, refuse_nonsense
from casework.permission import require
from casework.rules.versions import LOADER, Versions, held_on, is_read_from_source, shipped_in
from casework.units import Doer
from integrity.local_time import chinese_day
from storage.catalog.elements import ElementPolicy
from storage.catalog.organisation import Person

KEEPING = "keep_policies"
SHIPPED = Path(__file__).parent / "shipped"
POLICIES = Versions(ElementPolicy, "policy")
MISTAKEN = frozenset({"fa3250e0e62b7ce52375ecfb60086abfff2a18018d85319ea6f19706f85eb67a"})
"""SHA-256 of versions an earlier release shipped: CN-plain 1, which cited articles by numbers of another year."""


@dataclass(frozen=True)
class PolicyInForce:
    """One version, as judging goes by it."""

    id: uuid.UUID
    jurisdiction: str
    version: int
    unit_id: uuid.UUID | None
    valid_from: date
    last_day: date | None
    rules: Rules

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True)
class Demands:
    """What all jurisdictions together demand of the recordings of one unit and day, and by which versions."""

    policies: tuple[PolicyInForce, ...] = ()

    @property
    def acts(self) -> dict[str, Act]:
        """By code; of one that two define, the first jurisdiction's, and in it the nearest unit's."""
        found: dict[str, Act] = {}
        for policy in self.policies:
            for act in policy.rules.acts:
                found.setdefault(act.code, act)
        return found

    @property
    def anything(self) -> bool:
        rules = (rule for policy in self.policies for rule in policy.rules.elements.values())
        return any(rule.required != "never" for rule in rules)

    def demand(self, element: str, act_code: str | None) -> tuple[PolicyInForce, ...]:
        """The versions that demand this element of a recording of that act; none: it may be absent."""
        return tuple(policy for policy in self.policies if _demands(policy.rules, element, act_code))


def load_policy(session: Session, by: Doer, content: bytes, now: datetime) -> ElementPolicy:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_policy(content), now)


def load_shipped_policies(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had; how many there were. Again it changes nothing.

    A version the archive has under that number stays as it is, whatever the package says by now. Where one the package
    was mistaken in holds without an end, the one that corrects it supersedes it from tomorrow on.
    """
    taken = 0
    for file in POLICIES.missing(session, _shipped()):
        other = POLICIES.overlapping(session, file, None)
        if other is not None and other.source_sha256.hex() in MISTAKEN and other.last_day is None:
            file = _from_tomorrow(file, other.version, chinese_day(now) + timedelta(days=1))
            other = None
        taken += other is None and _take(session, LOADER, file, now) is not None
    return taken


def come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return POLICIES.come_into_force(session, now)


def list_policies(session: Session) -> tuple[ElementPolicy, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return POLICIES.all(session)


def is_of_its_source(row: ElementPolicy) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_policy)


def fetch_policies(session: Session) -> tuple[PolicyInForce, ...]:
    """All versions, to be asked for many units and days."""
    return tuple(
        PolicyInForce(
            row.id,
            row.jurisdiction,
            row.version,
            row.unit_id,
            row.valid_from,
            row.last_day,
            Rules.from_json(row.rules),
        )
        for row in session.scalars(select(ElementPolicy).order_by(ElementPolicy.jurisdiction))
    )


def demands_on(policies: Iterable[PolicyInForce], line: Sequence[uuid.UUID], day: date) -> Demands:
    """`line`: the recording's unit, then those above it, the nearest first."""
    return Demands(held_on(policies, line, day))


def lost_demands(before: Rules, after: Rules) -> tuple[tuple[str, str | None], ...]:
    """What the one demands and the other does not: elements, each with the act it is demanded of; None: of every
    recording."""
    lost: list[tuple[str, str | None]] = []
    for element in before.elements:
        acts = [None, *(act.code for act in before.acts)]
        gone = [act for act in acts if _demands(before, element, act) and not _demands(after, element, act)]
        lost += [(element, None)] if None in gone else [(element, act) for act in gone]
    return tuple(lost)


def _demands(rules: Rules, element: str, act_code: str | None) -> bool:
    rule = rules.elements.get(element)
    if rule is None or rule.required == "never":
        return False
    return rule.required == "always" or any(act.code == act_code and element in act.demands for act in rules.acts)


def _take(session: Session, by: Doer, file: PolicyFile, now: datetime) -> ElementPolicy:
    def judge_again(row: ElementPolicy) -> None:
        # Be it tomorrow: around midnight a recording may be of a day that its receipt has not reached.
        ask_for_another_judgement_since(session, row.unit_id, row.valid_from)

    return POLICIES.take(session, by, file, now, partial(refuse_nonsense, file), judge_again)


def _from_tomorrow(file: PolicyFile, superseded: int, day: date) -> PolicyFile:
    """The same text but for its days: what it corrects has judged all that came before."""
    since = f"valid_from: {file.valid_from}\n"
    return read_policy(file.source.replace(since, f"valid_from: {day}\nsupersedes: {superseded}\n", 1).encode())


@cache
def _shipped() -> tuple[PolicyFile, ...]:
    return shipped_in(SHIPPED, read_policy)
