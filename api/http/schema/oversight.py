"""What the auditor sees of retrieval."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, Form, LongText, PersonRef, ShortText


class GrantUseItem(Answer):
    """A grant and its use; `approved_by` null: an officer of the case, by rule."""

    grant_id: uuid.UUID
    unit_id: uuid.UUID
    person: PersonRef
    case: CaseRef
    kind: str = Field(examples=["view"])
    unredacted: bool = Field(description="of copies: the originals too, not only redacted ones")
    who: str = Field(examples=["staff"])
    purpose: str = Field(examples=["核对现场经过"])
    approved_by: PersonRef | None
    granted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    windows: int
    sent_bytes: int
    first_opened_at: datetime | None
    last_opened_at: datetime | None
    exports: int
    copies: int = Field(description="redacted copies that were asked for")
    unused: bool = Field(description="nothing was shown or copied under it")


class SeenItem(Answer):
    """A recording as one person was shown it under one grant."""

    grant_id: uuid.UUID
    recording_id: uuid.UUID
    recording: str | None = Field(examples=["AB00001_000123_20260309090000.MP4"])
    unit_id: uuid.UUID
    person: PersonRef
    case: CaseRef
    first_opened_at: datetime
    last_opened_at: datetime
    windows: int
    sent_bytes: int
    poster_only: bool = Field(description="no more than preview pictures")


class ReadItem(Answer):
    """One hour of one person with a document. `reason` is null of whoever was `at_work` on its case, and where a class
    of secrecy keeps the case from whoever asks."""

    id: uuid.UUID
    at: datetime
    unit_id: uuid.UUID
    person: PersonRef
    case: CaseRef
    document_id: uuid.UUID
    title_zh: str = Field(examples=["行政处罚决定书"])
    title_en: str = Field(examples=["Decision of penalty"])
    at_work: bool
    reason: str | None


class RefusalItem(Answer):
    """A no: by the archive (`refused_by` null), or by whoever decided on a request."""

    at: datetime
    unit_id: uuid.UUID | None
    person: PersonRef | None
    subject_kind: str = Field(examples=["recording"])
    subject_id: str
    subject: str | None = Field(description="the subject's name or number")
    reason: str = Field(examples=["no_grant"])
    refused_by: PersonRef | None


class NewViewingReview(Form):
    """Whether a viewing was proper (正当) or is questioned (存疑), and why."""

    grant_id: uuid.UUID
    recording_id: uuid.UUID
    outcome: ShortText = Field(description="proper or questioned", examples=["proper"])
    note: LongText = Field(examples=["用途与案件相符"])


class ViewingReviewItem(Answer):
    id: uuid.UUID
    outcome: str = Field(examples=["proper"])
    note: str
    reviewed_by: PersonRef
    reviewed_at: datetime


class DrawnItem(SeenItem):
    """A viewing of the sample, its purpose, and what an auditor said of it."""

    purpose: str = Field(examples=["核对现场经过"])
    review: ViewingReviewItem | None


class SampleItem(Answer):
    """The sample of a month: viewings whose rank, a hash over the checkpoint's root, is least (docs/retrieval.md)."""

    month: str = Field(examples=["2026-10"])
    checkpoint_size: int
    checkpoint_root: str
    eligible: int
    items: list[DrawnItem]
