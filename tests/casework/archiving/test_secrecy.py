"""A class of secrecy keeps recordings from whom it keeps them from: in lists, searches, playback, requests, exports."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.access import find_copy_grant, find_grant, may_see_poster, refuse_kept_secret
from casework.archiving.archives import archive_case
from casework.archiving.errors import NotArchivable, OwnSecrecy, SecrecyUnchanged, StateSecretRefused
from casework.archiving.readiness import Wanted
from casework.archiving.secrecy import secrecy_stated, state_secrecy
from casework.errors import AccessRefused, RoleNotAllowed, TextUnusable, WordUnknown
from casework.handling import handlers_of, name_officer, release_officer
from casework.permission import OPEN_TO
from casework.playback import open_window
from casework.requests import approve, ask
from casework.secrecy import class_of, keeps_nothing_from, may_see_case
from casework.timeline import case_timeline
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from storage.catalog.archiving import SECRECY_CLASSES
from storage.catalog.organisation import ROLES
from storage.catalog.recordings import Recording
from storage.database import Database
from tests.casework.archiving.conftest import put
from tests.casework.procedure.conftest import Team
from tests.casework.standing import find_standing_window

NOW = datetime.now(UTC)
# Who sees the recordings of a case of each class, by hand: an officer "on the case" is one of its 承办人员.
SEEN_BY = {
    "ordinary": {"officer on the case", *ROLES},
    "privacy": {"officer on the case", "supervisor", "legal_reviewer", "auditor"},
    "business_secret": {"officer on the case", "supervisor", "legal_reviewer"},
    "state_secret": {"officer on the case", "supervisor"},
}


@pytest.fixture
def filled(team: Team, recorded: Callable[..., Recording]) -> Team:
    """A case with a recording, handled by one of its unit's officers."""
    recorded(team, "investigation")
    name_officer(team.session, team.supervisor, team.case.id, team.officer.id)
    return team


def classified(team: Team, secrecy_class: str) -> None:
    """By the officer, as from the beginning."""
    state_secrecy(team.session, team.officer, team.case.id, secrecy_class, licensed=True)


def listed(team: Team, person: Any) -> bool:
    return team.session.scalar(select(Recording.id).where(keeps_nothing_from(person))) is not None


def the_recording(team: Team) -> Recording:
    return team.session.scalars(select(Recording)).one()


def granted(team: Team, person: Any, kind: str = "view") -> Any:
    return team.archive.grant(team.case, person, team.supervisor, kind, now=NOW)


@pytest.mark.parametrize("secrecy_class", SECRECY_CLASSES)
def test_each_class_is_open_to_whom_it_is_open_to(filled: Team, secrecy_class: str) -> None:
    classified(filled, secrecy_class)
    people = {role: filled.archive.person(filled.unit, role) for role in ROLES}
    people["officer on the case"] = filled.officer
    assert {who for who, person in people.items() if listed(filled, person)} == SEEN_BY[secrecy_class]
    assert {who for who, person in people.items() if may_see_case(filled.session, person, filled.case)} == SEEN_BY[
        secrecy_class
    ]
    for who, person in people.items():
        if who not in SEEN_BY[secrecy_class]:
            with pytest.raises(AccessRefused, match="class of secrecy"):
                refuse_kept_secret(filled.session, person, the_recording(filled).id)
            kinds = {item.kind for item in case_timeline(filled.session, person, filled.case.id).items}
            assert not kinds & {"recording_made", "recording_received", "recording_linked"}


def test_no_class_lets_in_whom_a_less_strict_one_keeps_out() -> None:
    for looser, stricter in itertools.pairwise(SECRECY_CLASSES):
        assert set(OPEN_TO[stricter].anyone) <= set(OPEN_TO[looser].anyone)
        let_in = {*OPEN_TO[looser].anyone, *OPEN_TO[looser].handlers}
        assert set(OPEN_TO[stricter].handlers) <= let_in
        assert OPEN_TO[looser].copied >= OPEN_TO[stricter].copied


