"""Versions of the catalogue of what is public beforehand (事前公开): taken in, superseded, come into force.

How versions come to be: casework/rules/versions.py. Of one series the nearest unit's own goes before.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from sqlalchemy.orm import Session

from casework.permission import require
from casework.publication.disclosure_file import DisclosureFile, read_disclosure, refuse_nonsense
from casework.rules.versions import Versions, held_on, is_read_from_source
from casework.units import Doer, line_of
from storage.catalog.organisation import Person
from storage.catalog.publication import DisclosureRule

KEEPING = "keep_policies"
DISCLOSURES = Versions(DisclosureRule, "disclosure")


def load_disclosure(session: Session, by: Doer, content: bytes, now: datetime) -> DisclosureRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    file: DisclosureFile = read_disclosure(content)
    return DISCLOSURES.take(session, by, file, now, partial(refuse_nonsense, file))


def disclosures_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return DISCLOSURES.come_into_force(session, now)


def list_disclosures(session: Session) -> tuple[DisclosureRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return DISCLOSURES.all(session)


def disclosures_on(session: Session, unit_id: uuid.UUID, day: date) -> tuple[DisclosureRule, ...]:
    """What holds for a unit on a day: of each series the nearest unit's own."""
    held = held_on(list_disclosures(session), line_of(session, unit_id), day)
    nearest: dict[str, DisclosureRule] = {}
    for row in held:
        nearest.setdefault(row.jurisdiction, row)
    return tuple(nearest.values())


def other_versions(session: Session, row: DisclosureRule, day: date) -> Sequence[DisclosureRule]:
    """Every other version of its series and unit that has begun to hold by then, the latest first."""
    others = (each for each in list_disclosures(session) if each.jurisdiction == row.jurisdiction)
    return [each for each in others if each.unit_id == row.unit_id and each.id != row.id and each.valid_from <= day]


def is_of_its_source(row: DisclosureRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_disclosure)
