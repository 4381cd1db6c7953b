"""The one place that every document which issues a decision passes on its way into the world.

Nothing else asks, and nothing goes round it: numbers, final forms and seals of such documents are made by
`finalising.py` and `sealing.py`, which ask here before they write a row, and the database asks its own `document_gate`
(migration 0026) as that row is written, whoever writes it. A signature under the review only this one checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.orm import Session

from casework.review.leaving import require_leave
from integrity.trust import EpochKey
from storage.catalog.documents import Document

Step = Literal["number", "final", "seal"]


def ask_gate(session: Session, document: Document, step: Step, keys: Sequence[EpochKey]) -> None:
    """Raises GateShut where the document issues a decision that was not issued, or may not leave now (docs/review.md);
    PassForged where what let it pass was not signed with one of `keys`.

    Of documents that issue none nothing is asked. `step` is the database's to name: it asks again with the row.
    """
    if document.issues_decision:
        decided = "penalty" if document.kind == "penalty_decision" else "coercion"
        require_leave(session, document.case_id, decided, keys)
