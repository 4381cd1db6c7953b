"""What the ledger says of who may see what: posts, requests with their papers, grants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.access import AccessRequest, Grant, RequestAttachment, ViewingReview
from storage.catalog.organisation import PersonPost


def _requested(entry: LedgerEntry) -> Facts:
    """Entries of before there were rules name none: those were of staff."""
    nothing: Facts = {"who": "staff", "approval": None, "needs": [], "longest_hours": None, "rule_id": None}
    nothing |= {"unredacted": False, "unredacted_reason": None}
    nobody: Facts = {"body_name": None, "visitor_name": None, "visitor_document": None}
    ruled = as_stated(entry, "case_id", "kind", "who", "approval", "needs", "longest_hours", "rule_id", "unredacted")
    named = pledged(entry, "purpose", "body_name", "visitor_name", "visitor_document", "unredacted_reason")
    asker: Facts = {"unit_id": unit_of(entry), "person_id": entry.actor_id, **made_at(entry, "asked_at")}
    undecided: Facts = {"state": "pending", "decided_by": None, "decided_at": None, "decision_reason": None}
    return {**nothing, **nobody, **ruled, **named, **asker, **undecided}


def _decided(state: str, by_somebody: bool = True) -> Callable[[LedgerEntry], Facts]:
    def says(entry: LedgerEntry) -> Facts:
        by: Facts = {"state": state, "decided_by": entry.actor_id if by_somebody else None}
        return {**by, **made_at(entry, "decided_at"), **pledged(entry, decision_reason="reason")}

    return says


def _granted(by_somebody: bool) -> Callable[[LedgerEntry], Facts]:
    def says(entry: LedgerEntry) -> Facts:
        stated = as_stated(entry, "request_id", "case_id", "person_id", "kind", "expires_at")
        approved: Facts = {"unit_id": unit_of(entry), "approved_by": entry.actor_id if by_somebody else None}
        unredacted: Facts = {"unredacted": False, "consent_reason": None, **as_stated(entry, "unredacted")}
        unredacted |= pledged(entry, "consent_reason")
        ended_not: Facts = {"revoked": None, "revoked_by": None}
        return {**stated, **approved, **unredacted, **made_at(entry, "granted_at"), **ended_not}

    return says


def _filed(entry: LedgerEntry) -> Facts:
    by: Facts = {"unit_id": unit_of(entry), "request_id": entry.subject_id, "filed_by": entry.actor_id}
    return {
        **as_stated(entry, "kind", "media_type", "sha256"),
        **pledged(entry, "name"),
        **made_at(entry, "filed_at"),
        **by,
    }


def _by_person(entry: LedgerEntry) -> str | None:
    return entry.actor_id if entry.actor_kind == "person" else None


def _named(entry: LedgerEntry) -> Facts:
    held: Facts = {"ended": None, "ended_by": None, "end_reason": None, "named_by": _by_person(entry)}
    of: Facts = {"unit_id": unit_of(entry), "person_id": entry.subject_id, **as_stated(entry, "post")}
    return {**held, **of, **made_at(entry, "named_at")}


def _post_ended(entry: LedgerEntry) -> Facts:
    return {**ended("ended", None, "end_reason")(entry), "ended_by": _by_person(entry)}


def _reviewed(entry: LedgerEntry) -> Facts:
    by: Facts = {"unit_id": unit_of(entry), "grant_id": entry.subject_id, "reviewed_by": entry.actor_id}
    said = {**as_stated(entry, "recording_id", "outcome"), **pledged(entry, "note")}
    return {**by, **said, **made_at(entry, "reviewed_at")}


ACCESS_SUBJECTS: Sequence[Subject] = (
    Subject(
        PersonPost,
        (
            Step("post.named", _named, "post_id", makes=True),
            Step("post.ended", _post_ended, "post_id"),
        ),
    ),
    Subject(
        AccessRequest,
        (
            Step("access.requested", _requested, makes=True),
            Step("access.granted", _decided("approved"), "request_id"),
            Step("access.granted_by_rule", _decided("approved", by_somebody=False), "request_id"),
            Step("access.request_refused", _decided("refused")),
        ),
    ),
    Subject(RequestAttachment, (Step("access.attachment_filed", _filed, "attachment_id", makes=True),)),
    Subject(ViewingReview, (Step("viewing.reviewed", _reviewed, "review_id", makes=True),)),
    Subject(
        Grant,
        (
            Step("access.granted", _granted(by_somebody=True), makes=True),
            Step("access.granted_by_rule", _granted(by_somebody=False), makes=True),
            Step("access.grant_revoked", ended("revoked", "revoked_by")),
        ),
    ),
)
