"""Versions of the terms, and which term holds for a unit and the day of an event.

How versions come to be: casework/rules/versions.py. Of several that state one term for one day the highest rank goes
before, and of one series the nearest unit's own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from casework.deadlines.terms import Term, read_terms, terms_of
from casework.rules.versions import Versions, held_on, is_read_from_source
from storage.catalog.deadlines import TermRule

TERMS = Versions(TermRule, "terms")


@dataclass(frozen=True)
class Ruled:
    """A term, and the version that states it."""

    term: Term
    rule: TermRule


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
