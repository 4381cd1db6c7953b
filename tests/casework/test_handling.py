"""Two certified officers handle a case; who shows his certificate is written down."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.cases import open_case
from casework.closing import close_case
from casework.errors import (
    CaseClosed,
    OfficerReleased,
    OfficersMissing,
    PersonUnusable,
    RoleNotAllowed,
    Taken,
    TextUnusable,
)
from casework.handling import (
    handlers_of,
    identity_shown_in,
    name_officer,
    officers_needed,
    refuse_too_few_officers,
    release_officer,
    state_identity_shown,
)
from casework.organisation import deactivate_person
from casework.procedure.acts import add_act
from casework.procedure.errors import ActTimeUnusable
from casework.procedure.stating import Stated
from casework.register.certificates import void_certificate
from casework.stage_machines import MACHINES
from casework.stages import enter_stage
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from storage.catalog.devices import OfficerCertificate
from storage.database import Database
from storage.ledger.append import Actor
from tests.casework.procedure.conftest import Team, make_team

TODAY = chinese_day(datetime.now(UTC))
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


@pytest.fixture
def team(session: Session, archive: Any) -> Team:
    """Its case is under investigation by two officers, of whom nobody has a certificate yet."""
    return handled(make_team(session, archive))


def handled(team: Team) -> Team:
    for each in (team.officer, team.second):
        name_officer(team.session, team.officer, team.case.id, each.id)
    enter_stage(team.session, team.officer, team.case.id, "investigation")
    return team


def problems(team: Team) -> list[str | None]:
    return [each.problem for each in handlers_of(team.session, team.case, TODAY)]


def test_no_decision_without_two_certified_officers(team: Team) -> None:
    with pytest.raises(OfficersMissing, match=r"2 officer.* and 0 do") as refused:
        enter_stage(team.session, team.officer, team.case.id, "decision")
    assert refused.value.unsound == ((team.officer.name, "uncertified_now"), (team.second.name, "uncertified_now"))
    team.archive.certify(team.officer)
    with pytest.raises(OfficersMissing, match="and 1 do"):
        enter_stage(team.session, team.officer, team.case.id, "decision")
    team.archive.certify(team.second)
    assert problems(team) == [None, None]
    assert enter_stage(team.session, team.officer, team.case.id, "decision").stage == "decision"


def test_a_certificate_that_begins_after_the_case_or_ends_in_mid_case_does_not_do(team: Team) -> None:
    team.archive.certify(team.officer, since=TODAY + timedelta(days=1))
    team.archive.certify(team.second, last_day=TODAY + timedelta(days=9))
    later = datetime.now(UTC) + timedelta(days=10)
    found = handlers_of(team.session, team.case, chinese_day(later))
    assert [each.problem for each in found] == ["uncertified_then", "uncertified_now"]
    with pytest.raises(OfficersMissing, match="no certificate held on the day the case was opened"):
        refuse_too_few_officers(team.session, team.case, "decision", later)


def test_the_last_day_of_a_certificate_counts_and_renewal_leaves_no_gap(team: Team) -> None:
    team.archive.certify(team.officer, last_day=TODAY + timedelta(days=10))
    team.archive.certify(team.second, last_day=TODAY)
    team.archive.certify(team.second, since=TODAY + timedelta(days=1))
    refuse_too_few_officers(team.session, team.case, "decision", datetime.now(UTC) + timedelta(days=10))


def test_an_act_of_a_day_without_a_certificate_counts_against_who_took_part(team: Team) -> None:
    team.archive.certify(team.officer, team.second, since=date(2026, 1, 1))
    stated = Stated("other", NOW - timedelta(days=2), NOW - timedelta(days=1), None, (team.officer.id,))
    add_act(team.session, team.officer, team.case.id, stated, NOW)
    assert problems(team) == [None, None]
    certificate = team.session.query(OfficerCertificate).filter_by(person_id=team.officer.id).one()
    void_certificate(team.session, Actor.system("admin"), certificate.id, "证号错误", NOW)
    team.archive.certify(team.officer, since=date(2026, 3, 9))
    assert problems(team)[0] == "uncertified_in_act"


def test_who_left_counts_no_more_and_another_takes_over(team: Team) -> None:
    team.archive.certify(team.officer, team.second, team.supervisor)
    deactivate_person(team.session, Actor.system("admin"), team.second.id, "离职")
    assert problems(team) == [None, "left"]
    with pytest.raises(OfficersMissing, match="has left"):
        enter_stage(team.session, team.officer, team.case.id, "decision")
    leaving = handlers_of(team.session, team.case, TODAY)[1].row
    with pytest.raises(TextUnusable):
        release_officer(team.session, team.officer, leaving.id, " ")
    release_officer(team.session, team.officer, leaving.id, "离职")
    with pytest.raises(OfficerReleased):
        release_officer(team.session, team.officer, leaving.id, "离职")
    name_officer(team.session, team.officer, team.case.id, team.supervisor.id)
    assert problems(team) == [None, None]
    assert team.archive.last_entry("case.officer_released").data["case_officer_id"] == str(leaving.id)


def test_one_officer_is_enough_where_the_law_lets_him_decide_on_the_spot(session: Session, archive: Any) -> None:
    assert {each: officers_needed(each) for each in MACHINES if officers_needed(each) != 2} == {"simple_penalty": 1}
    officer = archive.person(archive.unit(), "officer")
    archive.certify(officer)
    case = open_case(session, officer, number="当场1", title="占道经营", procedure="simple_penalty")
    name_officer(session, officer, case.id, officer.id)
    assert enter_stage(session, officer, case.id, "decision").stage == "decision"


def test_who_cannot_handle_a_case_is_refused(session: Session, archive: Any, team: Team) -> None:
    with pytest.raises(Taken):
        name_officer(session, team.officer, team.case.id, team.officer.id)
    with pytest.raises(PersonUnusable, match="neither officer nor supervisor"):
        name_officer(session, team.officer, team.case.id, archive.person(team.unit, "auditor").id)
    with pytest.raises(OutsideUnit):
        name_officer(session, team.officer, team.case.id, archive.person(archive.unit(), "officer").id)
    with pytest.raises(RoleNotAllowed):
        name_officer(session, archive.person(team.unit, "auditor"), team.case.id, team.supervisor.id)
    close_case(session, team.supervisor, team.case.id, "不予处罚")
    with pytest.raises(CaseClosed):
        name_officer(session, team.officer, team.case.id, team.supervisor.id)


def test_showing_the_certificate_is_kept_with_who_and_when(team: Team) -> None:
    team.archive.certify(team.officer)
    act = team.act().act
    said = {"person_id": team.officer.id, "shown_at": NOW - timedelta(hours=30), "now": NOW}
    state_identity_shown(team.session, team.officer, team.case.id, **said, act_id=act.id)
    (row,) = identity_shown_in(team.session, team.case.id)
    assert (row.person_id, row.act_id, row.stated_by) == (team.officer.id, act.id, team.officer.id)
    assert team.archive.last_entry("case.identity_shown").data["act_id"] == str(act.id)
    with pytest.raises(PersonUnusable, match="no valid certificate on that day"):
        state_identity_shown(team.session, team.officer, team.case.id, **{**said, "person_id": team.second.id})
    later = {**said, "shown_at": NOW + timedelta(seconds=1)}
    with pytest.raises(ActTimeUnusable, match="future"):
        state_identity_shown(team.session, team.officer, team.case.id, **later)
    other = team.archive.case(team.officer)
    with pytest.raises(PersonUnusable, match="another case"):
        state_identity_shown(team.session, team.officer, other.id, **said, act_id=act.id)


def test_the_application_rewrites_no_officer_of_a_case(
    database: Database, addresses: DatabaseAddresses, archive_in: Any
) -> None:
    with database.transaction() as session:
        team = handled(make_team(session, archive_in(session)))
        team.archive.certify(team.officer)
        said = {"person_id": team.officer.id, "shown_at": NOW, "now": NOW}
        state_identity_shown(session, team.officer, team.case.id, **said)
        release_officer(session, team.officer, handlers_of(session, team.case, TODAY)[0].row.id, "调离")
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement in (
            "UPDATE case_officer SET person_id = named_by",
            "DELETE FROM case_officer",
            "UPDATE identity_shown SET shown_at = now()",
            "DELETE FROM identity_shown",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.CheckViolation, match="was set and stays"):
            connection.execute("UPDATE case_officer SET ended_at = NULL, ended_by = NULL, end_reason = NULL")
