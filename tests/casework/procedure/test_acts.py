"""Acts: stated, ended, corrected, withdrawn, each with its entry; and everything that is refused of one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.checklists.checklists import load_checklist
from casework.closing import close_case
from casework.errors import CaseClosed, RoleNotAllowed, TextUnusable
from casework.procedure.acts import acts_of_case, add_act, correct_act, end_act, statements_of, withdraw_act
from casework.procedure.errors import ActEnded, ActKindUnknown, ActTimeUnusable, ActWithdrawn, OfficersUnusable
from casework.register.certificates import add_certificate
from retention.errors import OutsideUnit, UnknownSubject
from storage.database import Database
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_an_act_is_entered_with_the_versions_that_held_on_its_day(session: Session, team: Any, archive: Any) -> None:
    made = team.act()
    assert made.said.ends_at == START + 40 * MINUTE
    entry = archive.last_entry("case.act_added")
    assert entry.subject_id == str(team.case.id)
    assert entry.data["checklists"] == made.said.checklists
    assert len(made.said.checklists) == 3
    assert (entry.data["kind"], entry.data["starts_at"]) == ("seizure", "2026-03-09T01:00:00.000000Z")
    assert "观音桥" not in archive.ledger_text()
    # A version that is loaded afterwards, for that very day, rules later acts alone.
    load_checklist(
        session,
        OPERATOR,
        b"jurisdiction: CN-more\nversion: 1\ntitle: {zh: a, en: a}\nvalid_from: 2026-01-01\nacts:\n"
        b"  - {code: seizure, name: {zh: a, en: b}, recording: whole, devices: 2, written_reason: false, "
        b"closes_with_gap: false}",
        NOW,
    )
    (stands,) = acts_of_case(session, team.case.id)
    assert len(stands.said.checklists) == 3
    assert len(team.act().said.checklists) == 4


def test_an_act_under_way_gets_its_end_once(session: Session, team: Any, archive: Any) -> None:
    made = team.act(minutes=None)
    assert made.said.ends_at is None
    with pytest.raises(ActTimeUnusable, match="future"):
        end_act(session, team.officer, made.act.id, NOW + MINUTE, NOW)
    with pytest.raises(ActTimeUnusable, match="before it begins"):
        end_act(session, team.officer, made.act.id, START, NOW)
    ended = end_act(session, team.second, made.act.id, START + 30 * MINUTE, NOW)
    assert (ended.said.ordinal, ended.said.ends_at) == (2, START + 30 * MINUTE)
    assert archive.last_entry("case.act_ended").data["ordinal"] == 2
    with pytest.raises(ActEnded):
        end_act(session, team.officer, made.act.id, START + 31 * MINUTE, NOW)


def test_a_correction_keeps_what_was_said_before(session: Session, team: Any, archive: Any) -> None:
    made = team.act()
    with pytest.raises(TextUnusable):
        correct_act(session, team.officer, made.act.id, team.stated(minutes=50), " ", NOW)
    correct_act(session, team.supervisor, made.act.id, team.stated("demolition", 50), "行为种类登记错误", NOW)
    first, second = statements_of(session, made.act.id)
    assert (first.kind, second.kind, second.reason) == ("seizure", "demolition", "行为种类登记错误")
    assert (first.stated_by, second.stated_by) == (team.officer.id, team.supervisor.id)
    (stands,) = acts_of_case(session, team.case.id)
    assert stands.said.id == second.id
    assert archive.last_entry("case.act_corrected").data["statement_id"] == str(second.id)
    assert "登记错误" not in archive.ledger_text()


def test_a_correction_that_could_make_a_gap_go_away_takes_a_supervisor(session: Session, team: Any) -> None:
    act = team.act().act
    less = (
        team.stated("other"),
        team.stated(minutes=39),
        team.stated(starts_at=START + MINUTE),
        team.stated(minutes=None),
    )
    for stated in less[:3]:
        with pytest.raises(RoleNotAllowed):
            correct_act(session, team.officer, act.id, stated, "登记错误", NOW)
    with pytest.raises(RoleNotAllowed):
        correct_act(session, team.officer, act.id, less[3], "尚未结束", NOW)
    correct_act(session, team.officer, act.id, team.stated(minutes=41, place="红旗河沟"), "地点登记错误", NOW)
    correct_act(session, team.supervisor, act.id, less[1], "结束时间登记错误", NOW)
    assert [each.ordinal for each in statements_of(session, act.id)] == [1, 2, 3]


def test_an_act_is_withdrawn_by_a_supervisor_with_a_reason_and_for_good(
    session: Session, team: Any, archive: Any
) -> None:
    made = team.act()
    with pytest.raises(RoleNotAllowed):
        withdraw_act(session, team.officer, made.act.id, "重复登记")
    with pytest.raises(TextUnusable):
        withdraw_act(session, team.supervisor, made.act.id, "")
    withdraw_act(session, team.supervisor, made.act.id, "重复登记")
    assert acts_of_case(session, team.case.id) == ()
    assert archive.last_entry("case.act_withdrawn").data["act_id"] == str(made.act.id)
    with pytest.raises(ActWithdrawn):
        correct_act(session, team.officer, made.act.id, team.stated(), "x", NOW)
    assert len(statements_of(session, made.act.id)) == 1


@pytest.mark.parametrize(
    ("stated", "error", "says"),
    [
        ({"ends_at": START}, ActTimeUnusable, "ends before it begins"),
        ({"ends_at": START - MINUTE}, ActTimeUnusable, "ends before it begins"),
        ({"starts_at": NOW + MINUTE, "ends_at": NOW + 2 * MINUTE}, ActTimeUnusable, "future"),
        ({"ends_at": NOW + MINUTE}, ActTimeUnusable, "future"),
        ({"starts_at": NOW + MINUTE, "ends_at": None}, ActTimeUnusable, "future"),
        ({"starts_at": START.replace(tzinfo=None)}, ActTimeUnusable, "time zone"),
        ({"starts_at": START - timedelta(days=32)}, ActTimeUnusable, "31 days"),
        ({"kind": "dancing"}, ActKindUnknown, "it is one of: on_site, evidence"),
        (
            {"starts_at": datetime(2018, 12, 31, 12, tzinfo=UTC), "ends_at": datetime(2018, 12, 31, 13, tzinfo=UTC)},
            ActKindUnknown,
            "no checklist holds on 2018-12-31",
        ),
    ],
)
def test_what_cannot_have_been_is_refused(
    session: Session, team: Any, archive: Any, stated: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        team.act(**stated)
    assert archive.entries("case.act_added") == []


def test_a_day_is_a_chinese_one(session: Session, team: Any) -> None:
    """2018-12-31 16:30 UTC is New Year's Day in China, on which the first checklist begins to hold."""
    midnight = datetime(2018, 12, 31, 16, 30, tzinfo=UTC)
    made = team.act(starts_at=midnight, ends_at=midnight + MINUTE)
    assert len(made.said.checklists) == 1


