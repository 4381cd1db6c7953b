"""Attempts to have what is in scope count as out of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from casework.case_procedures import state_procedure
from casework.deadlines.events import enter_event
from casework.review.decisions import change_decision
from integrity.local_time import chinese_day
from storage.catalog.decisions import DecisionVersion
from tests.casework.review.attempts.known import ATTEMPTS, Attempt, Strike, attempt, issue, passed
from tests.casework.review.scene import Scene, insert_into


def moved_away(scene: Scene, by_hand: bool) -> Strike:
    """In scope by its bureau's own rule; then the unit leaves the bureau."""
    bench = scene.bench
    scene.insert("review_scope_rule", scene.rule_row({"amount_from_fen": 1}, unit_id=bench.bureau.id))
    version = scene.do(lambda b: b.draft(b.small()))
    if by_hand:
        scene.insert("decision_version", scene.version_row(version))
        rows = scene.run("SELECT id FROM decision_version WHERE ordinal = 2")
        version.id = rows[0][0]
    scene.run("UPDATE unit SET parent_id = NULL WHERE id = %(id)s", {"id": bench.unit.id})
    return issue(scene, version)


@attempt("kept_scope")
def a_unit_that_leaves_its_bureau(scene: Scene) -> Strike:
    return moved_away(scene, by_hand=False)


@attempt("own_scope")
def a_version_that_says_it_needs_no_review(scene: Scene) -> Strike:
    return moved_away(scene, by_hand=True)


@attempt("present_scope", "whole_amount")
def one_fine_in_two_parts(scene: Scene) -> Strike:
    first = scene.do(lambda b: b.draft(b.said(amount_fen=3_000_000)))
    scene.do(lambda b: b.draft(b.said(amount_fen=3_000_000)))
    return issue(scene, first)


@attempt()
def one_fine_in_two_parts_for_one_party_written_otherwise(scene: Scene) -> Strike:
    first = scene.do(lambda b: b.draft(b.said(amount_fen=3_000_000, party="重庆某建筑公司")))
    scene.do(lambda b: b.draft(b.said(amount_fen=3_000_000, party="重庆 某建筑公司（负责人：Ｚhang）")))
    return issue(scene, first)


@attempt("facts_stay")
def a_fact_that_is_stated_no_more(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft(b.small(facts=("complex",))))
    later = scene.do(
        lambda b: change_decision(b.session, b.officer, version.decision_id, b.small(), "改", former=version.id)
    )
    return issue(scene, later)


@attempt("hearing_procedure")
def a_measure_within_a_hearing_procedure(scene: Scene) -> Strike:
    def deed(bench: Any) -> DecisionVersion:
        case = bench.another_case(stage="investigation")
        state_procedure(bench.session, bench.officer, case.id, "hearing_penalty", "当事人要求听证")
        said = bench.said(kind="coercion", measures=("seizure",), amount_fen=None, facts=())
        version: DecisionVersion = bench.draft(said, case)
        return version

    return issue(scene, scene.do(deed))


@attempt("hearing_act")
def a_hearing_that_is_said_not_to_have_been(scene: Scene) -> Strike:
    act_id = scene.act_row(scene.bench.case, "hearing", datetime.now(UTC) - timedelta(days=3))
    ended = "withdrawn_at = now(), withdrawn_by = %(by)s, withdraw_reason = 'x'"
    values = {"by": scene.bench.supervisor.id, "id": act_id}
    scene.run(f"UPDATE case_act SET {ended} WHERE id = %(id)s", values)
    return issue(scene, scene.do(lambda b: b.draft(b.small())))


@attempt("hearing_event")
def a_hearing_that_is_an_event_alone(scene: Scene) -> Strike:
    scene.do(
        lambda b: enter_event(b.session, b.officer, b.case.id, "hearing_held", date(2026, 1, 5), datetime.now(UTC))
    )
    return issue(scene, scene.do(lambda b: b.draft(b.small())))


