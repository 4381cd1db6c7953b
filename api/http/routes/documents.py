"""Documents (文书): begun in a case, saved, signed, made final, sealed, read; and the templates they come from."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from urllib.parse import quote

from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.credentials import Viewer
from api.http.api_router import api_router
from api.http.deeds import doing, entering_refusals, looking
from api.http.paging import Wanted, listed
from api.http.reading.documents import document_items, document_lines, reading_items, template_item
from api.http.schema.base import Listed, Reason
from api.http.schema.documents import (
    CaseDocuments,
    DocumentItem,
    NewDocument,
    OthersSignature,
    OwnSignature,
    ReadingItem,
    SavedText,
    TemplateItem,
)
from api.http.sessions import SignedIn, TheArchive
from api.review_keys import review_keys
from casework.cases import find_cleared_case
from casework.documents.drafts import begin_document, save_document, withdraw_document
from casework.documents.finalising import finalise_document
from casework.documents.listing import (
    documents_of_case,
    find_document,
    kinds_to_begin,
    preview_document,
    read_pdf,
)
from casework.documents.reading import Reading, read_document, read_for_a_reason, who_read
from casework.documents.signing import sign_document, state_signature
from casework.documents.templates import list_templates

router = api_router(tags=["documents"])
PDF_TYPE = "application/pdf"
PDF_RESPONSES: dict[int | str, dict[str, object]] = {200: {"content": {PDF_TYPE: {}}}}


@router.get("/document-templates", summary="文书式样 / Templates of documents")
def show_templates(viewer: SignedIn, archive: TheArchive) -> list[TemplateItem]:
    """Every version of the city's templates, those of the past and to come as well."""
    with looking(archive, viewer) as session:
        return [template_item(row) for row in list_templates(session)]


