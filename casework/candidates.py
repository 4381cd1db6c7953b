"""Which open cases a recording may belong to, by whom and what was at work on them when it was made."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.another_look import LONGEST_RECORDING
from storage.catalog.casework import Case, CaseAssignment
from storage.catalog.recordings import Recording

LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Candidate:
    """A case and what speaks for it; `matched` is "device", "officer" or both, `stage` the longest overlap's."""

    case_id: uuid.UUID
    stage: str
    matched: tuple[str, ...]
    assignment_ids: tuple[uuid.UUID, ...]

    def as_json(self) -> dict[str, str | list[str]]:
        return {
            "case_id": str(self.case_id),
            "stage": self.stage,
            "matched": list(self.matched),
            "assignments": [str(assignment_id) for assignment_id in self.assignment_ids],
        }


def has_data(recording: Recording) -> bool:
    """Whether the recording claims when it was made, and by what or whom."""
    return recording.started_at is not None and bool(recording.device or recording.officer)


def find_candidates(session: Session, recording: Recording) -> tuple[Candidate, ...]:
    """One candidate a case, in the order of their ids, so that a repeat finds the same."""
    if recording.started_at is None:
        return ()
    span = _span(recording.started_at, recording.duration_seconds)
    who = [
        column == claim
        for column, claim in ((CaseAssignment.device, recording.device), (CaseAssignment.officer, recording.officer))
        if claim
    ]
    statement = (
        select(CaseAssignment)
        .join(Case, Case.id == CaseAssignment.case_id)
        .where(CaseAssignment.unit_id == recording.unit_id, Case.closed_at.is_(None))
        .where(CaseAssignment.span.overlaps(span), or_(*who))
    )
    by_case: dict[uuid.UUID, list[CaseAssignment]] = {}
    for assignment in session.scalars(statement.order_by(CaseAssignment.case_id, CaseAssignment.id)):
        by_case.setdefault(assignment.case_id, []).append(assignment)
    return tuple(_candidate(recording, span, case_id, assignments) for case_id, assignments in by_case.items())


def _candidate(
    recording: Recording, span: Range[datetime], case_id: uuid.UUID, assignments: list[CaseAssignment]
) -> Candidate:
    device = any(recording.device and assignment.device == recording.device for assignment in assignments)
    officer = any(recording.officer and assignment.officer == recording.officer for assignment in assignments)
    longest = max(assignments, key=lambda assignment: _overlap(assignment.span, span))
    return Candidate(
        case_id=case_id,
        stage=longest.stage,
        matched=tuple(name for name, holds in (("device", device), ("officer", officer)) if holds),
        assignment_ids=tuple(assignment.id for assignment in assignments),
    )


def _span(start: datetime, seconds: float | None) -> Range[datetime]:
    """From its start until just before its end; a still, or a file of unknown length, is one instant."""
    if seconds is None or math.isnan(seconds) or seconds <= 0:
        return Range(start, start, bounds="[]")
    length = timedelta(seconds=min(seconds, LONGEST_RECORDING.total_seconds()))
    end = start + min(length, LAST_INSTANT - start)
    return Range(start, end, bounds="[)") if end > start else Range(start, start, bounds="[]")


def _overlap(one: Range[datetime], other: Range[datetime]) -> timedelta:
    starts = [span.lower for span in (one, other) if span.lower is not None]
    ends = [span.upper for span in (one, other) if span.upper is not None]
    return min(ends) - max(starts)
