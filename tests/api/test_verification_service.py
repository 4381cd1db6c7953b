"""Services against the ledger: nobody who holds the database says otherwise, unseen, how something was served."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from casework.checklists.checklists import load_shipped_checklists
from casework.deadlines.loading import load_shipped_terms
from casework.service.serving import Served, state_service, withdraw_service
from tests.api.tampering import as_superuser, assert_each_is_named

# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE case_service SET method = 'entrusted'", "method"),
    ("UPDATE case_service SET addressee = '李某'", "addressee"),
    ("UPDATE case_service SET document_number = document_number || '另一号'", "document_number"),
    ("UPDATE case_service SET served_at = served_at - interval '1 day'", "served_at"),
    ("UPDATE case_service SET counts_on = counts_on - 1", "counts_on"),
    ("UPDATE case_service SET rule_id = NULL", "rule_id"),
    ("UPDATE case_service SET carrier = '别处'", "carrier"),
    ("UPDATE case_service SET ground = NULL", "ground"),
    ("UPDATE case_service SET place = '别处'", "place"),
    ("UPDATE case_service SET receiver = '别人'", "receiver"),
    ("UPDATE case_service SET witnesses = '别人'", "witnesses"),
    ("UPDATE case_service SET recording_id = gen_random_uuid()", "recording_id"),
    ("UPDATE case_service SET receipt_id = gen_random_uuid()", "receipt_id"),
    ("UPDATE case_service SET act_id = gen_random_uuid()", "act_id"),
    ("UPDATE case_service SET document_id = gen_random_uuid()", "document_id"),
    ("UPDATE case_service SET version_id = gen_random_uuid(), decision_id = gen_random_uuid()", "served_unissued"),
    ("UPDATE case_service SET stated_by = gen_random_uuid()", "stated_by"),
    ("UPDATE case_service SET withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL", "withdrawn"),
    ("UPDATE case_service SET withdraw_reason = '另有原因' WHERE withdrawn_at IS NOT NULL", "withdraw_reason"),
    ("DELETE FROM case_service", "logged_row_missing"),
    (
        "INSERT INTO case_service SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid()))).*"
        " FROM case_service s WHERE withdrawn_at IS NOT NULL",
        "row_unaccounted",
    ),
)
DROPPED = (
    ("case_service", "ck_case_service_counted"),
    ("case_service", "ck_case_service_with_its_ground"),
    ("case_service", "ck_case_service_received"),
    ("case_service", "ck_case_service_with_its_proof"),
)


@pytest.fixture
def kept(sealing: Any) -> Any:
    """A public notice that stands, and one that was withdrawn."""
    now = datetime.now(UTC)
    with sealing.archive.database.transaction() as session:
        load_shipped_checklists(session, now)
        load_shipped_terms(session, now)
        officer, supervisor = sealing.people["officer"], sealing.people["supervisor"]
        facts = {"carrier": "本局公告栏", "ground": "下落不明", "place": "观音桥", "witnesses": "社区代表 陈某"}
        for days in (1, 2):
            served = Served(
                "posted", now - timedelta(days=days), "张某", document_number="江综执罚决〔2026〕7号", **facts
            )
            row = state_service(session, officer, sealing.case.id, served, (), now)
        withdraw_service(session, supervisor, row.id, "误登")
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, and no constraint in the way."""
    with as_superuser(server, addresses, *DROPPED, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_a_service_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert_each_is_named(kept.archive, superuser, ("case_service",), TAMPERED)
