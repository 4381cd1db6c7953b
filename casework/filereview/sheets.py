"""Versions of the score sheet (评查标准): taken in, superseded, come into force; and which one a unit reviews by.

How versions come to be: casework/rules/versions.py. The nearest unit's own goes before that of all units.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from functools import cache, partial

from sqlalchemy.orm import Session

from casework.filereview.errors import NoScoreSheet
from casework.filereview.sheet_file import SHIPPED, ScoreSheetFile, read_score_sheet, refuse_nonsense
from casework.permission import require
from casework.rules.versions import LOADER, Versions, held_on, is_read_from_source, shipped_in
from casework.units import Doer, line_of
from storage.catalog.file_review import ScoreSheetRule
from storage.catalog.organisation import Person

KEEPING = "keep_policies"
SHEETS = Versions(ScoreSheetRule, "score_sheet")


def load_score_sheet(session: Session, by: Doer, content: bytes, now: datetime) -> ScoreSheetRule:
    """Take a version in. The same file again changes nothing. Raises RuleFileUnusable, PolicyOverlaps,
    PolicyVersionTaken, PolicyBegun, NothingToSupersede, RoleNotAllowed."""
    if isinstance(by, Person):
        require(by, KEEPING)
    return _take(session, by, read_score_sheet(content), now)


def load_shipped_score_sheets(session: Session, now: datetime) -> int:
    """Those of the package that this archive has never had, and whose days are free; how many there were."""
    return SHEETS.load_shipped(session, _shipped(), lambda file: _take(session, LOADER, file, now))


def score_sheets_come_into_force(session: Session, now: datetime) -> int:
    """Enter in the ledger which versions have begun to hold since this was asked last; how many."""
    return SHEETS.come_into_force(session, now)


def list_score_sheets(session: Session) -> tuple[ScoreSheetRule, ...]:
    """Every version, by jurisdiction, those of all units first, the latest first."""
    return SHEETS.all(session)


def sheet_on(session: Session, unit_id: uuid.UUID, day: date) -> ScoreSheetRule:
    """The one that holds for a unit on a day: the nearest unit's own, of several the first series' by name.

    Raises NoScoreSheet.
    """
    line = line_of(session, unit_id)
    held = held_on(list_score_sheets(session), line, day)
    if not held:
        raise NoScoreSheet(unit_id)
    return min(held, key=lambda row: len(line) if row.unit_id is None else line.index(row.unit_id))


def is_of_its_source(row: ScoreSheetRule) -> bool:
    """Whether the rules, the digest and all the rest of a row are what its YAML says. Never raises."""
    return is_read_from_source(row, read_score_sheet)


def _take(session: Session, by: Doer, file: ScoreSheetFile, now: datetime) -> ScoreSheetRule:
    return SHEETS.take(session, by, file, now, partial(refuse_nonsense, file))


@cache
def _shipped() -> tuple[ScoreSheetFile, ...]:
    return shipped_in(SHIPPED, read_score_sheet)
