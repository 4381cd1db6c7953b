"""Versions of the policy: loaded, superseded, come into force; and which of them hold for a unit on a day.

Each jurisdiction has a series of versions for all units, and each unit may have one of its own: within a series no two
hold on one day. A recording is judged by all of them at once, those of all units and of every unit above it: what one
demands another cannot take away.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from psycopg.errors import ExclusionViolation
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.elements.again import ask_for_another_judgement_since
from casework.elements.errors import NothingToSupersede, PolicyBegun, PolicyOverlaps, PolicyVersionTaken
from casework.elements.policy_file import Act, PolicyFile, Rules, read_policy, refuse_nonsense
from casework.permission import require
from casework.rules.errors import RuleFileUnusable
from casework.units import Doer, actor_of
from storage.catalog.devices import chinese_day
from storage.catalog.elements import ElementPolicy
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Actor, Change, record_change

KEEPING = "keep_policies"
SHIPPED = Path(__file__).parent / "shipped"
POLICIES = Actor.system("policies")
MISTAKEN = frozenset({"fa3250e0e62b7ce52375ecfb60086abfff2a18018d85319ea6f19706f85eb67a"})
"""SHA-256 of versions an earlier release shipped: CN-plain 1, which cited articles by numbers of another year."""
# Two that load at once wait for each other: what overlaps is looked at before it is refused.
_ONE_LOADS = select(func.pg_advisory_xact_lock(func.hashtextextended("element policies", 0)))


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
    missing = [file for file in _shipped() if _find(session, file, None) is None]
    if missing:
        session.execute(_ONE_LOADS)
    taken = 0
    for file in missing:
        if _find(session, file, None) is not None:
            continue
        other = _overlapping(session, file, None)
        if other is not None and other.source_sha256.hex() in MISTAKEN and other.last_day is None:
            file = _from_tomorrow(file, other.version, chinese_day(now) + timedelta(days=1))
            other = None
        taken += other is None and _take(session, POLICIES, file, now) is not None
    return taken


def come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    today = chinese_day(now)
    waiting = select(ElementPolicy).where(ElementPolicy.in_force_at.is_(None)).order_by(ElementPolicy.loaded_at)
    begun = [row for row in session.scalars(waiting.with_for_update(skip_locked=True)) if row.valid_from <= today]
    for row in begun:
        row.in_force_at = now
        session.flush()
        _record(session, POLICIES, row, "policy.came_into_force", {"valid_from": row.valid_from.isoformat()})
    return len(begun)


def list_policies(session: Session) -> tuple[ElementPolicy, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    rows = session.scalars(select(ElementPolicy).order_by(ElementPolicy.jurisdiction, ElementPolicy.version.desc()))
    return tuple(sorted(rows, key=lambda row: (row.jurisdiction, row.unit_id is not None, str(row.unit_id))))


def is_of_its_source(row: ElementPolicy) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    try:
        file = read_policy(row.source.encode())
    except RuleFileUnusable:
        return False
    said = (file.jurisdiction, file.version, file.valid_from, file.title_zh, file.title_en, file.sha256)
    kept = (row.jurisdiction, row.version, row.valid_from, row.title_zh, row.title_en, row.source_sha256)
    return said == kept and file.rules.as_json() == row.rules


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
    nearness: dict[uuid.UUID | None, int] = {unit_id: place for place, unit_id in enumerate((*line, None))}
    held = [policy for policy in policies if policy.unit_id in nearness and policy.holds_on(day)]
    return Demands(tuple(sorted(held, key=lambda policy: (policy.jurisdiction, nearness[policy.unit_id]))))


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
    unit_id = _unit_of(session, file)
    session.execute(_ONE_LOADS)
    _refuse_other_spelling(session, file)
    same = _find(session, file, unit_id)
    if same is not None:
        if same.source_sha256 != file.sha256:
            raise PolicyVersionTaken(file.jurisdiction, file.version)
        return same
    refuse_nonsense(file)
    earliest = chinese_day(now) + timedelta(days=1)
    if (file.supersedes is not None or unit_id is not None) and file.valid_from < earliest:
        raise PolicyBegun(file.valid_from, earliest)
    if file.supersedes is not None:
        _end_superseded(session, by, file, unit_id)
    other = _overlapping(session, file, unit_id)
    if other is not None:
        raise PolicyOverlaps(file.jurisdiction, file.version, other.version, other.valid_from, other.last_day)
    row = _insert(session, by, file, unit_id)
    come_into_force(session, now)
    # Be it tomorrow: around midnight a recording may be of a day that its receipt has not reached.
    ask_for_another_judgement_since(session, unit_id, row.valid_from)
    return row


def _from_tomorrow(file: PolicyFile, superseded: int, day: date) -> PolicyFile:
    """The same text but for its days: what it corrects has judged all that came before."""
    since = f"valid_from: {file.valid_from}\n"
    return read_policy(file.source.replace(since, f"valid_from: {day}\nsupersedes: {superseded}\n", 1).encode())


def _insert(session: Session, by: Doer, file: PolicyFile, unit_id: uuid.UUID | None) -> ElementPolicy:
    row = ElementPolicy(
        id=uuid.uuid4(),
        unit_id=unit_id,
        jurisdiction=file.jurisdiction,
        version=file.version,
        valid=Range(file.valid_from, _day_after(file.last_day)),
        title_zh=file.title_zh,
        title_en=file.title_en,
        rules=file.rules.as_json(),
        source=file.source,
        source_sha256=file.sha256,
        loaded_by=by.id if isinstance(by, Person) else None,
        loaded_at=datetime.now(UTC),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:  # Somebody who does not take the lock, such as psql: the constraint decides.
        if isinstance(error.orig, ExclusionViolation):
            raise PolicyOverlaps(file.jurisdiction, file.version, file.version, file.valid_from, None) from error
        raise
    data: dict[str, str | int | None] = {
        "jurisdiction": row.jurisdiction,
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "last_day": None if row.last_day is None else row.last_day.isoformat(),
        "source_sha256": row.source_sha256.hex(),
    }
    _record(session, by, row, "policy.loaded", data)
    return row


def _end_superseded(session: Session, by: Doer, file: PolicyFile, unit_id: uuid.UUID | None) -> None:
    assert file.supersedes is not None
    statement = select(ElementPolicy).where(
        ElementPolicy.jurisdiction == file.jurisdiction,
        ElementPolicy.unit_id.is_not_distinct_from(unit_id),
        ElementPolicy.version == file.supersedes,
    )
    row = session.scalars(statement).first()
    if row is None or row.last_day is not None or row.valid_from >= file.valid_from:
        raise NothingToSupersede(file.jurisdiction, file.supersedes)
    row.valid = Range(row.valid_from, file.valid_from)
    session.flush()
    assert row.last_day is not None
    _record(session, by, row, "policy.superseded", {"last_day": row.last_day.isoformat()})


def _find(session: Session, file: PolicyFile, unit_id: uuid.UUID | None) -> ElementPolicy | None:
    statement = select(ElementPolicy).where(
        ElementPolicy.jurisdiction == file.jurisdiction,
        ElementPolicy.unit_id.is_not_distinct_from(unit_id),
        ElementPolicy.version == file.version,
    )
    return session.scalars(statement).first()


def _overlapping(session: Session, file: PolicyFile, unit_id: uuid.UUID | None) -> ElementPolicy | None:
    statement = select(ElementPolicy).where(
        ElementPolicy.jurisdiction == file.jurisdiction,
        ElementPolicy.unit_id.is_not_distinct_from(unit_id),
        ElementPolicy.valid.overlaps(Range(file.valid_from, _day_after(file.last_day))),
    )
    return session.scalars(statement.order_by(ElementPolicy.version.desc())).first()


def _refuse_other_spelling(session: Session, file: PolicyFile) -> None:
    """`cn` beside `CN` would be a series of its own, and nobody would see that it is."""
    named = func.lower(ElementPolicy.jurisdiction) == file.jurisdiction.lower()
    spellings = set(session.scalars(select(ElementPolicy.jurisdiction).where(named)))
    if spellings and file.jurisdiction not in spellings:
        raise RuleFileUnusable(f"jurisdiction {file.jurisdiction}", "other_spelling", tuple(sorted(spellings)))


def _unit_of(session: Session, file: PolicyFile) -> uuid.UUID | None:
    if file.unit_code is None:
        return None
    unit_id = session.scalar(select(Unit.id).where(Unit.code == file.unit_code))
    if unit_id is None:
        raise RuleFileUnusable(f"unit {file.unit_code}", "unknown_unit")
    return unit_id


def _day_after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)


def _record(session: Session, by: Doer, row: ElementPolicy, action: str, data: dict[str, str | int | None]) -> None:
    record_change(session, actor_of(by), Change(action, "element_policy", str(row.id), row.unit_id, data))


@cache
def _shipped() -> tuple[PolicyFile, ...]:
    files = (read_policy(path.read_bytes()) for path in sorted(SHIPPED.glob("*.yaml")))
    return tuple(sorted(files, key=lambda file: (file.jurisdiction, file.version)))
