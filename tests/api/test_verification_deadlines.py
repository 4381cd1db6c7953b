"""Terms and days off against the ledger: nobody who holds the database rewrites them unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from casework.deadlines.events import enter_event, fulfil_term, withdraw_event
from casework.deadlines.loading import load_shipped_terms, load_year
from storage.catalog.deadlines import CaseTerm
from storage.ledger.append import Actor
from tests.api.tampering import as_superuser, assert_each_is_named
from tests.databases import let_cases_be_of_before

# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE term_rule SET rules = jsonb_set(rules, '{rank}', '99')", "of_its_source"),
    ("UPDATE term_rule SET rules = jsonb_set(rules, '{terms,0,days}', '70')", "of_its_source"),
    ("UPDATE term_rule SET valid = daterange(lower(valid) + 1, upper(valid))", "valid_from"),
    ("UPDATE term_rule SET in_force_at = NULL", "in_force"),
    ("DELETE FROM term_rule WHERE version = 2", "logged_row_missing"),
    ("UPDATE calendar_year SET source = replace(source, '2040-01-02', '2040-01-03')", "of_its_source"),
    ("UPDATE calendar_year SET source = 'year: 2041', source_sha256 = sha256('year: 2041')", "source_sha256"),
    ("UPDATE calendar_year SET ordinal = 3 WHERE ordinal = 1", "ordinal"),
    ("UPDATE calendar_year SET loaded_by = gen_random_uuid()", "loaded_by"),
    ("DELETE FROM calendar_year WHERE ordinal = 2", "logged_row_missing"),
    (
        "INSERT INTO calendar_year SELECT gen_random_uuid(), year, 3, source, source_sha256, loaded_by, loaded_at"
        " FROM calendar_year WHERE ordinal = 1",
        "row_unaccounted",
    ),
    ("UPDATE case_event SET day = day + 1", "day"),
    ("UPDATE case_event SET kind = 'case_filed'", "kind"),
    ("UPDATE case_event SET withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL", "withdrawn"),
    ("UPDATE case_event SET withdraw_reason = '另有原因' WHERE withdrawn_at IS NOT NULL", "withdraw_reason"),
    ("UPDATE case_event SET entered_at = entered_at - interval '9 days'", "entered_at"),
    ("DELETE FROM case_event", "logged_row_missing"),
    ("UPDATE case_term SET done_on = done_on - 1", "done_on"),
    ("UPDATE case_term SET done_on = NULL, done_by = NULL, done_at = NULL", "done"),
    ("UPDATE case_term SET done_by = gen_random_uuid() WHERE done_on IS NOT NULL", "done_by"),
    ("DELETE FROM case_term WHERE done_on IS NULL", "logged_row_missing"),
    ("UPDATE term_answer SET due_on = due_on + 1 WHERE ordinal = 2", "due_on"),
    ("UPDATE term_answer SET estimate = estimate + 1 WHERE ordinal = 1", "estimate"),
    ("UPDATE term_answer SET rule_id = (SELECT id FROM term_rule WHERE jurisdiction = 'CN-law' LIMIT 1)", "rule_id"),
    ("UPDATE term_answer SET because = 'rules' WHERE ordinal = 2", "because"),
    ("UPDATE term_answer SET computed_at = computed_at - interval '9 days'", "computed_at"),
    ("DELETE FROM term_answer WHERE ordinal = 2", "logged_row_missing"),
    ("DELETE FROM term_answer WHERE ordinal = 1", "logged_row_missing"),
)
TABLES = ("term_rule", "calendar_year", "case_event", "case_term", "term_answer")
YEAR = "year: 2040\nsource: 样例\ndays_off: [2040-01-02]\nmakeup_days: []\n"


@pytest.fixture
def kept(sealing: Any, addresses: Any) -> Any:
    """What the package ships, and a year that was changed, and with it terms; a withdrawn event, and what was done."""
    let_cases_be_of_before(addresses)
    with sealing.archive.database.transaction() as session:
        load_shipped_terms(session, datetime.now(UTC))
        officer, supervisor, case_id = sealing.people["officer"], sealing.people["supervisor"], sealing.case.id
        now = datetime(2039, 12, 30, tzinfo=UTC)
        filed = enter_event(session, officer, case_id, "case_filed", date(2039, 10, 4), now)
        decided = enter_event(session, officer, case_id, "penalty_decided", date(2026, 3, 9), now)
        withdraw_event(session, supervisor, filed.id, "非本案")
        enter_event(session, officer, case_id, "case_filed", date(2039, 10, 5), now)
        published = select(CaseTerm).where(CaseTerm.event_id == decided.id, CaseTerm.kind == "publish_penalty")
        fulfil_term(session, officer, session.scalars(published).one().id, date(2026, 3, 10), now)
        for text in (YEAR, YEAR.replace("样例", "更正")):
            load_year(session, Actor.system("admin"), text.encode())
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off."""
    with as_superuser(server, addresses, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_deadlines_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert_each_is_named(kept.archive, superuser, TABLES, TAMPERED)
