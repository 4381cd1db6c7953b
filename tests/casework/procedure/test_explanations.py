"""Explanations: given under one's own name, decided on once by a superior who took no part, taken back with history."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.closing import close_case
from casework.errors import CaseClosed, RoleNotAllowed, TextUnusable
from casework.procedure.acts import end_act, withdraw_act
from casework.procedure.errors import (
    ActWithdrawn,
    ExplanationDecided,
    ExplanationOutside,
    ExplanationWithdrawn,
    OwnExplanation,
)
from casework.procedure.explanations import (
    decide_explanation,
    explain_gap,
    explanations_of,
    withdraw_explanation,
)
from casework.timeline import case_timeline
from retention.errors import OutsideUnit
from storage.catalog.organisation import Person
from storage.catalog.procedure import ActExplanation
from storage.database import Database

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def explain(session: Session, by: Person, act_id: Any, first: float = 10, last: float = 20) -> ActExplanation:
    times = {"starts_at": START + first * MINUTE, "ends_at": START + last * MINUTE}
    return explain_gap(session, by, act_id, **times, reason="电池耗尽", now=NOW)


def test_an_explanation_is_confirmed_by_another_person_and_both_are_entered(
    session: Session, team: Any, archive: Any
) -> None:
    act = team.act().act
    row = explain(session, team.officer, act.id)
    assert (row.state, row.given_by) == ("pending", team.officer.id)
    assert archive.last_entry("case.gap_explained").data["explanation_id"] == str(row.id)
    assert decide_explanation(session, team.supervisor, row.id, confirmed=True).state == "confirmed"
    entry = archive.last_entry("case.explanation_confirmed")
    assert (entry.actor_id, entry.data["explanation_id"]) == (str(team.supervisor.id), str(row.id))
    assert "电池" not in archive.ledger_text()
    with pytest.raises(ExplanationDecided, match="confirmed"):
        decide_explanation(session, team.other_supervisor, row.id, confirmed=False, reason="x")


def test_nobody_decides_on_his_own_explanation_or_on_one_of_his_own_act(session: Session, team: Any) -> None:
    own = explain(session, team.supervisor, team.act().act.id)
    with pytest.raises(OwnExplanation):
        decide_explanation(session, team.supervisor, own.id, confirmed=True)
    took_part = team.act(officers=(team.officer.id, team.supervisor.id)).act
    others = explain(session, team.officer, took_part.id)
    with pytest.raises(OwnExplanation):
        decide_explanation(session, team.supervisor, others.id, confirmed=True)
    with pytest.raises(RoleNotAllowed):
        decide_explanation(session, team.second, others.id, confirmed=True)
    assert decide_explanation(session, team.other_supervisor, others.id, confirmed=True).state == "confirmed"


def test_a_refusal_has_a_reason_and_another_explanation_may_follow(session: Session, team: Any, archive: Any) -> None:
    act = team.act().act
    row = explain(session, team.officer, act.id)
    with pytest.raises(TextUnusable):
        decide_explanation(session, team.supervisor, row.id, confirmed=False)
    refused = decide_explanation(session, team.supervisor, row.id, confirmed=False, reason="与回执不符")
    assert (refused.state, refused.decision_reason) == ("refused", "与回执不符")
    assert archive.last_entry("case.explanation_refused").data == {
        "explanation_id": str(row.id),
        "commitments": archive.last_entry("case.explanation_refused").data["commitments"],
    }
    explain(session, team.officer, act.id)
    assert [each.state for each in explanations_of(session, [act.id])] == ["refused", "pending"]


def test_what_was_confirmed_is_withdrawn_with_its_history(session: Session, team: Any) -> None:
    row = explain(session, team.officer, team.act().act.id)
    decide_explanation(session, team.supervisor, row.id, confirmed=True)
    with pytest.raises(RoleNotAllowed):
        withdraw_explanation(session, team.second, row.id, "不属实")
    withdrawn = withdraw_explanation(session, team.other_supervisor, row.id, "不属实")
    assert (withdrawn.state, withdrawn.decision, withdrawn.decided_by) == ("withdrawn", "confirmed", team.supervisor.id)
    for deed in (
        lambda: withdraw_explanation(session, team.officer, row.id, "x"),
        lambda: decide_explanation(session, team.supervisor, row.id, confirmed=True),
    ):
        with pytest.raises(ExplanationWithdrawn):
            deed()


def test_only_minutes_of_a_standing_act_of_an_open_case_are_explained(
    session: Session, team: Any, archive: Any
) -> None:
    act = team.act().act
    for first, last in ((-1, 5), (35, 41), (5, 5), (6, 5)):
        with pytest.raises(ExplanationOutside):
            explain(session, team.officer, act.id, first, last)
    with pytest.raises(TextUnusable):
        explain_gap(session, team.officer, act.id, starts_at=START, ends_at=START + MINUTE, reason=" ", now=NOW)
    with pytest.raises(OutsideUnit):
        explain(session, archive.person(archive.unit(), "officer"), act.id)
    left = team.second
    left.active = False
    with pytest.raises(RoleNotAllowed):
        explain(session, left, act.id)
    gone = team.act("on_site", officers=(team.officer.id, team.supervisor.id)).act
    kept = explain(session, team.officer, gone.id)
    withdraw_act(session, team.supervisor, gone.id, "重复登记")
    with pytest.raises(ActWithdrawn):
        explain(session, team.officer, gone.id)
    with pytest.raises(ActWithdrawn):
        decide_explanation(session, team.other_supervisor, kept.id, confirmed=True)


def test_an_act_under_way_is_explained_up_to_now(session: Session, team: Any) -> None:
    act = team.act(minutes=None).act
    explain(session, team.officer, act.id, 10, 60)
    with pytest.raises(ExplanationOutside):
        explain_gap(session, team.officer, act.id, starts_at=START, ends_at=NOW + MINUTE, reason="x", now=NOW)
    end_act(session, team.officer, act.id, START + 90 * MINUTE, NOW)


def test_the_cases_timeline_has_acts_and_explanations(session: Session, team: Any) -> None:
    act = team.act().act
    row = explain(session, team.officer, act.id)
    decide_explanation(session, team.supervisor, row.id, confirmed=True)
    withdraw_explanation(session, team.officer, row.id, "时间有误")
    withdraw_act(session, team.supervisor, act.id, "重复登记")
    items = case_timeline(session, team.officer, team.case.id).items
    assert [(each.kind, each.subject_id) for each in items] == [
        ("stage_entered", items[0].subject_id),
        ("act_added", act.id),
        ("gap_explained", row.id),
        ("explanation_confirmed", row.id),
        ("explanation_withdrawn", row.id),
        ("act_withdrawn", act.id),
    ]
    assert items[3].person_id == team.supervisor.id


def test_two_decisions_at_once_are_one(database: Database, team_in: Any, archive_in: Any) -> None:
    with database.transaction() as session:
        team = team_in(session, archive_in(session))
        row = explain(session, team.officer, team.act().act.id)
        people, explanation_id = (team.supervisor.id, team.other_supervisor.id), row.id
    outcomes: list[str] = []
    begin = threading.Barrier(2)

    def decide(person_id: Any, confirmed: bool) -> None:
        try:
            with database.transaction() as session:
                person = session.get_one(Person, person_id)
                begin.wait()
                decide_explanation(session, person, explanation_id, confirmed=confirmed, reason="看过")
            outcomes.append("decided")
        except ExplanationDecided:
            outcomes.append("late")

    threads = [threading.Thread(target=decide, args=each) for each in zip(people, (True, False), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["decided", "late"]


def test_no_closed_case_takes_an_explanation_and_the_database_lets_nobody_confirm_his_own(
    database: Database, addresses: DatabaseAddresses, team_in: Any, archive_in: Any
) -> None:
    with database.transaction() as session:
        team = team_in(session, archive_in(session))
        made = team.act("other", officers=(team.officer.id,)).act
        row = explain(session, team.officer, made.id)
        supervisor, case = team.supervisor.id, team.case.id
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.CheckViolation, match="decided_by_somebody_else"):
            connection.execute(
                "UPDATE act_explanation SET decision = 'confirmed', decided_by = given_by, decided_at = now()"
            )
    with database.transaction() as session:
        close_case(session, session.get_one(Person, supervisor), case, "结案")
    with database.transaction() as session, pytest.raises(CaseClosed):
        decide_explanation(session, session.get_one(Person, supervisor), row.id, confirmed=True)
