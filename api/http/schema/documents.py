"""Documents of a case: what they ask for, what they say, who signed them, and what became of them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from pydantic import Field

from api.http.schema.base import Answer, Form, LongText, PersonRef, ShortText


class NewDocument(Form):
    """A document to be begun. `fields`: what is filled in so far, by name; what is left out is filled in later."""

    kind: ShortText = Field(examples=["inquiry_record"])
    fields: dict[str, Any] = Field(default_factory=dict, examples=[{"place": "观音桥步行街 12 号"}])
    act_id: uuid.UUID | None = Field(default=None, description="此文书所记的执法行为 / the act that it is of")
    decision_id: uuid.UUID | None = Field(
        default=None,
        description="决定书载明哪一项决定；本案有几项时须写明 / which decision it states, where the case has several",
    )


class SavedText(Form):
    """All that is filled in; `after`: the ordinal of the text that was changed."""

    fields: dict[str, Any] = Field(examples=[{"place": "观音桥步行街 12 号"}])
    after: int = Field(examples=[1], ge=1)


class OwnSignature(Form):
    """The signature of whoever is signed in."""

    role: ShortText = Field(description="officer, approver, reviewer", examples=["officer"])


class OthersSignature(Form):
    """That the party or a witness signed, or refused to; of a refusal `note` says why, and who saw it."""

    role: ShortText = Field(description="party, witness", examples=["party"])
    name: ShortText = Field(examples=["陈强"])
    outcome: ShortText = Field(description="signed, refused", examples=["signed"])
    signed_at: datetime = Field(examples=["2026-03-09T10:10:00+08:00"])
    note: LongText | None = Field(default=None, examples=["当事人称不识字，已向其宣读"])


class ReadingItem(Answer):
    """One hour of one person with a document; `reason` is null of whoever was at work on its case."""

    id: uuid.UUID
    document_id: uuid.UUID
    person: PersonRef
    reason: str | None
    read_at: datetime


class FieldItem(Answer):
    """One field of a template; `columns` are those of `rows`, `choices` those of `choice`."""

    name: str
    type: str = Field(description="line, text, day, moment, money, number, choice, rows, documents", examples=["line"])
    label_zh: str
    label_en: str
    required: bool
    law: list[str]
    hint_zh: str | None
    hint_en: str | None
    choices: list[str]
    columns: list[FieldItem]


class TemplateItem(Answer):
    """A version of the city's template of one kind of document."""

    id: uuid.UUID
    series: str = Field(examples=["CN-CQ-inquiry-record"])
    version: int
    kind: str = Field(examples=["inquiry_record"])
    title_zh: str
    title_en: str
    valid_from: date
    last_day: date | None
    word: str | None = Field(description="文号中的代字 / its part of the number", examples=["罚决"])
    sealed: bool = Field(description="对外文书，须盖章 / leaves the unit and bears its seal")
    stages: list[str]
    law: list[str]
    signatures: dict[str, int] = Field(examples=[{"officer": 2, "party": 1}])
    facts: list[dict[str, Any]] = Field(description="取自案件的内容 / what is taken from the case")
    fields: list[FieldItem]


class SignatureItem(Answer):
    id: uuid.UUID
    role: str = Field(examples=["officer"])
    name: str
    outcome: str = Field(examples=["signed"])
    note: str | None
    signed_at: datetime
    stated_by: PersonRef


class FinalItem(Answer):
    """The final form. `number` as it stands on the document; null where it bears none."""

    number: str | None = Field(examples=["江综执罚决字〔2026〕第1号"])
    dated_on: date
    sha256: str
    size_bytes: int
    rendered_with: dict[str, Any]
    finalised_by: PersonRef
    finalised_at: datetime


class SealedItem(Answer):
    seal: str = Field(description="印章名称 / the seal's name")
    certificate_sha256: str
    sha256: str
    size_bytes: int
    stamped_at: datetime | None
    sealed_by: PersonRef
    sealed_at: datetime


class DocumentLine(Answer):
    """That there is a document, and how far it is. `missing` and `unsigned`: what a draft lacks to be final."""

    id: uuid.UUID
    case_id: uuid.UUID
    kind: str = Field(examples=["inquiry_record"])
    title: str = Field(examples=["询问笔录"])
    stage: str
    state: str = Field(description="draft, final, sealed, withdrawn", examples=["draft"])
    issues_decision: bool
    decision_id: uuid.UUID | None = Field(description="所载明的决定 / the decision that it states")
    act_id: uuid.UUID | None
    template_id: uuid.UUID
    begun_by: PersonRef
    begun_at: datetime
    ordinal: int = Field(description="最近一次保存的序号 / of the text that counts")
    missing: list[str]
    unsigned: dict[str, int]
    final: FinalItem | None
    sealed: SealedItem | None
    withdrawn_at: datetime | None
    withdrawn_by: PersonRef | None
    withdraw_reason: str | None


class DocumentItem(DocumentLine):
    """A document with what it says."""

    fields: dict[str, Any]
    facts: dict[str, Any]
    signatures: list[SignatureItem]


class CaseDocuments(Answer):
    """Every document of a case without what it says, and the templates of those that can be begun in it now."""

    case_id: uuid.UUID
    items: list[DocumentLine]
    templates: list[TemplateItem]
