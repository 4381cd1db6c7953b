"""Attempts with a review that does not say what a pass says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb

from tests.casework.review.attempts.known import Strike, attempt
from tests.casework.review.attempts.reviewers import forged_by
from tests.casework.review.scene import Scene


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
