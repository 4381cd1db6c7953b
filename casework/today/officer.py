"""An officer's day: what his acts and recordings lack, which explanations came back, what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.deadlines.listing import Deadline, list_deadlines
from casework.elements.queue import QuestionSheet, count_asked_about, count_questions, list_sheets
from casework.filereview.waiting import FindingDue, list_findings_of
from casework.permission import require
from casework.procedure.gaps import Gap, list_gaps
from casework.rooms.listing import Caseless, list_caseless
from integrity.local_time import chinese_day
from storage.catalog.organisation import Person
from storage.catalog.procedure import ActExplanation

MOST_ACTS: Final = 100
"""So many of the latest acts are looked at: of an officer that is weeks."""
MOST_DUE: Final = 100
SHEETS: Final = 5
PRESSING: Final = ("overdue", "due_today", "soon")


@dataclass(frozen=True)
class Returned:
    """An explanation that was not confirmed, of an act that still waits."""

    gap: Gap
    explanation: ActExplanation


@dataclass(frozen=True)
class OfficerDay:
    """`today` are acts that went on today, `earlier` those of before; each the latest first. `questions`: how many his
    recordings raise, `asked_about`: how many recordings these are of, `sheets` the latest of them. `due`: terms
    overdue, due today or soon, what is due first, first; `findings` likewise: what he has to put right in case files
    that were reviewed."""

    today: tuple[Gap, ...]
    earlier: tuple[Gap, ...]
    returned: tuple[Returned, ...]
    questions: int
    asked_about: int
    sheets: tuple[QuestionSheet, ...]
    due: tuple[Deadline, ...]
    findings: tuple[FindingDue, ...]
    caseless: tuple[Caseless, ...]

    @property
    def is_clear(self) -> bool:
        """Nothing waits for him."""
        return not (self.today or self.earlier or self.questions or self.due or self.findings or self.caseless)


def day_of_officer(session: Session, person: Person, now: datetime) -> OfficerDay:
    """What waits for this person himself, whichever role he has. Raises RoleNotAllowed."""
    require(person, "explain_gaps")
    gaps = list_gaps(session, person, now, mine=True, limit=MOST_ACTS).items
    today = tuple(gap for gap in gaps if _is_of_today(gap, now))
    return OfficerDay(
        today=today,
        earlier=tuple(gap for gap in gaps if gap not in today),
        returned=tuple(Returned(gap, row) for gap in gaps for row in _refused(gap, person)),
        questions=count_questions(session, person, mine=True),
        asked_about=count_asked_about(session, person, mine=True),
        sheets=list_sheets(session, person, mine=True, limit=SHEETS).items,
        due=pressing(list_deadlines(session, person, chinese_day(now), mine=True, limit=MOST_DUE).items),
        findings=list_findings_of(session, person, chinese_day(now)),
        caseless=tuple(each for each in list_caseless(session, person, now) if person.id in each.shown.row.officers),
    )


def pressing(deadlines: Sequence[Deadline]) -> tuple[Deadline, ...]:
    """Those that somebody has to see to now."""
    return tuple(each for each in deadlines if each.state in PRESSING)


def _is_of_today(gap: Gap, now: datetime) -> bool:
    """Began today, or went on into it; one under way is of every day since it began."""
    said = gap.judged.act.said
    return said.ends_at is None or chinese_day(said.ends_at) >= chinese_day(now)


def _refused(gap: Gap, person: Person) -> list[ActExplanation]:
    """His own that were refused, for minutes that are open still."""
    open_ = [Range(each.starts_at, each.ends_at) for each in gap.judged.open_stretches]
    return [
        row
        for row in gap.judged.explanations
        if row.state == "refused" and row.given_by == person.id and any(row.span.overlaps(stretch) for stretch in open_)
    ]
