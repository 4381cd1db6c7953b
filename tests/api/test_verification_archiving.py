"""Archived cases against the ledger: nobody who holds the database rewrites classes, catalogues or rules unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from api.verification import verify_archive
from casework.archiving.archives import archive_case, supplement_archive
from casework.archiving.readiness import Wanted
from casework.archiving.retention_rules import load_shipped_retention
from casework.archiving.secrecy import state_secrecy
from casework.closing import close_case
from casework.linking.by_hand import link_by_hand
from tests.api.tampering import as_superuser, assert_each_is_named

# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE retention_rule SET rules = jsonb_set(rules, '{cases,0,at_least}', '\"general\"')", "of_its_source"),
    ("UPDATE retention_rule SET in_force_at = NULL", "in_force"),
    ("DELETE FROM retention_rule WHERE version = 2", "logged_row_missing"),
    ("UPDATE retention_class SET keep_months = 1 WHERE code = 'permanent'", "keep_months"),
    ("INSERT INTO retention_class VALUES ('a_day', '一天', 'A day', 1)", "row_unaccounted"),
    ("UPDATE case_secrecy SET secrecy_class = 'ordinary' WHERE ordinal = 2", "secrecy_class"),
    ("UPDATE case_secrecy SET reason = '另有原因' WHERE ordinal = 2", "reason"),
    ("UPDATE case_secrecy SET stated_by = gen_random_uuid()", "stated_by"),
    ("UPDATE case_secrecy SET stated_at = stated_at - interval '9 days'", "stated_at"),
    ("DELETE FROM case_secrecy WHERE ordinal = 2", "logged_row_missing"),
    (
        "INSERT INTO case_secrecy SELECT gen_random_uuid(), unit_id, case_id, 3, 'ordinary', NULL, stated_by, stated_at"
        " FROM case_secrecy WHERE ordinal = 1",
        "row_unaccounted",
    ),
    ("UPDATE case_archive SET secrecy_class = 'ordinary'", "secrecy_class"),
    ("UPDATE case_archive SET retention_class = 'general'", "retention_class"),
    ("UPDATE case_archive SET rules = '[]'", "rules"),
    ("UPDATE case_archive SET skipped_reason = '另有原因'", "skipped_reason"),
    ("UPDATE case_archive SET archived_by = gen_random_uuid()", "archived_by"),
    ("UPDATE case_archive SET archived_at = archived_at - interval '9 days'", "archived_at"),
    ("DELETE FROM case_archive", "logged_row_missing"),
    ("UPDATE case_catalogue SET content = 'x', sha256 = sha256('x') WHERE version = 1", "sha256"),
    ("UPDATE case_catalogue SET reason = '另有原因' WHERE version = 2", "reason"),
    ("UPDATE case_catalogue SET version = 3 WHERE version = 2", "version"),
    ("UPDATE case_catalogue SET made_by = gen_random_uuid()", "made_by"),
    ("DELETE FROM case_catalogue WHERE version = 1", "logged_row_missing"),
    ("DELETE FROM case_catalogue WHERE version = 2", "logged_row_missing"),
)
TABLES = ("retention_rule", "retention_class", "case_secrecy", "case_archive", "case_catalogue")


@pytest.fixture
def kept(sealing: Any) -> Any:
    """A case that was closed early, archived with a reason, and supplemented; its class made stricter in between."""
    people, case_id, keys = sealing.people, sealing.case.id, sealing.archive.key_store
    first, late = sealing.seal(b"first"), sealing.seal(b"late")
    with sealing.archive.database.transaction() as session:
        load_shipped_retention(session, datetime.now(UTC))
        said = {"recording_id": first.id, "case_id": case_id, "stage": "initiation", "reason": "同一现场"}
        link_by_hand(session, people["officer"], **said)
        close_case(session, people["supervisor"], case_id, "撤销案件")
        state_secrecy(session, people["officer"], case_id, "privacy", licensed=False)
        state_secrecy(session, people["officer"], case_id, "business_secret", "涉及配方", licensed=False)
        archive_case(session, people["supervisor"], case_id, Wanted(None, "permanent", "撤销案件"), keys)
    with sealing.archive.database.transaction() as session:
        supplement_archive(session, people["supervisor"], case_id, [(late.id, "initiation")], "存储卡修复", keys)
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off."""
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_archiving_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert_each_is_named(kept.archive, superuser, TABLES, TAMPERED)


def test_a_catalogue_whose_bytes_are_not_its_digest_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    superuser.execute("ALTER TABLE case_catalogue DROP CONSTRAINT ck_case_catalogue_sha256")
    superuser.execute("UPDATE case_catalogue SET content = 'x' WHERE version = 1")
    superuser.commit()
    named = [each.subject.rpartition(": ")[2] for each in verify_archive(kept.archive, 0).findings]
    assert named == ["table case_catalogue", "of_its_content"]
