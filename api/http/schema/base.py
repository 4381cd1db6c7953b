"""What forms and answers have in common."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

ItemT = TypeVar("ItemT")
YEARS: Final = range(1900, 3000)
"""Of any instant that somebody states."""


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL, which no database text can")
    return text


def within_the_calendar(instant: datetime) -> datetime:
    """At the ends of the calendar an instant has no UTC, and what a database and Python read of it differs."""
    try:
        year = (instant if instant.tzinfo is None else instant.astimezone(UTC)).year
    except OverflowError:
        year = 0
    if year not in YEARS:
        raise ValueError(f"is of no year from {YEARS.start} to {YEARS.stop - 1}")
    return instant


ShortText = Annotated[str, StringConstraints(max_length=200), AfterValidator(_storable)]
LongText = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_storable)]
Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", to_lower=True)]


class Form(BaseModel):
    """What is sent. A field nobody knows is a mistake, and is said so."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """What is given."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Reason(Form):
    """Why. Kept beside the ledger; the entry holds a commitment to it."""

    reason: LongText = Field(examples=["当事人申请行政复议"])


class PersonRef(Answer):
    """Somebody, by id and by the name he has now."""

    id: uuid.UUID
    name: str | None = Field(examples=["王敏"])

    @classmethod
    def of(cls, person_id: uuid.UUID, names: Mapping[uuid.UUID, str]) -> PersonRef:
        return cls(id=person_id, name=names.get(person_id))

    @classmethod
    def maybe(cls, person_id: uuid.UUID | None, names: Mapping[uuid.UUID, str]) -> PersonRef | None:
        return None if person_id is None else cls.of(person_id, names)


class CaseRef(Answer):
    """A case, by id and by its number."""

    id: uuid.UUID
    number: str = Field(examples=["江城罚〔2026〕12号"])
    title: str = Field(examples=["占道经营"])


class Listed(Answer, Generic[ItemT]):
    """One page of a list. `next` goes into `cursor` for the page after it; null on the last."""

    items: list[ItemT]
    next: str | None = Field(default=None, examples=["WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwiLi4uIl0"])


class Problem(BaseModel):
    """RFC 9457. `type` tells programs what is wrong; `detail` tells people, in the language that was asked for."""

    type: str = Field(examples=["urn:liuhen:problem:access-refused"])
    title: str = Field(examples=["您没有调阅授权；请说明用途和案件，提出调阅申请"])
    status: int = Field(examples=[403])
    detail: str = Field(examples=["您没有调阅授权；请说明用途和案件，提出调阅申请"])
    sentences: dict[str, str] = Field(
        description="The detail in both languages", examples=[{"zh-CN": "您没有调阅授权", "en": "there is no grant"}]
    )
    reason: str | None = Field(default=None, description="Of access-refused: why", examples=["no_grant"])
    fields: list[str] | None = Field(default=None, description="Of input: which fields", examples=[["purpose"]])


Json = dict[str, Any]
