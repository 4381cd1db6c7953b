"""Attempts to issue an in-scope decision without a valid pass. Each prepares what is allowed, and gives the last step.

`CONDITIONS` says which line of the gate's functions each of them runs into: test_the_gate.py takes that line out,
and sees the step succeed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

from casework.case_procedures import state_procedure
from casework.cases import open_case
from casework.deadlines.events import enter_event
from casework.organisation import change_role
from casework.review.advisers import add_adviser, state_conflict
from casework.review.committee import disagree
from casework.review.decisions import change_decision, withdraw_decision
from casework.review.qualifications import add_qualification, void_qualification
from casework.review.reviewing import Answer, withdraw_review
from casework.review.submitting import withdraw_submission
from storage.catalog.decisions import DecisionVersion
from storage.catalog.devices import chinese_day
from storage.catalog.organisation import Person
from tests.casework.review.scene import Scene, insert_into
from tests.casework.sample_archive import OPERATOR

Strike = Callable[[], object]
Attempt = Callable[[Scene], Strike]
ATTEMPTS: dict[str, Attempt] = {}
CONDITIONS: dict[str, str] = {}


def attempt(*conditions: str) -> Callable[[Attempt], Attempt]:
    def known(prepare: Attempt) -> Attempt:
        name = prepare.__name__
        ATTEMPTS[name] = prepare
        CONDITIONS.update(dict.fromkeys(conditions, name))
        return prepare

    return known


def passed(scene: Scene) -> DecisionVersion:
    def deed(bench: Any) -> DecisionVersion:
        version = bench.draft()
        bench.review(version)
        return version

    return scene.do(deed)


def issued(scene: Scene, small: bool = False) -> DecisionVersion:
    def deed(bench: Any) -> DecisionVersion:
        version = bench.draft(bench.small() if small else bench.said())
        if not small:
            bench.review(version)
        bench.issue(version)
        return version

    return scene.do(deed)


def withdraw_pass(scene: Scene, version: DecisionVersion) -> None:
    (review_id,) = scene.run("SELECT id FROM decision_review WHERE version_id = %(id)s", {"id": version.id})[0]
    scene.do(lambda b: withdraw_review(b.session, b.reviewer, review_id, "发现新证据"))


def issue(scene: Scene, version: DecisionVersion, **other: Any) -> Strike:
    return lambda: scene.insert("decision_issue", scene.issue_row(version, **other))


# --- the issue's row -------------------------------------------------------------------------------------------------


@attempt("pass", "gate")
def a_row_without_any_review(scene: Scene) -> Strike:
    return issue(scene, scene.do(lambda b: b.draft()))


@attempt()
def a_row_of_what_is_only_submitted(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft())
    scene.do(lambda b: b.submit(version))
    return issue(scene, version)


@attempt("agreed")
def a_row_over_problems(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft())
    scene.do(lambda b: b.review(version, "problems"))
    return issue(scene, version)


@attempt("standing_pass")
def a_row_by_a_withdrawn_pass(scene: Scene) -> Strike:
    version = passed(scene)
    withdraw_pass(scene, version)
    return issue(scene, version)


@attempt("standing_submission")
def a_row_by_a_pass_whose_submission_is_withdrawn(scene: Scene) -> Strike:
    version = passed(scene)
    (submission_id,) = scene.run("SELECT id FROM decision_submission WHERE version_id = %(v)s", {"v": version.id})[0]
    scene.do(lambda b: withdraw_submission(b.session, b.officer, submission_id, "材料不全"))
    return issue(scene, version)


def changed_after_the_pass(scene: Scene, **said: Any) -> DecisionVersion:
    version = passed(scene)
    return scene.do(
        lambda b: change_decision(b.session, b.officer, version.decision_id, b.said(**said), "改", former=version.id)
    )


@attempt("own_version")
def another_amount_after_the_pass(scene: Scene) -> Strike:
    return issue(scene, changed_after_the_pass(scene, amount_fen=9_000_000))


@attempt()
def another_level_after_the_pass(scene: Scene) -> Strike:
    return issue(scene, changed_after_the_pass(scene, level="bureau"))


@attempt()
def another_measure_after_the_pass(scene: Scene) -> Strike:
    return issue(scene, changed_after_the_pass(scene, measures=("licence_revoked",), amount_fen=None))


@attempt()
def another_kind_after_the_pass(scene: Scene) -> Strike:
    said = {"kind": "coercion", "measures": ("demolition",), "amount_fen": None}
    return issue(scene, changed_after_the_pass(scene, **said))


@attempt()
def another_party_after_the_pass(scene: Scene) -> Strike:
    return issue(scene, changed_after_the_pass(scene, party_kind="citizen", party="张三"))


@attempt("changed")
def the_version_that_passed_after_it_was_changed(scene: Scene) -> Strike:
    version = passed(scene)
    scene.do(lambda b: change_decision(b.session, b.officer, version.decision_id, b.small(), "改", former=version.id))
    return issue(scene, version)


@attempt("withdrawn")
def a_withdrawn_decision(scene: Scene) -> Strike:
    version = passed(scene)
    scene.do(lambda b: withdraw_decision(b.session, b.officer, version.decision_id, "不予处罚"))
    return issue(scene, version)


@attempt()
def by_the_pass_of_another_decision_of_the_case(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft())
    passed(scene)
    (review_id,) = scene.run("SELECT id FROM decision_review")[0]
    return issue(scene, version, review_id=review_id)


@attempt()
def by_the_pass_of_another_case(scene: Scene) -> Strike:
    def deed(bench: Any) -> Any:
        other = bench.draft(case=bench.another_case())
        return bench.draft(), bench.review(other)

    version, review = scene.do(deed)
    return issue(scene, version, review_id=review.id)


@attempt("own_case")
def the_passed_version_of_another_case(scene: Scene) -> Strike:
    def deed(bench: Any) -> Any:
        other = bench.draft(case=bench.another_case())
        bench.review(other)
        return bench.draft(), other

    version, other = scene.do(deed)
    return issue(scene, version, version_id=other.id)


@attempt("issued_now")
def a_day_of_before_there_was_a_law(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft(b.small()))
    return issue(scene, version, issued_at=datetime(2018, 12, 31, tzinfo=UTC))


@attempt("stage")
def before_the_stage_of_the_decision(scene: Scene) -> Strike:
    def deed(bench: Any) -> DecisionVersion:
        version = bench.draft(case=bench.another_case(stage="investigation"))
        bench.review(version)
        return version

    return issue(scene, scene.do(deed))


@attempt("issuer")
def an_officer_decides_for_the_head(scene: Scene) -> Strike:
    return issue(scene, passed(scene), issued_by=scene.bench.officer.id)


@attempt("no_list")
def where_no_list_holds(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft(b.small()))
    scene.run("DELETE FROM review_scope_rule", role="owner")
    return issue(scene, version)


@attempt("isolation")
def in_a_transaction_that_does_not_see_the_pass_withdrawn(scene: Scene) -> Strike:
    version = passed(scene)

    connection = psycopg.connect(scene.addresses.app)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.execute("SELECT count(*) FROM decision_review")
    withdraw_pass(scene, version)

    def strike() -> None:
        with connection:
            insert_into(connection, "decision_issue", scene.issue_row(version))

    return strike


# --- who reviews -----------------------------------------------------------------------------------------------------


@attempt("reviewer_apart", "not_handler")
def by_a_reviewer_who_came_to_handle_the_case(scene: Scene) -> Strike:
    version = passed(scene)
    bench = scene.bench
    row = {"person_id": bench.reviewer.id, "named_by": bench.officer.id, "named_at": datetime.now(UTC)}
    scene.insert("case_officer", {"unit_id": bench.unit.id, "case_id": bench.case.id, **row})
    return issue(scene, version)


@attempt("reviewer_qualified")
def by_a_reviewer_whose_qualification_was_none(scene: Scene) -> Strike:
    version = passed(scene)
    (row_id,) = scene.run(
        "SELECT id FROM reviewer_qualification WHERE person_id = %(p)s", {"p": scene.bench.reviewer.id}
    )[0]
    scene.do(lambda b: void_qualification(b.session, OPERATOR, row_id, "证书系伪造"))
    return issue(scene, version)


def forged_by(scene: Scene, reviewer: Person, **other: Any) -> Strike:
    """A pass by raw SQL in this person's name."""
    version = scene.do(lambda b: b.draft())
    submission = scene.do(lambda b: b.submit(version))
    return lambda: scene.insert("decision_review", scene.review_row(submission, reviewer_id=reviewer.id, **other))


