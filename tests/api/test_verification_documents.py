"""Documents against the ledger: nobody who holds the database rewrites one unseen, nor its seal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from api.documents import seal_document
from api.review_keys import review_keys
from api.verification import verify_archive
from casework.documents.drafts import begin_document, save_document, withdraw_document
from casework.documents.finalising import finalise_document
from casework.documents.issuers import name_issuer
from casework.documents.reading import read_for_a_reason
from casework.documents.seals import make_seal
from casework.documents.signing import sign_document, state_signature
from casework.documents.templates import load_shipped_templates
from casework.handling import name_officer
from casework.register.certificates import add_certificate
from storage.ledger.append import Actor
from tests.api.tampering import as_superuser, assert_each_is_named
from tests.casework.documents.conftest import INQUIRY, NOTICE

OPERATOR = Actor.system("admin")
# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE document_template SET rules = jsonb_set(rules, '{signatures}', '{}')", "of_its_source"),
    ("UPDATE document_template SET valid = daterange(lower(valid) + 1, upper(valid))", "valid_from"),
    ("DELETE FROM document_template WHERE rules ->> 'kind' = 'closing_report'", "logged_row_missing"),
    ("UPDATE document_issuer SET word = '某执'", "word"),
    ("UPDATE document_issuer SET name = '某局'", "name"),
    ("UPDATE unit_seal SET name = '某章'", "name"),
    (
        "UPDATE unit_seal SET certificate = certificate || 'x', certificate_sha256 = sha256(certificate || 'x')",
        "certificate_digest",
    ),
    ("UPDATE unit_seal SET chain = ''", "chain_digest"),
    ("UPDATE unit_seal SET ended_at = now(), end_reason = '停用'", "ended"),
    ("UPDATE document SET kind = 'closing_report'", "kind"),
    ("UPDATE document SET issues_decision = NOT issues_decision", "issues_decision"),
    ("UPDATE document SET stage = 'decision'", "stage"),
    ("UPDATE document SET withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL", "withdrawn"),
    ("UPDATE document SET withdraw_reason = '另有原因' WHERE withdrawn_at IS NOT NULL", "withdraw_reason"),
    ("DELETE FROM document", "logged_row_missing"),
    ("UPDATE document_text SET fields = jsonb_set(fields, '{person}', '\"另一人\"')", "text_digest"),
    ("UPDATE document_text SET facts = jsonb_set(facts, '{case_title}', '\"另案\"')", "text_digest"),
    ("DELETE FROM document_text WHERE ordinal = 1", "logged_row_missing"),
    ("UPDATE document_signature SET name = '某人' WHERE role = 'party'", "name"),
    ("UPDATE document_signature SET outcome = 'refused', note = '拒签' WHERE role = 'party'", "outcome"),
    ("UPDATE document_signature SET signed_at = signed_at - interval '9 days'", "signed_at"),
    ("DELETE FROM document_signature WHERE role = 'party'", "logged_row_missing"),
    ("UPDATE document_number SET number = 7", "number"),
    ("UPDATE document_number SET word = '某执责改'", "word"),
    ("DELETE FROM document_number", "logged_row_missing"),
    ("UPDATE final_document SET pdf = set_byte(pdf, 900, 65), sha256 = sha256(set_byte(pdf, 900, 65))", "pdf_digest"),
    ("UPDATE final_document SET pdf = set_byte(pdf, 900, 65)", "pdf_digest"),
    ("UPDATE final_document SET dated_on = dated_on - 1", "dated_on"),
    ("UPDATE final_document SET rendered_with = '{}'", "rendered_with"),
    ("DELETE FROM final_document", "logged_row_missing"),
    ("UPDATE sealed_document SET pdf = set_byte(pdf, 900, 65)", "seal_invalid"),
    ("UPDATE sealed_document SET pdf = set_byte(pdf, octet_length(pdf) - 9, 65)", "seal_invalid"),
    ("UPDATE sealed_document SET stamped_at = stamped_at - interval '1 day'", "stamped_at"),
    ("DELETE FROM sealed_document", "logged_row_missing"),
    ("UPDATE document_reading SET reason = '另有原因'", "reason"),
    ("UPDATE document_reading SET person_id = (SELECT begun_by FROM document LIMIT 1)", "person_id"),
    ("UPDATE document_reading SET read_at = read_at - interval '1 day'", "read_at"),
    ("DELETE FROM document_reading", "logged_row_missing"),
    (
        "INSERT INTO document_signature SELECT gen_random_uuid(), unit_id, case_id, document_id, text_id, 'witness',"
        " NULL, '某人', 'signed', NULL, signed_at, stated_by, stated_at FROM document_signature LIMIT 1",
        "row_unaccounted",
    ),
)
TABLES = (
    "document_template",
    "document_issuer",
    "unit_seal",
    "document",
    "document_text",
    "document_signature",
    "document_number",
    "final_document",
    "sealed_document",
    "document_reading",
)


@pytest.fixture
def kept(sealing: Any) -> Any:
    """A record that was saved twice, signed and made final; a notice that was numbered and sealed; one withdrawn."""
    now = datetime.now(UTC)
    officer, supervisor, other = (sealing.people[name] for name in ("officer", "supervisor", "other"))
    with sealing.archive.database.transaction() as session:
        load_shipped_templates(session, now)
        name_issuer(session, OPERATOR, sealing.unit.id, name="江北区城市管理局", word="江综执")
        make_seal(session, OPERATOR, sealing.archive.seal_keys, sealing.unit.id, "江北区城市管理局", now)
        for number, person in enumerate((officer, other), 1):
            add_certificate(
                session, OPERATOR, person.id, number=f"Z{number}", valid_from=date(2020, 1, 1), last_day=None
            )
            name_officer(session, supervisor, sealing.case.id, person.id)
        record = begin_document(session, officer, sealing.case.id, "inquiry_record", {}, now).document.id
        save_document(session, officer, record, INQUIRY, 1, now)
        for person in (officer, other):
            sign_document(session, person, record, "officer", now)
        state_signature(
            session, officer, record, "party", name="陈强", outcome="signed", signed_at=now, note=None, now=now
        )
        finalise_document(session, officer, record, now, review_keys(sealing.archive.keyring))
        notice = begin_document(session, officer, sealing.case.id, "correction_notice", NOTICE, now).document.id
        finalise_document(session, officer, notice, now, review_keys(sealing.archive.keyring))
        wrong = begin_document(session, officer, sealing.case.id, "correction_notice", {}, now).document.id
        withdraw_document(session, officer, wrong, "写错了人")
        read_for_a_reason(session, other, notice, "核对", datetime.now(UTC))
    assert seal_document(sealing.archive, officer, notice).stamped_at is not None
    sealing.settle()
    return sealing


DROPPED = (
    ("final_document", "ck_final_document_bytes"),
    ("sealed_document", "ck_sealed_document_bytes"),
    ("unit_seal", "ck_unit_seal_certificate_sha256"),
    ("document", "ck_document_issues_decision"),
)


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off."""
    with as_superuser(server, addresses, *DROPPED, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_documents_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert verify_archive(kept.archive, 0).counts["documents"] == 1
    assert_each_is_named(kept.archive, superuser, TABLES, TAMPERED)
