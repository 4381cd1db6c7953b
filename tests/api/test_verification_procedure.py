"""Checklists, acts and explanations against the ledger: nobody who holds the database rewrites them unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from casework.checklists.checklists import load_shipped_checklists
from casework.procedure.acts import add_act, correct_act, withdraw_act
from casework.procedure.contacts import state_notice_given
from casework.procedure.explanations import decide_explanation, explain_gap, withdraw_explanation
from casework.procedure.stating import Stated
from tests.api.tampering import as_superuser, assert_each_is_named

# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE recording_checklist SET rules = jsonb_set(rules, '{acts,0,recording}', '\"none\"')", "of_its_source"),
    ("UPDATE recording_checklist SET valid = daterange(lower(valid) + 1, upper(valid))", "valid_from"),
    ("DELETE FROM recording_checklist WHERE version = 2", "logged_row_missing"),
    ("UPDATE case_act SET withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL", "withdrawn"),
    ("UPDATE case_act SET withdrawn_at = now(), withdrawn_by = added_by, withdraw_reason = 'x'", "withdraw_reason"),
    ("UPDATE case_act SET case_id = gen_random_uuid()", "case_id"),
    ("DELETE FROM case_act", "logged_row_missing"),
    ("UPDATE case_act_statement SET kind = 'other'", "kind"),
    ("UPDATE case_act_statement SET span = tstzrange(lower(span), lower(span) + interval '1 s')", "ends_at"),
    ("UPDATE case_act_statement SET checklists = '[]'", "checklists"),
    ("UPDATE case_act_statement SET place = '别处'", "place"),
    ("UPDATE case_act_statement SET second_officer_id = NULL", "second_officer_id"),
    ("DELETE FROM case_act_statement WHERE ordinal = 1", "logged_row_missing"),
    ("DELETE FROM case_act_statement WHERE ordinal = 2", "logged_row_missing"),
    (
        "INSERT INTO case_act_statement SELECT gen_random_uuid(), unit_id, case_id, act_id, 3, kind, span, place,"
        " officer_id, second_officer_id, checklists, reason, stated_by, stated_at FROM case_act_statement"
        " WHERE ordinal = 2",
        "row_unaccounted",
    ),
    ("UPDATE act_explanation SET reason = '另有原因'", "reason"),
    ("UPDATE act_explanation SET given_by = gen_random_uuid()", "given_by"),
    ("UPDATE act_explanation SET decision = 'confirmed', decided_by = act_id, decided_at = now()", "decision"),
    ("UPDATE act_explanation SET span = tstzrange(lower(span), upper(span) + interval '1 hour')", "ends_at"),
    ("UPDATE act_explanation SET withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL", "withdrawn"),
    ("DELETE FROM act_explanation", "logged_row_missing"),
    ("UPDATE notice_given SET given_at = given_at - interval '1 h'", "given_at"),
    ("UPDATE notice_given SET document_number = '另一号'", "document_number"),
    ("DELETE FROM notice_given", "logged_row_missing"),
)
TABLES = (
    "recording_checklist",
    "case_act",
    "case_act_statement",
    "act_explanation",
    "notice_given",
)


@pytest.fixture
def kept(sealing: Any) -> Any:
    """A corrected act and a withdrawn one; explanations that were confirmed and withdrawn, refused, and left."""
    now = datetime.now(UTC)
    start, minute = now - timedelta(hours=3), timedelta(minutes=1)
    with sealing.archive.database.transaction() as session:
        load_shipped_checklists(session, now)
        officer, supervisor = sealing.people["officer"], sealing.people["supervisor"]
        people = (officer.id, supervisor.id)
        other = next(person for name, person in sealing.people.items() if name not in ("officer", "supervisor"))
        stated = Stated("seizure", start, start + 40 * minute, "观音桥", people)
        act = add_act(session, officer, sealing.case.id, stated, now).act
        correct_act(session, officer, act.id, stated, "地点补充", now)
        gone = add_act(session, officer, sealing.case.id, stated, now).act
        withdraw_act(session, supervisor, gone.id, "重复登记")
        made = [
            explain_gap(
                session, officer, act.id, starts_at=start, ends_at=start + each * minute, reason="电池耗尽", now=now
            )
            for each in (1, 2, 3)
        ]
        decide_explanation(session, other, made[0].id, confirmed=True)
        withdraw_explanation(session, officer, made[0].id, "时间有误")
        decide_explanation(session, other, made[1].id, confirmed=False, reason="与回执不符")
        told = {"person_id": officer.id, "given_at": start, "document_number": "江综执告〔2026〕7号"}
        state_notice_given(session, officer, sealing.case.id, **told, now=now)
    sealing.settle()
    return sealing


DROPPED = (
    ("case_act_statement", "ck_case_act_statement_checklists"),
    ("act_explanation", "ck_act_explanation_decided_by_somebody_else"),
)


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, and no constraint in the way."""
    with as_superuser(server, addresses, *DROPPED, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_procedure_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert_each_is_named(kept.archive, superuser, TABLES, TAMPERED)
