"""Versions of the terms, and which term holds for a unit and the day of an event.

How versions come to be: casework/rules/versions.py. Of several that state one term for one day the highest rank goes
before, and of one series the nearest unit's own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial

from sqlalchemy.orm import Session

from casework.deadlines.terms import SHIPPED, Term, TermFile, read_terms, refuse_nonsense, terms_of
from casework.permission import require
from casework.rules.versions import LOADER, Versions, held_on, is_read_from_source, shipped_in
from casework.units import Doer, line_of
from storage.catalog.deadlines import TermRule
from storage.catalog.organisation import Person, Unit

KEEPING = "keep_policies"
TERMS = Versions(TermRule, "terms")


@dataclass(frozen=True)
class Ruled:
    """A term, and the version that states it."""

    term: Term
    rule: TermRule


def load_terms(session: Session, by: Doer, content: bytes, now: datetime) -> TermRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_terms(content), now)


def load_shipped_terms(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return TERMS.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


def terms_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return TERMS.come_into_force(session, now)


def list_term_rules(session: Session) -> tuple[TermRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return TERMS.all(session)


def is_of_its_source(row: TermRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_terms)


def find_term(rules: Iterable[TermRule], line: Sequence[uuid.UUID], kind: str, day: date) -> Ruled | None:
    """The term that holds for an event of that day; None: no law knew one then. `line`: the event's unit, then those
    above it, the nearest first."""
    found = [Ruled(term, row) for row in held_on(rules, line, day) for term in terms_of(row.rules) if term.kind == kind]
    return max(found, key=lambda each: int(each.rule.rules["rank"]), default=None)


def _take(session: Session, by: Doer, file: TermFile, now: datetime) -> TermRule:
    return TERMS.take(session, by, file, now, partial(_refuse_beside_others, session, file))


def _refuse_beside_others(session: Session, file: TermFile) -> None:
    """Two series of one rank are told apart where no unit is under both."""
    beside = [row for row in list_term_rules(session) if _meet(session, file.unit_code, row.unit_id)]
    refuse_nonsense(file, [_file_of(row) for row in beside])


def _meet(session: Session, code: str | None, other: uuid.UUID | None) -> bool:
    if code is None or other is None:
        return True
    unit = session.query(Unit).filter(Unit.code == code).one()
    return unit.id in line_of(session, other) or other in line_of(session, unit.id)


def _file_of(row: TermRule) -> TermFile:
    return TermFile(
        jurisdiction=row.jurisdiction,
        version=row.version,
        title_zh=row.title_zh,
        title_en=row.title_en,
        valid_from=row.valid_from,
        last_day=row.last_day,
        unit_code=None,
        supersedes=None,
        source=row.source,
        rank=row.rules["rank"],
        terms=terms_of(row.rules),
    )


@cache
def _shipped() -> tuple[TermFile, ...]:
    return shipped_in(SHIPPED, read_terms)
