"""Acts of a case, and explanations of what was not recorded of them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, Form, LongText, PersonRef, ShortText


class NewAct(Form):
    """What officers did, from when to when; `ends_at` is left out while it is under way."""

    kind: ShortText = Field(description="a code of GET /api/v1/act-kinds", examples=["seizure"])
    starts_at: datetime
    ends_at: datetime | None = None
    place: ShortText | None = Field(default=None, examples=["观音桥步行街 12 号"])
    officer_id: uuid.UUID
    second_officer_id: uuid.UUID | None = None


class ActCorrection(NewAct):
    """What it was instead, all of it, and why what was said before is wrong."""

    reason: LongText = Field(examples=["结束时间抄错"])


class ActEnd(Form):
    ends_at: datetime


class NewExplanation(Form):
    """Why the act was not recorded from `starts_at` until just before `ends_at`."""

    starts_at: datetime
    ends_at: datetime
    reason: LongText = Field(examples=["设备电池耗尽，更换后继续"])


class Decision(Form):
    """A refusal needs a reason."""

    confirmed: bool
    reason: LongText | None = None


class ActKindItem(Answer):
    """A kind of act as the checklists of a day rule it, together."""

    code: str = Field(examples=["seizure"])
    name_zh: str = Field(examples=["查封、扣押财产"])
    name_en: str = Field(examples=["Sealing or seizing property"])
    recording: str = Field(description="none, some or whole", examples=["whole"])
    devices: int
    allowed_gap_seconds: int
    written_reason: bool
    closes_with_gap: bool
    closes_in_doubt: bool
    officers: int
    law: list[str]
    duties: list[str] = Field(description="identity_shown, notice_given", examples=[["identity_shown"]])
    closes_without_duties: bool


class StatementItem(Answer):
    """One thing that was said of an act; of a correction with its reason."""

    ordinal: int
    kind: str
    starts_at: datetime
    ends_at: datetime | None
    place: str | None
    officers: list[PersonRef]
    checklists: list[uuid.UUID]
    reason: str | None
    stated_by: PersonRef
    stated_at: datetime


class ExplanationItem(Answer):
    """`state`: pending, confirmed, refused or withdrawn."""

    id: uuid.UUID
    act_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    reason: str
    state: str = Field(examples=["pending"])
    given_by: PersonRef
    given_at: datetime
    decision: str | None
    decided_by: PersonRef | None
    decided_at: datetime | None
    decision_reason: str | None
    withdrawn_by: PersonRef | None
    withdrawn_at: datetime | None
    withdraw_reason: str | None


class ActItem(Answer):
    """An act as it stands now; `statements` are all that was ever said of it, the first one first."""

    id: uuid.UUID
    case_id: uuid.UUID
    kind: str
    name_zh: str
    name_en: str
    starts_at: datetime
    ends_at: datetime | None
    place: str | None
    officers: list[PersonRef]
    withdrawn_at: datetime | None
    withdraw_reason: str | None
    statements: list[StatementItem]
    explanations: list[ExplanationItem]


class StretchItem(Answer):
    """A part of an act, in true time; `from_s` and `to_s` are seconds from its beginning. `state`: covered, doubtful or
    missing; `label`: none, pending or confirmed; `explanations` are those that stand for it, or wait."""

    starts_at: datetime
    ends_at: datetime
    from_s: float
    to_s: float
    state: str = Field(examples=["missing"])
    label: str = Field(examples=["none"])
    explanations: list[uuid.UUID]


class ActRecordingItem(Answer):
    """A recording that may have been made during the act. `basis`: answered, satellites, learnt or claimed; with
    `starts_at` and `uncertainty_seconds` null where nothing says when. `counted` false: it names no device, and the act
    needs several. `left`: of a damaged one, what is: its beginning, all of it with holes, nothing; null of any other.
    `ends_at`: of what is there."""

    recording_id: uuid.UUID
    original_name: str
    device: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    uncertainty_seconds: float | None
    basis: str | None
    counted: bool
    left: Literal["beginning", "holes", "nothing"] | None


class JudgedActItem(Answer):
    """`verdict`: incomplete, doubtful, complete_with_explanations, complete. `forbids_closing`: under_way, missing,
    short, doubtful, duties or unserved, by the act's own rule; null: the case may be closed as far as this act goes.
    `duties_missing`: what officers owe whom it concerns, and nobody has entered of it. `short_by_s`: so much of what is
    in doubt is not recorded in any case, as all footage together is not long enough."""

    act_id: uuid.UUID
    kind: str
    starts_at: datetime
    ends_at: datetime | None
    rule: ActKindItem
    verdict: str = Field(examples=["incomplete"])
    forbids_closing: str | None = Field(examples=["missing"])
    short_by_s: float
    duties_missing: list[str] = Field(examples=[["notice_given"]])
    stretches: list[StretchItem]
    recordings: list[ActRecordingItem]
    explanations: list[ExplanationItem]


class CaseCompleteness(Answer):
    """`closes`: no act forbids it. Judged as of `judged_at`."""

    case_id: uuid.UUID
    judged_at: datetime
    closes: bool
    acts: list[JudgedActItem]


class GapItem(Answer):
    """An act of an open case that somebody has something to do about."""

    case: CaseRef
    act: JudgedActItem
