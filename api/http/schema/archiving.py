"""Archiving: what a case lacks, its class of secrecy, how long it is kept, and its catalogue."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, ShortText

_CLASSES = "ordinary, privacy, business_secret or state_secret"


class NewSecrecy(Form):
    """A reason is due where the class becomes less strict."""

    secrecy_class: ShortText = Field(description=_CLASSES, examples=["privacy"])
    reason: LongText | None = Field(default=None, examples=["涉及当事人病历"])


class NewArchive(Form):
    """`secrecy_class` may be left out where it was stated before. `skipped_reason`: why a case that was closed early
    never came to some of its stages."""

    secrecy_class: ShortText | None = Field(default=None, description=_CLASSES, examples=["ordinary"])
    retention_class: ShortText | None = Field(
        default=None, description="see /retention-classes", examples=["permanent"]
    )
    skipped_reason: LongText | None = Field(default=None, examples=["经查无违法事实，撤销案件"])


class AddedRecording(Form):
    recording_id: uuid.UUID
    stage: ShortText = Field(examples=["investigation"])


class NewSupplement(Form):
    recordings: list[AddedRecording]
    reason: LongText = Field(examples=["存储卡修复后取得的录像"])


class SecrecyItem(Answer):
    secrecy_class: str = Field(examples=["privacy"])
    reason: str | None
    stated_by: PersonRef
    stated_at: datetime


class ArchiveItem(Answer):
    id: uuid.UUID
    secrecy_class: str = Field(description="as it was at archiving", examples=["ordinary"])
    retention_class: str = Field(examples=["permanent"])
    skipped_reason: str | None
    archived_by: PersonRef
    archived_at: datetime


class MissingItem(Answer):
    """`code` is for programs; the sentences say what to do."""

    code: str = Field(examples=["stage_empty"])
    stages: list[str] = Field(examples=[["execution"]])
    chinese: str
    english: str


class LeastRetentionItem(Answer):
    """How long the rules of today want the case to be kept at least, and their law."""

    retention_class: str = Field(examples=["permanent"])
    law: list[str]


class Archiving(Answer):
    """`archive` null: the case is not archived, and `missing` is what keeps it from being so, as far as it is known
    before classes are named. `secrecy`: all that was stated, the latest first."""

    archive: ArchiveItem | None
    missing: list[MissingItem]
    skipped_stages: list[str] = Field(description="stages the case never came to: skipped_reason has to say why")
    least_retention: LeastRetentionItem
    secrecy: list[SecrecyItem]


class CatalogueItemShown(Answer):
    item: int = Field(examples=[1])
    stage: str = Field(examples=["investigation"])
    kind: str = Field(description="recording, document or note", examples=["recording"])
    id: uuid.UUID | None
    title: str = Field(examples=["AB00001_000123_20260101093000.MP4"])
    date: date | None
    responsible: str | None = Field(examples=["周洁（000123）"])
    pages: int | None
    duration_ms: int | None = Field(examples=[61500])
    size_bytes: int | None
    sha256: str | None


class CatalogueShown(Answer):
    """卷内目录. `version` null: the case is not archived, and this is what its catalogue would list now. `sha256` is of
    the bytes that are kept, which /catalogue.json gives."""

    version: int | None = Field(examples=[1])
    versions: int = Field(description="how many there are", examples=[1])
    sha256: str | None
    made_at: datetime | None
    made_by: str | None
    reason: str | None = Field(description="of a supplement")
    unit_name: str | None = Field(description="as the unit was called then")
    items: list[CatalogueItemShown]