def turned_reviewer(scene: Scene, make: Callable[[Any], Person]) -> Person:
    """Somebody of the unit who did something in the case, and became a qualified reviewer."""

    def deed(bench: Any) -> Person:
        person = make(bench)
        change_role(bench.session, OPERATOR, person.id, "legal_reviewer")
        facts = {"ground": "legal_profession", "number": "A1", "valid_from": date(2020, 1, 1)}
        add_qualification(bench.session, OPERATOR, person.id, **facts)
        return person

    return scene.do(deed)


@attempt("review_apart")
def a_pass_by_an_officer_of_the_case(scene: Scene) -> Strike:
    return forged_by(scene, turned_reviewer(scene, lambda b: b.handlers[0]))


@attempt("not_opener")
def a_pass_by_whoever_opened_the_case(scene: Scene) -> Strike:
    def deed(bench: Any) -> Any:
        opener = bench.archive.person(bench.unit, "officer")
        case = open_case(bench.session, opener, number="自办1", title="占道", procedure="ordinary_penalty")
        version = bench.draft(case=case)
        return opener, bench.submit(version)

    opener, submission = scene.do(deed)
    reviewer = turned_reviewer(scene, lambda _: opener)
    return lambda: scene.insert("decision_review", scene.review_row(submission, reviewer_id=reviewer.id))