def test_a_class_ends_what_was_granted_before_it_from_the_next_byte_on(filled: Team) -> None:
    recording = the_recording(filled)
    grant = granted(filled, filled.second)
    copy = granted(filled, filled.second, "copy")
    shown = filled.archive.rendition(recording).object_name
    window = {"recording_id": recording.id, "object_name": shown, "object_size": 100}
    found = find_grant(filled.session, filled.second, recording.id, "view", NOW)
    open_window(filled.session, filled.second, found, **window, first_byte=0, last_byte=9, now=NOW)
    standing = filled.session, filled.second, recording.id, shown, 0, NOW
    assert find_standing_window(*standing) is not None
    assert may_see_poster(filled.session, filled.second, [recording.id], NOW) == {recording.id}
    classified(filled, "privacy")
    assert find_standing_window(*standing) is None
    assert may_see_poster(filled.session, filled.second, [recording.id], NOW) == frozenset()
    with pytest.raises(AccessRefused) as caught:
        find_grant(filled.session, filled.second, recording.id, "view", NOW)
    assert caught.value.reason == "secrecy"
    with pytest.raises(AccessRefused) as caught:
        find_copy_grant(filled.session, filled.second, filled.case.id, copy.id, NOW)
    assert caught.value.reason == "secrecy"
    assert grant.revoked_at is None
    # Whoever is named an officer of the case is let in again, by the grant that he has.
    name_officer(filled.session, filled.supervisor, filled.case.id, filled.second.id)
    assert find_grant(filled.session, filled.second, recording.id, "view", NOW).grant_id == grant.id


def test_who_is_released_from_a_case_is_let_in_no_more(filled: Team) -> None:
    classified(filled, "business_secret")
    assert listed(filled, filled.officer)
    (handler,) = handlers_of(filled.session, filled.case, chinese_day(NOW))
    release_officer(filled.session, filled.supervisor, handler.row.id, "调离")
    assert not listed(filled, filled.officer)


def test_who_is_kept_out_is_neither_heard_nor_granted(filled: Team) -> None:
    request = ask(filled.session, filled.second, case_id=filled.case.id, kind="view", purpose="核对")
    classified(filled, "privacy")
    with pytest.raises(AccessRefused) as caught:
        ask(filled.session, filled.second, case_id=filled.case.id, kind="view", purpose="核对")
    assert caught.value.reason == "secrecy"
    with pytest.raises(AccessRefused) as caught:
        approve(filled.session, filled.supervisor, request.id, expires_at=NOW + timedelta(hours=1), now=NOW)
    assert (caught.value.reason, request.state) == ("asker_secrecy", "pending")


def test_state_secrets_leave_in_no_package(filled: Team) -> None:
    copy = granted(filled, filled.officer, "copy")
    classified(filled, "state_secret")
    for deed in (
        lambda: ask(filled.session, filled.officer, case_id=filled.case.id, kind="copy", purpose="移送"),
        lambda: find_copy_grant(filled.session, filled.officer, filled.case.id, copy.id, NOW),
    ):
        with pytest.raises(AccessRefused) as caught:
            deed()
        assert caught.value.reason == "never_copied"
    assert ask(filled.session, filled.officer, case_id=filled.case.id, kind="view", purpose="核对").state == "approved"


def test_a_recording_in_two_cases_follows_the_stricter(filled: Team) -> None:
    recording, second = the_recording(filled), filled.archive.case(filled.officer)
    filled.archive.link(recording, second, filled.officer)
    copy = filled.archive.grant(second, filled.second, filled.supervisor, "copy", now=NOW)
    filled.archive.grant(second, filled.second, filled.supervisor, "view", now=NOW)
    assert find_copy_grant(filled.session, filled.second, second.id, copy.id, NOW).grant_id == copy.id
    classified(filled, "privacy")
    assert may_see_case(filled.session, filled.second, second)
    assert not listed(filled, filled.second)
    for deed in (
        lambda: find_copy_grant(filled.session, filled.second, second.id, copy.id, NOW),
        lambda: find_grant(filled.session, filled.second, recording.id, "view", NOW),
    ):
        with pytest.raises(AccessRefused) as caught:
            deed()
        assert caught.value.reason == "secrecy"


