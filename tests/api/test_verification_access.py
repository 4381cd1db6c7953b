"""Rules of retrieval, posts, requests, papers and grants against the ledger: nobody lets himself in unseen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.verification import verify_archive
from casework.handling import name_officer
from casework.requests import approve, ask, revoke
from casework.retrieval.attachments import Vault, file_attachment
from casework.retrieval.posts import end_post, name_to_post
from casework.retrieval.rules import load_shipped_retrieval_rules
from casework.retrieval.visitors import Visitor
from storage.ledger.append import Actor
from tests.api.tampering import as_superuser, assert_each_is_named

OPERATOR = Actor.system("admin")
PARTY = Visitor("party", "李雷", "居民身份证 500000199001010000")
# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE retrieval_rule SET rules = jsonb_set(rules, '{ways,0,approval}', '\"chief\"')", "of_its_source"),
    ("UPDATE retrieval_rule SET source_sha256 = sha256('x')", "source_sha256"),
    ("UPDATE retrieval_rule SET valid = daterange(lower(valid) + 1, upper(valid))", "valid_from"),
    ("DELETE FROM retrieval_rule", "logged_row_missing"),
    ("UPDATE person_post SET ended_at = NULL, end_reason = NULL, ended_by = NULL", "ended"),
    ("UPDATE person_post SET post = 'head_of_legal'", "post"),
    ("UPDATE person_post SET named_at = named_at - interval '9 days'", "named_at"),
    ("UPDATE person_post SET person_id = (SELECT id FROM person WHERE name = 'officer')", "person_id"),
    ("DELETE FROM person_post", "logged_row_missing"),
    ("UPDATE access_request SET who = 'staff', approval = NULL WHERE who = 'handler'", "who"),
    ("UPDATE access_request SET approval = 'chief' WHERE approval = 'none'", "approval"),
    ("UPDATE access_request SET needs = '[]'", "needs"),
    ("UPDATE access_request SET longest_hours = 4320", "longest_hours"),
    ("UPDATE access_request SET rule_id = NULL", "rule_id"),
    ("UPDATE access_request SET visitor_name = '韩梅梅' WHERE visitor_name IS NOT NULL", "visitor_name"),
    ("UPDATE access_request SET visitor_document = '护照' WHERE visitor_name IS NOT NULL", "visitor_document"),
    ("UPDATE access_request SET body_name = '某局' WHERE visitor_name IS NOT NULL", "body_name"),
    ("UPDATE access_request SET decided_by = gen_random_uuid() WHERE decided_by IS NULL", "decided_by"),
    ("UPDATE access_grant SET approved_by = gen_random_uuid() WHERE approved_by IS NULL", "approved_by"),
    ("UPDATE access_grant SET approved_by = NULL WHERE approved_by IS NOT NULL", "approved_by"),
    ("UPDATE access_grant SET expires_at = expires_at + interval '9 days'", "expires_at"),
    ("UPDATE access_request SET unredacted = true, unredacted_reason = 'x' WHERE kind = 'copy'", "unredacted"),
    ("UPDATE access_grant SET unredacted = true, consent_reason = 'x'", "unredacted"),
    ("UPDATE access_grant SET revoked_at = NULL, revoked_by = NULL", "revoked"),
    ("UPDATE request_attachment SET name = 'x.pdf'", "name"),
    ("UPDATE request_attachment SET kind = 'letter'", "kind"),
    ("UPDATE request_attachment SET sha256 = sha256('x')", "sha256"),
    ("UPDATE request_attachment SET filed_by = gen_random_uuid()", "filed_by"),
    ("UPDATE request_attachment SET ciphertext_sha256 = sha256('x')", "object_differs"),
    ("DELETE FROM request_attachment WHERE kind = 'identity'", "object_orphaned"),
    (
        "INSERT INTO access_grant SELECT gen_random_uuid(), unit_id, id, case_id, person_id, kind, NULL, now(),"
        " now() + interval '9 days' FROM access_request WHERE state = 'pending'",
        "row_unaccounted",
    ),
)
TABLES = ("retrieval_rule", "person_post", "access_request", "request_attachment", "access_grant")


@pytest.fixture
def kept(sealing: Any) -> Any:
    """An officer who viewed directly; a party with papers, let in by the chief; who still waits; a post that ended."""
    archive, people, case_id, now = sealing.archive, sealing.people, sealing.case.id, datetime.now(UTC)
    vault = Vault(archive.store, archive.key_store, archive.work_folder)
    with archive.database.transaction() as session:
        load_shipped_retrieval_rules(session, now)
        officer = people["officer"]
        name_officer(session, officer, case_id, officer.id)
        ask(session, officer, case_id=case_id, kind="view", purpose="办理本案")
        post = name_to_post(session, OPERATOR, people["other"].id, "chief")
        asked = ask(session, officer, case_id=case_id, kind="view", purpose="陈述申辩", visitor=PARTY)
        for kind in ("letter", "identity"):
            content = b"%PDF-1.7" + os.urandom(500)
            file_attachment(session, officer, vault, asked.id, kind=kind, name=f"{kind}.pdf", content=content)
        grant = approve(session, people["other"], asked.id, expires_at=now + timedelta(days=1), now=now)
        revoke(session, people["other"], grant.id, "已看完")
        end_post(session, OPERATOR, post.id, "调任")
        ask(session, people["supervisor"], case_id=case_id, kind="copy", purpose="移送法院")
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off."""
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_who_may_see_what_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert_each_is_named(kept.archive, superuser, TABLES, TAMPERED)


def test_one_flipped_byte_of_a_paper_is_found(kept: Any) -> None:
    report = verify_archive(kept.archive, 0)
    assert (report.findings, report.counts["attachments"]) == ((), 2)
    paper = next(path for path in Path(kept.settings.data).rglob("attachments/*/*") if path.is_file())
    content = bytearray(paper.read_bytes())
    content[len(content) // 2] ^= 1
    paper.chmod(0o600)
    paper.write_bytes(content)
    assert {each.code for each in verify_archive(kept.archive, 0).findings} == {"object_differs"}
