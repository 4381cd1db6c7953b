"""One answer for many recordings: as many statements as for a few, and what it cannot be true of is left out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import event

from casework.elements.answers import Choice, answer_questions, list_answers
from casework.elements.errors import ValueUnusable
from tests.casework.elements.test_answers import LATER, answer, fingerprint


def test_many_are_answered_in_as_many_statements_as_a_few(team: Any) -> None:
    supervisor = team.archive.person(team.unit, "supervisor")

    def statements_for(count: int, reason: str) -> int:
        rows = [team.recording(officer=team.other.badge_number) for _ in range(count)]
        questions = {each.id: fingerprint(team, each, "officer") for each in rows}
        statements: list[str] = []
        connection = team.session.connection()
        event.listen(connection, "before_cursor_execute", note := lambda *call: statements.append(call[2]))
        choice = Choice("officer", str(team.officer.id), reason=reason)
        given = answer_questions(team.session, supervisor, "officer", questions, choice, LATER)
        event.remove(connection, "before_cursor_execute", note)
        assert set(given.done) == {each.id for each in rows}
        assert all(team.open(each) == {} for each in rows)
        return len(statements)

    few, many = statements_for(2, "核对领用登记"), statements_for(20, "核对领用登记")
    assert many == few


def test_a_time_that_is_too_late_for_one_is_an_answer_about_the_others(team: Any) -> None:
    early = team.recording(started_at=None, claims=[])
    late = team.recording(started_at=None, claims=[], received_at=early.received_at + timedelta(hours=5))
    told = (early.received_at + timedelta(hours=3)).isoformat()
    given = answer(team, team.officer, [early, late], "time", Choice("time", told, reason="值班记录"))
    assert given.done == (late.id,)
    left = given.left_out[early.id]
    assert isinstance(left, ValueUnusable)
    assert left.problem == "after_receipt"
    assert list_answers(team.session, early.id) == ()
