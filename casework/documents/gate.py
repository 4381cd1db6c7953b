"""The one place that every document which issues a decision passes on its way into the world.

Nothing else asks, and nothing goes round it: numbers, final forms and seals of such documents are made by
`finalising.py` and `sealing.py`, which ask here before they write a row, and the database asks its own `document_gate`
(migration 0069) as that row is written, whoever writes it. A signature under the review only this one checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.orm import Session

from casework.review.errors import GateShut
from casework.review.leaving import require_leave_of
from integrity.epoch_keys import EpochKey
from storage.catalog.decisions import DecisionIssue
from storage.catalog.documents import Document

Step = Literal["number", "final", "seal"]


def ask_gate(session: Session, document: Document, step: Step, keys: Sequence[EpochKey]) -> None:
    """Raises GateShut where the decision that the document names may not leave now (docs/review.md), or it names none;
    PassForged where what let it pass was not signed with one of `keys`.

    Of documents that state no decision nothing is asked. `step` is the database's to name: it asks again with the row,
    and compares what the document says with that decision.
    """
    if not document.issues_decision:
        return
    if document.issue_id is None:
        raise GateShut(document.case_id, ("unnamed",))
    require_leave_of(session, session.get_one(DecisionIssue, document.issue_id), keys)
