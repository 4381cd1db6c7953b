"""Reviews of case files: rounds, their draws, score sheets, findings and answers."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, Sha256Hex, ShortText


class NewFileReview(Form):
    """Chinese days, both included, all of them over. Without `unit_id`: of one's own unit and those below it."""

    unit_id: uuid.UUID | None = None
    title: ShortText = Field(examples=["2026 年第一季度案卷评查"])
    first_day: date
    last_day: date
    sample_size: int = Field(examples=[10])


class ItemScore(Form):
    points: int = Field(examples=[9])
    note: LongText = Field(default="", description="Why it has no more", examples=["询问笔录缺少时间"])


class NewScore(Form):
    """Every item of the round's sheet by its code. `reason`: why it is scored again."""

    case_id: uuid.UUID
    scores: dict[ShortText, ItemScore]
    reason: LongText | None = None


class NewFinding(Form):
    case_id: uuid.UUID
    item: ShortText = Field(examples=["procedure"])
    problem: LongText = Field(examples=["告知书送达日期早于制作日期"])
    due_on: date


class FindingAnswer(Form):
    answer: LongText = Field(examples=["已补正并入卷"])


class FindingEnd(Form):
    outcome: ShortText = Field(description="rectified 已整改 or unfounded 不成立", examples=["rectified"])
    note: LongText = Field(examples=["已核对补正后的文书"])


class AnswerItem(Answer):
    id: uuid.UUID
    ordinal: int
    answer: str
    answered_by: PersonRef
    answered_at: datetime


class FindingItem(Answer):
    """`outcome` null: it goes on. `overdue`: and its day has passed."""

    id: uuid.UUID
    case_id: uuid.UUID
    item: str
    problem: str
    due_on: date
    overdue: bool
    found_by: PersonRef
    found_at: datetime
    answers: list[AnswerItem]
    outcome: str | None
    ended_by: PersonRef | None
    ended_at: datetime | None
    end_note: str | None


class ItemScored(Answer):
    points: int
    note: str


class ScoreItemShown(Answer):
    """A sheet that was filled in. Of several of one case the highest `ordinal` counts."""

    id: uuid.UUID
    case_id: uuid.UUID
    ordinal: int
    scores: dict[str, ItemScored]
    total: int = Field(examples=[92])
    reason: str | None
    scored_by: PersonRef
    scored_at: datetime


class ReviewedCaseRef(Answer):
    """`title`: null where the case's class of secrecy keeps it from the reader."""

    id: uuid.UUID
    number: str = Field(examples=["江城罚〔2026〕12号"])
    title: str | None = Field(examples=["占道经营"])


class ReviewedCaseItem(Answer):
    """`place`: in the draw, from 1. `kept`: its class of secrecy keeps its title, and what was scored and found, from
    the reader, and both lists are empty whatever there is."""

    place: int
    case: ReviewedCaseRef
    kept: bool
    scores: list[ScoreItemShown]
    findings: list[FindingItem]


class SheetItem(Answer):
    code: str = Field(examples=["procedure"])
    name_zh: str = Field(examples=["程序"])
    name_en: str
    points: int = Field(examples=[20])
    asks: str


class DrawItem(Answer):
    """All that the draw follows from, but for the list of cases: docs/file-review.md. `drawn`: in the order of rank."""

    checkpoint_size: int
    root: Sha256Hex
    drawn: list[uuid.UUID]
    drawn_by: PersonRef
    drawn_at: datetime


class FileReviewItem(Answer):
    """A round. `state`: announced, drawn or ended; `cases` are those of one's own unit and of those below it."""

    id: uuid.UUID
    unit_id: uuid.UUID
    title: str
    state: str = Field(examples=["drawn"])
    first_day: date
    last_day: date
    sample_size: int
    eligible_count: int
    eligible_sha256: Sha256Hex
    entry_id: uuid.UUID
    sheet: list[SheetItem]
    announced_by: PersonRef
    announced_at: datetime
    draw: DrawItem | None
    cases: list[ReviewedCaseItem]
    ended_at: datetime | None


class EligibleList(Answer):
    """The ids that could be drawn, in rising order."""

    items: list[uuid.UUID]
