"""The one place that every document which issues a decision passes on its way into the world.

Nothing else asks, and nothing goes round it: numbers, final forms and seals of such documents are made by
`finalising.py` and `sealing.py`, which ask here before they write a row, and the database asks its own `document_gate`
(migration 0026) as that row is written, whoever writes it.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy.orm import Session

from casework.review.errors import GateShut
from casework.review.gate import case_refusals
from storage.catalog.documents import Document

Step = Literal["number", "final", "seal"]


def ask_gate(session: Session, document: Document, step: Step) -> None:
    """Raises GateShut where the document issues a decision that was not issued, or may not leave now (docs/review.md).

    Of documents that issue none nothing is asked. `step` is the database's to name: it asks again with the row.
    """
    if not document.issues_decision:
        return
    decided = "penalty" if document.kind == "penalty_decision" else "coercion"
    refusals = case_refusals(session, document.case_id, decided)
    if refusals:
        raise GateShut(document.case_id, refusals)