@router.get("/cases/{case_id}/documents", summary="案件的文书 / Documents of a case")
def show_documents(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> CaseDocuments:
    """In the order in which they were begun, withdrawn ones too, without what they say; and which can be begun now."""
    with looking(archive, viewer) as session:
        case = find_cleared_case(session, viewer.person, case_id)
        return CaseDocuments(
            case_id=case.id,
            items=document_lines(session, documents_of_case(session, case.id)),
            templates=[template_item(row) for row in kinds_to_begin(session, case, datetime.now(UTC))],
        )


@router.post("/cases/{case_id}/documents", summary="起草文书 / Begin a document", status_code=201)
def make_document(case_id: uuid.UUID, form: NewDocument, viewer: SignedIn, archive: TheArchive) -> DocumentItem:
    """By the template that holds today; what the case knows is filled in from it. What states a decision (处罚决定书,
    查封（扣押）决定书) states one that was issued, and takes party, amount and content from it."""
    named = {"act_id": form.act_id, "decision_id": form.decision_id}
    with doing(archive, viewer) as session:
        draft = begin_document(session, viewer.person, case_id, form.kind, form.fields, datetime.now(UTC), **named)
        return _read(session, viewer, draft.document.id)


@router.get("/documents/{document_id}", summary="文书 / A document")
def show_document(document_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> DocumentItem:
    """Whoever is not at work on the case says why first (`readings`); each reading is an entry, an hour of it one."""
    with doing(archive, viewer) as session:
        return _read(session, viewer, document_id)


@router.post("/documents/{document_id}/readings", summary="说明查阅事由 / Say why it is read", status_code=201)
def make_reading(document_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> ReadingItem:
    """For whoever is not at work on the case: it holds for the case's documents for eight hours."""
    with doing(archive, viewer) as session:
        row = read_for_a_reason(session, viewer.person, document_id, form.reason, datetime.now(UTC))
        return reading_items(session, row.document_id, [Reading(row.id, row.person_id, row.reason, row.read_at)])[0]


@router.get("/documents/{document_id}/readings", summary="谁查阅过 / Who read it")
def show_readings(document_id: uuid.UUID, viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[ReadingItem]:
    """The latest first; to whom the document itself is open, who need not read it for that."""
    with looking(archive, viewer) as session:
        find_document(session, viewer.person, document_id)
        found = who_read(session, document_id, after=page.after, limit=page.limit)
        return listed(found, lambda rows: reading_items(session, document_id, rows))


@router.put("/documents/{document_id}/text", summary="保存文书 / Save what it says")
def save_text(document_id: uuid.UUID, form: SavedText, viewer: SignedIn, archive: TheArchive) -> DocumentItem:
    """Signatures under what it said before count no more."""
    with doing(archive, viewer) as session:
        save_document(session, viewer.person, document_id, form.fields, form.after, datetime.now(UTC))
        return _read(session, viewer, document_id)


@router.post("/documents/{document_id}/signatures", summary="本人签名 / Sign for oneself", status_code=201)
def add_signature(document_id: uuid.UUID, form: OwnSignature, viewer: SignedIn, archive: TheArchive) -> DocumentItem:
    with doing(archive, viewer) as session:
        sign_document(session, viewer.person, document_id, form.role, datetime.now(UTC))
        return _read(session, viewer, document_id)


@router.post(
    "/documents/{document_id}/statements",
    summary="登记当事人、见证人签名或拒签 / State a party's or witness's signature, or its refusal",
    status_code=201,
)
def add_statement(document_id: uuid.UUID, form: OthersSignature, viewer: SignedIn, archive: TheArchive) -> DocumentItem:
    with doing(archive, viewer) as session:
        state_signature(
            session,
            viewer.person,
            document_id,
            form.role,
            name=form.name,
            outcome=form.outcome,
            signed_at=form.signed_at,
            note=form.note,
            now=datetime.now(UTC),
        )
        return _read(session, viewer, document_id)


@router.post("/documents/{document_id}/final", summary="定稿 / Make it final", status_code=201)
def make_final(document_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> DocumentItem:
    """Its number is drawn and its bytes are fixed, for good."""
    with doing(archive, viewer) as session:
        finalise_document(session, viewer.person, document_id, datetime.now(UTC), review_keys(archive.keyring))
        return _read(session, viewer, document_id)


@router.post("/documents/{document_id}/seal", summary="盖章 / Seal it", status_code=201)
def put_seal(document_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> DocumentItem:
    """With the seal of the unit, or of the nearest above it that has one."""
    # With what reads and makes signatures in PDF, which no other request takes.
    from api.documents import seal_document

    # It is sealed in transactions of its own: whoever may not read it is told so before.
    with doing(archive, viewer) as session:
        _read(session, viewer, document_id)
    with entering_refusals(archive, viewer):
        seal_document(archive, viewer.person, document_id)
    with doing(archive, viewer) as session:
        return _read(session, viewer, document_id)


@router.post("/documents/{document_id}/withdraw", summary="作废 / Withdraw it")
def take_back(document_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> DocumentItem:
    """A number that it bears stays its own."""
    with doing(archive, viewer) as session:
        withdraw_document(session, viewer.person, document_id, form.reason)
        return _read(session, viewer, document_id)


@router.get(
    "/documents/{document_id}/preview",
    summary="预览（PDF） / Preview",
    response_class=Response,
    responses=PDF_RESPONSES,
)
def show_preview(document_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Response:
    """What it says now, marked as a draft."""
    with doing(archive, viewer) as session:
        read_document(session, viewer.person, document_id, datetime.now(UTC))
        return _pdf(preview_document(session, viewer.person, document_id), f"{document_id}-draft", "草稿")


@router.get(
    "/documents/{document_id}/pdf",
    summary="下载（PDF） / Fetch it",
    response_class=Response,
    responses=PDF_RESPONSES,
)
def send_pdf(document_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Response:
    """The sealed document, or the final one before it is sealed: the very bytes whose digest the ledger has."""
    with doing(archive, viewer) as session:
        read_document(session, viewer.person, document_id, datetime.now(UTC))
        seen = find_document(session, viewer.person, document_id)
        name = seen.title if seen.number is None else f"{seen.title} {seen.number.written}"
        return _pdf(read_pdf(session, viewer.person, document_id), str(document_id), name)


def _read(session: Session, viewer: Viewer, document_id: uuid.UUID) -> DocumentItem:
    """What it says now, under the entry that says who reads it. Whoever does something to a document reads it by the
    answer: in one transaction with the deed, which so is not done where the document may not be read."""
    read_document(session, viewer.person, document_id, datetime.now(UTC))
    return document_items(session, (find_document(session, viewer.person, document_id),))[0]


def _pdf(content: bytes, plain_name: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f"inline; filename=\"{plain_name}.pdf\"; filename*=UTF-8''{quote(name, safe='')}.pdf",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=PDF_TYPE, headers=headers)
