"""Sessions: one at a time in a room, an act of their case, judged by the room's recorders, linked by the register."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.closing import close_case
from casework.elements.facts import gather_facts
from casework.elements.judging import judge_recording
from casework.elements.policies import load_shipped_policies
from casework.errors import CaseClosed, RoleNotAllowed
from casework.procedure.acts import correct_act, end_act, withdraw_act
from casework.procedure.errors import ActTimeUnusable, CaseIncomplete, OfficersUnusable
from casework.procedure.judgement import judge_case
from casework.register.devices import add_device
from casework.register.issues import issue_device, issue_to_room
from casework.rooms.errors import (
    ActOfRoom,
    RoomInSession,
    RoomNotYet,
    SessionEnded,
    SessionHasCase,
    SessionWithdrawn,
)
from casework.rooms.listing import list_caseless, list_sessions
from casework.rooms.rooms import add_room
from casework.rooms.sessions import begin_session, end_session, give_case, withdraw_session
from retention.errors import OutsideUnit
from storage.catalog.casework import CaseLink
from storage.catalog.organisation import Person
from storage.database import Database
from tests.casework.linking.due import link_due_recordings
from tests.casework.rooms.conftest import LONG_AGO, MINUTE, NOW, START, House
from tests.casework.test_merging import merge


def linked_cases(house: House, recording: Any) -> list[Any]:
    link_due_recordings(house.session, 100)
    rows = house.session.query(CaseLink).filter(CaseLink.recording_id == recording.id, CaseLink.ended_at.is_(None))
    return [(row.case_id, row.stage, row.made_by) for row in rows]


def at_the_end(session: Session, sql: str, act_id: Any) -> None:
    """As if the transaction ended with it."""
    session.execute(text(sql), {"act": act_id})
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def minutes(stretches: Any) -> list[tuple[float, float, str]]:
    return [((each.starts_at - START) / MINUTE, (each.ends_at - START) / MINUTE, each.state) for each in stretches]


def test_a_session_with_a_case_is_an_act_of_it_and_its_recordings_find_the_case(session: Session, house: House) -> None:
    """Nobody assigned anybody: the register says which recorder is in which room, and the session for which case."""
    used = house.begin(case=house.case)
    film = house.film(-5, 20)
    assert linked_cases(house, film) == [(house.case.id, "investigation", "window")]
    (judged,) = judge_case(session, house.case.id, NOW)
    assert (judged.act.act.id, judged.rule.code, judged.room_devices) == (used.act_id, "questioning", 1)
    assert minutes(judged.stretches) == [(0, 20, "covered"), (20, 40, "missing")]
    with pytest.raises(CaseIncomplete):
        close_case(session, house.supervisor, house.case.id, "结案")
    assert linked_cases(house, house.film(20, 41)) == [(house.case.id, "investigation", "window")]
    assert judge_case(session, house.case.id, NOW)[0].verdict == "complete"
    house.settle()
    begun = house.archive.last_entry("room.session_begun")
    assert begun.data["case_id"] == str(house.case.id)
    assert house.archive.last_entry("case.act_added").data["act_id"] == begun.data["act_id"] == str(used.act_id)


def test_what_a_body_camera_saw_of_it_is_no_recording_of_the_room(session: Session, house: House) -> None:
    device = add_device(session, house.administrator, unit_id=house.unit.id, code="AB00002")
    issue_device(session, house.supervisor, device.id, house.officer.id, now=NOW, issued_at=LONG_AGO)
    house.begin(case=house.case)
    house.archive.link(house.film(-5, 45, device="AB00002"), house.case, house.officer)
    (judged,) = judge_case(session, house.case.id, NOW)
    assert (judged.verdict, len(judged.recordings), len(judged.uncounted)) == ("incomplete", 1, 1)


def test_a_room_without_recorders_records_nothing(session: Session, house: House) -> None:
    from casework.rooms.rooms import add_room

    bare = add_room(
        session,
        house.administrator,
        unit_id=house.unit.id,
        kind="hearing_room",
        name="听证室",
        now=NOW,
        in_use_from=LONG_AGO,
    )
    begin_session(session, house.officer, bare.id, house.use(case=house.case), NOW)
    house.archive.link(house.film(-5, 45), house.case, house.officer)
    (judged,) = judge_case(session, house.case.id, NOW)
    assert (judged.rule.code, judged.room_devices, minutes(judged.stretches)) == (
        "hearing_room",
        0,
        [(0, 40, "missing")],
    )


def test_a_session_without_a_case_is_a_gap_until_somebody_says_whose_it_was(session: Session, house: House) -> None:
    film = house.film(0, 30)
    assert linked_cases(house, film) == []
    used = house.begin()
    (found,) = list_caseless(session, house.supervisor, NOW)
    assert (found.shown.row, found.verdict) == (used, "incomplete")
    assert minutes(found.missing) == [(30, 40, "missing")]
    give_case(session, house.second, used.id, house.case.id, NOW)
    assert list_caseless(session, house.supervisor, NOW) == ()
    # It had been looked at before, and is looked at again: that is new.
    assert linked_cases(house, film) == [(house.case.id, "investigation", "window")]
    assert minutes(judge_case(session, house.case.id, NOW)[0].stretches) == [(0, 30, "covered"), (30, 40, "missing")]
    with pytest.raises(SessionHasCase):
        give_case(session, house.officer, used.id, house.archive.case(house.officer).id, NOW)
    house.settle()
    assert house.archive.last_entry("room.session_given_case").data["session_id"] == str(used.id)


def test_a_session_across_midnight_is_one_act_and_ends_once(session: Session, house: House) -> None:
    midnight = datetime(2026, 3, 8, 16, 0, tzinfo=UTC)
    used = house.begin(case=house.case, starts_at=midnight - 10 * MINUTE, ends_at=None)
    with pytest.raises(ActTimeUnusable, match="ends before it begins"):
        end_session(session, house.officer, used.id, midnight - 20 * MINUTE, NOW)
    with pytest.raises(ActTimeUnusable, match="in the future"):
        end_session(session, house.officer, used.id, NOW + MINUTE, NOW)
    end_session(session, house.second, used.id, midnight + 10 * MINUTE, NOW)
    (judged,) = judge_case(session, house.case.id, NOW)
    assert (judged.act.said.starts_at, judged.act.said.ends_at) == (midnight - 10 * MINUTE, midnight + 10 * MINUTE)
    with pytest.raises(SessionEnded):
        end_session(session, house.officer, used.id, midnight + 20 * MINUTE, NOW)
    house.settle()
    ended = house.archive.last_entry("room.session_ended")
    assert ended.data == {"session_id": str(used.id), "ends_at": "2026-03-08T16:10:00.000000Z"}


def test_two_sessions_of_one_room_do_not_overlap_and_may_touch(session: Session, house: House) -> None:
    house.begin(40)
    for first, last in ((39, 50), (-10, 1), (10, 20), (-10, 50), (39, None)):
        with pytest.raises(RoomInSession, match="一号询问室"):
            house.begin(last, first)
    house.begin(60, 40)
    row = "INSERT INTO room_session SELECT gen_random_uuid(), unit_id, room_id, span, officer_id, second_officer_id, NULL, NULL, stated_by, stated_at FROM room_session LIMIT 1"  # noqa: E501
    with pytest.raises(IntegrityError, match="ex_room_session_one_at_a_time"), session.begin_nested():
        session.execute(text(row))


def test_of_two_who_begin_at_the_same_time_one_is_told(database: Database, house_in: Any, archive_in: Any) -> None:
    with database.transaction() as session:
        house = house_in(session, archive_in(session))
        room, officers, use = house.room.id, (house.officer.id, house.second.id), house.use()
    outcomes: list[str] = []
    begin = threading.Barrier(2)

    def attempt(person_id: Any) -> None:
        try:
            with database.transaction() as session:
                by = session.get_one(Person, person_id)
                begin.wait()
                begin_session(session, by, room, use, NOW)
            outcomes.append("done")
        except RoomInSession:
            outcomes.append("told")

    threads = [threading.Thread(target=attempt, args=(each,)) for each in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "told"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"starts_at": LONG_AGO - MINUTE, "ends_at": LONG_AGO}, RoomNotYet),
        ({"starts_at": START.replace(tzinfo=None)}, ActTimeUnusable),
        ({"starts_at": NOW + MINUTE, "ends_at": None}, ActTimeUnusable),
        ({"ends_at": START}, ActTimeUnusable),
        ({"officers": ()}, OfficersUnusable),
    ],
)
def test_what_cannot_have_been_is_refused_and_leaves_nothing(
    session: Session, house: House, changed: dict[str, Any], error: type[Exception]
) -> None:
    for case in (None, house.case):
        with pytest.raises(error):
            house.begin(case=case, **changed)
    with pytest.raises(OfficersUnusable, match="two officers"):
        house.begin(officers=(house.officer.id,))
    stranger = house.archive.person(house.archive.unit(), "officer")
    with pytest.raises(OutsideUnit):
        begin_session(session, stranger, house.room.id, house.use(), NOW)
    with pytest.raises(RoleNotAllowed):
        begin_session(session, house.administrator, house.room.id, house.use(), NOW)
    assert list_sessions(session, house.officer).items == ()
    assert judge_case(session, house.case.id, NOW) == ()


def test_what_is_said_of_a_sessions_act_is_said_in_the_room(session: Session, house: House) -> None:
    used = house.begin(minutes=None, case=house.case)
    (judged,) = judge_case(session, house.case.id, NOW)
    said = judged.act.said
    from casework.procedure.acts import Stated

    shorter = Stated(said.kind, said.starts_at, START + MINUTE, said.place, said.officers)
    for deed in (
        lambda: end_act(session, house.officer, used.act_id, START + MINUTE, NOW),
        lambda: correct_act(session, house.supervisor, used.act_id, shorter, "时间", NOW),
        lambda: withdraw_act(session, house.supervisor, used.act_id, "误登"),
    ):
        with pytest.raises(ActOfRoom):
            deed()
    end_session(session, house.officer, used.id, START + 40 * MINUTE, NOW)
    with pytest.raises(RoleNotAllowed):
        withdraw_session(session, house.officer, used.id, "误登")
    withdraw_session(session, house.supervisor, used.id, "误登")
    assert judge_case(session, house.case.id, NOW) == ()
    with pytest.raises(SessionWithdrawn):
        give_case(session, house.officer, used.id, house.case.id, NOW)
    # The time is free for the true one, entered afterwards.
    house.begin(30, case=house.case)
    house.settle()
    assert house.archive.last_entry("case.act_withdrawn").data["act_id"] == str(used.act_id)


def test_a_session_of_a_closed_case_stays_as_it_is(session: Session, house: House) -> None:
    used = house.begin(case=house.case)
    house.archive.link(house.film(-1, 41), house.case, house.officer)
    close_case(session, house.supervisor, house.case.id, "结案")
    with pytest.raises(CaseClosed):
        withdraw_session(session, house.supervisor, used.id, "误登")
    with pytest.raises(CaseClosed):
        house.begin(80, 60, case=house.case)
    assert used.withdrawn_at is None


def test_the_application_cannot_make_a_session_and_its_act_differ(session: Session, house: House) -> None:
    used = house.begin(minutes=None, case=house.case)
    house.settle()
    statement = "INSERT INTO case_act_statement SELECT gen_random_uuid(), unit_id, case_id, act_id, 2, kind, tstzrange(lower(span), lower(span) + interval '1 s'), place, officer_id, second_officer_id, checklists, 'x', stated_by, stated_at FROM case_act_statement WHERE act_id = :act"  # noqa: E501
    withdraw = (
        "UPDATE case_act SET withdrawn_at = now(), withdrawn_by = added_by, withdraw_reason = 'x' WHERE id = :act"
    )
    shorten = "UPDATE room_session SET span = tstzrange(lower(span), lower(span) + interval '1 s') WHERE act_id = :act"
    for sql in (statement, withdraw, shorten):
        with pytest.raises(IntegrityError, match="is not what session"), session.begin_nested():
            at_the_end(session, sql, used.act_id)
    for sql, refused in (
        ("UPDATE room_session SET officer_id = second_officer_id WHERE act_id = :act", "permission denied"),
        ("UPDATE room_session SET case_id = NULL, act_id = NULL WHERE act_id = :act", "was set and stays"),
        ("DELETE FROM room_session WHERE act_id = :act", "permission denied"),
    ):
        with pytest.raises(Exception, match=refused), session.begin_nested():
            session.execute(text(sql), {"act": used.act_id})


def test_nobody_is_asked_who_had_a_recorder_that_is_fixed_in_a_room(session: Session, house: House) -> None:
    load_shipped_policies(session, NOW)
    film = house.film(0, 30)

    def officer_of(recording: Any) -> Any:
        (facts,) = gather_facts(session, [recording.id])
        return judge_recording(facts).elements["officer"]

    unused = officer_of(film)
    assert (unused.state, unused.source, unused.open) == ("present", "room", False)
    house.begin()
    used = officer_of(film)
    assert (used.value, used.source, used.codes) == (str(house.officer.id), "room", ())
    # A file that names an officer contradicts nothing: a room has no holder.
    named = officer_of(house.film(0, 30, officer=house.second.badge_number))
    assert (named.value, named.codes) == (str(house.second.id), ())
    loose = add_device(session, house.administrator, unit_id=house.unit.id, code="AB00002")
    astray = house.film(0, 30, device=loose.code, officer=house.second.badge_number)
    assert officer_of(astray).codes == ("device_with_nobody",)


def test_a_second_device_that_came_later_counts_from_then(session: Session, house: House) -> None:
    second = add_device(session, house.administrator, unit_id=house.unit.id, code="ROOM0002")
    issue_to_room(session, house.supervisor, second.id, house.room.id, now=NOW, issued_at=START + 20 * MINUTE)
    house.begin(case=house.case)
    recordings = [house.film(0, 20), house.film(20, 41, device="ROOM0002")]
    assert [len(linked_cases(house, each)) for each in recordings] == [1, 1]
    assert judge_case(session, house.case.id, NOW)[0].verdict == "complete"


def test_a_device_of_another_unit_with_the_same_code_is_another(session: Session, house: House) -> None:
    stranger = house.archive.unit()
    by = house.archive.person(stranger, "administrator")
    add_device(session, by, unit_id=stranger.id, code="ROOM0001")
    house.begin(case=house.case)
    film = house.archive.recording(stranger, device="ROOM0001", started_at=START, duration_seconds=600)
    assert linked_cases(house, film) == []


def test_a_clock_in_doubt_leaves_it_to_a_person(session: Session, house: House) -> None:
    house.begin(case=house.case)
    film = house.film(0, 30, uncertainty_seconds=timedelta(hours=3).total_seconds())
    assert linked_cases(house, film) == []


@pytest.mark.parametrize("of_room", ["merged", "successor"])
def test_a_room_of_a_merged_unit_takes_cases_of_its_successor_and_the_other_way_round(
    house: House, archive: Any, of_room: str
) -> None:
    successor = archive.unit()
    merge(house.session, house.unit, successor)
    for person in (house.officer, house.second, house.supervisor, house.administrator):
        house.session.refresh(person)
    if of_room == "merged":
        house.case = archive.case(house.officer)
    else:
        facts = {"unit_id": successor.id, "kind": "questioning", "name": "二号询问室"}
        house.room = add_room(house.session, house.administrator, **facts, now=NOW, in_use_from=LONG_AGO)
    begun = house.begin(case=house.case)
    given = house.begin(90, 50)
    give_case(house.session, house.officer, given.id, house.case.id, NOW)
    house.settle()
    assert {row.unit_id for row in (begun, given)} == {house.room.unit_id}
    assert house.case.unit_id != house.room.unit_id
    withdraw_session(house.session, house.supervisor, begun.id, "误记")
    house.settle()


def test_what_recorded_a_session_of_a_merged_unit_is_found_in_both_units(house: House, archive: Any) -> None:
    successor = archive.unit()
    before, after = house.begin(40), house.begin(100, 60)
    house.film(-1, 41)
    (alone,) = (each for each in list_caseless(house.session, house.officer, NOW) if each.shown.row.id == before.id)
    assert alone.verdict == "complete"
    merge(house.session, house.unit, successor)
    house.session.refresh(house.officer)
    house.unit = successor
    house.film(59, 101)
    shown = {each.shown.row.id: each.verdict for each in list_caseless(house.session, house.officer, NOW)}
    assert shown == {before.id: "complete", after.id: "complete"}


def test_a_session_is_no_act_of_a_case_of_another_unit(house: House, archive: Any) -> None:
    strange = archive.case(archive.person(archive.unit(), "officer"))
    with pytest.raises(OutsideUnit):
        house.begin(case=strange)