@attempt("not_in_acts")
def a_pass_by_an_officer_of_an_act(scene: Scene) -> Strike:
    person = scene.do(lambda b: b.archive.person(b.unit, "officer"))
    scene.act_row(scene.bench.case, "on_site", datetime.now(UTC) - timedelta(days=3), person)
    return forged_by(scene, turned_reviewer(scene, lambda _: person))


@attempt("not_drafter")
def a_pass_by_whoever_drafted_it(scene: Scene) -> Strike:
    drafter = scene.do(lambda b: b.archive.person(b.unit, "officer"))
    version = scene.do(lambda b: b.draft())
    later = scene.do(
        lambda b: change_decision(b.session, drafter, version.decision_id, b.said(), "改", former=version.id)
    )
    submission = scene.do(lambda b: b.submit(later))
    reviewer = turned_reviewer(scene, lambda _: drafter)
    return lambda: scene.insert("decision_review", scene.review_row(submission, reviewer_id=reviewer.id))


@attempt("not_submitter")
def a_pass_by_whoever_submitted_it(scene: Scene) -> Strike:
    submitter = scene.do(lambda b: b.archive.person(b.unit, "supervisor"))
    version = scene.do(lambda b: b.draft())
    submission = scene.do(lambda b: b.submit(version, submitter))
    reviewer = turned_reviewer(scene, lambda _: submitter)
    return lambda: scene.insert("decision_review", scene.review_row(submission, reviewer_id=reviewer.id))


@attempt("review_qualified")
def a_pass_by_a_reviewer_without_qualification(scene: Scene) -> Strike:
    return forged_by(scene, scene.do(lambda b: b.archive.person(b.bureau, "legal_reviewer")))


@attempt()
def a_pass_by_a_reviewer_whose_qualification_expired(scene: Scene) -> Strike:
    def deed(bench: Any) -> Person:
        person: Person = bench.archive.person(bench.bureau, "legal_reviewer")
        days = {"valid_from": date(2020, 1, 1), "last_day": date(2024, 12, 31)}
        add_qualification(bench.session, OPERATOR, person.id, ground="legal_profession", number="A2", **days)
        return person

    return forged_by(scene, scene.do(deed))


