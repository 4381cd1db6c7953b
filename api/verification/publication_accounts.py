"""What the ledger says of publishing: the duties, each text, each step, and where it was posted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import exists, select

from api.verification.audit import Audit
from api.verification.steps import Facts, Moment, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from casework.publication.collecting import PRIVATE, PUBLIC
from integrity.ledger_entry import LedgerEntry
from storage.catalog.deadlines import CaseEvent
from storage.catalog.publication import (
    FOR_GOOD,
    STEPS,
    PostingEvidence,
    Publication,
    PublicationDuty,
    PublicationPosting,
    PublicationPush,
    PublicationStep,
    PublicationVersion,
)


def _by_person(entry: LedgerEntry) -> str | None:
    return entry.actor_id if entry.actor_kind == "person" else None


def _duty(entry: LedgerEntry) -> Facts:
    held: Facts = {"ended": None, "ended_by": None, "end_reason": None, "named_by": _by_person(entry)}
    of: Facts = {"unit_id": unit_of(entry), "person_id": entry.subject_id, **as_stated(entry, "duty")}
    return {**held, **of, **made_at(entry, "named_at")}


def _duty_ended(entry: LedgerEntry) -> Facts:
    return {**ended("ended", None, "end_reason")(entry), "ended_by": _by_person(entry)}


def _of_publication(entry: LedgerEntry) -> Facts:
    return {"unit_id": unit_of(entry), "publication_id": entry.subject_id, **as_stated(entry, "case_id")}


def _publication(entry: LedgerEntry) -> Facts:
    hidden: Facts = {"issue_id": None, "shown_version_id": None, "shown_at": None}
    begun: Facts = {"unit_id": unit_of(entry), "begun_by": entry.actor_id, **made_at(entry, "begun_at")}
    return {**hidden, **begun, **as_stated(entry, "case_id", "kind", "event_id", "issue_id")}


def _shown(entry: LedgerEntry) -> Facts:
    return {"shown_version_id": entry.data.get("version_id"), "shown_at": Moment(entry.occurred_at)}


def _hidden(_: LedgerEntry) -> Facts:
    return {"shown_version_id": None, "shown_at": None}


def _version(entry: LedgerEntry) -> Facts:
    texts = (*PUBLIC, *PRIVATE)
    stated = as_stated(entry, "ordinal", "party_kind", "withhold_ground", "rules", "needs_second", "hides_former")
    said: Facts = {**dict.fromkeys(texts), "decided_on": entry.data.get("decided_on"), **stated}
    said |= pledged(entry, *texts, "names_text", "kept_text")
    return {**said, **_of_publication(entry), "stated_by": entry.actor_id, **made_at(entry, "stated_at")}


def _step(step: str) -> Callable[[LedgerEntry], Facts]:
    def says(entry: LedgerEntry) -> Facts:
        stated: Facts = {"step": step, "reason": None, **as_stated(entry, "version_id", "ordinal", "ground")}
        by: Facts = {**_of_publication(entry), "taken_by": entry.actor_id, **made_at(entry, "taken_at")}
        return {**stated, **pledged(entry, "reason"), **by}

    return says


def _posting(entry: LedgerEntry) -> Facts:
    live: Facts = {"removed": None, "removed_by": None, "removal": None}
    stated = {**as_stated(entry, "version_id", "channel", "posted_on"), **pledged(entry, "place")}
    by: Facts = {"posted_by": entry.actor_id, **made_at(entry, "posted_at")}
    return {**live, **stated, **_of_publication(entry), **by}


def _removed(entry: LedgerEntry) -> Facts:
    return {**ended("removed", "removed_by")(entry), **pledged(entry, "removal")}


def _push(action: str) -> Callable[[LedgerEntry], Facts]:
    def says(entry: LedgerEntry) -> Facts:
        open_: Facts = {"action": action, "accepted": None, "receipt": None, "refused": None}
        return {**open_, **_of_publication(entry), **as_stated(entry, "version_id", "ordinal")}

    return says


def _pushed(entry: LedgerEntry) -> Facts:
    return {**ended("accepted")(entry), "refused": None, **pledged(entry, "receipt")}


def _evidence(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "case_id", "posting_id", "media_type", "sha256"), **pledged(entry, "name")}
    by: Facts = {"unit_id": unit_of(entry), "filed_by": entry.actor_id, **made_at(entry, "filed_at")}
    return {**stated, **by, "of_its_content": True}


PUBLICATION_SUBJECTS: Sequence[Subject] = (
    Subject(
        PublicationDuty,
        (
            Step("publication.duty_named", _duty, "duty_id", makes=True),
            Step("publication.duty_ended", _duty_ended, "duty_id"),
        ),
    ),
    Subject(
        Publication,
        (
            Step("publication.collected", _publication, makes=True),
            Step("publication.published", _shown),
            Step("publication.withheld", _hidden),
            Step("publication.taken_down", _hidden),
        ),
    ),
    # With a key of its own: the first version is made by the entry that makes the publication.
    Subject(
        PublicationVersion,
        tuple(
            Step(action, _version, "version_id", makes=True)
            for action in ("publication.collected", "publication.restated")
        ),
        key=lambda row: str(row.id),
    ),
    Subject(
        PublicationStep,
        tuple(Step(f"publication.{step}", _step(step), "step_id", makes=True) for step in STEPS),
        key=lambda row: str(row.id),
    ),
    Subject(
        PublicationPosting,
        (
            Step("publication.posted", _posting, "posting_id", makes=True),
            Step("publication.removed", _removed, "posting_id"),
        ),
    ),
    # Made by the entry of its step, and known by it.
    Subject(
        PublicationPush,
        (
            Step("publication.published", _push("publish"), "step_id", makes=True),
            Step("publication.taken_down", _push("withdraw"), "step_id", makes=True),
            Step("publication.pushed", _pushed, "step_id"),
            Step("publication.push_refused", ended("refused"), "step_id"),
            Step("publication.push_retried", lambda _: {"refused": None}, "step_id"),
        ),
        key=lambda row: str(row.step_id),
    ),
    Subject(PostingEvidence, (Step("publication.evidence_filed", _evidence, "evidence_id", makes=True),)),
)


def check_ended_publications(audit: Audit) -> None:
    """Name each that is ended otherwise than with its event, which the ledger accounts for; one that fell with its
    decision is none that another may take the place of, and is not ended."""
    row, step = Publication, PublicationStep
    fell = exists().where(step.publication_id == row.id, step.ground.in_(FOR_GOOD))
    with audit.archive.database.reading(snapshot=True) as session:
        of_event = select(row.id, row.ended_at, CaseEvent.withdrawn_at).join(CaseEvent, CaseEvent.id == row.event_id)
        otherwise = row.ended_at.is_distinct_from(CaseEvent.withdrawn_at) & ~(row.ended_at.is_(None) & fell)
        for publication_id, ended_at, withdrawn_at in session.execute(of_event.where(otherwise).order_by(row.id)):
            subject = f"publication {publication_id}: ended_at"
            audit.findings.add("row_differs", subject, str(withdrawn_at), str(ended_at))
