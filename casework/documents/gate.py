"""The one place that every document which issues a decision passes on its way into the world.

Nothing else asks, and nothing goes round it: numbers, final forms and seals of such documents are made by
`finalising.py` and `sealing.py`, which ask here before they write a row, and the database asks its own `document_gate`
(migration 0025) as that row is written, whoever writes it.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy.orm import Session

from storage.catalog.documents import Document

Step = Literal["number", "final", "seal"]


def ask_gate(session: Session, document: Document, step: Step) -> None:
    """Raises a StateRefused where the document issues a decision that may not be issued now.

    Of documents that issue none nothing is asked. Legal review has its word here.
    """
    if not document.issues_decision:
        return
