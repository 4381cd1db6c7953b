"""One case from beginning to end: stages, recordings, acts, requests, grants, views, exports in one ordered list."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, Text, Uuid, and_, cast, exists, func, literal, null, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session, aliased

from casework.playback import shows_poster
from casework.secrecy import may_see_case
from retention.paging import Cursor, Page, page_rows, take_page
from retention.subjects import row_in_unit
from storage.catalog.access import AccessRequest, Export, Grant, PlaybackWindow
from storage.catalog.archiving import CaseArchive, CaseCatalogue, CaseSecrecy
from storage.catalog.casework import Case, CaseLink, CaseStage
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.decisions import Decision, DecisionIssue, DecisionVersion
from storage.catalog.documents import Document, DocumentReading, DocumentSignature, FinalDocument, SealedDocument
from storage.catalog.handling import CaseOfficer, IdentityShown, NoticeGiven
from storage.catalog.notices import PartyNotice, PartyReply, ReplyAnswer
from storage.catalog.organisation import Person
from storage.catalog.procedure import ActExplanation, CaseAct
from storage.catalog.recordings import Recording
from storage.catalog.redaction import RedactedCopy
from storage.catalog.service import CaseService

TIMELINE_KINDS = (
    "stage_entered",
    "stage_returned",
    "closed",
    "secrecy_stated",
    "archived",
    "archive_supplemented",
    "officer_named",
    "officer_released",
    "identity_shown",
    "notice_given",
    "recording_made",
    "recording_received",
    "recording_linked",
    "recording_unlinked",
    "act_added",
    "act_withdrawn",
    "served",
    "service_withdrawn",
    "party_told",
    "party_told_withdrawn",
    "party_replied",
    "party_reply_withdrawn",
    "party_answered",
    "party_answer_withdrawn",
    "gap_explained",
    "explanation_confirmed",
    "explanation_refused",
    "explanation_withdrawn",
    "event_entered",
    "event_withdrawn",
    "term_fulfilled",
    "decision_drafted",
    "decision_issued",
    "decision_withdrawn",
    "document_begun",
    "document_signed",
    "document_finalised",
    "document_sealed",
    "document_withdrawn",
    "document_read",
    "access_requested",
    "request_refused",
    "access_granted",
    "grant_revoked",
    "poster_viewed",
    "viewed",
    "copy_asked",
    "copy_made",
    "export_started",
    "export_finished",
)
DETAIL_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("stage_entered", "stage_returned", "closed", "recording_linked", "recording_unlinked"), "stage"),
    "secrecy_stated": "secrecy_class",
    "archived": "retention_class",
    **dict.fromkeys(("served", "service_withdrawn"), "service_method"),
    **dict.fromkeys(("party_told", "party_told_withdrawn"), "notice_kind"),
    **dict.fromkeys(("party_replied", "party_reply_withdrawn"), "reply_kind"),
    **dict.fromkeys(("party_answered", "party_answer_withdrawn"), "reply_outcome"),
    **dict.fromkeys(("event_entered", "event_withdrawn"), "event_kind"),
    "term_fulfilled": "term_kind",
    **dict.fromkeys(("decision_drafted", "decision_issued", "decision_withdrawn"), "case_kind"),
    **dict.fromkeys(("access_requested", "request_refused", "access_granted", "grant_revoked"), "access_kind"),
    **dict.fromkeys(("poster_viewed", "viewed"), "access_kind"),
}
"""Which word an item's `detail` is, by the item's kind: a code that the law or the archive's rules have, and nothing
that anybody wrote. Of other kinds it is none, a file's name, or the kind of a document, which has its own title."""


@dataclass(frozen=True)
class TimelineItem:
    """What happened at `at`; `person_id` did it (None: the system), `recording_id` is the recording it is about.

    `subject_id` is the row of the stage, class, archive, catalogue, link, act, explanation, event, term, decision,
    service, notice, reply, answer, document, request, grant, redacted copy or export. `detail` is a word of
    DETAIL_WORDS, the original name of a recording, the kind of a document, or the officer named.
    `served`, what was told on the spot and what a party said are dated by when that was. `recording_made` is dated by
    the recording's own claim, which is no more than a claim; one without a claim is `recording_received` instead, dated
    by its arrival. `poster_viewed` is the poster or the preview pictures of what can be played; `viewed` is the footage
    itself.
    """

    at: datetime
    kind: str
    subject_id: uuid.UUID
    person_id: uuid.UUID | None
    recording_id: uuid.UUID | None
    detail: str | None


