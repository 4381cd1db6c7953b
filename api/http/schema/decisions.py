"""Decisions of a case, their legal review, and whether the gate is open."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.http.schema.base import Answer, CaseRef, Form, LongText, PersonRef, ShortText

Word = Annotated[str, StringConstraints(max_length=40)]
Reference = Annotated[str, StringConstraints(max_length=80)]


class SaidDecision(Form):
    """What a decision says. `amount_fen`: of fine, confiscation and additional fine together, in fen (0.01 yuan).

    `facts`, once stated in a case, stay: after_hearing, public_interest, social_risk, major_rights, complex,
    several_relations. `affected`: how many third persons.
    """

    kind: Word = Field(examples=["penalty"])
    measures: list[Word] = Field(max_length=20, examples=[["fine"]])
    level: Word = Field(examples=["brigade"])
    field: Word = Field(examples=["city_appearance"])
    party: ShortText = Field(examples=["某建筑公司"])
    party_kind: Word = Field(examples=["organisation"])
    content: LongText = Field(examples=["罚款人民币六万元"])
    amount_fen: int | None = Field(default=None, examples=[6_000_000])
    affected: int = 0
    facts: list[Word] = Field(default_factory=list, max_length=20)


class ChangedDecision(SaidDecision):
    """`former`: the version that was read; where somebody changed it meanwhile, this is refused."""

    reason: LongText
    former: uuid.UUID


class NewSubmission(Form):
    """送审: whoever submits attests that the material is true, accurate and complete."""

    version_id: uuid.UUID
    true: bool = False
    accurate: bool = False
    complete: bool = False


class NewIssue(Form):
    """`version_id`: the version that was read."""

    version_id: uuid.UUID


class GivenAnswer(Form):
    """`answer`: yes, no or not_applicable; `references`: `kind:id` of what stands in the case."""

    answer: Word = Field(examples=["yes"])
    references: list[Reference] = Field(default_factory=list, max_length=50)
    note: LongText = ""


class NewOpinion(Form):
    """同意 (agreed) or 存在问题 (problems), with an answer to each of the seven questions."""

    opinion: Word = Field(examples=["agreed"])
    answers: dict[Word, GivenAnswer] = Field(max_length=7)
    statement: LongText = Field(examples=["事实清楚，证据充分，适用法律准确，同意"])


class NewQualification(Form):
    """`ground`: legal_profession (法律职业资格), or reviewed_before; `number`: of the certificate or the file."""

    ground: Word = Field(examples=["legal_profession"])
    number: ShortText
    valid_from: date
    last_day: date | None = None


class QualificationItem(Answer):
    id: uuid.UUID
    person_id: uuid.UUID
    ground: str
    number: str
    valid_from: date
    last_day: date | None
    voided_at: datetime | None


class ScopeItem(Answer):
    """A line of a list that this decision meets, with its law."""

    code: str
    ground: str = Field(examples=["hearing"])
    name_zh: str
    name_en: str
    jurisdiction: str
    version: int
    law: list[str]


class AdviceItem(Answer):
    """What an adviser said in a session; he has no vote."""

    adviser_id: uuid.UUID
    name: str = Field(examples=["周律师"])
    kind: str = Field(examples=["counsel"])
    advice: str


class SittingItem(Answer):
    """A session of the committee (法制审核委员会会议). `outcome`: agreed where more than half were for it."""

    id: uuid.UUID
    held_at: datetime
    place: str
    presided_by: PersonRef
    members: list[PersonRef]
    advice: list[AdviceItem]
    votes_for: int
    votes_against: int
    abstentions: int
    outcome: str = Field(examples=["agreed"])
    minutes: str
    recorded_by: PersonRef
    recorded_at: datetime


class DisagreementItem(Answer):
    """意见不一致: why the unit does not share an opinion; `sitting` is null until the committee sat over it."""

    id: uuid.UUID
    review_id: uuid.UUID
    reason: str
    stated_by: PersonRef
    stated_at: datetime
    sitting: SittingItem | None


class ReviewItem(Answer):
    id: uuid.UUID
    version_id: uuid.UUID
    opinion: str
    answers: dict[str, GivenAnswer]
    statement: str
    reviewer: PersonRef
    reviewed_at: datetime
    withdrawn_at: datetime | None
    withdraw_reason: str | None
    disagreement: DisagreementItem | None


class VersionItem(Answer):
    """`needs_review` by `scope`: by which lines, as it was computed when the version was stated."""

    id: uuid.UUID
    ordinal: int
    kind: str
    measures: list[str]
    level: str
    field: str
    amount_fen: int | None
    party: str
    party_kind: str
    affected: int
    facts: list[str]
    content: str
    reason: str | None
    stated_by: PersonRef
    stated_at: datetime
    needs_review: bool
    scope: list[ScopeItem]
    reviews: list[ReviewItem]


class DecisionItem(Answer):
    """`state`: draft, submitted, agreed, problems, issued or withdrawn. `refusals`: why it may not be issued now."""

    id: uuid.UUID
    case_id: uuid.UUID
    state: str = Field(examples=["submitted"])
    refusals: list[str] = Field(examples=[["no_pass"]])
    submission_id: uuid.UUID | None
    issued_on: date | None
    issued_by: PersonRef | None
    versions: list[VersionItem]


class CaseDecisions(Answer):
    """`refusals`: why the case may not go on to its execution."""

    case_id: uuid.UUID
    refusals: list[str]
    decisions: list[DecisionItem]


class ReferenceItem(Answer):
    """What an answer may refer to, with a line of what it is."""

    reference: str = Field(examples=["recording:0b6f0e0e-0000-4000-8000-000000000000"])
    label: str


class QueuedReview(Answer):
    submission_id: uuid.UUID
    case: CaseRef
    submitted_by: PersonRef
    submitted_at: datetime
    decision: DecisionItem


class ReviewFile(QueuedReview):
    """What there is to review: the decision, and everything in its case that an answer can refer to."""

    references: list[ReferenceItem]
    barred: str | None = Field(description="Why this reviewer may not review it", examples=["involved"])