@attempt("reviewer_role")
def a_pass_by_a_supervisor(scene: Scene) -> Strike:
    def deed(bench: Any) -> Person:
        person: Person = bench.archive.person(bench.bureau, "supervisor")
        facts = {"ground": "reviewed_before", "number": "A3", "valid_from": date(2020, 1, 1)}
        add_qualification(bench.session, OPERATOR, person.id, **facts)
        return person

    return forged_by(scene, scene.do(deed))


@attempt("reviewer_unit")
def a_pass_by_a_reviewer_of_another_bureau(scene: Scene) -> Strike:
    return forged_by(scene, scene.do(lambda b: b.archive.reviewer(b.archive.unit())))


# --- what a review says ----------------------------------------------------------------------------------------------


def answers(**other: Any) -> Jsonb:
    from storage.catalog.review import QUESTIONS

    whole = {each: {"answer": "yes", "references": ["x:1"]} for each in QUESTIONS}
    whole["crime"] = {"answer": "no", "references": ["x:1"]}
    return Jsonb({name: said for name, said in {**whole, **other}.items() if said is not None})


@attempt("seven_questions", "whole_answers")
def a_pass_of_six_questions(scene: Scene) -> Strike:
    return forged_by(scene, scene.bench.reviewer, answers=answers(powers=None))


@attempt("references")
def a_pass_without_references(scene: Scene) -> Strike:
    return forged_by(scene, scene.bench.reviewer, answers=answers(facts={"answer": "yes", "references": []}))


@attempt("nothing_against")
def a_pass_with_a_question_against_it(scene: Scene) -> Strike:
    return forged_by(scene, scene.bench.reviewer, answers=answers(law={"answer": "no", "references": ["x:1"]}))


@attempt()
def a_pass_over_a_suspicion_of_crime(scene: Scene) -> Strike:
    return forged_by(scene, scene.bench.reviewer, answers=answers(crime={"answer": "yes", "references": ["x:1"]}))


@attempt("reviewed_now")
def a_pass_that_is_dated_back(scene: Scene) -> Strike:
    return forged_by(scene, scene.bench.reviewer, reviewed_at=datetime(2021, 1, 4, tzinfo=UTC))


@attempt("own_submission")
def a_pass_on_another_submission(scene: Scene) -> Strike:
    def deed(bench: Any) -> Any:
        version, other = bench.draft(), bench.draft(bench.small())
        return version, bench.submit(other)

    version, submission = scene.do(deed)
    row = {"version_id": version.id, "decision_id": version.decision_id}
    return lambda: scene.insert("decision_review", scene.review_row(submission, **row))


@attempt("one_opinion")
def another_reviewer_after_problems(scene: Scene) -> Strike:
    def deed(bench: Any) -> Any:
        version = bench.draft()
        submission = bench.submit(version)
        bench.review(version, "problems")
        return submission, bench.archive.reviewer(bench.bureau)

    submission, other = scene.do(deed)
    row = scene.review_row(submission, ordinal=2, reviewer_id=other.id)
    return lambda: scene.insert("decision_review", row)


@attempt("attested")
def a_submission_that_attests_nothing(scene: Scene) -> Strike:
    version = scene.do(lambda b: b.draft())
    return lambda: scene.insert("decision_submission", scene.submission_row(version, attests_truth=False))


# --- what is in scope ------------------------------------------------------------------------------------------------


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
        with psycopg.connect(scene.addresses.app) as connection:
            connection.execute("SET search_path = pg_temp, public")
            insert_into(connection, "decision_issue", scene.issue_row(version))

    return strike


# --- stage, event, service, term, entry ------------------------------------------------------------------------------


@attempt("undecided", "stage_gate")
def execution_of_what_nobody_decided(scene: Scene) -> Strike:
    return lambda: scene.execute_case(scene.bench.case)


@attempt()
def execution_of_a_draft(scene: Scene) -> Strike:
    passed(scene)
    return lambda: scene.execute_case(scene.bench.case)


@attempt("issued_passes")
def execution_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    withdraw_pass(scene, issued(scene))
    return lambda: scene.execute_case(scene.bench.case)


