"""Events of a case from which terms run, and until when they do."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, Form, PersonRef, ShortText
from casework.deadlines.events import EVENT_KINDS


class NewEvent(Form):
    """What happened in a case, on a Chinese day."""

    kind: ShortText = Field(
        description=", ".join(EVENT_KINDS),
        examples=["penalty_decided"],
    )
    day: date = Field(examples=["2026-03-09"])
    decision_id: uuid.UUID | None = Field(
        None, description="作出或被撤销的是哪一项决定；本案有几项时须写明 / which decision was made or revoked"
    )
    revokes_id: uuid.UUID | None = Field(
        None,
        description="撤销的是哪一次检查的结果（登记该结果的事项）；本案有几项可撤销时须写明 / "
        "of a revocation, the event of the check's result that is revoked",
    )


class Fulfilment(Form):
    """On which Chinese day what the term is for was done."""

    done_on: date = Field(examples=["2026-03-16"])


class RuleRef(Answer):
    """The term as the version that holds on the event's day states it."""

    id: uuid.UUID
    jurisdiction: str = Field(examples=["CN-law"])
    version: int = Field(examples=[2])
    days: int = Field(examples=[7])
    counted: str = Field(description="working_days or calendar_days", examples=["working_days"])
    law: list[str] = Field(examples=[["行政处罚法 第六十一条"]])


class DueDayItem(Answer):
    """Until when, as it was worked out once. `estimate` instead of `due_on`: the days off of the years `unannounced`
    were not known; neither: no version knew such a term. `because`: entered, rules or calendar."""

    ordinal: int
    due_on: date | None
    estimate: date | None
    unannounced: list[int]
    rule_id: uuid.UUID | None
    because: str = Field(examples=["entered"])
    computed_at: datetime


class DeadlineItem(Answer):
    """A term with its latest due day. `state`: overdue, lapsed (the party's, and past), due_today, soon, running,
    estimate, no_term, done, done_late.

    `working_days_left`: after today, up to and with the due day; less than 0 where it has passed; null once it is done.
    """

    term_id: uuid.UUID
    kind: str = Field(examples=["service"])
    event_id: uuid.UUID
    event_kind: str = Field(examples=["penalty_decided"])
    event_day: date
    state: str = Field(examples=["running"])
    due_on: date | None
    estimate: date | None
    unannounced: list[int]
    working_days_left: int | None
    rule: RuleRef | None
    done_on: date | None
    done_by: PersonRef | None
    done_at: datetime | None


class CaseDeadlineItem(DeadlineItem):
    """With every due day that was worked out, in order; the last one counts."""

    answers: list[DueDayItem]


class EventItem(Answer):
    id: uuid.UUID
    case_id: uuid.UUID
    kind: str = Field(examples=["penalty_decided"])
    day: date
    decision_id: uuid.UUID | None = Field(description="the decision that was made, or was revoked")
    revokes_id: uuid.UUID | None = Field(description="of a revocation, the event of the check's result that it revokes")
    entered_by: PersonRef
    entered_at: datetime
    withdrawn_by: PersonRef | None
    withdrawn_at: datetime | None
    withdraw_reason: str | None
    deadlines: list[CaseDeadlineItem]


class CaseDeadlines(Answer):
    """Every event of a case with its terms, as of the Chinese day `today`."""

    case_id: uuid.UUID
    today: date
    events: list[EventItem]


class DueItem(Answer):
    """An open term of a case of the unit."""

    case: CaseRef
    deadline: DeadlineItem
