"""What an answer of a review refers to: recordings, acts, events, stages and versions that stand in its case."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.review.errors import AnswersUnusable
from storage.catalog.casework import CaseLink, CaseStage
from storage.catalog.deadlines import CaseEvent
from storage.catalog.decisions import DecisionVersion
from storage.catalog.handling import CaseOfficer, IdentityShown
from storage.catalog.procedure import ActExplanation, CaseAct

MOST_REFERENCES: Final = 50
Finding = Callable[[uuid.UUID, uuid.UUID], Select[Any]]


def _standing(table: Any, *conditions: Any) -> Finding:
    return lambda case_id, row_id: select(table.id).where(table.case_id == case_id, table.id == row_id, *conditions)


def _linked(case_id: uuid.UUID, recording_id: uuid.UUID) -> Select[Any]:
    row = CaseLink
    return select(row.id).where(row.case_id == case_id, row.recording_id == recording_id, row.ended_at.is_(None))


KINDS: Final[Mapping[str, Finding]] = {
    "recording": _linked,
    "act": _standing(CaseAct, CaseAct.withdrawn_at.is_(None)),
    "explanation": _standing(ActExplanation, ActExplanation.withdrawn_at.is_(None)),
    "event": _standing(CaseEvent, CaseEvent.withdrawn_at.is_(None)),
    "stage": _standing(CaseStage),
    "officer": _standing(CaseOfficer),
    "identity": _standing(IdentityShown),
    "version": _standing(DecisionVersion),
}
"""The kinds of what can be referred to; each is written `kind:id`."""


def refuse_foreign_references(session: Session, case_id: uuid.UUID, question: str, references: Sequence[str]) -> None:
    """Raises AnswersUnusable for one that is no reference, or of something that does not stand in this case."""
    if len(references) > MOST_REFERENCES:
        raise AnswersUnusable(question, "bad_reference")
    for reference in references:
        kind, _, text = reference.partition(":")
        try:
            row_id = uuid.UUID(text)
        except ValueError as error:
            raise AnswersUnusable(question, "bad_reference") from error
        find = KINDS.get(kind)
        if find is None or session.execute(find(case_id, row_id).limit(1)).first() is None:
            raise AnswersUnusable(question, "bad_reference")
