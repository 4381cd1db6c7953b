"""What the ledger says was made must still be there: a row that somebody deleted shows here."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from api.verification.audit import Audit
from integrity.ledger_entry import LedgerEntry
from storage.catalog.access import (
    AccessRequest,
    Export,
    Grant,
    PlaybackWindow,
    RequestAttachment,
    RetrievalRule,
    ViewingReview,
)
from storage.catalog.archiving import CaseArchive, CaseCatalogue, CaseSecrecy, RetentionRule
from storage.catalog.casework import Case, CaseAssignment, CaseLink, LinkQuestion
from storage.catalog.deadlines import CalendarYear, CaseEvent, CaseTerm, TermAnswer, TermRule
from storage.catalog.decisions import Decision, DecisionIssue, DecisionVersion, ReviewScopeRule
from storage.catalog.devices import Device, DeviceIssue, OfficerCertificate
from storage.catalog.documents import (
    Document,
    DocumentIssuer,
    DocumentNumber,
    DocumentSignature,
    DocumentTemplate,
    DocumentText,
    FinalDocument,
    SealedDocument,
    UnitSeal,
)
from storage.catalog.elements import ElementAnswer, ElementPolicy
from storage.catalog.file_review import (
    FileReview,
    FileReviewAnswer,
    FileReviewDraw,
    FileReviewFinding,
    FileReviewScore,
    ScoreSheetRule,
)
from storage.catalog.handling import CaseOfficer, IdentityShown, NoticeGiven
from storage.catalog.ledger import SigningKeyEpoch
from storage.catalog.organisation import Person, PersonPost, Unit
from storage.catalog.procedure import ActExplanation, CaseAct, RecordingChecklist
from storage.catalog.publication import (
    STEPS,
    DisclosureRule,
    PostingEvidence,
    Publication,
    PublicationDuty,
    PublicationPosting,
    PublicationPush,
    PublicationRule,
    PublicationStep,
    PublicationVersion,
)
from storage.catalog.recordings import Receipt, Recording, RecordingSegment, Rendition, WholeDecoding
from storage.catalog.redaction import RedactedCopy, Redaction, RedactionCheck
from storage.catalog.retention import Hold
from storage.catalog.review import (
    Adviser,
    AdviserConflict,
    CommitteeAttendance,
    CommitteeSession,
    CrimeTransfer,
    DecisionReview,
    DecisionSubmission,
    Disagreement,
    ReviewerQualification,
)
from storage.catalog.rooms import Room, RoomSession
from storage.catalog.service import CaseService
from storage.catalog.signin import ApiToken
from storage.catalog.stations import Station, StationCode, StationKey
from storage.catalog.uploads import Upload


@dataclass(frozen=True)
class _Made:
    """The row that an action makes: its key column, and where the entry names it (None: as its subject)."""

    key: InstrumentedAttribute[Any]
    named_in: str | None = None
    parse: Callable[[str], Any] = uuid.UUID

    def id_in(self, entry: LedgerEntry) -> Any:
        """None for what is no id: then there is nothing to look for."""
        named = entry.subject_id if self.named_in is None else entry.data.get(self.named_in)
        try:
            return self.parse(str(named))
        except ValueError:
            return None


# Of what is made and never deleted. Rows that may go (sessions, disposal lists) are not here.
MADE: Mapping[str, _Made] = {
    "unit.created": _Made(Unit.id),
    "person.created": _Made(Person.id),
    "station.enrolled": _Made(Station.id),
    "station.registered": _Made(Station.id),
    "station.code_issued": _Made(StationCode.id, "code_id"),
    "station.key_enrolled": _Made(StationKey.id, "key_id", parse=str),
    "device.added": _Made(Device.id),
    "device.issued": _Made(DeviceIssue.id, "issue_id"),
    "room.added": _Made(Room.id),
    "room.session_begun": _Made(RoomSession.id, "session_id"),
    "certificate.added": _Made(OfficerCertificate.id, "certificate_id"),
    "policy.loaded": _Made(ElementPolicy.id),
    "checklist.loaded": _Made(RecordingChecklist.id),
    "terms.loaded": _Made(TermRule.id),
    "retention.loaded": _Made(RetentionRule.id),
    "case.secrecy_stated": _Made(CaseSecrecy.id, "secrecy_id"),
    "case.archived": _Made(CaseArchive.id, "archive_id"),
    "case.archive_supplemented": _Made(CaseCatalogue.id, "catalogue_id"),
    "calendar.loaded": _Made(CalendarYear.id),
    "recording.element_answered": _Made(ElementAnswer.id, "answer_id"),
    "token.created": _Made(ApiToken.id, "token_id"),
    "key.activated": _Made(SigningKeyEpoch.key_id, parse=str),
    "upload.created": _Made(Upload.id, parse=str),
    "recording.sealed": _Made(Recording.id),
    "recording.segments_placed": _Made(RecordingSegment.recording_id),
    "receipt.issued": _Made(Receipt.upload_id, parse=str),
    "rendition.made": _Made(Rendition.id, "rendition"),
    "recording.decoded": _Made(WholeDecoding.id, "decoding_id"),
    "case.opened": _Made(Case.id),
    "case.act_added": _Made(CaseAct.id, "act_id"),
    "case.event_entered": _Made(CaseEvent.id, "event_id"),
    "case.term_started": _Made(CaseTerm.id, "term_id"),
    "case.term_recomputed": _Made(TermAnswer.id, "answer_id"),
    "case.officer_named": _Made(CaseOfficer.id, "case_officer_id"),
    "case.identity_shown": _Made(IdentityShown.id, "shown_id"),
    "case.notice_given": _Made(NoticeGiven.id, "notice_id"),
    "case.service_stated": _Made(CaseService.id, "service_id"),
    "case.gap_explained": _Made(ActExplanation.id, "explanation_id"),
    "review_scope.loaded": _Made(ReviewScopeRule.id),
    "reviewer.qualified": _Made(ReviewerQualification.id, "qualification_id"),
    "publicity.loaded": _Made(PublicationRule.id),
    "disclosure.loaded": _Made(DisclosureRule.id),
    "score_sheet.loaded": _Made(ScoreSheetRule.id),
    "file_review.announced": _Made(FileReview.id),
    "file_review.drawn": _Made(FileReviewDraw.id, "draw_id"),
    "file_review.scored": _Made(FileReviewScore.id, "score_id"),
    "file_review.found": _Made(FileReviewFinding.id, "finding_id"),
    "file_review.answered": _Made(FileReviewAnswer.id, "answer_id"),
    "publication.duty_named": _Made(PublicationDuty.id, "duty_id"),
    "publication.collected": _Made(Publication.id),
    "publication.restated": _Made(PublicationVersion.id, "version_id"),
    **{f"publication.{step}": _Made(PublicationStep.id, "step_id") for step in STEPS},
    "publication.posted": _Made(PublicationPosting.id, "posting_id"),
    "publication.evidence_filed": _Made(PostingEvidence.id, "evidence_id"),
    "decision.drafted": _Made(Decision.id),
    "decision.changed": _Made(DecisionVersion.id, "version_id"),
    "decision.submitted": _Made(DecisionSubmission.id, "submission_id"),
    "decision.reviewed": _Made(DecisionReview.id, "review_id"),
    "decision.disagreed": _Made(Disagreement.id, "disagreement_id"),
    "decision.committee_sat": _Made(CommitteeSession.id, "session_id"),
    "decision.committee_attended": _Made(CommitteeAttendance.id, "attendance_id"),
    "adviser.added": _Made(Adviser.id),
    "adviser.conflict_stated": _Made(AdviserConflict.id, "conflict_id"),
    "case.transfer_opened": _Made(CrimeTransfer.id, "transfer_id"),
    "decision.issued": _Made(DecisionIssue.id, "issue_id"),
    "case.assigned": _Made(CaseAssignment.id, "assignment_id"),
    "template.loaded": _Made(DocumentTemplate.id),
    "issuer.named": _Made(DocumentIssuer.id),
    "seal.registered": _Made(UnitSeal.id),
    "document.begun": _Made(Document.id),
    "document.saved": _Made(DocumentText.id, "text_id"),
    "document.signed": _Made(DocumentSignature.id, "signature_id"),
    "document.numbered": _Made(DocumentNumber.id, "number_id"),
    "document.finalised": _Made(FinalDocument.id, "final_id"),
    "document.sealed": _Made(SealedDocument.id, "sealed_id"),
    "recording.linked": _Made(CaseLink.id, "link_id"),
    "recording.link_queued": _Made(LinkQuestion.id, "question_id"),
    "access.requested": _Made(AccessRequest.id),
    "access.granted": _Made(Grant.id),
    "access.granted_by_rule": _Made(Grant.id),
    "viewing.reviewed": _Made(ViewingReview.id, "review_id"),
    "access.attachment_filed": _Made(RequestAttachment.id, "attachment_id"),
    "redaction.stated": _Made(Redaction.id, "redaction_id"),
    "redaction.checked": _Made(RedactionCheck.id, "check_id"),
    "copy.asked": _Made(RedactedCopy.id, "copy_id"),
    "post.named": _Made(PersonPost.id, "post_id"),
    "retrieval.loaded": _Made(RetrievalRule.id),
    "playback.window_opened": _Made(PlaybackWindow.id, "window_id"),
    "export.started": _Made(Export.id, "export_id"),
    "hold.placed": _Made(Hold.id, "hold_id"),
}
# The second row of an action that makes two.
MADE_BESIDES: Mapping[str, _Made] = {
    "publication.published": _Made(PublicationPush.step_id, "step_id"),
    "publication.taken_down": _Made(PublicationPush.step_id, "step_id"),
}
_ALL_MADE = (MADE, MADE_BESIDES)


def check_logged(audit: Audit, entries: Iterable[LedgerEntry]) -> None:
    """Look for the row, or the two, of each entry that made any."""
    wanted: dict[tuple[int, str], set[Any]] = defaultdict(set)
    for entry in entries:
        for place, made in enumerate(_ALL_MADE):
            row_id = made[entry.action].id_in(entry) if entry.action in made else None
            if row_id is not None:
                wanted[place, entry.action].add(row_id)
    with audit.archive.database.reading() as session:
        for (place, action), ids in wanted.items():
            key = _ALL_MADE[place][action].key
            found = set(session.scalars(select(key).where(key.in_(ids))))
            for missing in sorted(ids - found, key=str):
                code = "recording_missing" if action == "recording.sealed" else "logged_row_missing"
                audit.findings.add(code, f"{key.class_.__tablename__} {missing}", f"a row, says {action}", "none")
