"""What waits: for an officer, for a supervisor of a shift, and what keeps cases from being closed."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, PersonRef
from api.http.schema.deadlines import DueItem
from api.http.schema.procedure import ExplanationItem, GapItem, JudgedActItem
from api.http.schema.rooms import CaselessItem


class OfficerDayItem(Answer):
    """`today`: acts that went on today; `earlier`: those of before. `returned`: his explanations that were not
    confirmed, of minutes that are open still. `questions`: how many his recordings raise. `due`: terms overdue, due
    today or soon."""

    day: date
    today: list[GapItem]
    earlier: list[GapItem]
    returned: list[ExplanationItem]
    questions: int
    due: list[DueItem]
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
    `requests`, `questions`, `link_questions`: how many wait in the unit."""

    day: date
    tallies: list[TallyItem]
    gaps: list[GapItem]
    to_decide: list[ToDecideItem]
    ending: list[EndingItem]
    due: list[DueItem]
    caseless: list[CaselessItem]
    overdue: int
    requests: int
    questions: int
    link_questions: int
