"""The unit disagrees, the committee sits; advisers with conflicts stay away; a suspicion of crime is handed over."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from casework.errors import RoleNotAllowed
from casework.export import finish_export, start_export
from casework.review.advisers import add_adviser, end_adviser, list_advisers, state_conflict
from casework.review.attendance import attendance_of
from casework.review.committee import Sitting, disagree, record_session, session_of
from casework.review.decisions import withdraw_decision
from casework.review.errors import CommitteeUnusable, GateShut, ReviewSettled, TransferUnusable
from casework.review.passes import require_signed
from casework.review.reviewing import Answer, withdraw_review
from casework.review.transfers import find_no_crime, hand_over, open_transfers, packages_to_hand_over
from integrity.digest import Digest
from storage.catalog.review import CrimeTransfer
from tests.casework.sample_archive import REVIEW_KEYS, REVIEW_SIGNER


@pytest.fixture
def dispute(bench: Any) -> Any:
    """A review that named problems, with which the unit disagrees."""
    version = bench.draft()
    review = bench.review(version, "problems", law=Answer("no", (f"version:{version.id}",)))
    return version, review, disagree(bench.session, bench.officer, review.id, "裁量符合基准")


def sitting(bench: Any, votes: tuple[int, int, int] = (2, 1, 0), **other: Any) -> Sitting:
    members = tuple(bench.archive.person(bench.bureau, "supervisor").id for _ in range(sum(votes)))
    facts = {
        "held_at": datetime.now(UTC),
        "place": "局三楼会议室",
        "minutes": "经审议，多数意见认为裁量适当",
        "presided_by": members[0] if members else uuid.uuid4(),
        "members": members,
        **dict(zip(("votes_for", "votes_against", "abstentions"), votes, strict=True)),
        "advice": {},
    }
    return Sitting(**{**facts, **other})


def record(bench: Any, dispute: Any, what: Sitting, **answers: Answer) -> Any:
    version, _, disagreement = dispute
    return record_session(
        bench.session,
        bench.reviewer,
        disagreement.id,
        what,
        answers=bench.answers(version, **answers),
        statement="委员会审议意见",
        signer=REVIEW_SIGNER,
        now=datetime.now(UTC),
    )


def test_what_more_than_half_are_for_is_issued(bench: Any, dispute: Any, archive: Any) -> None:
    version = dispute[0]
    with pytest.raises(GateShut):
        bench.issue(version)
    counsel = add_adviser(bench.session, bench.reviewer, kind="counsel", name="周律师", office="某律师事务所")
    opinion = record(bench, dispute, sitting(bench, (2, 1, 0), advice={counsel.id: "建议维持原裁量"}))
    assert (opinion.opinion, opinion.ordinal) == ("agreed", 2)
    require_signed(opinion, version, REVIEW_KEYS)
    held = session_of(bench.session, dispute[2].id)
    assert held is not None
    assert (held.outcome, held.votes_for) == ("agreed", 2)
    rows = attendance_of(bench.session, [held.id])
    assert [row.advice for row in rows if row.adviser_id] == ["建议维持原裁量"]
    assert len([row for row in rows if row.member_id]) == 3
    assert bench.issue(version).review_id == opinion.id
    assert len(archive.entries("decision.committee_attended")) == 4
    assert "建议维持原裁量" not in archive.ledger_text()
    assert "多数意见" not in archive.ledger_text()


@pytest.mark.parametrize("votes", [(1, 2, 0), (1, 1, 1), (2, 2, 0), (0, 0, 3)])
def test_half_is_not_enough(bench: Any, dispute: Any, votes: tuple[int, int, int]) -> None:
    against = Answer("no", (f"version:{dispute[0].id}",))
    assert record(bench, dispute, sitting(bench, votes), law=against).opinion == "problems"
    with pytest.raises(GateShut):
        bench.issue(dispute[0])
    with pytest.raises(ReviewSettled, match="has sat"):
        record(bench, dispute, sitting(bench), law=against)


def test_a_sitting_that_makes_no_sense_is_refused(bench: Any, dispute: Any) -> None:
    involved = sitting(bench)
    two, stranger = involved.members[:2], bench.archive.person(bench.archive.unit(), "supervisor").id
    for what, problem in (
        (sitting(bench, (1, 1, 0)), "members"),
        (sitting(bench, votes_for=3), "votes"),
        (sitting(bench, presided_by=bench.supervisor.id), "president"),
        (sitting(bench, held_at=datetime.now(UTC) - timedelta(days=1)), "held_at"),
        (sitting(bench, held_at=datetime.now(UTC) + timedelta(days=1)), "held_at"),
        (sitting(bench, members=(*two, bench.handlers[0].id), presided_by=two[0]), "member_involved"),
        (sitting(bench, members=(*two, stranger), presided_by=two[0]), "member_elsewhere"),
    ):
        with pytest.raises(CommitteeUnusable) as caught, bench.session.begin_nested():
            record(bench, dispute, what)
        assert caught.value.problem == problem
    assert session_of(bench.session, dispute[2].id) is None


def test_an_adviser_with_a_conflict_stays_away(bench: Any, dispute: Any, archive: Any) -> None:
    session, reviewer = bench.session, bench.reviewer
    lawyer = add_adviser(session, reviewer, kind="public_lawyer", name="钱律师", office="区司法局", number="150001")
    gone = add_adviser(session, reviewer, kind="expert", name="孙教授", office="某大学")
    assert {row.id for row in list_advisers(session, bench.unit.id)} == {lawyer.id, gone.id}
    state_conflict(session, reviewer, lawyer.id, bench.case.id, "系当事人常年法律顾问")
    end_adviser(session, reviewer, gone.id, "聘期届满")
    for adviser, problem in ((lawyer, "adviser_conflict"), (gone, "adviser_elsewhere")):
        with pytest.raises(CommitteeUnusable) as caught, session.begin_nested():
            record(bench, dispute, sitting(bench, advice={adviser.id: "同意"}))
        assert caught.value.problem == problem
    with pytest.raises(ReviewSettled):
        state_conflict(session, reviewer, lawyer.id, bench.case.id, "再次")
    with pytest.raises(RoleNotAllowed):
        add_adviser(session, bench.officer, kind="expert", name="x", office="y")
    assert "钱律师" not in archive.ledger_text()
    assert "当事人" not in archive.ledger_text()


def test_only_problems_that_stand_are_disagreed_with(bench: Any) -> None:
    version = bench.draft()
    review = bench.review(version)
    with pytest.raises(ReviewSettled, match="names no problems"):
        disagree(bench.session, bench.officer, review.id, "不同意")
    withdraw_review(bench.session, bench.reviewer, review.id, "再议")
    again = bench.review(version, "problems")
    disagree(bench.session, bench.supervisor, again.id, "不同意")
    with pytest.raises(ReviewSettled, match="disagreed with"):
        disagree(bench.session, bench.officer, again.id, "不同意")


def test_the_committee_does_not_sit_over_an_opinion_that_was_withdrawn(bench: Any, dispute: Any) -> None:
    version, review, disagreement = dispute
    withdraw_review(bench.session, bench.reviewer, review.id, "另行审核")
    with pytest.raises(ReviewSettled, match="withdrawn or replaced"):
        record(bench, dispute, sitting(bench, (3, 0, 0)))
    facts = Answer("no", (f"version:{version.id}",))
    bench.review(version, "problems", by=bench.archive.reviewer(bench.bureau), facts=facts)
    with pytest.raises(ReviewSettled, match="withdrawn or replaced"):
        record(bench, dispute, sitting(bench, (3, 0, 0)))
    assert session_of(bench.session, disagreement.id) is None
    with pytest.raises(GateShut) as caught:
        bench.issue(version)
    assert caught.value.refusals == ("no_pass",)


def test_a_vote_that_was_lost_is_not_taken_again(bench: Any, dispute: Any) -> None:
    against = Answer("no", (f"version:{dispute[0].id}",))
    lost = record(bench, dispute, sitting(bench, (1, 2, 0)), law=against)
    with pytest.raises(ReviewSettled, match="what the committee voted"):
        disagree(bench.session, bench.officer, lost.id, "另组会议")


def suspect(bench: Any) -> Any:
    version = bench.draft()
    crime = Answer("yes", (f"version:{version.id}",))
    bench.review(version, "problems", crime=crime)
    (task,) = bench.session.scalars(select(CrimeTransfer).where(CrimeTransfer.case_id == bench.case.id))
    # Its sixty thousand would count with the small fine that the tests go on with.
    withdraw_decision(bench.session, bench.officer, version.decision_id, "移送")
    return version, task


def start_package(bench: Any) -> Any:
    now = datetime.now(UTC)
    other = bench.archive.person(bench.unit, "supervisor")
    grant = bench.archive.grant(bench.case, bench.supervisor, other, "copy", now=now)
    return start_export(bench.session, bench.supervisor, bench.case.id, grant.id, now)


def finish(bench: Any, export: Any) -> None:
    finish_export(bench.session, bench.supervisor, export.id, Digest("sha256", b"\1" * 32))


def test_a_package_older_than_the_suspicion_is_not_what_is_handed_over(bench: Any) -> None:
    older = start_package(bench)
    finish(bench, older)
    _, task = suspect(bench)
    assert packages_to_hand_over(bench.session, [task.id]) == {}
    words = {"receiver": "江北区公安分局", "note": "收文〔2026〕第9号"}
    with pytest.raises(TransferUnusable, match="before the suspicion"):
        hand_over(bench.session, bench.supervisor, task.id, export_id=older.id, **words)
    newer = start_package(bench)
    finish(bench, newer)
    assert packages_to_hand_over(bench.session, [task.id]) == {task.id: (newer,)}
    assert hand_over(bench.session, bench.supervisor, task.id, export_id=newer.id, **words).export_id == newer.id


def test_a_package_that_was_begun_before_the_suspicion_lacks_it_whenever_it_is_finished(bench: Any) -> None:
    """Its contents were settled when it was begun."""
    begun = start_package(bench)
    _, task = suspect(bench)
    finish(bench, begun)
    assert begun.finished_at > task.opened_at > begun.started_at
    assert packages_to_hand_over(bench.session, [task.id]) == {}
    words = {"receiver": "江北区公安分局", "note": "收文〔2026〕第9号"}
    with pytest.raises(TransferUnusable, match="begun before the suspicion"):
        hand_over(bench.session, bench.supervisor, task.id, export_id=begun.id, **words)


def test_the_tasks_come_in_pages(bench: Any) -> None:
    suspect(bench)
    version = bench.draft(case=bench.another_case())
    bench.review(version, "problems", crime=Answer("yes", (f"version:{version.id}",)))
    first = open_transfers(bench.session, bench.supervisor, limit=1)
    assert [case.id for _, case in first.items] == [bench.case.id]
    second = open_transfers(bench.session, bench.supervisor, limit=1, after=first.next)
    assert ([case.id for _, case in second.items], second.next) == ([version.case_id], None)


def test_a_suspicion_of_crime_makes_a_task_that_ends_with_its_package(bench: Any, archive: Any) -> None:
    version, task = suspect(bench)
    small = bench.draft(bench.small())
    with pytest.raises(GateShut) as caught:
        bench.issue(small)
    assert caught.value.refusals == ("transfer",)
    ((listed, case),) = open_transfers(bench.session, bench.supervisor).items
    assert (listed.id, case.id) == (task.id, bench.case.id)
    export = start_package(bench)
    words = {"receiver": "江北区公安分局", "note": "收文〔2026〕第9号"}
    with pytest.raises(TransferUnusable, match="not finished"):
        hand_over(bench.session, bench.supervisor, task.id, export_id=export.id, **words)
    finish(bench, export)
    assert packages_to_hand_over(bench.session, [task.id]) == {task.id: (export,)}
    done = hand_over(bench.session, bench.supervisor, task.id, export_id=export.id, **words)
    assert (done.outcome, done.export_id) == ("transferred", export.id)
    with pytest.raises(ReviewSettled, match="ended"):
        find_no_crime(bench.session, bench.supervisor, task.id, "x")
    assert bench.issue(small).scope == []
    assert archive.last_entry("case.transfer_ended").data["outcome"] == "transferred"
    assert version.id != small.id
    assert "公安" not in archive.ledger_text()


def test_what_is_found_to_be_no_crime_is_decided(bench: Any) -> None:
    _, task = suspect(bench)
    with pytest.raises(RoleNotAllowed):
        find_no_crime(bench.session, bench.officer, task.id, "x")
    find_no_crime(bench.session, bench.supervisor, task.id, "公安机关书面答复不予立案")
    assert bench.issue(bench.draft(bench.small())).review_id is None