def case_timeline(
    session: Session, person: Person, case_id: uuid.UUID, *, after: Cursor | None = None, limit: int = 200
) -> Page[TimelineItem]:
    """A case of the person's unit, the earliest first. Views are one item for each grant and recording.

    For whom the case's class of secrecy keeps it from, only how the case went and who asked to see what: nothing of
    what was recorded, done, decided, served or written. Raises UnknownSubject, OutsideUnit.
    """
    case = row_in_unit(session, person, Case, case_id)
    sees = may_see_case(session, person, case)
    shown = _of_contacts, _of_recordings, _of_acts, _of_decisions, _of_services, _of_notices, _of_documents
    kept = shown if sees else ()
    parts = (
        *_of_case(case_id),
        *_of_archiving(case_id),
        *_of_officers(case_id),
        *(item for part in kept for item in part(case_id)),
        *_of_deadlines(case_id),
        *_of_access(case_id),
        *_of_copies(case_id),
        *_of_exports(case_id),
    )
    items = union_all(*parts).subquery("item")
    # What has the same instant follows in the order of the kinds: nobody is granted what was not asked for.
    rank = func.lpad(cast(func.array_position(array(TIMELINE_KINDS), items.c.kind), Text), 3, "0")
    key = func.concat(
        rank, ":", items.c.kind, ":", cast(items.c.subject_id, Text), ":", cast(items.c.recording_id, Text)
    )
    statement = select(items, key.label("key")).order_by(items.c.at, key).limit(page_rows(limit) + 1)
    if after is not None:
        statement = statement.where(tuple_(items.c.at, key) > tuple_(literal(after.at), literal(after.key)))
    rows = session.execute(statement).all()
    page = take_page(rows, limit, lambda row: Cursor(row.at, row.key))
    return Page(tuple(TimelineItem(*row[:6]) for row in page.items), page.next)


def _item(
    at: Any, kind: str, subject_id: Any, person_id: Any = None, recording_id: Any = None, detail: Any = None
) -> Select[*tuple[Any, ...]]:
    """One part of the list. All parts have the same columns of the same types, or PostgreSQL would not join them."""
    return select(
        at.label("at"),
        cast(literal(kind), Text).label("kind"),
        subject_id.label("subject_id"),
        (cast(null(), Uuid) if person_id is None else person_id).label("person_id"),
        (cast(null(), Uuid) if recording_id is None else recording_id).label("recording_id"),
        (cast(null(), Text) if detail is None else detail).label("detail"),
    )


