"""All that is due to be judged, in one transaction: as housekeeping does it, but for its steps one by one."""

from __future__ import annotations

from sqlalchemy.orm import Session

from casework.elements.judgements import find_due, judge_noted


def judge_due_recordings(session: Session, limit: int = 100) -> int:
    """Judge up to `limit` recordings that are due; how many. 0 too while another is at it."""
    noted = find_due(session, limit)
    if noted:
        judge_noted(session, noted)
    return len(noted)