def test_stricter_is_anybodys_word_and_less_strict_another_supervisors(filled: Team) -> None:
    session, case_id = filled.session, filled.case.id

    def state(by: Any, secrecy_class: str, reason: str | None = None) -> str:
        return state_secrecy(session, by, case_id, secrecy_class, reason, licensed=False).secrecy_class

    assert class_of(session, case_id) == "ordinary"
    assert state(filled.officer, "privacy", "涉及病历") == "privacy"
    assert state(filled.supervisor, "business_secret") == "business_secret"
    with pytest.raises(SecrecyUnchanged):
        state(filled.officer, "business_secret")
    with pytest.raises(RoleNotAllowed):
        state(filled.officer, "ordinary", "不再需要")
    with pytest.raises(OwnSecrecy):
        state(filled.supervisor, "ordinary", "不再需要")
    with pytest.raises(TextUnusable):
        state(filled.other_supervisor, "ordinary")
    assert state(filled.other_supervisor, "ordinary", "核实后不涉及") == "ordinary"
    with pytest.raises(WordUnknown):
        state(filled.officer, "secret")
    with pytest.raises(StateSecretRefused):
        state(filled.supervisor, "state_secret")
    with pytest.raises(RoleNotAllowed):
        state(filled.archive.person(filled.unit, "auditor"), "privacy")
    with pytest.raises(OutsideUnit):
        state(filled.archive.person(filled.archive.unit(), "supervisor"), "privacy")
    stated = [(row.ordinal, row.secrecy_class) for row in secrecy_stated(session, case_id)]
    assert stated == [(3, "ordinary"), (2, "business_secret"), (1, "privacy")]
    entries = filled.archive.entries("case.secrecy_stated")
    assert [(each.data["from"], each.data["to"]) for each in entries] == [
        (None, "privacy"),
        ("privacy", "business_secret"),
        ("business_secret", "ordinary"),
    ]
    assert "病历" not in filled.archive.ledger_text()


def test_a_class_that_is_less_strict_is_not_slipped_in_at_archiving(closed: Team, keys: Any) -> None:
    state_secrecy(closed.session, closed.officer, closed.case.id, "privacy", licensed=False)
    with pytest.raises(NotArchivable) as caught:
        archive_case(closed.session, closed.supervisor, closed.case.id, Wanted("ordinary", "permanent"), keys)
    assert [each.code for each in caught.value.missing] == ["secrecy_looser"]
    row = archive_case(closed.session, closed.supervisor, closed.case.id, Wanted("business_secret", "permanent"), keys)
    assert (row.secrecy_class, class_of(closed.session, closed.case.id)) == ("business_secret", "business_secret")
    # The class goes on driving access afterwards, and may still change; what was archived keeps saying what it was.
    state_secrecy(closed.session, closed.other_supervisor, closed.case.id, "ordinary", "已公开", licensed=False)
    assert (row.secrecy_class, class_of(closed.session, closed.case.id)) == ("business_secret", "ordinary")


def test_raw_sql_states_no_class_out_of_turn(
    database: Database, addresses: DatabaseAddresses, archive_in: Any, team_in: Any
) -> None:
    with database.transaction() as session:
        team = team_in(session, archive_in(session))
        auditor = team.archive.person(team.unit, "auditor")
        state_secrecy(session, team.supervisor, team.case.id, "privacy", licensed=False)
    statement = (
        "INSERT INTO case_secrecy (id, unit_id, case_id, ordinal, secrecy_class, reason, stated_by, stated_at)"
        " VALUES (gen_random_uuid(), %(unit)s, %(case)s, %(ordinal)s, %(to)s, %(why)s, %(by)s, now())"
    )
    sound = {"unit": team.unit.id, "case": team.case.id, "ordinal": 2, "why": "x", "by": team.other_supervisor.id}
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for changed in (
            {"to": "ordinary", "by": team.officer.id},
            {"to": "ordinary", "by": team.supervisor.id},
            {"to": "ordinary", "why": None},
            {"to": "privacy"},
            {"to": "business_secret", "ordinal": 3},
            {"to": "business_secret", "by": auditor.id},
            {"to": "top_secret"},
        ):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(statement.encode(), sound | changed)
        connection.execute(statement.encode(), sound | {"to": "business_secret", "by": team.officer.id})


def test_a_late_recording_of_a_classified_case_is_kept_as_the_others(
    filled: Team, recorded: Callable[..., Recording], session: Session
) -> None:
    classified(filled, "privacy")
    late = recorded(filled)
    assert session.scalar(select(Recording.id).where(Recording.id == late.id, keeps_nothing_from(filled.second)))
    put(filled, late, "decision")
    assert not session.scalar(select(Recording.id).where(Recording.id == late.id, keeps_nothing_from(filled.second)))
