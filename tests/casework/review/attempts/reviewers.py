"""Attempts with a review by somebody who may not give it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from casework.cases import open_case
from casework.organisation import change_role
from casework.review.decisions import change_decision
from casework.review.qualifications import add_qualification, void_qualification
from storage.catalog.organisation import Person
from tests.casework.review.attempts.known import Strike, attempt, issue, passed
from tests.casework.review.scene import Scene
from tests.casework.sample_archive import OPERATOR


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
