"""Versions of the checklist, and what those that hold for a unit on a day demand of one kind of act, together.

How versions come to be: casework/rules/versions.py. An act keeps those that held on its day: what is loaded afterwards
rules later acts alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.checklists.checklist_file import (
    ActRule,
    ChecklistFile,
    acts_of,
    read_checklist,
    refuse_nonsense,
    rule_of,
    together,
)
from casework.permission import require
from casework.rules.versions import LOADER, Versions, held_on, is_read_from_source, shipped_in
from casework.units import Doer, lines_of
from storage.catalog.organisation import Person
from storage.catalog.procedure import RecordingChecklist

KEEPING = "keep_policies"
SHIPPED = Path(__file__).parent / "shipped"
CHECKLISTS = Versions(RecordingChecklist, "checklist")


@dataclass(frozen=True)
class Ruling:
    """What is demanded of one act, and by which versions."""

    rule: ActRule
    checklists: tuple[uuid.UUID, ...]


def load_checklist(session: Session, by: Doer, content: bytes, now: datetime) -> RecordingChecklist:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_checklist(content), now)


def load_shipped_checklists(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return CHECKLISTS.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


def checklists_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return CHECKLISTS.come_into_force(session, now)


def list_checklists(session: Session) -> tuple[RecordingChecklist, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return CHECKLISTS.all(session)


def is_of_its_source(row: RecordingChecklist) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_checklist)


def checklists_on(session: Session, unit_id: uuid.UUID, day: date) -> tuple[RecordingChecklist, ...]:
    """Those that hold for a unit on a day: of all units, of its own and of those above it."""
    return held_on(list_checklists(session), lines_of(session, [unit_id]).get(unit_id, ()), day)


def find_ruling(checklists: Sequence[RecordingChecklist], kind: str) -> Ruling | None:
    """What these versions demand of this kind of act; None where none of them knows it."""
    return _ruling([(row.id, row.rules) for row in checklists], kind)


def _ruling(versions: Iterable[tuple[uuid.UUID, Mapping[str, Any]]], kind: str) -> Ruling | None:
    found = ((checklist_id, rule_of(rules, kind)) for checklist_id, rules in versions)
    known = [(checklist_id, rule) for checklist_id, rule in found if rule is not None]
    rule = together(rule for _, rule in known)
    return None if rule is None else Ruling(rule, tuple(checklist_id for checklist_id, _ in known))


def kinds_of(checklists: Sequence[RecordingChecklist]) -> tuple[ActRule, ...]:
    """Every kind of act that these versions know, with what they demand together, in their order."""
    codes = dict.fromkeys(rule.code for row in checklists for rule in acts_of(row.rules))
    rulings = (find_ruling(checklists, code) for code in codes)
    return tuple(ruling.rule for ruling in rulings if ruling is not None)


def fetch_rulings(session: Session, kept: Iterable[tuple[str, Sequence[uuid.UUID]]]) -> list[Ruling]:
    """The rulings that acts have kept, in order: each its kind, and the versions that held on its day."""
    asked = [(kind, tuple(ids)) for kind, ids in kept]
    wanted = {checklist_id for _, ids in asked for checklist_id in ids}
    row = RecordingChecklist
    # Without the source that the rules were read from, which is as long again.
    rules = dict(session.execute(select(row.id, row.rules).where(row.id.in_(wanted))).all())
    rulings = {(kind, ids): _ruling([(each, rules[each]) for each in ids], kind) for kind, ids in set(asked)}
    assert all(rulings.values()), "a version that was loaded is never changed, and never removed"
    return [ruling for each in asked if (ruling := rulings[each]) is not None]


def _take(session: Session, by: Doer, file: ChecklistFile, now: datetime) -> RecordingChecklist:
    return CHECKLISTS.take(session, by, file, now, partial(refuse_nonsense, file))


@cache
def _shipped() -> tuple[ChecklistFile, ...]:
    return shipped_in(SHIPPED, read_checklist)
