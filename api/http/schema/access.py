"""Requests, grants, exports, and the classes and lists of retention."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, CaseRef, Form, LongText, PersonRef, ShortText


class NewVisitor(Form):
    """An outsider, for whom somebody of the unit asks. Kept beside the ledger; the entry holds commitments alone."""

    who: ShortText = Field(description="organ, lawyer or party", examples=["lawyer"])
    name: ShortText = Field(examples=["刘洋"])
    document: ShortText = Field(
        description="the identity paper and its number", examples=["律师执业证 15001201910000001"]
    )
    body_name: ShortText | None = Field(
        default=None, description="of an organ or a lawyer: whose", examples=["重庆某某律师事务所"]
    )


class NewRequest(Form):
    case_id: uuid.UUID
    kind: ShortText = Field(description="view or copy", examples=["view"])
    purpose: LongText = Field(examples=["核对现场经过"])
    visitor: NewVisitor | None = Field(default=None, description="left out: for oneself")
    unredacted_reason: LongText | None = Field(
        default=None, description="of copies: why the originals are needed; left out: redacted ones"
    )


class Approval(Form):
    """Exactly one of the two; at most as long as the request's rule has it."""

    expires_at: datetime | None = None
    hours: float | None = Field(default=None, gt=0, le=24 * 180, examples=[24])
    consent_reason: LongText | None = Field(
        default=None, description="why the originals may be given; needed where they are asked for"
    )


class AttachmentItem(Answer):
    id: uuid.UUID
    kind: str = Field(description="letter or identity", examples=["letter"])
    name: str = Field(examples=["介绍信.pdf"])
    media_type: str = Field(examples=["application/pdf"])
    size_bytes: int
    sha256: str
    filed_at: datetime


class VisitorItem(Answer):
    who: str = Field(examples=["lawyer"])
    name: str
    document: str
    body_name: str | None


class RequestItem(Answer):
    id: uuid.UUID
    case: CaseRef
    person: PersonRef
    kind: str = Field(examples=["view"])
    purpose: str = Field(examples=["核对现场经过"])
    state: str = Field(description="pending, approved or refused", examples=["pending"])
    asked_at: datetime
    decided_by: PersonRef | None
    decided_at: datetime | None
    decision_reason: str | None
    may_decide: bool = Field(description="whether the viewer may decide on it now")
    who: str = Field(description="handler, staff, organ, lawyer or party", examples=["staff"])
    approval: str | None = Field(
        description="the post whose holder decides; none: the rule itself granted; null: older than rules",
        examples=["chief"],
    )
    rule: str | None = Field(description="the version that rules it", examples=["CN-CQ-jiangbei 1"])
    longest_hours: int | None
    unredacted: bool = Field(description="of copies: the originals are asked for")
    unredacted_reason: str | None
    needs: list[str] = Field(description="papers that have to be there", examples=[["letter", "identity"]])
    missing: list[str] = Field(description="those of them that are not yet", examples=[["identity"]])
    attachments: list[AttachmentItem]
    visitor: VisitorItem | None = Field(description="the outsider, for those who may know; null else")


class GrantItem(Answer):
    """`live`: it holds at the moment of the answer. `approved_by` null: the rule itself granted."""

    id: uuid.UUID
    request_id: uuid.UUID
    case: CaseRef
    person: PersonRef
    kind: str = Field(examples=["view"])
    approved_by: PersonRef | None
    granted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: PersonRef | None
    live: bool
    unredacted: bool = Field(description="of copies: the originals too, not only redacted ones")
    consent_reason: str | None = Field(description="why whoever approved let them go")


class NewHold(Form):
    """Exactly one of the two."""

    recording_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    reason: LongText = Field(examples=["行政诉讼未结"])


class NewClass(Form):
    retention_class: ShortText = Field(examples=["extended"])
    reason: LongText = Field(examples=["重大案件"])


class RetentionClassItem(Answer):
    """`keep_months` null: for ever."""

    code: str = Field(examples=["general"])
    name_zh: str = Field(examples=["一般（六个月）"])
    name_en: str = Field(examples=["General (six months)"])
    keep_months: int | None = Field(examples=[6])


class Retained(Answer):
    recording_id: uuid.UUID
    retention_class: str = Field(examples=["extended"])
    retain_until: date | None


class DisposalItem(Answer):
    """What may be appraised (鉴定). Being listed removes nothing."""

    recording_id: uuid.UUID
    original_name: str
    due_since: date
    listed_at: datetime


class NewExport(Form):
    grant_id: uuid.UUID = Field(description="a grant to copy, for this very case")


class ExportItem(Answer):
    id: uuid.UUID
    case: CaseRef
    grant_id: uuid.UUID
    person: PersonRef
    started_at: datetime
    finished_at: datetime | None
    statement_sha256: str | None
    package: str | None = Field(
        description="where the viewer can fetch the package now", examples=["/api/v1/exports/…/package"]
    )
