"""What the ledger says of decisions and their legal review: what was drafted, reviewed and issued."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.decisions import Decision, DecisionIssue, DecisionVersion
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

_STANDING: Facts = {"withdrawn": None, "withdrawn_by": None, "withdraw_reason": None}
_WITHDRAWN = ended("withdrawn", "withdrawn_by", "withdraw_reason")
_SAID = (
    "ordinal",
    "kind",
    "measures",
    "level",
    "field",
    "amount_fen",
    "party_kind",
    "affected",
    "facts",
    "scope",
)


def _of_decision(entry: LedgerEntry) -> Facts:
    return {"unit_id": unit_of(entry), "decision_id": entry.subject_id, **as_stated(entry, "case_id")}


def _decision(entry: LedgerEntry) -> Facts:
    begun: Facts = {"unit_id": unit_of(entry), "begun_by": entry.actor_id, **made_at(entry, "begun_at")}
    return {**_STANDING, **as_stated(entry, "case_id"), **begun}


def _version(entry: LedgerEntry) -> Facts:
    stated = {"reason": None, **as_stated(entry, *_SAID), **pledged(entry, "party", "content", "reason")}
    return {**stated, **_of_decision(entry), "stated_by": entry.actor_id, **made_at(entry, "stated_at")}


def _submission(entry: LedgerEntry) -> Facts:
    attests = entry.data.get("attests")
    said = attests if isinstance(attests, list) else []
    attested: Facts = {f"attests_{each}": each in said for each in ("truth", "accuracy", "completeness")}
    by: Facts = {"submitted_by": entry.actor_id, **made_at(entry, "submitted_at")}
    return {**_STANDING, **attested, **_of_decision(entry), **as_stated(entry, "version_id"), **by}


def _review(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "version_id", "submission_id", "ordinal", "opinion", "answers_sha256", "envelope_sha256")
    by: Facts = {"reviewer_id": entry.actor_id, **made_at(entry, "reviewed_at"), **pledged(entry, "statement")}
    return {**_STANDING, **_of_decision(entry), **stated, "session_id": entry.data.get("session_id"), **by}


def _disagreement(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "review_id"), **pledged(entry, "reason")}
    return {**_of_decision(entry), **stated, "stated_by": entry.actor_id, **made_at(entry, "stated_at")}


def _sitting(entry: LedgerEntry) -> Facts:
    names = ("version_id", "disagreement_id", "held_at", "presided_by", "votes_for", "votes_against", "abstentions")
    stated = {**as_stated(entry, *names, "outcome"), **pledged(entry, "place", "minutes")}
    return {**_of_decision(entry), **stated, "recorded_by": entry.actor_id, **made_at(entry, "recorded_at")}


def _attendance(entry: LedgerEntry) -> Facts:
    stated = {"advice": None, **as_stated(entry, "case_id", "session_id", "member_id", "adviser_id")}
    return {"unit_id": unit_of(entry), **stated, **pledged(entry, "advice")}


def _adviser(entry: LedgerEntry) -> Facts:
    standing: Facts = {"number": None, "ended": None, "ended_by": None, "end_reason": None}
    stated = {**as_stated(entry, "kind"), **pledged(entry, "name", "office", "number")}
    by: Facts = {"unit_id": unit_of(entry), "added_by": entry.actor_id, **made_at(entry, "added_at")}
    return {**standing, **stated, **by}


def _conflict(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "case_id"), **pledged(entry, "reason")}
    by: Facts = {"stated_by": entry.actor_id, **made_at(entry, "stated_at")}
    return {"unit_id": unit_of(entry), "adviser_id": entry.subject_id, **stated, **by}


def _transfer(entry: LedgerEntry) -> Facts:
    open_: Facts = {"outcome": None, "export_id": None, "receiver": None, "note": None, "ended_by": None, "ended": None}
    by: Facts = {"unit_id": unit_of(entry), "case_id": entry.subject_id, "opened_by": entry.actor_id}
    return {**open_, **by, **as_stated(entry, "review_id"), **made_at(entry, "opened_at")}


def _transfer_ended(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "outcome", "export_id"), **pledged(entry, "receiver", "note")}
    return {**stated, **ended("ended", "ended_by")(entry)}


def _issue(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "version_id", "review_id", "issued_on", "scope")
    return {**_of_decision(entry), **stated, "issued_by": entry.actor_id, **made_at(entry, "issued_at")}


def _qualification(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "ground", "valid_from", "last_day"), **pledged(entry, "number")}
    of_person: Facts = {"unit_id": unit_of(entry), "person_id": entry.subject_id, "voided": None}
    return {**stated, **of_person, **made_at(entry, "added_at")}


DECISION_SUBJECTS: Sequence[Subject] = (
    Subject(
        ReviewerQualification,
        (
            Step("reviewer.qualified", _qualification, "qualification_id", makes=True),
            Step("reviewer.qualification_voided", ended("voided"), "qualification_id"),
        ),
    ),
    Subject(
        Decision,
        (
            Step("decision.drafted", _decision, makes=True),
            Step("decision.withdrawn", _WITHDRAWN),
        ),
    ),
    # With a key of its own: the first version is made by the entry that makes the decision.
    Subject(
        DecisionVersion,
        tuple(Step(action, _version, "version_id", makes=True) for action in ("decision.drafted", "decision.changed")),
        key=lambda row: str(row.id),
    ),
    Subject(
        DecisionSubmission,
        (
            Step("decision.submitted", _submission, "submission_id", makes=True),
            Step("decision.submission_withdrawn", _WITHDRAWN, "submission_id"),
        ),
    ),
    Subject(
        DecisionReview,
        (
            Step("decision.reviewed", _review, "review_id", makes=True),
            Step("decision.review_withdrawn", _WITHDRAWN, "review_id"),
        ),
    ),
    Subject(Disagreement, (Step("decision.disagreed", _disagreement, "disagreement_id", makes=True),)),
    Subject(CommitteeSession, (Step("decision.committee_sat", _sitting, "session_id", makes=True),)),
    Subject(CommitteeAttendance, (Step("decision.committee_attended", _attendance, "attendance_id", makes=True),)),
    Subject(
        Adviser,
        (
            Step("adviser.added", _adviser, makes=True),
            Step("adviser.ended", ended("ended", "ended_by", "end_reason")),
        ),
    ),
    Subject(AdviserConflict, (Step("adviser.conflict_stated", _conflict, "conflict_id", makes=True),)),
    Subject(
        CrimeTransfer,
        (
            Step("case.transfer_opened", _transfer, "transfer_id", makes=True),
            Step("case.transfer_ended", _transfer_ended, "transfer_id"),
        ),
    ),
    Subject(DecisionIssue, (Step("decision.issued", _issue, "issue_id", makes=True),)),
)
