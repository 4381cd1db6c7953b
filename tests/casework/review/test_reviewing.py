"""Submitted, reviewed, issued, served: each deed with its entry, and what is refused."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from casework.deadlines.loading import load_shipped_terms
from casework.errors import RoleNotAllowed, TextUnusable
from casework.review.decisions import change_decision
from casework.review.errors import (
    AnswersUnusable,
    DecisionSettled,
    DecisionUnusable,
    GateShut,
    PassForged,
    ReviewerBarred,
    ReviewSettled,
)
from casework.review.issuing import issue_decision
from casework.review.leaving import require_leave_of, require_leave_of_number
from casework.review.listing import decision_now, decisions_of_case, list_waiting
from casework.review.passes import ReviewSigner, require_signed
from casework.review.reviewing import Answer, give_opinion, withdraw_review
from casework.review.submitting import submit_decision
from casework.stages import enter_stage
from integrity.epoch_keys import EpochKey
from integrity.errors import EvidenceError
from integrity.keys import SigningKey
from storage.catalog.decisions import Decision
from storage.catalog.review import QUESTIONS
from tests.casework.review.serving import serve
from tests.casework.sample_archive import REVIEW_KEYS, REVIEW_SIGNER


def test_a_decision_goes_from_its_draft_to_its_service(bench: Any, archive: Any) -> None:
    load_shipped_terms(bench.session, datetime.now(UTC))
    version = bench.draft()
    assert decision_now(bench.session, bench.session.get_one(Decision, version.decision_id)).state == "draft"
    submission = bench.submit(version)
    (waiting,) = list_waiting(bench.session, bench.reviewer).items
    assert waiting.submission.id == submission.id
    review = bench.review(version)
    assert list_waiting(bench.session, bench.reviewer).items == ()
    issue = bench.issue(version)
    assert (issue.review_id, issue.version_id) == (review.id, version.id)
    enter_stage(bench.session, bench.supervisor, bench.case.id, "execution")
    assert serve(bench, decision_id=version.decision_id).version_id == version.id
    for action in ("drafted", "submitted", "reviewed", "issued"):
        assert len(archive.entries(f"decision.{action}")) == 1
    (served,) = archive.entries("case.service_stated")
    assert (served.data["decision_id"], served.data["version_id"]) == (str(version.decision_id), str(version.id))
    (event,) = archive.entries("case.event_entered")
    assert event.data["kind"] == "penalty_decided"
    assert {entry.data["kind"] for entry in archive.entries("case.term_started")} == {"service", "publish_penalty"}
    (ended,) = archive.entries("case.term_fulfilled")
    assert ended.data["done_on"] == issue.issued_on.isoformat()
    require_leave_of_number(bench.session, bench.case.id, datetime.now(UTC), REVIEW_KEYS)
    assert issue.version_id == version.id
    (now_,) = decisions_of_case(bench.session, bench.case.id)
    assert (now_.state, now_.refusals) == ("issued", ())
    assert "重庆某建筑公司" not in archive.ledger_text()
    assert "事实清楚" not in archive.ledger_text()


def test_whoever_submits_attests_all_three(bench: Any, archive: Any) -> None:
    version = bench.draft()
    for missing in ("true", "accurate", "complete"):
        attested = {"true": True, "accurate": True, "complete": True, missing: False}
        with pytest.raises(DecisionUnusable, match="all three"):
            submit_decision(bench.session, bench.officer, version.decision_id, version_id=version.id, **attested)
    row = bench.submit(version)
    assert (row.submitted_by, row.attests_truth) == (bench.officer.id, True)
    assert archive.last_entry("decision.submitted").data["attests"] == ["truth", "accuracy", "completeness"]
    with pytest.raises(DecisionSettled, match="with the reviewers already"):
        bench.submit(version)
    review = bench.review(version)
    issue = bench.issue(version)
    assert (review.reviewer_id, issue.issued_by) == (bench.reviewer.id, bench.supervisor.id)
    deeds = {each: archive.last_entry(f"decision.{each}").actor_id for each in ("submitted", "reviewed", "issued")}
    by = {"submitted": bench.officer, "reviewed": bench.reviewer, "issued": bench.supervisor}
    assert deeds == {deed: str(person.id) for deed, person in by.items()}


def test_each_question_is_answered_with_references(bench: Any) -> None:
    version = bench.draft()
    other = bench.draft(case=bench.another_case())
    for answers, question, problem in (
        ({"law": Answer("yes")}, "law", "no_references"),
        ({"law": Answer("perhaps", (f"version:{version.id}",))}, "law", "no_answer"),
        ({"law": Answer("no", (f"version:{version.id}",))}, "law", "against"),
        ({"crime": Answer("yes", (f"version:{version.id}",))}, "crime", "against"),
        ({"facts": Answer("yes", (f"version:{other.id}",))}, "facts", "bad_reference"),
        ({"facts": Answer("yes", (f"recording:{uuid.uuid4()}",))}, "facts", "bad_reference"),
        ({"facts": Answer("yes", ("nonsense",))}, "facts", "bad_reference"),
        ({"weather": Answer("yes", (f"version:{version.id}",))}, "weather", "unknown"),
    ):
        with pytest.raises(AnswersUnusable) as caught:
            bench.review(version, **answers)
        assert (caught.value.question, caught.value.problem) == (question, problem)
    row = bench.review(version, documents=Answer("not_applicable"))
    assert set(row.answers) == set(QUESTIONS)
    assert row.answers["documents"] == {"answer": "not_applicable", "references": []}


def test_a_question_that_is_left_out_is_named(bench: Any) -> None:
    version = bench.draft()
    submission = bench.submit(version)
    answers = {name: given for name, given in bench.answers(version).items() if name != "powers"}
    with pytest.raises(AnswersUnusable, match="powers is not answered"):
        give_opinion(
            bench.session,
            bench.reviewer,
            submission.id,
            opinion="agreed",
            answers=answers,
            statement="同意",
            signer=REVIEW_SIGNER,
        )


def test_an_opinion_is_signed_over_all_that_was_decided(bench: Any) -> None:
    version = bench.draft()
    review = bench.review(version)
    require_signed(review, version, REVIEW_KEYS)
    for row, name, value in (
        (version, "amount_fen", 1),
        (version, "level", "bureau"),
        (version, "party", "另一公司"),
        (version, "scope", []),
        (review, "opinion", "problems"),
        (review, "statement", "x"),
        (review, "reviewer_id", uuid.uuid4()),
        (review, "version_id", uuid.uuid4()),
        (review, "case_id", uuid.uuid4()),
    ):
        with bench.session.no_autoflush:
            kept = getattr(row, name)
            setattr(row, name, value)
            with pytest.raises(EvidenceError):
                require_signed(review, version, REVIEW_KEYS)
            setattr(row, name, kept)
    with pytest.raises(EvidenceError):
        require_signed(review, version, (EpochKey(1, SigningKey.generate().public),))
    with pytest.raises(EvidenceError):
        require_signed(review, version, (EpochKey(2, REVIEW_SIGNER.key.public),))


def test_nothing_is_issued_by_a_pass_that_was_signed_with_another_key(bench: Any) -> None:
    version = bench.draft()
    submission = bench.submit(version)
    forger = ReviewSigner(SigningKey.generate(), 1)
    give_opinion(
        bench.session,
        bench.reviewer,
        submission.id,
        opinion="agreed",
        answers=bench.answers(version),
        statement="同意",
        signer=forger,
    )
    with pytest.raises(PassForged, match="call an auditor"):
        bench.issue(version)
    assert decisions_of_case(bench.session, bench.case.id)[0].issue is None
    issue_decision(
        bench.session, bench.supervisor, version.decision_id, (EpochKey(1, forger.key.public),), datetime.now(UTC)
    )
    with pytest.raises(PassForged):
        require_leave_of_number(bench.session, bench.case.id, datetime.now(UTC), REVIEW_KEYS)


def test_after_problems_it_is_changed_and_reviewed_again(bench: Any) -> None:
    version = bench.draft()
    bench.review(version, "problems", law=Answer("no", (f"version:{version.id}",)))
    with pytest.raises(GateShut):
        bench.issue(version)
    with pytest.raises(ReviewSettled, match="has an opinion already"):
        bench.review(version, by=bench.archive.reviewer(bench.bureau))
    later = change_decision(
        bench.session, bench.officer, version.decision_id, bench.said(amount_fen=5_500_000), "从轻", former=version.id
    )
    bench.review(later)
    assert bench.issue(later).version_id == later.id


def test_a_withdrawn_pass_shuts_the_gate_before_and_after_the_issue(bench: Any) -> None:
    version = bench.draft()
    review = bench.review(version)
    withdraw_review(bench.session, bench.reviewer, review.id, "发现新证据")
    with pytest.raises(GateShut, match="needs a legal review"):
        bench.issue(version)
    with pytest.raises(ReviewSettled, match="withdrawn before"):
        withdraw_review(bench.session, bench.reviewer, review.id, "再撤")
    again = bench.review(version)
    issue = bench.issue(version)
    require_leave_of(bench.session, issue, REVIEW_KEYS)
    withdraw_review(bench.session, bench.reviewer, again.id, "发现新证据")
    with pytest.raises(GateShut):
        require_leave_of(bench.session, issue, REVIEW_KEYS)
    with pytest.raises(GateShut):
        enter_stage(bench.session, bench.supervisor, bench.case.id, "execution")
    assert bench.case.stage == "decision"


def test_who_may_not_review_is_told_why(bench: Any) -> None:
    version = bench.draft()
    bench.submit(version)
    unqualified = bench.archive.person(bench.bureau, "legal_reviewer")
    with pytest.raises(ReviewerBarred, match="no legal qualification"):
        bench.review(version, by=unqualified)
    for role in ("officer", "supervisor", "auditor", "administrator", "publisher"):
        with pytest.raises(RoleNotAllowed):
            bench.review(version, by=bench.archive.person(bench.bureau, role))
    with pytest.raises(TextUnusable):
        withdraw_review(bench.session, bench.reviewer, bench.review(version).id, " ")


def test_a_small_decision_is_issued_without_a_review_and_enters_its_event(bench: Any, archive: Any) -> None:
    version = bench.draft(bench.small())
    with pytest.raises(RoleNotAllowed):
        bench.issue(version, by=bench.officer)
    issue = bench.issue(version)
    assert (issue.review_id, issue.scope) == (None, [])
    assert archive.last_entry("case.event_entered").data["day"] == issue.issued_on.isoformat()
    with pytest.raises(DecisionSettled, match="was issued"):
        bench.issue(version)
