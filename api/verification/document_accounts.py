"""Documents as the ledger tells them: issuers, seals; texts, signatures, numbers, final and sealed forms."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.documents import (
    DOCUMENT_KINDS,
    Document,
    DocumentIssuer,
    DocumentNumber,
    DocumentReading,
    DocumentSignature,
    DocumentText,
    FinalDocument,
    SealedDocument,
    UnitSeal,
)

_BEGUN = ("case_id", "kind", "stage", "template_id", "act_id", "issue_id")


def _issuer(entry: LedgerEntry) -> Facts:
    named = {**pledged(entry, "name", "word"), **made_at(entry, "named_at")}
    return {"ended": None, "unit_id": unit_of(entry), **named}


def _seal(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "certificate_sha256"), **pledged(entry, "name"), **made_at(entry, "registered_at")}
    digests: Facts = {
        "certificate_digest": entry.data.get("certificate_sha256"),
        "chain_digest": entry.data.get("chain_sha256"),
    }
    return {"ended": None, "end_reason": None, "unit_id": unit_of(entry), **stated, **digests}


def _begun(entry: LedgerEntry) -> Facts:
    standing: Facts = {"withdrawn": None, "withdrawn_by": None, "withdraw_reason": None}
    what = DOCUMENT_KINDS.get(str(entry.data.get("kind")))
    by: Facts = {"unit_id": unit_of(entry), "begun_by": entry.actor_id, **made_at(entry, "begun_at")}
    issues: Facts = {"issues_decision": what is not None and what.issues_decision}
    return {**standing, **as_stated(entry, *_BEGUN), **issues, **by}


def _of_document(entry: LedgerEntry, *names: str) -> Facts:
    return {"unit_id": unit_of(entry), "document_id": entry.subject_id, **as_stated(entry, "case_id", *names)}


def _saved(entry: LedgerEntry) -> Facts:
    said = {**pledged(entry, "sha256"), **pledged(entry, text_digest="sha256")}
    return {**_of_document(entry, "ordinal"), **said, "saved_by": entry.actor_id, **made_at(entry, "saved_at")}


def _signed(entry: LedgerEntry) -> Facts:
    stated = _of_document(entry, "text_id", "role", "outcome", "person_id", "signed_at")
    by: Facts = {"note": None, "stated_by": entry.actor_id, **made_at(entry, "stated_at")}
    return {**stated, **by, **pledged(entry, "name", "note")}


def _numbered(entry: LedgerEntry) -> Facts:
    stated = {**as_stated(entry, "year", "number"), **pledged(entry, "word"), **made_at(entry, "drawn_at")}
    by: Facts = {"unit_id": entry.data.get("issuer_id"), "document_id": entry.subject_id, "drawn_by": entry.actor_id}
    return {**stated, **by}


def _finalised(entry: LedgerEntry) -> Facts:
    stated = _of_document(entry, "text_id", "number_id", "dated_on", "size_bytes", "rendered_with")
    return {**stated, **_bytes(entry), "finalised_by": entry.actor_id, **made_at(entry, "finalised_at")}


def _sealed(entry: LedgerEntry) -> Facts:
    stated = _of_document(entry, "final_id", "seal_id", "size_bytes", "stamped_at")
    return {**stated, **_bytes(entry), "sealed_by": entry.actor_id, **made_at(entry, "sealed_at")}


def _read(entry: LedgerEntry) -> Facts:
    said = {"reason": None, **pledged(entry, "reason")}
    return {**_of_document(entry, "because_id"), **said, "person_id": entry.actor_id, **made_at(entry, "read_at")}


def _bytes(entry: LedgerEntry) -> Facts:
    """The digest that the row states, and that of the bytes which it keeps."""
    return {"sha256": entry.data.get("pdf_sha256"), "pdf_digest": entry.data.get("pdf_sha256")}


DOCUMENT_SUBJECTS: Sequence[Subject] = (
    Subject(
        DocumentIssuer,
        (Step("issuer.named", _issuer, makes=True), Step("issuer.ended", ended("ended"))),
    ),
    Subject(
        UnitSeal,
        (
            Step("seal.registered", _seal, makes=True),
            Step("seal.ended", ended("ended", None, "end_reason")),
        ),
    ),
    Subject(
        Document,
        (
            Step("document.begun", _begun, makes=True),
            Step("document.withdrawn", ended("withdrawn", "withdrawn_by", "withdraw_reason")),
        ),
    ),
    Subject(DocumentText, (Step("document.saved", _saved, "text_id", makes=True),)),
    Subject(DocumentSignature, (Step("document.signed", _signed, "signature_id", makes=True),)),
    Subject(DocumentNumber, (Step("document.numbered", _numbered, "number_id", makes=True),)),
    Subject(FinalDocument, (Step("document.finalised", _finalised, "final_id", makes=True),)),
    Subject(DocumentReading, (Step("document.read", _read, "reading_id", makes=True),)),
    Subject(SealedDocument, (Step("document.sealed", _sealed, "sealed_id", makes=True),)),
)
