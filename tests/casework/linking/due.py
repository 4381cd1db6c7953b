"""The linker over all that is due, in one transaction: as housekeeping does it, but for its steps one by one."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy.orm import Session

from casework.linking.linker import find_due, look_at


def link_due_recordings(session: Session, limit: int = 100, sealed_after: datetime | None = None) -> dict[str, int]:
    """Look at up to `limit` recordings that are due, and count the outcomes: none where nothing is due."""
    due = find_due(session, limit, sealed_after)
    return dict(Counter(look_at(session, due))) if due else {}
