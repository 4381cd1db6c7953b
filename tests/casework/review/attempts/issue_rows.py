"""Attempts on the row that issues a decision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from casework.review.decisions import change_decision, withdraw_decision
from casework.review.submitting import withdraw_submission
from storage.catalog.decisions import DecisionVersion
from tests.casework.review.attempts.known import Strike, attempt, issue, passed, withdraw_pass
from tests.casework.review.scene import Scene, insert_into


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

    connection = psycopg.connect(scene.addresses.worker)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.execute("SELECT count(*) FROM decision_review")
    withdraw_pass(scene, version)

    def strike() -> None:
        with connection:
            insert_into(connection, "decision_issue", scene.issue_row(version))

    return strike