@attempt("issued_kind")
def execution_of_a_penalty_by_a_seizure(scene: Scene) -> Strike:
    def deed(bench: Any) -> None:
        version = bench.draft(bench.said(kind="coercion", measures=("seizure",), amount_fen=None))
        bench.issue(version)

    scene.do(deed)
    return lambda: scene.execute_case(scene.bench.case)


def of_before(scene: Scene) -> None:
    scene.run("UPDATE gate_began SET began_at = 'infinity'", role="owner")


@attempt("not_issued")
def execution_of_a_draft_in_a_case_of_before(scene: Scene) -> Strike:
    of_before(scene)
    scene.do(lambda b: b.draft())
    return lambda: scene.execute_case(scene.bench.case)


@attempt("old_in_scope")
def execution_of_a_case_of_before_with_a_hearing(scene: Scene) -> Strike:
    of_before(scene)
    scene.act_row(scene.bench.case, "hearing", datetime.now(UTC) - timedelta(days=3))
    return lambda: scene.execute_case(scene.bench.case)


@attempt()
def the_stage_without_its_row(scene: Scene) -> Strike:
    passed(scene)
    return lambda: scene.run("UPDATE \"case\" SET stage = 'execution'")


@attempt("event_gate")
def the_event_of_what_nobody_decided(scene: Scene) -> Strike:
    today = chinese_day(datetime.now(UTC))
    return lambda: scene.insert("case_event", scene.event_row(scene.bench.case, today))


@attempt("issued_day")
def the_event_of_another_day(scene: Scene) -> Strike:
    issued(scene)
    earlier = chinese_day(datetime.now(UTC)) - timedelta(days=30)
    return lambda: scene.insert("case_event", scene.event_row(scene.bench.case, earlier))


@attempt()
def the_event_of_a_coercion_nobody_decided(scene: Scene) -> Strike:
    today = chinese_day(datetime.now(UTC))
    row = scene.event_row(scene.bench.case, today, kind="coercion_decided")
    return lambda: scene.insert("case_event", row)


@attempt("act_gate")
def an_act_of_service_of_what_is_not_issued(scene: Scene) -> Strike:
    passed(scene)
    return lambda: scene.act_row(scene.bench.case, "service", datetime.now(UTC))


@attempt()
def an_act_of_service_by_leaving_it(scene: Scene) -> Strike:
    scene.do(lambda b: b.draft())
    return lambda: scene.act_row(scene.bench.case, "service_left", datetime.now(UTC))


def served(scene: Scene, version: DecisionVersion) -> Strike:
    act_id = scene.act_row(scene.bench.case, "service", datetime.now(UTC) - timedelta(days=3))
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "decision_id": version.decision_id}
    by = {"stated_by": scene.bench.officer.id, "stated_at": datetime.now(UTC)}
    row = {**of, "version_id": version.id, "act_id": act_id, **by}
    return lambda: scene.insert("decision_service", row)


@attempt("issued", "service_gate")
def service_of_what_is_not_issued(scene: Scene) -> Strike:
    return served(scene, scene.do(lambda b: b.draft(b.small())))


@attempt("issued_gate")
def service_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    version = issued(scene)
    withdraw_pass(scene, version)
    return served(scene, version)


@attempt("term_gate")
def a_term_that_is_met_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    from casework.deadlines.loading import load_shipped_terms

    scene.do(lambda b: load_shipped_terms(b.session, datetime.now(UTC)))
    withdraw_pass(scene, issued(scene))
    done = "done_on = %(day)s, done_by = %(by)s, done_at = now()"
    values = {"day": chinese_day(datetime.now(UTC)), "by": scene.bench.supervisor.id}
    return lambda: scene.run(f"UPDATE case_term SET {done} WHERE kind = 'publish_penalty'", values)