@attempt("case_kind")
def a_penalty_in_a_case_of_an_inspection(scene: Scene) -> Strike:
    def deed(bench: Any) -> DecisionVersion:
        case = bench.another_case("routine_check")
        said = bench.said(kind="inspection", measures=("correction",), amount_fen=None)
        version: DecisionVersion = bench.draft(said, case)
        return version

    version = scene.do(deed)
    other = {"kind": "penalty", "measures": Jsonb(["warning"])}
    return lambda: scene.insert("decision_version", scene.version_row(version, **other))


@attempt()
def a_list_that_ends_today(scene: Scene) -> Strike:
    scene.do(lambda b: b.draft())
    today = chinese_day(datetime.now(UTC))
    return lambda: scene.run(
        "UPDATE review_scope_rule SET valid = daterange(lower(valid), %(today)s)", {"today": today}
    )


@attempt()
def a_case_that_is_said_to_be_of_before(scene: Scene) -> Strike:
    bench = scene.bench
    row = {"unit_id": bench.unit.id, "number": "旧1", "title": "旧", "kind": "penalty", "stage": "initiation"}
    opened = {"opened_by": bench.officer.id, "opened_at": datetime(2018, 6, 1, tzinfo=UTC)}
    return lambda: scene.insert("case", {**row, **opened})


@attempt()
def a_version_that_is_dated_back(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft())
    row = scene.version_row(version, stated_at=datetime(2018, 6, 1, tzinfo=UTC))
    return lambda: scene.insert("decision_version", row)


def update(statement: str) -> Attempt:
    def prepare(scene: Scene) -> Strike:
        passed(scene)
        return lambda: scene.run(statement)

    return prepare


for _name, _statement in {
    "the_amount_is_updated": "UPDATE decision_version SET amount_fen = 1",
    "the_scope_is_updated": "UPDATE decision_version SET scope = '[]'",
    "the_party_is_updated": "UPDATE decision_version SET party_kind = 'citizen'",
    "the_opinion_is_updated": "UPDATE decision_review SET opinion = 'agreed'",
    "the_version_of_a_pass_is_updated": "UPDATE decision_review SET version_id = version_id",
    "the_reviewer_is_updated": "UPDATE decision_review SET reviewer_id = reviewer_id",
    "a_review_is_deleted": "DELETE FROM decision_review",
    "the_rules_are_updated": "UPDATE review_scope_rule SET rules = '{\"triggers\": []}'",
    "the_rules_are_deleted": "DELETE FROM review_scope_rule",
    "the_beginning_of_the_gate_is_updated": "UPDATE gate_began SET began_at = 'infinity'",
    "the_opening_of_the_case_is_updated": "UPDATE \"case\" SET opened_at = '2018-01-01'",
    "the_kind_of_the_case_is_updated": "UPDATE \"case\" SET kind = 'inspection'",
    "replication_is_feigned": "SET session_replication_role = replica",
    "the_trigger_is_disabled": "ALTER TABLE decision_issue DISABLE TRIGGER open_gate",
    "the_trigger_is_dropped": "DROP TRIGGER open_gate ON decision_issue",
    "the_gate_is_replaced": "CREATE OR REPLACE FUNCTION gate_refusals(of_version uuid) RETURNS text[] "
    "LANGUAGE sql AS 'SELECT NULL::text[]'",
    "a_table_shadows_the_reviews": "CREATE TEMP TABLE decision_review (id uuid)",
    "a_schema_comes_before": "CREATE SCHEMA mine",
    "the_owner_is_impersonated": "SET ROLE liuhen_owner",
    "the_table_is_copied_into": "COPY decision_issue FROM '/dev/null'",
}.items():
    ATTEMPTS[_name] = update(_statement)


@attempt()
def a_search_path_that_leads_elsewhere(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft())

    def strike() -> None:
        with psycopg.connect(scene.addresses.worker) as connection:
            connection.execute("SET search_path = pg_temp, public")
            insert_into(connection, "decision_issue", scene.issue_row(version))

    return strike
