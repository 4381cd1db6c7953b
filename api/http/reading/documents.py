"""Documents as answers say them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.schema.base import PersonRef
from api.http.schema.documents import (
    DocumentItem,
    DocumentLine,
    FieldItem,
    FinalItem,
    ReadingItem,
    SealedItem,
    SignatureItem,
    TemplateItem,
)
from casework.documents.listing import DocumentNow
from casework.documents.reading import Reading
from casework.documents.template_file import Template, TemplateField
from storage.catalog.documents import DocumentTemplate, UnitSeal

Names = Mapping[uuid.UUID, str]
Seals = Mapping[uuid.UUID, UnitSeal]


def document_items(session: Session, documents: Sequence[DocumentNow]) -> list[DocumentItem]:
    """With what they say: for whoever reads them."""
    lines = document_lines(session, documents)
    names = people_named(session, *(row.stated_by for each in documents for row in each.signatures))
    return [
        DocumentItem(
            **dict(line),
            fields=each.text.fields,
            facts=each.text.facts,
            signatures=[
                SignatureItem(
                    id=row.id,
                    role=row.role,
                    name=row.name,
                    outcome=row.outcome,
                    note=row.note,
                    signed_at=row.signed_at,
                    stated_by=PersonRef.of(row.stated_by, names),
                )
                for row in each.signatures
            ],
        )
        for line, each in zip(lines, documents, strict=True)
    ]


def document_lines(session: Session, documents: Sequence[DocumentNow]) -> list[DocumentLine]:
    people = [each.document.begun_by for each in documents]
    for each in documents:
        people += [who for who in (each.document.withdrawn_by,) if who is not None]
        people += [] if each.final is None else [each.final.finalised_by]
        people += [] if each.sealed is None else [each.sealed.sealed_by]
    names = people_named(session, *people)
    wanted = {each.sealed.seal_id for each in documents if each.sealed is not None}
    seals = {row.id: row for row in session.scalars(select(UnitSeal).where(UnitSeal.id.in_(wanted)))}
    return [_line(each, names, seals) for each in documents]


def reading_items(session: Session, document_id: uuid.UUID, rows: Sequence[Reading]) -> list[ReadingItem]:
    names = people_named(session, *(row.person_id for row in rows))
    return [
        ReadingItem(
            id=row.id,
            document_id=document_id,
            person=PersonRef.of(row.person_id, names),
            reason=row.reason,
            read_at=row.read_at,
        )
        for row in rows
    ]


def template_item(row: DocumentTemplate) -> TemplateItem:
    template = Template.of(row.rules)
    return TemplateItem(
        id=row.id,
        series=row.jurisdiction,
        version=row.version,
        kind=template.kind,
        title_zh=row.title_zh,
        title_en=row.title_en,
        valid_from=row.valid_from,
        last_day=row.last_day,
        word=template.word,
        sealed=template.sealed,
        stages=list(template.stages),
        law=list(template.law),
        signatures=dict(template.signatures),
        facts=[fact.as_json() for fact in template.facts],
        fields=[_field(field) for field in template.typed],
    )


def _field(field: TemplateField) -> FieldItem:
    return FieldItem.model_validate(field.as_json())


def _line(each: DocumentNow, names: Names, seals: Seals) -> DocumentLine:
    document, is_draft = each.document, each.state == "draft"
    return DocumentLine(
        id=document.id,
        case_id=document.case_id,
        kind=document.kind,
        title=each.title,
        stage=document.stage,
        state=each.state,
        issues_decision=document.issues_decision,
        decision_id=None if each.issue is None else each.issue.decision_id,
        act_id=document.act_id,
        template_id=document.template_id,
        begun_by=PersonRef.of(document.begun_by, names),
        begun_at=document.begun_at,
        ordinal=each.text.ordinal,
        missing=list(each.missing) if is_draft else [],
        unsigned=dict(each.unsigned) if is_draft else {},
        final=_final(each, names),
        sealed=_sealed(each, names, seals),
        withdrawn_at=document.withdrawn_at,
        withdrawn_by=PersonRef.maybe(document.withdrawn_by, names),
        withdraw_reason=document.withdraw_reason,
    )


def _final(each: DocumentNow, names: Names) -> FinalItem | None:
    if each.final is None:
        return None
    return FinalItem(
        number=None if each.number is None else each.number.written,
        dated_on=each.final.dated_on,
        sha256=each.final.sha256.hex(),
        size_bytes=each.final.size_bytes,
        rendered_with=each.final.rendered_with,
        finalised_by=PersonRef.of(each.final.finalised_by, names),
        finalised_at=each.final.finalised_at,
    )


def _sealed(each: DocumentNow, names: Names, seals: Seals) -> SealedItem | None:
    if each.sealed is None:
        return None
    seal = seals[each.sealed.seal_id]
    return SealedItem(
        seal=seal.name,
        certificate_sha256=seal.certificate_sha256.hex(),
        sha256=each.sealed.sha256.hex(),
        size_bytes=each.sealed.size_bytes,
        stamped_at=each.sealed.stamped_at,
        sealed_by=PersonRef.of(each.sealed.sealed_by, names),
        sealed_at=each.sealed.sealed_at,
    )
