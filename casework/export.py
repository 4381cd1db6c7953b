"""Copying a case out: gathering what the package holds, and recording that it left.

Decrypting and writing belong to whoever holds store and keys; `start_export` is committed before the first byte.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, Text, cast, select, union_all
from sqlalchemy.orm import Session

from casework.access import GrantFound, find_copy_grant
from casework.archiving.catalogues import catalogues_of
from casework.cases import find_case
from casework.errors import AccessRefused, AlreadyFinished
from casework.notices.copied import notices_told
from casework.retrieval.repeats import CopiedRepeat, repeats_of
from casework.retrieval.telling import copies_told, redactions_told
from casework.secrecy import class_of
from casework.service.manners import WRITTEN
from casework.service.proof import proven_services
from casework.service.serving import services_of
from casework.stages import stages_of
from integrity.canonical import Json
from integrity.digest import Digest
from integrity.fields import format_instant
from integrity.package.documents import RepeatNote
from retention.own_units import Units, of_units
from retention.paging import Cursor, Page, newest_first, take_page
from retention.subjects import row_in_unit
from storage.catalog.access import AccessRequest, Export, Grant
from storage.catalog.casework import Case, CaseLink, CaseStage
from storage.catalog.documents import Document, DocumentNumber, DocumentTemplate, FinalDocument, SealedDocument
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, Rendition
from storage.ledger.append import Actor, Change, record_change


@dataclass(frozen=True)
class CopiedRecording:
    """A recording of the case: its row holds manifest, token and wrapped key; its place in the case; its copies."""

    recording: Recording
    link: CaseLink
    renditions: tuple[Rendition, ...]


@dataclass(frozen=True)
class CopiedDocument:
    """A final document of the case with its bytes: sealed, where it bears a seal. Withdrawn ones say that they are."""

    document: Document
    title: str
    number: str | None
    sealed: bool
    pdf: bytes

    @property
    def state(self) -> str:
        if self.document.withdrawn_at is not None:
            return "withdrawn"
        return "sealed" if self.sealed else "final"


@dataclass(frozen=True)
class CaseContents:
    """What integrity/package/write.py needs, as far as the catalog knows it.

    `case_file` is what the package says about the case, for people. `entry_ids` name the ledger entries about the case,
    its recordings and when their files came again, requests and grants, in the order they were written; each
    recording's `recording.sealed` is there. `repeats` open what was said of files when they came again.
    `catalogues` are those of an archived case, the first first.
    """

    case_id: uuid.UUID
    unit_id: uuid.UUID
    grant: GrantFound
    gathered_at: datetime
    case_file: Mapping[str, Json]
    recordings: tuple[CopiedRecording, ...]
    documents: tuple[CopiedDocument, ...]
    entry_ids: tuple[uuid.UUID, ...]
    catalogues: tuple[bytes, ...] = ()
    repeats: tuple[RepeatNote, ...] = ()


def gather_case(
    session: Session, person: Person, case_id: uuid.UUID, grant_id: uuid.UUID, now: datetime
) -> CaseContents:
    """Everything of a case that a person may copy under a grant. Reads only.

    Raises AccessRefused as `find_copy_grant` does, UnknownSubject, OutsideUnit.
    """
    grant = find_copy_grant(session, person, case_id, grant_id, now, originals=True)
    case = find_case(session, person, case_id)
    recordings, repeats = _recordings(session, case_id), repeats_of(session, case_id)
    return CaseContents(
        case_id=case.id,
        unit_id=case.unit_id,
        grant=grant,
        gathered_at=now,
        case_file={
            **_case_file(case, stages_of(session, case_id), recordings),
            "services": _services(session, case_id),
            "party_notices": notices_told(session, case_id),
            "secrecy_class": class_of(session, case_id),
            "redactions": redactions_told(session, [each.recording.id for each in recordings]),
            "redacted_copies": copies_told(session, case_id),
        },
        recordings=recordings,
        documents=_documents(session, case_id),
        entry_ids=_entry_ids(session, case_id, repeats),
        catalogues=tuple(row.content for row in catalogues_of(session, case_id)),
        repeats=tuple(each.note for each in repeats if each.note is not None),
    )


def start_export(session: Session, person: Person, case_id: uuid.UUID, grant_id: uuid.UUID, now: datetime) -> Export:
    """Say that a copy is about to be made, of which recordings there are now. Commit it before decrypting anything.

    Raises AccessRefused as `find_copy_grant` does, UnknownSubject, OutsideUnit.
    """
    grant = find_copy_grant(session, person, case_id, grant_id, now, originals=True)
    case = find_case(session, person, case_id)
    export = Export(
        id=uuid.uuid4(), unit_id=case.unit_id, case_id=case.id, grant_id=grant.grant_id, person_id=person.id
    )
    session.add(export)
    session.flush()
    recordings = _recordings(session, case_id)
    data: dict[str, Json] = {
        "grant_id": str(grant.grant_id),
        "request_id": str(grant.request_id),
        "recording_count": len(recordings),
    }
    _record(session, person, export, "export.started", data)
    return export


def finish_export(session: Session, person: Person, export_id: uuid.UUID, statement_sha256: Digest) -> Export:
    """Say which package came of it, by the SHA-256 of its statement.

    Raises AlreadyFinished, AccessRefused when somebody else started it, UnknownSubject, OutsideUnit.
    """
    export = row_in_unit(session, person, Export, export_id, lock=True)
    if export.person_id != person.id:
        raise AccessRefused("not_yours", "case", export.case_id)
    if export.finished_at is not None:
        raise AlreadyFinished(export.id, export.finished_at)
    export.statement_sha256, export.finished_at = statement_sha256.value, datetime.now(UTC)
    session.flush()
    _record(session, person, export, "export.finished", {"statement_sha256": statement_sha256.hex})
    return export


def list_exports(
    session: Session,
    units: Units,
    *,
    case_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[Export]:
    """The exports of a unit or of several, the latest first; those of one case if it is named."""
    statement = select(Export).where(of_units(Export.unit_id, units))
    if case_id is not None:
        statement = statement.where(Export.case_id == case_id)
    rows = session.scalars(newest_first(statement, Export.started_at, Export.id, after, limit)).all()
    return take_page(rows, limit, lambda export: Cursor(export.started_at, str(export.id)))


def _recordings(session: Session, case_id: uuid.UUID) -> tuple[CopiedRecording, ...]:
    linked = CaseLink.case_id == case_id, CaseLink.ended_at.is_(None)
    renditions: dict[uuid.UUID, list[Rendition]] = {}
    of_case = select(Rendition).join(CaseLink, CaseLink.recording_id == Rendition.recording_id).where(*linked)
    for rendition in session.scalars(of_case.order_by(Rendition.name)):
        renditions.setdefault(rendition.recording_id, []).append(rendition)
    pairs = select(Recording, CaseLink).join(CaseLink, CaseLink.recording_id == Recording.id).where(*linked)
    rows = session.execute(pairs.order_by(Recording.received_at, Recording.id))
    return tuple(CopiedRecording(row, link, tuple(renditions.get(row.id, ()))) for row, link in rows)


def _documents(session: Session, case_id: uuid.UUID) -> tuple[CopiedDocument, ...]:
    statement = (
        select(Document, DocumentTemplate.title_zh, DocumentNumber, SealedDocument.pdf, FinalDocument.pdf)
        .join(FinalDocument, FinalDocument.document_id == Document.id)
        .join(DocumentTemplate, DocumentTemplate.id == Document.template_id)
        .outerjoin(DocumentNumber, DocumentNumber.id == FinalDocument.number_id)
        .outerjoin(SealedDocument, SealedDocument.document_id == Document.id)
        .where(Document.case_id == case_id)
        .order_by(FinalDocument.finalised_at, Document.id)
    )
    return tuple(
        CopiedDocument(document, title, None if number is None else number.written, sealed is not None, sealed or final)
        for document, title, number, sealed, final in session.execute(statement)
    )


def _case_file(
    case: Case, stages: tuple[CaseStage, ...], recordings: tuple[CopiedRecording, ...]
) -> Mapping[str, Json]:
    return {
        "id": str(case.id),
        "unit_id": str(case.unit_id),
        "number": case.number,
        "title": case.title,
        "kind": case.kind,
        "procedure": case.procedure,
        "opened_at": format_instant(case.opened_at),
        "closed_at": None if case.closed_at is None else format_instant(case.closed_at),
        "stages": [
            {"stage": row.stage, "entered_at": format_instant(row.entered_at), "returned": row.reason is not None}
            for row in stages
        ],
        "recordings": [
            {
                "id": str(copied.recording.id),
                "original_name": copied.recording.original_name,
                "stage": copied.link.stage,
                "linked_at": format_instant(copied.link.created_at),
                "linked_by": copied.link.made_by,
            }
            for copied in recordings
        ],
    }


def _entry_ids(session: Session, case_id: uuid.UUID, repeats: tuple[CopiedRepeat, ...]) -> tuple[uuid.UUID, ...]:
    recordings = CaseLink.case_id == case_id, CaseLink.ended_at.is_(None)
    subjects: tuple[Select[str], ...] = (
        select(cast(Case.id, Text)).where(Case.id == case_id),
        select(cast(CaseLink.recording_id, Text)).where(*recordings),
        select(cast(AccessRequest.id, Text)).where(AccessRequest.case_id == case_id),
        select(cast(Grant.id, Text)).where(Grant.case_id == case_id),
        select(cast(Document.id, Text)).where(Document.case_id == case_id),
    )
    about = LedgerEntryRow.subject_id.in_(union_all(*subjects)) | LedgerEntryRow.id.in_(
        [each.entry_id for each in repeats]
    )
    statement = select(LedgerEntryRow.id).where(about)
    return tuple(session.scalars(statement.order_by(LedgerEntryRow.serial)))


def _services(session: Session, case_id: uuid.UUID) -> list[Json]:
    """How documents of the case were served, and whether each counts: it stands, and is proven."""
    proven = {each.id for each in proven_services(session, [case_id]).get(case_id, ())}
    ids = ("id", "decision_id", "version_id", "document_id", "act_id", "recording_id", "receipt_id")
    return [
        {
            **{name: None if getattr(row, name) is None else str(getattr(row, name)) for name in ids},
            **{name: getattr(row, name) for name in ("document_number", "addressee", "method", *WRITTEN)},
            "served_at": format_instant(row.served_at),
            "counts_on": row.counts_on.isoformat(),
            "counts": row.id in proven,
            "withdrawn_at": None if row.withdrawn_at is None else format_instant(row.withdrawn_at),
        }
        for row in services_of(session, case_id)
    ]


def _record(session: Session, person: Person, export: Export, action: str, data: Mapping[str, Json]) -> None:
    change = Change(action, "case", str(export.case_id), export.unit_id, {"export_id": str(export.id), **data})
    record_change(session, Actor.person(person.id), change)
