"""Recordings that a step of housekeeping could not get through with: set aside, so that the others go on.

A step takes what is due oldest first. One recording at which it raises would be taken by each run again, and all that
came after it would wait for ever. What is set aside is left out until its pause is over, and is then tried by itself.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.catalog.recordings import STEPS_SET_ASIDE_BY, RecordingSetAside

LINKING, JUDGING, GROUPING, ATTACHING = STEPS_SET_ASIDE_BY

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""Doubled with each failure until then: what a new release mends is through within the hour."""
_MOST_DOUBLINGS: Final = 10


def is_set_aside(step: str, recording_id: InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """Of a row with a recording's id: this step leaves it out when it takes what is due, whether or not its pause is
    over: then it is tried by itself."""
    kept = RecordingSetAside
    return select(kept.recording_id).where(kept.recording_id == recording_id, kept.step == step).exists()


def set_aside(session: Session, step: str, recording_id: uuid.UUID, unit_id: uuid.UUID, error: str) -> int:
    """Note that the step failed at it once more; how often it has. `error` is the kind of failure, and nothing that
    came from a file or a person."""
    new = insert(RecordingSetAside).values(
        step=step,
        recording_id=recording_id,
        unit_id=unit_id,
        failures=1,
        error=error,
        due_at=func.now() + FIRST_PAUSE,
    )
    kept: Any = RecordingSetAside
    doubled = FIRST_PAUSE * func.power(2, func.least(kept.failures, _MOST_DOUBLINGS))
    again = {
        "failures": kept.failures + 1,
        "error": error,
        "due_at": func.now() + func.least(doubled, LONGEST_PAUSE),
    }
    kept_now = new.on_conflict_do_update(index_elements=["step", "recording_id"], set_=again)
    failures: int = session.execute(kept_now.returning(kept.failures)).scalar_one()
    return failures


def put_back(session: Session, step: str, recording_id: uuid.UUID) -> None:
    """The step got through with it, or has nothing to do with it any more."""
    kept = RecordingSetAside
    session.execute(delete(kept).where(kept.step == step, kept.recording_id == recording_id))


def to_be_tried_again(session: Session, step: str, most: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Recording and unit of those whose pause is over, or was reckoned by a clock that was far ahead; the longest
    waiting first."""
    kept = RecordingSetAside
    is_over = or_(kept.due_at <= func.now(), kept.due_at > func.now() + LONGEST_PAUSE)
    due = select(kept.recording_id, kept.unit_id).where(kept.step == step, is_over)
    return [(row[0], row[1]) for row in session.execute(due.order_by(kept.due_at).limit(most))]
