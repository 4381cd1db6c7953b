"""Required elements: what a recording has and lacks, what is asked, and what is answered."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from api.http.schema.base import (
    Answer,
    CaseRef,
    Form,
    Json,
    LongText,
    PersonRef,
    ShortText,
    within_the_calendar,
)
from casework.elements.answers import MOST_AT_ONCE
from casework.elements.clock_offsets import MOST_AHEAD

MOST_AHEAD_SECONDS = int(MOST_AHEAD.total_seconds())
FINGERPRINT = "3f0c5d7e9a1b2c3d4e5f60718293a4b5"


class Words(Answer):
    """The same in both languages."""

    zh: str = Field(examples=["同一执法人员"])
    en: str = Field(examples=["the same officer"])


class ScoredReason(Answer):
    """Why a case is a candidate: docs/linking.md has the codes and their points."""

    code: str = Field(examples=["at_the_scene"])
    points: int = Field(examples=[30])
    words: Words


class NearestItem(Answer):
    """A candidate: `element` would be `value`, by `basis`. An officer and a device are named by id, a case likewise.

    A contradiction between officer and device has candidates of both. `score` and `reasons` are the linker's."""

    element: str = Field(examples=["officer"])
    value: str = Field(examples=["0b2f3c9e-6f0a-4c57-9f1f-2f6f6b1f0c11"])
    label: str = Field(examples=["王敏（000123）"])
    basis: str = Field(examples=["register_holder"])
    words: Words
    score: int | None = Field(examples=[None])
    reasons: list[ScoredReason]
    case: CaseRef | None


class ElementQuestionItem(Answer):
    """One element of one recording. `codes`: what is missing or contradictory; `fingerprint` goes into the answer.

    `other_fingerprint`: of the device where the officer is asked about, and the other way round; where a candidate is
    of that other element, it goes into the answer too. `claimed_start`: when its clock says that it began, believed or
    not; null where no clock says anything. Questions of one `group` are about the same, and can be answered
    as one. `asked_of` null: the supervisors."""

    recording_id: uuid.UUID
    original_name: str = Field(examples=["AB00001_000123_20260309090000.MP4"])
    element: str = Field(examples=["officer"])
    codes: list[str] = Field(examples=[["device_with_another"]])
    words: Words
    fingerprint: str = Field(examples=[FINGERPRINT])
    other_fingerprint: str | None = Field(examples=[FINGERPRINT])
    asked_of: PersonRef | None
    device: str | None = Field(examples=["AB00001"])
    claimed_start: datetime | None
    received_at: datetime
    day: date
    asked_at: datetime
    group: str = Field(examples=["2026-03-09 AB00001 officer"])
    candidates: list[NearestItem]


class SeenQuestion(Form):
    """`other_fingerprint` where the answer is about another element than was asked: what was seen of that one."""

    recording_id: uuid.UUID
    fingerprint: ShortText = Field(examples=[FINGERPRINT])
    other_fingerprint: ShortText | None = Field(default=None, examples=[FINGERPRINT])


class NewElementAnswer(Form):
    """One answer for as many recordings as it is true of. `asked` is the element of the questions; `element` the one
    that the answer is about, the same where it is left out. Of officer and device, which may contradict each other,
    either answers what is asked about the other, with its `other_fingerprint`; no other pair is taken.

    With `value`: that is it, whatever makes it a candidate of each recording; a value that is none wants a reason too.
    With `basis` alone: each recording's own candidate of that kind. With neither: it cannot be had, and `reason` says
    why.

    Of the time alone, with a reason and in the place of both: `clock_ahead_seconds`, how far the clock was ahead (less
    than nothing: behind), is taken off what each recording's own clock says (`claimed_start`). Or `newest_began_at`:
    when that one began whose clock says the latest time of all these, from which the same offset is reckoned for each.
    """

    asked: ShortText = Field(examples=["officer"])
    element: ShortText | None = Field(default=None, examples=["officer"])
    value: ShortText | None = Field(default=None, examples=["0b2f3c9e-6f0a-4c57-9f1f-2f6f6b1f0c11"])
    basis: ShortText | None = Field(default=None, examples=["register_holder"])
    reason: LongText | None = Field(default=None, examples=["当日借用"])
    clock_ahead_seconds: int | None = Field(
        default=None, ge=-MOST_AHEAD_SECONDS, le=MOST_AHEAD_SECONDS, examples=[None]
    )
    newest_began_at: Annotated[AwareDatetime, AfterValidator(within_the_calendar)] | None = Field(
        default=None, examples=[None]
    )
    questions: list[SeenQuestion] = Field(min_length=1, max_length=MOST_AT_ONCE)


class LeftOutItem(Answer):
    """A recording of which the question has changed, was answered, or whose candidate is gone."""

    recording_id: uuid.UUID
    why: Words


class ElementAnswersGiven(Answer):
    answered: list[uuid.UUID]
    left_out: list[LeftOutItem]


class ElementAnswerItem(Answer):
    """The highest `ordinal` of an element counts."""

    id: uuid.UUID
    element: str = Field(examples=["act"])
    ordinal: int = Field(examples=[1])
    value: str | None = Field(examples=["seizure"])
    basis: str = Field(examples=["act"])
    settles: list[str]
    reason: str | None
    answered_by: PersonRef
    answered_at: datetime


class ElementItem(Answer):
    """`state`: present, missing, contradictory, explained, pending, not_demanded; `source`: whose word the value is."""

    element: str = Field(examples=["device"])
    state: str = Field(examples=["present"])
    value: str | None = Field(examples=["AB00001"])
    source: str | None = Field(examples=["claim"])
    codes: list[str]
    open: bool
    demanded_by: list[uuid.UUID]
    fingerprint: str = Field(examples=[FINGERPRINT])


class PolicyRef(Answer):
    id: uuid.UUID
    jurisdiction: str = Field(examples=["CN"])
    version: int = Field(examples=[2])
    title: Words


class RecordingElements(Answer):
    """`judged_at` null: not judged yet. `policies` are the versions that held on `day`. `holder` had the device when
    the recording began, says the register now."""

    recording_id: uuid.UUID
    judged_at: datetime | None
    day: date | None
    policies: list[PolicyRef]
    elements: list[ElementItem]
    answers: list[ElementAnswerItem]
    holder: PersonRef | None


class PolicyItem(PolicyRef):
    """One version; `source` is the YAML as it was loaded. `unit_id` null: of every unit."""

    unit_id: uuid.UUID | None
    valid_from: date
    last_day: date | None
    loaded_at: datetime
    in_force_at: datetime | None
    source_sha256: str
    rules: Json
    source: str