def test_the_officers_are_the_laws(session: Session, team: Any, archive: Any) -> None:
    outsider = archive.person(archive.unit(), "officer")
    officer, second = team.officer.id, team.second.id
    for officers, says in (
        ((officer,), "two officers"),
        ((), "two officers"),
        ((officer, officer), "same person"),
        ((officer, outsider.id), "nobody of this unit"),
    ):
        with pytest.raises(OfficersUnusable, match=says):
            team.act(officers=officers)
    assert team.act("hearing", officers=(officer,)).said.second_officer_id is None
    add_certificate(session, OPERATOR, second, number="A1", valid_from=date(2020, 1, 1), last_day=date(2026, 3, 8))
    with pytest.raises(OfficersUnusable, match="not valid on that day"):
        team.act()
    earlier = START - timedelta(days=1)
    assert team.act(starts_at=earlier, ends_at=earlier + MINUTE).said.second_officer_id == second


def test_who_left_is_named_for_days_of_his_certificate_alone(session: Session, team: Any) -> None:
    team.second.active = False
    session.flush()
    with pytest.raises(OfficersUnusable, match="has left"):
        team.act()
    with pytest.raises(RoleNotAllowed):
        add_act(session, team.second, team.case.id, team.stated(), NOW)
    day = date(2026, 3, 9)
    add_certificate(session, OPERATOR, team.second.id, number="A1", valid_from=date(2020, 1, 1), last_day=day)
    assert team.act().said.second_officer_id == team.second.id


def test_other_units_cases_and_closed_ones_take_no_acts(session: Session, team: Any, archive: Any) -> None:
    outsider = archive.person(archive.unit(), "officer")
    with pytest.raises(OutsideUnit):
        add_act(session, outsider, team.case.id, team.stated(), NOW)
    with pytest.raises(UnknownSubject):
        end_act(session, team.officer, outsider.id, NOW, NOW)
    with pytest.raises(RoleNotAllowed):
        add_act(session, archive.person(team.unit, "auditor"), team.case.id, team.stated(), NOW)
    close_case(session, team.supervisor, team.case.id, "不予立案")
    with pytest.raises(CaseClosed):
        team.act()


def test_the_database_itself_keeps_acts_as_they_were_said(
    database: Database, addresses: DatabaseAddresses, team_in: Any, archive_in: Any
) -> None:
    with database.transaction() as session:
        team = team_in(session, archive_in(session))
        act, case = team.act(minutes=None).act.id, team.case.id
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement in (
            "UPDATE case_act_statement SET kind = 'other'",
            "DELETE FROM case_act_statement",
            "DELETE FROM case_act",
            "UPDATE act_explanation SET reason = 'x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.CheckViolation, match="under way"):
            connection.execute('UPDATE "case" SET closed_at = now()')
        connection.execute(
            "INSERT INTO case_act_statement SELECT gen_random_uuid(), unit_id, case_id, act_id, 2, kind,"
            " tstzrange(lower(span), lower(span) + interval '1 minute'), place, officer_id, second_officer_id,"
            " checklists, NULL, stated_by, now() FROM case_act_statement WHERE act_id = %s",
            (act,),
        )
        connection.execute('UPDATE "case" SET closed_at = now() WHERE id = %s', (case,))
        with pytest.raises(psycopg.errors.CheckViolation, match="closed"):
            connection.execute(
                "UPDATE case_act SET withdrawn_at = now(), withdrawn_by = added_by, withdraw_reason = 'x'"
            )
