"""What waits: for an officer, for a supervisor of a shift, and what keeps cases from being closed."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, PersonRef
from api.http.schema.deadlines import DueItem
from api.http.schema.procedure import ExplanationItem, GapItem, JudgedActItem
from api.http.schema.rooms import CaselessItem


class FindingDueItem(Answer):
    """A finding of a review of case files that goes on. `state`: overdue, due_today or soon; `days_left`: working days,
    less than 0 where its day has passed; `answered`: it waits for the reviewer to end it."""

    id: uuid.UUID
    review_id: uuid.UUID
    case: CaseRef
    item: str = Field(examples=["procedure"])
    problem: str
    due_on: date
    state: str = Field(examples=["soon"])
    days_left: int
    answered: bool


class ReturnDueItem(Answer):
    """A return to superiors that was not sent. `id`: of its last version, null while nothing is drawn up; `state`:
    overdue, due_today or soon; `step`: how far its last version has come."""

    id: uuid.UUID | None
    unit_id: uuid.UUID
    unit: str
    code: str
    name: str = Field(examples=["城市管理执法总体情况年报"])
    period: str = Field(examples=["2026"])
    due_on: date
    state: str = Field(examples=["soon"])
    days_left: int
    step: str = Field(examples=["drawn_up"])


class OfficerDayItem(Answer):
    """`today`: acts that went on today; `earlier`: those of before. `returned`: his explanations that were not
    confirmed, of minutes that are open still. `questions`: how many his recordings raise. `due`: terms overdue, due
    today or soon; `findings`: likewise, what he has to put right in case files that were reviewed."""

    day: date
    today: list[GapItem]
    earlier: list[GapItem]
    returned: list[ExplanationItem]
    questions: int
    due: list[DueItem]
    findings: list[FindingDueItem]
    caseless: list[CaselessItem]


class TallyItem(Answer):
    """What one person recorded on the day; `person` null: what nobody can say whose it is."""

    person: PersonRef | None
    recordings: int
    seconds: float
    without_case: int
    late: int = Field(description="received more than a day after they were made")
    last_received: datetime | None
    acts: int


class ToDecideItem(Answer):
    """An explanation that waits for the viewer."""

    case: CaseRef
    act_id: uuid.UUID
    explanation: ExplanationItem


class EndingItem(Answer):
    """An open case at its last stage, and the acts that forbid closing it; none: it only has to be closed."""

    case: CaseRef
    forbidding: list[JudgedActItem]


class ShiftItem(Answer):
    """The unit on a day. `gaps`: acts of the day that lack something; `to_decide` whatever their day; `overdue`,
    `requests`, `questions`, `link_questions`: how many wait in the unit. `findings`: of reviews of case files, what the
    unit has to answer, overdue or due soon, and what is overdue in the units below; `returns`: likewise."""

    day: date
    tallies: list[TallyItem]
    gaps: list[GapItem]
    to_decide: list[ToDecideItem]
    ending: list[EndingItem]
    due: list[DueItem]
    findings: list[FindingDueItem]
    returns: list[ReturnDueItem]
    caseless: list[CaselessItem]
    overdue: int
    requests: int
    questions: int
    link_questions: int
