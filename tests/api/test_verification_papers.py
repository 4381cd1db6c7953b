"""Papers against the decisions that they name: nobody who holds the database puts one under another's name, unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from api.review_keys import review_keys, review_signer
from api.verification import verify_archive
from casework.deadlines.loading import load_shipped_terms
from casework.documents.drafts import begin_document
from casework.documents.finalising import finalise_document
from casework.documents.issuers import name_issuer
from casework.documents.signing import sign_document
from casework.documents.templates import load_shipped_templates
from casework.service.serving import Served, state_service
from tests.api.tampering import as_superuser, assert_each_is_named
from tests.api.test_verification_reviews import Bureau
from tests.casework.documents.conftest import DECISION
from tests.casework.sample_archive import OPERATOR

BEFORE = "UPDATE document_text SET facts = facts - 'party' - 'decided' - 'amount'"
UNNAMED = "UPDATE document SET issue_id = NULL;"
FIRST_VERSION = "(SELECT id FROM decision_version WHERE ordinal = 1 ORDER BY stated_at DESC LIMIT 1)"
# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE document SET issue_id = NULL", "issue_id"),
    ("UPDATE document SET issue_id = NULL", "paper_differs"),
    ("UPDATE document SET issue_id = gen_random_uuid()", "paper_differs"),
    ("UPDATE document_text SET facts = jsonb_set(facts, '{party}', '\"别人\"')", "paper_differs"),
    ("UPDATE document_text SET facts = jsonb_set(facts, '{amount}', '\"1.00\"')", "paper_differs"),
    ("UPDATE document_text SET facts = jsonb_set(facts, '{decided}', '\"罚款一元\"')", "paper_differs"),
    ("UPDATE decision_version SET party = '别人'", "paper_differs"),
    (f'{BEFORE}, fields = fields || \'{{"party": "别人"}}\'', "paper_differs"),
    (f'{BEFORE}, fields = fields || \'{{"penalty": "罚款一元"}}\'', "paper_differs"),
    (f'{BEFORE} || \'{{"amount": "1.00"}}\'', "paper_differs"),
    (f'{UNNAMED} {BEFORE}, fields = fields || \'{{"party": "别人"}}\'', "paper_differs"),
    ("UPDATE decision_version SET kind = 'coercion'", "paper_differs"),
    (f"UPDATE case_service SET version_id = {FIRST_VERSION}", "served_other_decision"),
)


@pytest.fixture
def stated(sealing: Any) -> Any:
    """A decision with its paper, final, and the paper's service."""
    keys, now = review_keys(sealing.archive.keyring), datetime.now(UTC)
    with sealing.archive.database.transaction() as session:
        bureau = Bureau(sealing, session)
        bureau.decide(review_signer(bureau.keyring))
        load_shipped_templates(session, now)
        load_shipped_terms(session, now)
        name_issuer(session, OPERATOR, bureau.officer.unit_id, name="江北区城市管理局", word="江综执")
        draft = begin_document(session, bureau.officer, bureau.case.id, "penalty_decision", DECISION, now)
        sign_document(session, bureau.supervisor, draft.document.id, "approver", now)
        finalise_document(session, bureau.officer, draft.document.id, now, keys)
        how = {"carrier": "本局公告栏", "ground": "下落不明", "document_id": draft.document.id}
        served = Served("posted", datetime.now(UTC), "某公司", **how)
        state_service(session, bureau.officer, bureau.case.id, served, keys, datetime.now(UTC))
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, and no constraint in the way."""
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


@pytest.mark.timeout(900)
def test_whatever_is_changed_between_a_paper_and_its_decision_is_named(stated: Any, superuser: Any) -> None:
    report = verify_archive(stated.archive, 0)
    assert (report.findings, report.counts["papers"]) == ((), 1)
    tables = ("document", "document_text", "decision_version", "case_service")
    assert_each_is_named(stated.archive, superuser, tables, TAMPERED)
