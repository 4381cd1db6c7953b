"""Attempts over the committee, and over a suspicion of crime that waits."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from casework.export import finish_export, start_export
from casework.review.advisers import add_adviser, state_conflict
from casework.review.committee import disagree
from casework.review.decisions import withdraw_decision
from casework.review.reviewing import Answer, withdraw_review
from integrity.digest import Digest
from storage.catalog.decisions import DecisionVersion
from tests.casework.review.attempts.known import Strike, attempt, issue, passed
from tests.casework.review.scene import Scene


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


def by_committee(scene: Scene, dispute: Any, session_id: Any, **other: Any) -> Callable[[], uuid.UUID]:
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


def replace_opinion(scene: Scene, dispute: Any) -> None:
    """What is disagreed with is withdrawn; the same submission gets another opinion, problems that nobody disputes."""

    def deed(bench: Any) -> None:
        withdraw_review(bench.session, bench.reviewer, dispute[2].review_id, "重新审核")
        bench.review(dispute[0], "problems", by=bench.archive.reviewer(bench.bureau))

    scene.do(deed)


@attempt("session_over_standing")
def a_session_over_an_opinion_that_was_withdrawn(scene: Scene) -> Strike:
    dispute = disputed(scene)
    replace_opinion(scene, dispute)
    row = session_row(scene, dispute, (3, 0))
    return lambda: scene.insert("committee_session", row)


@attempt("outcome_over_standing")
def a_pass_by_a_session_whose_opinion_was_withdrawn_meanwhile(scene: Scene) -> Strike:
    dispute = disputed(scene)
    session_id = sat(scene, dispute, (3, 0))
    replace_opinion(scene, dispute)
    row = scene.review_row(dispute[1], ordinal=3, session_id=session_id)
    return lambda: scene.insert("decision_review", row)


@attempt("latest_opinion")
def a_row_by_a_pass_that_problems_came_after(scene: Scene) -> Strike:
    """No deed of the application's leads there; whoever owns the database sets the guard aside, and back."""

    def deed(bench: Any) -> Any:
        version = bench.draft()
        submission = bench.submit(version)
        bench.review(version)
        return version, submission

    version, submission = scene.do(deed)
    scene.run("ALTER TABLE decision_review DISABLE TRIGGER sound_review", role="owner")
    scene.insert("decision_review", scene.review_row(submission, ordinal=2, opinion="problems"))
    scene.run("ALTER TABLE decision_review ENABLE TRIGGER sound_review", role="owner")
    return issue(scene, version)


@attempt("disagreed_with_reviewer")
def a_disagreement_with_what_the_committee_voted(scene: Scene) -> Strike:
    dispute = disputed(scene)
    lost = by_committee(scene, dispute, sat(scene, dispute, (1, 2)), opinion="problems")()
    version = dispute[0]
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "decision_id": version.decision_id}
    by = {"reason": "x", "stated_by": scene.bench.officer.id, "stated_at": datetime.now(UTC)}
    return lambda: scene.insert("decision_disagreement", {**of, "review_id": lost, **by})


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


@attempt("package_after")
def a_transfer_with_a_package_that_was_begun_before_the_suspicion(scene: Scene) -> Strike:
    def deed(bench: Any) -> Any:
        now = datetime.now(UTC)
        other = bench.archive.person(bench.unit, "supervisor")
        grant = bench.archive.grant(bench.case, bench.supervisor, other, "copy", now=now)
        export = start_export(bench.session, bench.supervisor, bench.case.id, grant.id, now)
        return export.id

    values = {"id": scene.do(deed)}
    while_a_suspicion_of_crime_waits(scene)
    digest = Digest("sha256", b"\1" * 32)
    scene.do(lambda bench: finish_export(bench.session, bench.supervisor, values["id"], digest))
    ended = "outcome = 'transferred', note = 'x', receiver = 'x', ended_by = opened_by, ended_at = now()"
    return lambda: scene.run(f"UPDATE crime_transfer SET {ended}, export_id = %(id)s", values)


@attempt("suspected_now")
def a_suspicion_that_is_dated_back(scene: Scene) -> Strike:
    version = passed(scene)
    (review_id,) = scene.run("SELECT id FROM decision_review")[0]
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "review_id": review_id}
    by = {"opened_by": scene.bench.reviewer.id, "opened_at": datetime(2021, 1, 4, tzinfo=UTC)}
    return lambda: scene.insert("crime_transfer", {**of, **by})