@attempt("issued_entry")
def the_ledger_says_it_is_issued(scene: Scene) -> Strike:
    version = passed(scene)
    data = {"version_id": str(version.id), "issue_id": str(uuid.uuid4())}
    row = scene.entry_row("decision.issued", str(version.decision_id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt()
def the_ledger_says_it_is_served(scene: Scene) -> Strike:
    version = passed(scene)
    row = scene.entry_row("decision.served", str(version.decision_id), {"version_id": str(version.id)})
    return lambda: scene.insert("ledger_entry", row)


@attempt("event_entry")
def the_ledger_says_that_it_was_decided(scene: Scene) -> Strike:
    data = {"event_id": str(uuid.uuid4()), "kind": "penalty_decided", "day": "2026-03-09"}
    row = scene.entry_row("case.event_entered", str(scene.bench.case.id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt("stage_entry")
def the_ledger_says_that_it_is_executed(scene: Scene) -> Strike:
    data = {"from": "decision", "to": "execution", "ordinal": 4}
    row = scene.entry_row("case.stage_entered", str(scene.bench.case.id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt("issued_stays")
def another_amount_after_it_was_issued(scene: Scene) -> Strike:
    version = issued(scene)
    return lambda: scene.insert("decision_version", scene.version_row(version, amount_fen=90_000_000))


# --- the committee, and a suspicion of crime -------------------------------------------------------------------------


def disputed(scene: Scene) -> Any:
    """Problems that the unit disagrees with: the version, its submission, the disagreement."""

    def deed(bench: Any) -> Any:
        version = bench.draft()
        submission = bench.submit(version)
        review = bench.review(version, "problems")
        return version, submission, disagree(bench.session, bench.officer, review.id, "裁量适当")

    return scene.do(deed)


def session_row(scene: Scene, dispute: Any, votes: tuple[int, int], **other: Any) -> dict[str, Any]:
    version, _, disagreement = dispute
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "decision_id": version.decision_id}
    said = {"held_at": disagreement.stated_at, "place": "x", "minutes": "x", "presided_by": scene.bench.reviewer.id}
    counted = {"votes_for": votes[0], "votes_against": votes[1], "abstentions": 0}
    outcome = {"outcome": "agreed" if votes[0] > votes[1] else "problems"}
    by = {"recorded_by": scene.bench.reviewer.id, "recorded_at": datetime.now(UTC)}
    named = {"version_id": version.id, "disagreement_id": disagreement.id}
    return {**of, **named, **said, **counted, **outcome, **by, **other}


def sat(scene: Scene, dispute: Any, votes: tuple[int, int], members: int = 3) -> Any:
    """A session by raw SQL, with its members."""
    people = scene.do(lambda b: [b.archive.person(b.bureau, "supervisor").id for _ in range(members)])
    session_id = scene.insert("committee_session", session_row(scene, dispute, votes))
    of = {"unit_id": dispute[0].unit_id, "case_id": dispute[0].case_id, "session_id": session_id}
    for each in people:
        scene.insert("committee_attendance", {**of, "member_id": each})
    return session_id


def by_committee(scene: Scene, dispute: Any, session_id: Any, **other: Any) -> Strike:
    row = scene.review_row(dispute[1], ordinal=2, session_id=session_id, **other)
    return lambda: scene.insert("decision_review", row)


@attempt("session_outcome", "session")
def a_pass_that_the_committee_voted_down(scene: Scene) -> Strike:
    dispute = disputed(scene)
    return by_committee(scene, dispute, sat(scene, dispute, (1, 2)))


@attempt("session_quorum")
def a_pass_by_two_members(scene: Scene) -> Strike:
    dispute = disputed(scene)
    return by_committee(scene, dispute, sat(scene, dispute, (2, 0), members=2))


@attempt("session_votes")
def a_pass_by_more_votes_than_members(scene: Scene) -> Strike:
    dispute = disputed(scene)
    return by_committee(scene, dispute, sat(scene, dispute, (5, 2)))


@attempt("session_of_version")
def a_pass_by_a_session_on_another_version(scene: Scene) -> Strike:
    dispute = disputed(scene)
    session_id = sat(scene, dispute, (3, 0))
    submission = scene.do(lambda b: b.submit(b.draft(case=b.another_case())))
    row = scene.review_row(submission, session_id=session_id)
    return lambda: scene.insert("decision_review", row)


@attempt("session_of_disagreement")
def a_session_held_before_anybody_disagreed(scene: Scene) -> Strike:
    dispute = disputed(scene)
    earlier = dispute[2].stated_at - timedelta(days=1)
    row = session_row(scene, dispute, (3, 0), held_at=earlier)
    return lambda: scene.insert("committee_session", row)


@attempt("disagreed_with_problems")
def a_disagreement_with_nothing(scene: Scene) -> Strike:
    version = passed(scene)
    (review_id,) = scene.run("SELECT id FROM decision_review")[0]
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "decision_id": version.decision_id}
    by = {"reason": "x", "stated_by": scene.bench.officer.id, "stated_at": datetime.now(UTC)}
    return lambda: scene.insert("decision_disagreement", {**of, "review_id": review_id, **by})


def attends(scene: Scene, who: Callable[[Any, Any], dict[str, Any]]) -> Strike:
    dispute = disputed(scene)
    session_id = sat(scene, dispute, (3, 0))
    of = {"unit_id": dispute[0].unit_id, "case_id": dispute[0].case_id, "session_id": session_id}
    row = {**of, **who(dispute, session_id)}
    return lambda: scene.insert("committee_attendance", row)


@attempt("member_apart")
def a_member_who_handles_the_case(scene: Scene) -> Strike:
    return attends(scene, lambda *_: {"member_id": scene.bench.handlers[0].id})


@attempt("adviser_apart")
def an_adviser_with_a_conflict(scene: Scene) -> Strike:
    def deed(bench: Any) -> Any:
        lawyer = add_adviser(bench.session, bench.reviewer, kind="counsel", name="周律师", office="律所")
        state_conflict(bench.session, bench.reviewer, lawyer.id, bench.case.id, "系当事人顾问")
        return lawyer.id

    return attends(scene, lambda *_: {"adviser_id": scene.do(deed), "advice": "同意"})


@attempt("open_session")
def a_member_who_comes_after_the_outcome(scene: Scene) -> Strike:
    def conclude(dispute: Any, session_id: Any) -> dict[str, Any]:
        by_committee(scene, dispute, session_id)()
        return {"member_id": scene.do(lambda b: b.archive.person(b.bureau, "supervisor").id)}

    return attends(scene, conclude)


@attempt("transfer")
def while_a_suspicion_of_crime_waits(scene: Scene) -> Strike:
    def deed(bench: Any) -> DecisionVersion:
        version = bench.draft()
        bench.review(version, "problems", crime=Answer("yes", (f"version:{version.id}",)))
        withdraw_decision(bench.session, bench.officer, version.decision_id, "移送")
        small: DecisionVersion = bench.draft(bench.small())
        return small

    return issue(scene, scene.do(deed))


@attempt()
def a_transfer_without_its_package(scene: Scene) -> Strike:
    while_a_suspicion_of_crime_waits(scene)
    ended = "outcome = 'transferred', note = 'x', receiver = 'x', ended_by = opened_by, ended_at = now()"
    return lambda: scene.run(f"UPDATE crime_transfer SET {ended}, export_id = gen_random_uuid()")


# --- what tightens: without the line, a decision that needs no review would need one ------------------------

TIGHT: dict[str, dict[str, Any]] = {
    "scope_kinds": {"kind": "coercion", "measures": ("additional_fine",), "amount_fen": 6_000_000},
    "scope_measures": {},
    "scope_levels": {"measures": ("goods_disposed",), "amount_fen": None, "level": "bureau"},
    "scope_fields": {"measures": ("demolition_ordered",), "amount_fen": None, "field": "gas"},
    "scope_party": {"amount_fen": 600_000},
    "scope_amount_from_fen": {},
    "scope_affected_from": {"affected": 9},
    "scope_facts": {},
    "scope_units": {},
    "scope_days": {},
}


def rules_elsewhere(scene: Scene) -> None:
    """One of another unit, and one of another time."""
    other = scene.do(lambda b: b.archive.unit())
    scene.insert("review_scope_rule", scene.rule_row({"amount_from_fen": 1}, unit_id=other.id))
    later = Range(date(2099, 1, 1), None, "[)")
    scene.insert("review_scope_rule", scene.rule_row({"amount_from_fen": 1}, valid=later))
