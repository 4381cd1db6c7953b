"""An assignment that was entered wrongly: corrected or withdrawn, and nothing that it drew in moves by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from casework.cases import assign, assignments_of, correct_assignment, withdraw_assignment
from casework.closing import close_case
from casework.errors import AssignmentWithdrawn, CaseClosed, NobodyAssigned, RoleNotAllowed, TextUnusable
from casework.linking.by_hand import answer_question, link_by_hand
from casework.linking.looks import LINKED, NO_CASE, QUESTION
from casework.linking.rows import find_open_question, live_links
from casework.organisation import deactivate_person
from casework.register.issues import void_issue
from retention.errors import OutsideUnit
from storage.catalog.devices import DeviceIssue
from tests.casework.linking.linked import HOUR, START, assigned_case, look, recorded
from tests.casework.sample_archive import OPERATOR

SPAN = {"starts_at": START, "ends_at": START + HOUR}
WHOLE_DAYS_LATER = {"starts_at": START + 240 * HOUR, "ends_at": START + 241 * HOUR}


def only_assignment(session: Session, case: Any) -> Any:
    (row,) = assignments_of(session, case.id)
    return row


def test_a_withdrawn_assignment_stays_with_who_when_and_why_and_its_entry_hides_the_reason(
    session: Session, archive: Any, officer: Any
) -> None:
    case = assigned_case(session, archive, officer)
    row = withdraw_assignment(session, officer, only_assignment(session, case).id, " 设备编号录错 ")
    session.refresh(row)
    assert assignments_of(session, case.id) == (row,)
    assert (row.withdrawn_by, row.withdraw_reason, row.replaced_by) == (officer.id, "设备编号录错", None)
    assert row.withdrawn_at is not None
    entry = archive.last_entry("case.assignment_withdrawn")
    assert (entry.subject_id, entry.data["assignment_id"], entry.data["replaced_by"]) == (
        str(case.id),
        str(row.id),
        None,
    )
    assert "录错" not in archive.ledger_text()


def test_a_corrected_assignment_is_replaced_by_one_that_says_all_of_it_anew(
    session: Session, archive: Any, officer: Any
) -> None:
    case = archive.case(officer)
    wrong = assign(session, officer, case.id, device="AB00001", officer="000123", stage="execution", **SPAN)
    right = correct_assignment(session, officer, wrong.id, "时间录错", device="AB00001", **WHOLE_DAYS_LATER)
    session.refresh(wrong)
    assert (wrong.replaced_by, wrong.withdraw_reason) == (right.id, "时间录错")
    assert (right.officer, right.stage, right.withdrawn_at) == (None, "execution", None)
    assert right.span.lower == START + 240 * HOUR
    assert archive.last_entry("case.assigned").data["assignment_id"] == str(right.id)
    assert archive.last_entry("case.assignment_withdrawn").data["replaced_by"] == str(right.id)


def test_what_has_ended_is_not_ended_again_and_each_refusal_leaves_all_as_it_was(
    session: Session, archive: Any, officer: Any
) -> None:
    case = assigned_case(session, archive, officer)
    row = only_assignment(session, case)
    stranger, auditor = archive.person(archive.unit(), "officer"), archive.person(archive.unit_of(officer), "auditor")
    for by, error in ((stranger, OutsideUnit), (auditor, RoleNotAllowed)):
        with pytest.raises(error):
            withdraw_assignment(session, by, row.id, "x")
        with pytest.raises(error):
            correct_assignment(session, by, row.id, "x", device="AB00002", **SPAN)
    with pytest.raises(TextUnusable):
        withdraw_assignment(session, officer, row.id, "  ")
    with pytest.raises(NobodyAssigned):
        correct_assignment(session, officer, row.id, "x", **SPAN)
    session.refresh(row)
    assert (only_assignment(session, case), row.withdrawn_at) == (row, None)
    withdraw_assignment(session, officer, row.id, "录错")
    with pytest.raises(AssignmentWithdrawn):
        withdraw_assignment(session, officer, row.id, "录错")
    with pytest.raises(AssignmentWithdrawn):
        correct_assignment(session, officer, row.id, "录错", device="AB00002", **SPAN)
    assert only_assignment(session, case) == row


def test_of_a_closed_case_one_is_withdrawn_by_a_supervisor_but_none_is_added(
    session: Session, archive: Any, officer: Any
) -> None:
    case = assigned_case(session, archive, officer)
    supervisor = archive.person(archive.unit_of(officer), "supervisor")
    row = only_assignment(session, case)
    close_case(session, supervisor, case.id, "撤销")
    with pytest.raises(CaseClosed):
        correct_assignment(session, officer, row.id, "录错", device="AB00002", **SPAN)
    with pytest.raises(RoleNotAllowed):
        withdraw_assignment(session, officer, row.id, "录错")
    assert ended_by_hand(session, row, officer.id) == "not this person's"
    assert withdraw_assignment(session, supervisor, row.id, "录错").withdrawn_at is not None


def test_the_operator_at_the_machine_puts_right_what_is_wrong_and_is_named_as_such(
    session: Session, archive: Any, officer: Any
) -> None:
    case = archive.case(officer)
    wrong = assign(session, OPERATOR, case.id, device="AB00001", **SPAN)
    right = correct_assignment(session, OPERATOR, wrong.id, "编号录错", device="AB00002", **SPAN)
    close_case(session, archive.person(archive.unit_of(officer), "supervisor"), case.id, "撤销")
    withdraw_assignment(session, OPERATOR, right.id, "不是本案")
    for row in (wrong, right):
        session.refresh(row)
        assert (row.withdrawn_by, row.withdrawn_at is None) == (None, False)
    entry = archive.last_entry("case.assignment_withdrawn")
    assert (entry.actor_kind, entry.actor_id) == ("system", "admin")


def test_nothing_is_drawn_in_any_more(session: Session, archive: Any, officer: Any) -> None:
    case = assigned_case(session, archive, officer)
    withdraw_assignment(session, officer, only_assignment(session, case).id, "录错")
    late = recorded(archive, archive.unit_of(officer))
    assert look(session, late) == NO_CASE
    assert live_links(session, late.id) == ()


def test_what_it_had_linked_stays_and_is_asked_about_and_the_right_one_is_offered(
    session: Session, archive: Any, officer: Any
) -> None:
    wrong, right = assigned_case(session, archive, officer), archive.case(officer)
    film = recorded(archive, archive.unit_of(officer))
    assert look(session, film) == LINKED
    withdraw_assignment(session, officer, only_assignment(session, wrong).id, "录错案件")
    assert look(session, film) == QUESTION
    (link,) = live_links(session, film.id)
    question = find_open_question(session, film.id)
    assert question is not None
    assert (link.case_id, [each["case_id"] for each in question.candidates]) == (wrong.id, [str(wrong.id)])
    assert question.candidates[0]["assignments"] == []
    assign(session, officer, right.id, device="AB00001", **SPAN)
    assert look(session, film) == QUESTION
    question = find_open_question(session, film.id)
    assert question is not None
    assert [each["case_id"] for each in question.candidates] == [str(right.id), str(wrong.id)]
    answer_question(session, officer, question.id, right.id)
    assert [each.case_id for each in live_links(session, film.id)] == [right.id]


def test_one_that_is_corrected_within_reason_leaves_the_link_unasked(
    session: Session, archive: Any, officer: Any
) -> None:
    case = assigned_case(session, archive, officer)
    film = recorded(archive, archive.unit_of(officer))
    assert look(session, film) == LINKED
    longer = {"starts_at": START - HOUR, "ends_at": START + 2 * HOUR}
    correct_assignment(session, officer, only_assignment(session, case).id, "时间录错", device="AB00001", **longer)
    assert look(session, film) == LINKED
    assert [each.case_id for each in live_links(session, film.id)] == [case.id]
    assert find_open_question(session, film.id) is None


def test_a_question_among_two_is_settled_where_one_of_them_was_a_mistake(
    session: Session, archive: Any, officer: Any
) -> None:
    mistake, right = assigned_case(session, archive, officer), assigned_case(session, archive, officer)
    film = recorded(archive, archive.unit_of(officer))
    assert look(session, film) == QUESTION
    asked = find_open_question(session, film.id)
    assert asked is not None
    elsewhere = only_assignment(session, mistake)
    correct_assignment(session, officer, elsewhere.id, "日期录错", device="AB00001", **WHOLE_DAYS_LATER)
    assert look(session, film) == LINKED
    assert [each.case_id for each in live_links(session, film.id)] == [right.id]
    session.refresh(asked)
    assert (asked.answered_at is None, asked.answered_by) == (False, None)


def test_a_question_that_names_a_withdrawn_assignment_is_asked_anew_though_its_cases_are_the_same(
    session: Session, archive: Any, officer: Any
) -> None:
    one, other = assigned_case(session, archive, officer), assigned_case(session, archive, officer)
    double = assign(session, officer, one.id, device="AB00001", starts_at=START - HOUR, ends_at=START + HOUR)
    film = recorded(archive, archive.unit_of(officer))
    assert look(session, film) == QUESTION
    before = find_open_question(session, film.id)
    withdraw_assignment(session, officer, double.id, "重复登记")
    assert look(session, film) == QUESTION
    after = find_open_question(session, film.id)
    assert before is not None
    assert after is not None
    assert before.id != after.id
    assert {each["case_id"] for each in after.candidates} == {str(one.id), str(other.id)}
    assert str(double.id) not in str(after.candidates)


def test_what_a_person_said_stands(session: Session, archive: Any, officer: Any) -> None:
    case = assigned_case(session, archive, officer)
    film = recorded(archive, archive.unit_of(officer))
    link_by_hand(session, officer, recording_id=film.id, case_id=case.id, stage="investigation", reason="同一现场")
    withdraw_assignment(session, officer, only_assignment(session, case).id, "录错")
    assert look(session, film) == "by_person"
    assert find_open_question(session, film.id) is None


def test_what_only_a_voided_issue_spoke_for_is_asked_about_as_well(session: Session, archive: Any) -> None:
    """The file names its recorder alone: whose it was the register said, and that was a mistake."""
    officer = archive.person(archive.unit(), "officer")
    archive.issue(archive.unit_of(officer), officer)
    case = assigned_case(session, archive, officer, device=None, officer=officer.badge_number)
    film = recorded(archive, archive.unit_of(officer), officer=None)
    assert look(session, film) == LINKED
    issue_id = session.scalars(select(DeviceIssue.id).where(DeviceIssue.person_id == officer.id)).one()
    void_issue(session, OPERATOR, issue_id, "录错人员", datetime.now(UTC))
    assert look(session, film) == QUESTION
    assert [each.case_id for each in live_links(session, film.id)] == [case.id]
    question = find_open_question(session, film.id)
    assert question is not None
    assert [each["case_id"] for each in question.candidates] == [str(case.id)]


ENDED = "withdrawn_at = now(), withdrawn_by = :by, withdraw_reason = 'x'"


def ended_by_hand(session: Session, row: Any, by: Any) -> str:
    """What the database says to whoever withdraws an assignment without any of casework."""
    with pytest.raises(IntegrityError) as refused, session.begin_nested():
        session.execute(text(f"UPDATE case_assignment SET {ENDED} WHERE id = :id"), {"id": row.id, "by": by})
    assert isinstance(refused.value.orig, CheckViolation)
    return "not this person's" if "not this person's" in str(refused.value) else str(refused.value)


def test_the_database_lets_an_officer_or_a_supervisor_of_the_unit_withdraw_and_nobody_else(
    session: Session, archive: Any, officer: Any
) -> None:
    row, unit = only_assignment(session, assigned_case(session, archive, officer)), archive.unit_of(officer)
    stranger, reviewer = archive.person(archive.unit(), "supervisor"), archive.person(unit, "legal_reviewer")
    leaver = archive.person(unit, "officer")
    deactivate_person(session, OPERATOR, leaver.id, "离职")
    session.flush()
    for each in (stranger, reviewer, leaver):
        assert ended_by_hand(session, row, each.id) == "not this person's"
    session.execute(text(f"UPDATE case_assignment SET {ENDED} WHERE id = :id"), {"id": row.id, "by": officer.id})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("device = 'AB00009'", InsufficientPrivilege),
        ("span = tstzrange(lower(span), NULL)", InsufficientPrivilege),
        ("withdrawn_at = NULL, withdrawn_by = NULL, withdraw_reason = NULL", CheckViolation),
        ("withdraw_reason = 'x'", CheckViolation),
    ],
)
def test_the_database_keeps_what_was_said_and_that_it_was_withdrawn(
    session: Session, archive: Any, officer: Any, change: str, error: type[Exception]
) -> None:
    case = assigned_case(session, archive, officer)
    row = only_assignment(session, case)
    withdraw_assignment(session, officer, row.id, "录错")
    with pytest.raises((IntegrityError, ProgrammingError)) as refused, session.begin_nested():
        session.execute(text(f"UPDATE case_assignment SET {change} WHERE id = :id"), {"id": row.id})
    assert isinstance(refused.value.orig, error)


def test_the_database_replaces_by_one_of_the_same_case_alone(session: Session, archive: Any, officer: Any) -> None:
    one, other = assigned_case(session, archive, officer), assigned_case(session, archive, officer)
    said = {"id": only_assignment(session, one).id, "by": officer.id, "other": only_assignment(session, other).id}
    ends = "withdrawn_at = now(), withdrawn_by = :by, withdraw_reason = 'x', replaced_by = :other"
    with pytest.raises(IntegrityError, match="of its case"), session.begin_nested():
        session.execute(text(f"UPDATE case_assignment SET {ends} WHERE id = :id"), said)
    early = "withdrawn_at = now() - interval '1 day', withdrawn_by = :by, withdraw_reason = 'x'"
    with pytest.raises(IntegrityError, match="of now"), session.begin_nested():
        session.execute(text(f"UPDATE case_assignment SET {early} WHERE id = :id"), said)
