"""Cases, links, questions."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, Form, LongText, PersonRef, ShortText
from api.http.schema.elements import ScoredReason
from api.http.schema.recordings import LinkItem, RecordingItem


class NewCase(Form):
    number: ShortText = Field(examples=["江城罚〔2026〕12号"])
    title: ShortText = Field(examples=["占道经营"])
    kind: ShortText | None = Field(
        default=None, description="inspection, coercion or penalty: follows from the procedure", examples=["penalty"]
    )
    procedure: ShortText | None = Field(
        default=None,
        description="of an inspection: routine_check, random_check; of a coercion: coercive_measure; of a penalty: "
        "simple_penalty, ordinary_penalty, hearing_penalty; left out, it has to be stated before the decision",
        examples=["ordinary_penalty"],
    )


class NewProcedure(Form):
    """A reason is due unless the case was opened without a procedure."""

    procedure: ShortText = Field(examples=["hearing_penalty"])
    reason: LongText | None = Field(default=None, examples=["当事人要求听证"])


class NextStage(Form):
    """A reason is due where the case is led back."""

    stage: ShortText = Field(
        description="initiation, investigation, hearing, decision, execution", examples=["investigation"]
    )
    reason: LongText | None = None


class Closing(Form):
    """Before the last stage a reason is due."""

    reason: LongText | None = None


class NewAssignment(Form):
    """Who or what was at work on the case, from `starts_at` until just before `ends_at`."""

    starts_at: datetime
    ends_at: datetime
    officer: ShortText | None = Field(default=None, examples=["000123"])
    device: ShortText | None = Field(default=None, examples=["AB00001"])
    stage: ShortText | None = None
    latitude: float | None = Field(default=None, description="of the scene, degrees of WGS 84", examples=[32.0612])
    longitude: float | None = Field(default=None, description="of the scene, degrees of WGS 84", examples=[118.7632])


class AssignmentCorrection(NewAssignment):
    """All of it anew, as it should have been said; `stage` left out stays."""

    reason: LongText = Field(examples=["编号录错"])


class NewLink(Form):
    recording_id: uuid.UUID
    stage: ShortText | None = Field(
        default=None, description="left out: the one in which the case is", examples=["investigation"]
    )
    reason: LongText = Field(examples=["同一现场"])


class LinkAnswer(Form):
    """Null: it belongs to none of the unit's cases. `reason` is kept with the question and its links."""

    case_id: uuid.UUID | None
    stage: ShortText | None = None
    reason: LongText | None = Field(default=None, examples=["同一现场"])


class CaseItem(Answer):
    id: uuid.UUID
    number: str = Field(examples=["江城罚〔2026〕12号"])
    title: str = Field(examples=["占道经营"])
    kind: str = Field(examples=["penalty"])
    procedure: str = Field(
        description="unstated: the case was opened before it was asked for", examples=["ordinary_penalty"]
    )
    stage: str = Field(examples=["investigation"])
    opened_by: PersonRef
    opened_at: datetime
    closed_at: datetime | None


class StageItem(Answer):
    stage: str = Field(examples=["initiation"])
    entered_by: PersonRef
    entered_at: datetime
    reason: str | None = Field(description="why the case was led back to it")


class AssignmentItem(Answer):
    id: uuid.UUID
    officer: str | None = Field(examples=["000123"])
    device: str | None = Field(examples=["AB00001"])
    stage: str = Field(examples=["investigation"])
    starts_at: datetime | None
    ends_at: datetime | None
    latitude: float | None = Field(examples=[32.0612])
    longitude: float | None = Field(examples=[118.7632])
    withdrawn_at: datetime | None
    withdrawn_by: PersonRef | None = Field(description="null of a withdrawn one: the operator at the machine")
    withdraw_reason: str | None = Field(examples=["编号录错"])
    replaced_by: uuid.UUID | None = Field(description="the assignment that corrects this one")


class CaseDetail(CaseItem):
    """`links` are those that stand, `next_stages` what can be entered now."""

    next_stages: list[str] = Field(examples=[["decision"]])
    stages: list[StageItem]
    assignments: list[AssignmentItem]
    links: list[LinkItem]


class TimelineItem(Answer):
    """`detail` is a word or a name: the stage, the original name, the kind of access, the officer named by `person`."""

    at: datetime
    kind: str = Field(examples=["recording_linked"])
    subject_id: uuid.UUID
    person: PersonRef | None
    recording_id: uuid.UUID | None
    detail: str | None


class CandidateItem(Answer):
    """`matched` says what speaks for the case: device, officer or both. Of one it stands in, which nothing speaks for
    any more, the score is 0."""

    case: CaseRef
    stage: str
    matched: list[str] = Field(examples=[["device"]])
    score: int = Field(examples=[75])
    reasons: list[ScoredReason]


class QuestionItem(Answer):
    """No single case is clear for the recording, several or one alone without points enough: somebody has to say."""

    id: uuid.UUID
    recording: RecordingItem
    candidates: list[CandidateItem]
    created_at: datetime


class UnlinkedItem(Answer):
    """`outcome`: what the linker made of it (no_case, no_data, question, by_person); null: not looked at yet."""

    recording: RecordingItem
    outcome: str | None = Field(examples=["no_case"])
    question_id: uuid.UUID | None