def _of_case(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    stage, case = CaseStage, Case
    for kind, applies in (("stage_entered", stage.reason.is_(None)), ("stage_returned", stage.reason.is_not(None))):
        yield _item(stage.entered_at, kind, stage.id, stage.entered_by, detail=stage.stage).where(
            stage.case_id == case_id, applies
        )
    yield _item(case.closed_at, "closed", case.id, detail=case.stage).where(
        case.id == case_id, case.closed_at.is_not(None)
    )


def _of_archiving(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    said, archive, later = CaseSecrecy, CaseArchive, CaseCatalogue
    yield _item(said.stated_at, "secrecy_stated", said.id, said.stated_by, detail=said.secrecy_class).where(
        said.case_id == case_id
    )
    yield _item(archive.archived_at, "archived", archive.id, archive.archived_by, detail=archive.retention_class).where(
        archive.case_id == case_id
    )
    yield _item(later.made_at, "archive_supplemented", later.id, later.made_by).where(
        later.case_id == case_id, later.version > 1
    )


def _of_officers(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    """`detail` is who was named or released; the one who named or released is the item's person."""
    officer = CaseOfficer
    name = select(Person.name).where(Person.id == officer.person_id).scalar_subquery()
    yield _item(officer.named_at, "officer_named", officer.id, officer.named_by, detail=name).where(
        officer.case_id == case_id
    )
    yield _item(officer.ended_at, "officer_released", officer.id, officer.ended_by, detail=name).where(
        officer.case_id == case_id, officer.ended_at.is_not(None)
    )


def _of_contacts(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    shown, given = IdentityShown, NoticeGiven
    yield _item(shown.shown_at, "identity_shown", shown.id, shown.person_id).where(shown.case_id == case_id)
    yield _item(given.given_at, "notice_given", given.id, given.person_id).where(given.case_id == case_id)


def _of_recordings(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    link, recording = CaseLink, Recording
    claims_time = recording.started_at.is_not(None)
    for at, kind, applies in (
        (recording.started_at, "recording_made", claims_time),
        (recording.received_at, "recording_received", ~claims_time),
    ):
        yield (
            _item(at, kind, link.id, recording_id=recording.id, detail=recording.original_name)
            .join(recording, recording.id == link.recording_id)
            .where(link.case_id == case_id, link.ended_at.is_(None), applies)
        )
    yield _item(
        link.created_at, "recording_linked", link.id, link.person_id, link.recording_id, detail=link.stage
    ).where(link.case_id == case_id)
    yield _item(
        link.ended_at, "recording_unlinked", link.id, link.ended_by, link.recording_id, detail=link.stage
    ).where(link.case_id == case_id, link.ended_at.is_not(None))


def _of_acts(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    act, explanation = CaseAct, ActExplanation
    yield _item(act.added_at, "act_added", act.id, act.added_by).where(act.case_id == case_id)
    yield _item(act.withdrawn_at, "act_withdrawn", act.id, act.withdrawn_by).where(
        act.case_id == case_id, act.withdrawn_at.is_not(None)
    )
    of_case = explanation.case_id == case_id
    yield _item(explanation.given_at, "gap_explained", explanation.id, explanation.given_by).where(of_case)
    for decision in ("confirmed", "refused"):
        decided = _item(explanation.decided_at, f"explanation_{decision}", explanation.id, explanation.decided_by)
        yield decided.where(of_case, explanation.decision == decision)
    withdrawn = _item(explanation.withdrawn_at, "explanation_withdrawn", explanation.id, explanation.withdrawn_by)
    yield withdrawn.where(of_case, explanation.withdrawn_at.is_not(None))


def _of_deadlines(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    event, term = CaseEvent, CaseTerm
    yield _item(event.entered_at, "event_entered", event.id, event.entered_by, detail=event.kind).where(
        event.case_id == case_id
    )
    yield _item(event.withdrawn_at, "event_withdrawn", event.id, event.withdrawn_by, detail=event.kind).where(
        event.case_id == case_id, event.withdrawn_at.is_not(None)
    )
    yield _item(term.done_at, "term_fulfilled", term.id, term.done_by, detail=term.kind).where(
        term.case_id == case_id, term.done_at.is_not(None)
    )


def _of_decisions(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    """The subject is the decision, whatever happened to it; `detail` the kind that it had then."""
    decision, version, issue = Decision, DecisionVersion, DecisionIssue
    later = aliased(DecisionVersion)
    is_latest = ~exists().where(later.decision_id == version.decision_id, later.ordinal > version.ordinal)
    begun = _item(version.stated_at, "decision_drafted", version.decision_id, version.stated_by, detail=version.kind)
    yield begun.where(version.case_id == case_id, version.ordinal == 1)
    made = _item(issue.issued_at, "decision_issued", issue.decision_id, issue.issued_by, detail=version.kind)
    yield made.join(version, version.id == issue.version_id).where(issue.case_id == case_id)
    taken = _item(decision.withdrawn_at, "decision_withdrawn", decision.id, decision.withdrawn_by, detail=version.kind)
    taken = taken.join(version, version.decision_id == decision.id).where(decision.case_id == case_id, is_latest)
    yield taken.where(decision.withdrawn_at.is_not(None))


def _of_services(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    service = CaseService
    yield _item(service.served_at, "served", service.id, service.stated_by, detail=service.method).where(
        service.case_id == case_id
    )
    withdrawn = _item(
        service.withdrawn_at, "service_withdrawn", service.id, service.withdrawn_by, detail=service.method
    )
    yield withdrawn.where(service.case_id == case_id, service.withdrawn_at.is_not(None))


def _of_notices(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    """Told by whom, heard by whom: a notice by a document is told when it is entered, and served as any other."""
    notice, reply, answer = PartyNotice, PartyReply, ReplyAnswer
    told_at, told_by = func.coalesce(notice.told_at, notice.stated_at), func.coalesce(notice.told_by, notice.stated_by)
    for kind, row, at, who, detail in (
        ("party_told", notice, told_at, told_by, notice.kind),
        ("party_replied", reply, reply.said_at, reply.heard_by, reply.kind),
        ("party_answered", answer, answer.answered_at, answer.answered_by, answer.outcome),
    ):
        yield _item(at, kind, row.id, who, detail=detail).where(row.case_id == case_id)
    for kind, row, detail in (
        ("party_told_withdrawn", notice, notice.kind),
        ("party_reply_withdrawn", reply, reply.kind),
        ("party_answer_withdrawn", answer, answer.outcome),
    ):
        taken = _item(row.withdrawn_at, kind, row.id, row.withdrawn_by, detail=detail)
        yield taken.where(row.case_id == case_id, row.withdrawn_at.is_not(None))


def _of_documents(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    """The subject is the document itself, whatever happened to it."""
    document, signature, final, sealed = Document, DocumentSignature, FinalDocument, SealedDocument
    yield _item(document.begun_at, "document_begun", document.id, document.begun_by, detail=document.kind).where(
        document.case_id == case_id
    )
    yield _item(
        document.withdrawn_at, "document_withdrawn", document.id, document.withdrawn_by, detail=document.kind
    ).where(document.case_id == case_id, document.withdrawn_at.is_not(None))
    for at, kind, row, who in (
        (signature.signed_at, "document_signed", signature, signature.stated_by),
        (final.finalised_at, "document_finalised", final, final.finalised_by),
        (sealed.sealed_at, "document_sealed", sealed, sealed.sealed_by),
    ):
        item = _item(at, kind, row.document_id, who, detail=document.kind)
        yield item.join(document, document.id == row.document_id).where(row.case_id == case_id)
    read = DocumentReading
    first = _item(func.min(read.read_at), "document_read", read.document_id, read.person_id, detail=document.kind)
    of_each = read.document_id, read.person_id, document.kind
    yield first.join(document, document.id == read.document_id).where(read.case_id == case_id).group_by(*of_each)


def _of_access(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    request, grant, window = AccessRequest, Grant, PlaybackWindow
    asked_at = select(request.asked_at).where(request.id == grant.request_id).scalar_subquery()
    yield _item(request.asked_at, "access_requested", request.id, request.person_id, detail=request.kind).where(
        request.case_id == case_id
    )
    yield _item(request.decided_at, "request_refused", request.id, request.decided_by, detail=request.kind).where(
        request.case_id == case_id, request.state == "refused"
    )
    yield _item(
        # Granted by rule it is in the deed that asks, whose own instant may be some milliseconds later.
        func.greatest(grant.granted_at, asked_at),
        "access_granted",
        grant.id,
        func.coalesce(grant.approved_by, grant.person_id),
        detail=grant.kind,
    ).where(grant.case_id == case_id)
    yield _item(grant.revoked_at, "grant_revoked", grant.id, grant.revoked_by, detail=grant.kind).where(
        grant.case_id == case_id, grant.revoked_at.is_not(None)
    )
    # A photograph's poster is the photograph: nothing else of it is ever played.
    poster_alone = and_(
        shows_poster(), func.jsonb_extract_path_text(Recording.findings, "kind").is_distinct_from("still")
    )
    for kind, applies in (("poster_viewed", poster_alone), ("viewed", ~poster_alone)):
        yield (
            _item(func.min(window.opened_at), kind, grant.id, window.person_id, window.recording_id, detail=grant.kind)
            .join(grant, grant.id == window.grant_id)
            .join(Recording, Recording.id == window.recording_id)
            .where(grant.case_id == case_id, applies)
            .group_by(grant.id, window.person_id, window.recording_id)
        )


def _of_copies(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    copy = RedactedCopy
    of_case = copy.case_id == case_id
    yield _item(copy.asked_at, "copy_asked", copy.id, copy.asked_by, copy.recording_id).where(of_case)
    made = _item(copy.made_at, "copy_made", copy.id, recording_id=copy.recording_id)
    yield made.where(of_case, copy.made_at.is_not(None))


def _of_exports(case_id: uuid.UUID) -> Iterator[Select[*tuple[Any, ...]]]:
    export = Export
    yield _item(export.started_at, "export_started", export.id, export.person_id).where(export.case_id == case_id)
    yield _item(export.finished_at, "export_finished", export.id, export.person_id).where(
        export.case_id == case_id, export.finished_at.is_not(None)
    )
