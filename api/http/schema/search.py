"""What search finds, as an answer says it."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, Listed


class MatchedItem(Answer):
    """Why something was found: a word stands in this field. `text`: what stands around it; null of a document that
    whoever asks has not opened within the hour."""

    field: str = Field(examples=["title"])
    text: str | None = Field(examples=["江北城区占道经营"])


class FoundItem(Answer):
    """`kind`: cases, documents, people, places, recordings; `id` is of that kind, of a place the act statement's.
    `word`: which sort of it. `case`: where a document or a place belongs to."""

    kind: str = Field(examples=["cases"])
    id: uuid.UUID
    title: str = Field(examples=["江城罚〔2026〕12号 占道经营"])
    word: str = Field(examples=["penalty"])
    at: datetime
    case: CaseRef | None
    matched: list[MatchedItem]


class FoundOfKind(Answer):
    kind: str = Field(examples=["cases"])
    found: Listed[FoundItem]


class SearchAnswer(Answer):
    """The first few of each kind; a kind's `next` goes to its own list."""

    kinds: list[FoundOfKind]
