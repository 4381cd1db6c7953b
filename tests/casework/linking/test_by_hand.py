"""What people say of links: answers to the linker's questions, links by hand, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.closing import close_case
from casework.errors import RoleNotAllowed, TextUnusable, WordUnknown
from casework.linking.by_hand import answer_question, link_by_hand, unlink
from casework.linking.errors import AlreadyAnswered, AlreadyLinked, LinkEnded, NotAsOffered
from casework.linking.rows import live_links
from casework.linking.unlinked import list_questions, list_unlinked
from retention.errors import OutsideUnit
from storage.catalog.casework import LinkQuestion
from tests.casework.linking.due import link_due_recordings
from tests.casework.linking.linked import assigned_case, look, recorded


def test_answer_links_with_the_candidates_stage(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    chosen = assigned_case(session, archive, officer, device="AB00001", stage="execution")
    assigned_case(session, archive, officer)
    recording = recorded(archive, unit)
    look(session, recording)
    (question,) = list_questions(session, unit.id).items
    link = answer_question(session, officer, question.id, chosen.id)
    assert (link.case_id, link.made_by, link.person_id, link.stage) == (chosen.id, "person", officer.id, "execution")
    assert archive.last_entry("recording.link_answered").data["case_id"] == str(chosen.id)
    assert list_questions(session, unit.id).items == ()
    with pytest.raises(AlreadyAnswered):
        answer_question(session, officer, question.id, None, reason="与案件无关")


def test_answer_none_leaves_the_recording_to_people(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    assigned_case(session, archive, officer)
    assigned_case(session, archive, officer)
    recording = recorded(archive, unit)
    look(session, recording)
    (question,) = list_questions(session, unit.id).items
    assert answer_question(session, officer, question.id, None, reason="与案件无关") is None
    assigned_case(session, archive, officer)
    assert link_due_recordings(session) == {}
    assert [row.recording.id for row in list_unlinked(session, unit.id).items] == [recording.id]


def test_what_was_not_offered_is_answered_with_a_reason(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    offered = assigned_case(session, archive, officer)
    assigned_case(session, archive, officer)
    recording = recorded(archive, unit)
    look(session, recording)
    (question,) = list_questions(session, unit.id).items
    with pytest.raises(NotAsOffered, match="belongs to no case"):
        answer_question(session, officer, question.id, None, reason="  ")
    with pytest.raises(NotAsOffered, match="nobody thought of"):
        answer_question(session, officer, question.id, archive.case(officer).id)
    assert question.answered_at is None
    assert answer_question(session, officer, question.id, offered.id) is not None


def test_answer_may_name_a_case_nobody_thought_of_but_none_of_another_unit(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    assigned_case(session, archive, officer)
    assigned_case(session, archive, officer)
    recording = recorded(archive, unit)
    look(session, recording)
    (question,) = list_questions(session, unit.id).items
    elsewhere = archive.case(archive.person(archive.unit(), "officer")).id
    with pytest.raises(OutsideUnit):
        answer_question(session, officer, question.id, elsewhere, reason="群众反映")
    with pytest.raises(RoleNotAllowed):
        answer_question(session, archive.person(unit, "auditor"), question.id, None)
    assert question.answered_at is None
    third = archive.case(officer)
    assert answer_question(session, officer, question.id, third.id, reason="群众反映").stage == "initiation"


def test_linking_by_hand_settles_the_question(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    case = assigned_case(session, archive, officer)
    assigned_case(session, archive, officer)
    recording = recorded(archive, unit)
    look(session, recording)
    link_by_hand(session, officer, recording_id=recording.id, case_id=case.id, stage="initiation", reason="看过画面")
    question = session.scalars(select(LinkQuestion).where(LinkQuestion.recording_id == recording.id)).one()
    assert (question.chosen_case_id, question.answered_by) == (case.id, officer.id)
    assert "看过画面" not in archive.ledger_text()


def test_linker_keeps_out_where_a_person_has_spoken(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    by_window, by_hand = recorded(archive, unit), recorded(archive, unit)
    assigned_case(session, archive, officer)
    elsewhere = archive.case(officer)
    link_by_hand(session, officer, recording_id=by_hand.id, case_id=elsewhere.id, stage="initiation", reason="另一案")
    assert link_due_recordings(session) == {"linked": 1}
    unlink(session, officer, live_links(session, by_window.id)[0].id, "不是本案")
    assigned_case(session, archive, officer)
    assert link_due_recordings(session) == {}
    assert live_links(session, by_window.id) == ()
    assert [link.case_id for link in live_links(session, by_hand.id)] == [elsewhere.id]


def test_linking_twice_is_refused_and_after_unlinking_allowed(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    case, recording = archive.case(officer), recorded(archive, unit)
    values = {"recording_id": recording.id, "case_id": case.id, "stage": "initiation", "reason": "同一现场"}
    link = link_by_hand(session, officer, **values)
    with pytest.raises(AlreadyLinked):
        link_by_hand(session, officer, **values)
    unlink(session, officer, link.id, "弄错了")
    with pytest.raises(LinkEnded):
        unlink(session, officer, link.id, "再一次")
    assert (link.end_reason, link.ended_by) == ("弄错了", officer.id)
    assert link_by_hand(session, officer, **values).id != link.id
    assert len(archive.entries("recording.unlinked")) == 1


def test_late_footage_goes_into_a_closed_case_by_hand(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    case, recording = archive.case(officer), recorded(archive, unit)
    close_case(session, archive.person(unit, "supervisor"), case.id, "结案")
    assert link_by_hand(
        session, officer, recording_id=recording.id, case_id=case.id, stage="decision", reason="晚到的录像"
    )


@pytest.mark.parametrize(
    ("values", "error"),
    [({"stage": "never"}, WordUnknown), ({"reason": " \n"}, TextUnusable), ({"reason": "x" * 2001}, TextUnusable)],
)
def test_unusable_link_is_refused(
    session: Session, archive: Any, officer: Any, unit: Any, values: dict[str, str], error: type
) -> None:
    ids = {"recording_id": recorded(archive, unit).id, "case_id": archive.case(officer).id}
    with pytest.raises(error):
        link_by_hand(session, officer, **{"stage": "initiation", "reason": "r"} | ids | values)
    assert archive.entries("recording.linked") == []


def test_recordings_and_cases_of_other_units_are_not_linked(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    other = archive.unit()
    stranger = archive.person(other, "officer")
    for recording, case in (
        (recorded(archive, other), archive.case(officer)),
        (recorded(archive, unit), archive.case(stranger)),
    ):
        with pytest.raises(OutsideUnit):
            link_by_hand(session, officer, recording_id=recording.id, case_id=case.id, stage="initiation", reason="r")
    with pytest.raises(RoleNotAllowed):
        link_by_hand(
            session,
            archive.person(unit, "auditor"),
            recording_id=recorded(archive, unit).id,
            case_id=archive.case(officer).id,
            stage="initiation",
            reason="r",
        )


def test_unlinked_recordings_are_listed_in_pages(session: Session, archive: Any, officer: Any, unit: Any) -> None:
    expected = {recorded(archive, unit).id for _ in range(5)}
    first = list_unlinked(session, unit.id, limit=3)
    second = list_unlinked(session, unit.id, limit=3, after=first.next)
    assert second.next is None
    assert {row.recording.id for row in first.items + second.items} == expected
    assert {row.outcome for row in first.items} == {None}
