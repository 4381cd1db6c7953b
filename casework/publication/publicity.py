"""Versions of the rules of publishing: taken in, superseded, come into force; and what holds for a unit on a day.

How versions come to be: casework/rules/versions.py. All that hold for a unit hold together: a district's own channels
and masks stand beside the nation's.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Any

from sqlalchemy.orm import Session

from casework.permission import require
from casework.publication.errors import NoPublicityRules
from casework.publication.masking import Masking
from casework.publication.rule_file import (
    SHIPPED,
    Channel,
    Ground,
    PublicityFile,
    channels_of,
    grounds_of,
    masks_of,
    name_mask_of,
    read_publicity,
    refuse_nonsense,
)
from casework.rules.versions import LOADER, Versions, held_on, is_read_from_source, shipped_in
from casework.units import Doer, line_of
from storage.catalog.organisation import Person
from storage.catalog.publication import PublicationRule

KEEPING = "keep_policies"
PUBLICITY = Versions(PublicationRule, "publicity")


@dataclass(frozen=True)
class Publicity:
    """What holds for a unit on a day. `versions`: which say so, as ids, series and numbers."""

    channels: tuple[Channel, ...]
    grounds: tuple[Ground, ...]
    masking: Masking
    versions: tuple[dict[str, Any], ...]


def publicity_on(session: Session, unit_id: uuid.UUID, day: date) -> Publicity:
    """Raises NoPublicityRules where none holds."""
    held = held_on(PUBLICITY.all(session), line_of(session, unit_id), day)
    if not held:
        raise NoPublicityRules(day)
    masks = {each.code: each for row in held for each in masks_of(row.rules)}
    return Publicity(
        channels=tuple({each.code: each for row in held for each in channels_of(row.rules)}.values()),
        grounds=tuple({each.code: each for row in held for each in grounds_of(row.rules)}.values()),
        masking=Masking(name_mask_of(held[0].rules), tuple(masks.values())),
        versions=tuple(
            {"rule_id": str(row.id), "jurisdiction": row.jurisdiction, "version": row.version} for row in held
        ),
    )


def load_publicity(session: Session, by: Doer, content: bytes, now: datetime) -> PublicationRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_publicity(content), now)


def load_shipped_publicity(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return PUBLICITY.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


def publicity_comes_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return PUBLICITY.come_into_force(session, now)


def list_publicity(session: Session) -> tuple[PublicationRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return PUBLICITY.all(session)


def is_of_its_source(row: PublicationRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_publicity)


def _take(session: Session, by: Doer, file: PublicityFile, now: datetime) -> PublicationRule:
    return PUBLICITY.take(session, by, file, now, partial(refuse_nonsense, file))


@cache
def _shipped() -> tuple[PublicityFile, ...]:
    return shipped_in(SHIPPED, read_publicity)
