"""Rules whose day has come: each kind of them is entered by itself, and one that cannot be holds up no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.orm import Session

from api.logs import SaidSeldom
from casework.archiving.retention_rules import retention_comes_into_force
from casework.checklists.checklists import checklists_come_into_force
from casework.deadlines.versions import terms_come_into_force
from casework.documents.templates import templates_come_into_force
from casework.elements.policies import come_into_force
from casework.filereview.sheets import score_sheets_come_into_force
from casework.notices.rules import notice_rules_come_into_force
from casework.publication.disclosures import disclosures_come_into_force
from casework.publication.publicity import publicity_comes_into_force
from casework.retrieval.rules import retrieval_rules_come_into_force
from casework.returns.rules import returns_come_into_force
from casework.review.scopes import scopes_come_into_force
from storage.database import Database

log = structlog.get_logger()

EnterBegun = Callable[[Session, datetime], int]
"""Enters those versions of a kind whose day has come; how many."""

RULES_IN_FORCE: Final[tuple[EnterBegun, ...]] = (
    come_into_force,
    checklists_come_into_force,
    terms_come_into_force,
    retention_comes_into_force,
    templates_come_into_force,
    scopes_come_into_force,
    retrieval_rules_come_into_force,
    publicity_comes_into_force,
    disclosures_come_into_force,
    score_sheets_come_into_force,
    returns_come_into_force,
    notice_rules_come_into_force,
)
_failures: defaultdict[EnterBegun, SaidSeldom] = defaultdict(SaidSeldom)


def rules_come_into_force(database: Database, now: datetime) -> None:
    """One transaction a kind. One that fails is said once a minute, and tried by the next run. Raises nothing."""
    for enter in RULES_IN_FORCE:
        try:
            with database.transaction() as session:
                enter(session, now)
        except Exception as error:
            if _failures[enter].is_due():
                log.exception("rules.not_in_force", kind=enter.__module__, error=type(error).__name__)
