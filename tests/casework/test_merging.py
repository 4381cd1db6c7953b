"""A unit is merged into another: what goes over, what stays, what is refused, and who carries the work on."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from casework.access import find_grant
from casework.archiving.secrecy import state_secrecy
from casework.cases import find_case, find_cases_by_number, list_cases, open_case
from casework.checklists.checklists import load_shipped_checklists
from casework.documents.issuers import find_issuer, name_issuer
from casework.errors import AccessRefused, RoleNotAllowed, TextUnusable, Unknown
from casework.filereview.rounds import Wanted, announce_review
from casework.handling import name_officer
from casework.linking.by_hand import link_by_hand
from casework.merging import Merged, merge_unit
from casework.organisation import create_person, create_unit
from casework.procedure.acts import add_act
from casework.procedure.stating import Stated
from casework.publication.duties import name_to_duty
from casework.register.certificates import add_certificate
from casework.register.devices import add_device
from casework.retrieval.posts import name_to_post
from casework.review.advisers import add_adviser, end_adviser, list_advisers
from casework.review.qualifications import add_qualification
from casework.rooms.rooms import add_room
from casework.stages import enter_stage
from casework.unit_errors import MergeClash, MergeRefused, UnitEnded
from casework.units import units_below, units_below_on
from ingest.stations.moving import move_stations
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from retention.own_units import own_units
from storage.catalog.casework import Case
from storage.catalog.devices import Device
from storage.catalog.organisation import Person, PersonPost, Unit
from storage.catalog.publication import PublicationDuty
from storage.catalog.stations import Station
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
GROUND = "江机编〔2026〕8号"


def merge(session: Session, unit: Unit, into: Unit, **other: Any) -> Merged:
    now = datetime.now(UTC)
    said = {"on": chinese_day(now), "ground": GROUND, "now": now} | other
    return merge_unit(session, OPERATOR, unit.id, into.id, **said)


def reload(session: Session, *rows: Any) -> None:
    for row in rows:
        session.refresh(row)


@pytest.fixture
def bureau(archive: Any) -> Unit:
    return archive.unit()


@pytest.fixture
def ended(archive: Any, bureau: Unit) -> Unit:
    return archive.unit(bureau)


@pytest.fixture
def successor(archive: Any, bureau: Unit) -> Unit:
    return archive.unit(bureau)


def test_its_people_and_devices_go_over_and_each_is_an_entry(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    officer, left = archive.person(ended, "officer"), archive.person(ended, "officer")
    left.active = False
    archive.issue(ended, officer)
    merged = merge(session, ended, successor)
    assert [person.id for person in merged.people] == [officer.id]
    assert officer.unit_id == successor.id
    assert left.unit_id == ended.id
    assert {row.unit_id for row in session.scalars(select(Device))} == {successor.id}
    for action, row_id in (("person.moved", officer.id), ("device.moved", merged.devices[0].id)):
        entry = archive.last_entry(action)
        assert (entry.subject_id, entry.unit_id, entry.data["from"]) == (str(row_id), successor.id, str(ended.id))


def test_the_unit_stands_below_its_successor_with_the_day_and_the_ground(
    session: Session, archive: Any, bureau: Unit, ended: Unit, successor: Unit
) -> None:
    below = archive.unit(ended)
    merge(session, ended, successor)
    today = chinese_day(datetime.now(UTC))
    assert (ended.parent_id, ended.ended_into, ended.parent_before) == (successor.id, successor.id, bureau.id)
    assert (ended.ended_on, ended.end_ground) == (today, GROUND)
    entry = archive.last_entry("unit.ended")
    assert entry.unit_id == ended.id
    assert entry.data["ended_into"] == entry.data["parent_id"] == str(successor.id)
    assert entry.data["parent_before"] == str(bureau.id)
    assert GROUND not in archive.ledger_text()
    nodes = {node.unit.id: node.depth for node in units_below(session, successor.id)}
    assert nodes == {successor.id: 0, ended.id: 1, below.id: 2}
    before = {node.unit.id: node.depth for node in units_below_on(session, bureau.id, today - timedelta(days=1))}
    assert before == {bureau.id: 0, ended.id: 1, below.id: 2, successor.id: 1}


def test_posts_and_duties_end_with_the_reason(session: Session, archive: Any, ended: Unit, successor: Unit) -> None:
    chief = archive.person(ended, "supervisor")
    name_to_post(session, OPERATOR, chief.id, "chief")
    name_to_duty(session, OPERATOR, chief.id, "publish")
    merged = merge(session, ended, successor)
    assert (merged.posts, merged.duties) == (1, 1)
    for table in (PersonPost, PublicationDuty):
        row = session.scalars(select(table)).one()
        assert row.ended_at is not None
        assert GROUND in row.end_reason
    assert name_to_post(session, OPERATOR, chief.id, "chief").unit_id == successor.id


def test_its_stations_go_over_with_their_credentials(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    station = archive.new_station(ended)
    merge(session, ended, successor)
    assert [row.id for row in move_stations(session, OPERATOR, ended.id, successor.id)] == [station.id]
    moved = session.get_one(Station, station.id, populate_existing=True)
    assert (moved.unit_id, moved.token_hash) == (successor.id, station.token_hash)
    assert archive.last_entry("station.moved").unit_id == successor.id


def test_documents_of_its_cases_take_the_successors_name_and_numbers(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    name_issuer(session, OPERATOR, ended.id, name="甲中队", word="甲综执")
    name_issuer(session, OPERATOR, successor.id, name="乙大队", word="乙综执")
    merge(session, ended, successor)
    found = find_issuer(session, ended.id)
    assert found is not None
    assert (found.unit_id, found.word) == (successor.id, "乙综执")
    with pytest.raises(UnitEnded):
        name_issuer(session, OPERATOR, ended.id, name="甲中队", word="甲综执")


def test_the_successors_people_carry_its_open_case_to_its_end(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    former, theirs = archive.person(ended, "officer"), archive.person(successor, "supervisor")
    case, other = archive.case(former), archive.case(theirs)
    with pytest.raises(OutsideUnit):
        find_case(session, theirs, case.id)
    merge(session, ended, successor)
    reload(session, former, theirs)
    assert own_units(theirs) == (successor.id, ended.id)
    for person in (former, theirs):
        assert find_case(session, person, case.id).unit_id == ended.id
    first, second = former, archive.person(successor, "officer")
    archive.certify(first, second)
    for each in (first, second):
        assert name_officer(session, theirs, case.id, each.id).unit_id == ended.id
    enter_stage(session, theirs, case.id, "investigation")
    assert state_secrecy(session, theirs, case.id, "privacy", licensed=False).unit_id == ended.id
    enter_stage(session, theirs, case.id, "decision")
    issue = archive.decide(case, theirs)
    assert issue.unit_id == ended.id
    assert {row.id for row in list_cases(session, own_units(theirs)).items} == {case.id, other.id}
    assert [row.id for row in find_cases_by_number(session, own_units(theirs), case.number)] == [case.id]


def test_footage_of_both_units_is_linked_to_its_case_and_seen_under_a_grant(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    former, theirs = archive.person(ended, "officer"), archive.person(successor, "supervisor")
    case, old = archive.case(former), archive.recording(ended)
    merge(session, ended, successor)
    reload(session, former, theirs)
    new = archive.recording(successor)
    for each in (old, new):
        link_by_hand(session, theirs, recording_id=each.id, case_id=case.id, stage="investigation", reason="同一现场")
    now = datetime.now(UTC)
    grant = archive.grant(case, former, theirs, now=now)
    for each in (old, new):
        assert find_grant(session, former, each.id, "view", now).grant_id == grant.id


def test_a_refusal_over_its_footage_says_what_is_missing_and_not_another_unit(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    former, theirs = archive.person(ended, "officer"), archive.person(successor, "supervisor")
    case, recording = archive.case(former), archive.recording(ended)
    merge(session, ended, successor)
    reload(session, former, theirs)
    now = datetime.now(UTC)
    for wanted in ("not_linked", "no_grant"):
        with pytest.raises(AccessRefused) as refused:
            find_grant(session, theirs, recording.id, "view", now)
        assert refused.value.reason == wanted
        if wanted == "not_linked":
            archive.link(recording, case, former)


def test_who_had_left_it_took_part_in_what_happened_before_and_comes_back_no_more(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    left, former = archive.person(ended, "officer"), archive.person(ended, "officer")
    load_shipped_checklists(session, datetime.now(UTC))
    archive.certify(left, former)
    left.active = False
    case = archive.case(former)
    merge(session, ended, successor)
    reload(session, former)
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    stated = Stated("questioning", now - 2 * hour, now - hour, None, (former.id, left.id))
    assert add_act(session, former, case.id, stated, now).act.unit_id == ended.id
    with pytest.raises(IntegrityError, match=f"{ended.code} was merged into {successor.code}"), session.begin_nested():
        session.execute(text("UPDATE person SET active = true WHERE id = :id"), {"id": left.id})
    session.execute(text("UPDATE person SET active = false WHERE id = :id"), {"id": former.id})
    session.execute(text("UPDATE person SET active = true WHERE id = :id"), {"id": former.id})


def test_an_adviser_of_its_pool_leaves_it_by_the_successors_people(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    former, theirs = (archive.person(unit, "legal_reviewer") for unit in (ended, successor))
    adviser = add_adviser(session, former, kind="counsel", name="某律师", office="某律师事务所")
    with pytest.raises(OutsideUnit):
        end_adviser(session, theirs, adviser.id, "离任")
    merge(session, ended, successor)
    reload(session, theirs)
    assert list_advisers(session, successor.id) == ()
    assert [row.id for row in list_advisers(session, *own_units(theirs))] == [adviser.id]
    assert end_adviser(session, theirs, adviser.id, "离任").unit_id == ended.id


def test_a_unit_merged_twice_over_is_carried_on_by_the_last(session: Session, archive: Any, bureau: Unit) -> None:
    first, second, third = (archive.unit(bureau) for _ in range(3))
    case = archive.case(archive.person(first, "officer"))
    last = archive.person(third, "officer")
    merge(session, first, second)
    merge(session, second, third)
    reload(session, last)
    assert set(own_units(last)) == {third.id, second.id, first.id}
    assert find_case(session, last, case.id).id == case.id
    with pytest.raises(UnitEnded) as refused:
        create_unit(session, OPERATOR, name="新", code="NEW", parent_id=first.id)
    assert refused.value.successor_code == third.code


def test_nothing_new_begins_in_it(session: Session, archive: Any, ended: Unit, successor: Unit) -> None:
    officer = archive.person(ended, "officer")
    stale = Person(id=officer.id, unit_id=ended.id, role="officer", active=True)
    admin = archive.person(successor, "administrator")
    left = archive.person(ended, "supervisor")
    left.active = False
    merge(session, ended, successor)
    session.refresh(admin)
    now = datetime.now(UTC)
    span = Wanted("评查", date(2026, 1, 1), date(2026, 2, 1), 1)
    begun = {
        "unit": lambda: create_unit(session, OPERATOR, name="丁", code="D", parent_id=ended.id),
        "person": lambda: create_person(
            session, OPERATOR, unit_id=ended.id, name="丁", sign_in_name="ding", role="officer"
        ),
        "case": lambda: open_case(session, stale, number="1", title="占道", procedure="ordinary_penalty"),
        "device": lambda: add_device(session, OPERATOR, unit_id=ended.id, code="AB00077"),
        "post": lambda: name_to_post(session, OPERATOR, left.id, "chief"),
        "certificate": lambda: add_certificate(
            session, OPERATOR, left.id, number="7", valid_from=date(2026, 1, 1), last_day=None
        ),
        "qualification": lambda: add_qualification(
            session, OPERATOR, left.id, ground="legal_profession", number="7", valid_from=date(2026, 1, 1)
        ),
        "room": lambda: add_room(session, admin, unit_id=ended.id, kind="questioning", name="询问室", now=now),
        "adviser": lambda: add_adviser(
            session,
            Person(id=left.id, unit_id=ended.id, role="legal_reviewer", active=True),
            kind="lawyer",
            name="某律师",
            office="某律师事务所",
        ),
        "review": lambda: announce_review(session, admin, ended.id, span, now),
    }
    name_refusing = {"post"}
    for what, begin in begun.items():
        if what in name_refusing:
            set_committed_value(left, "active", True)  # as it was read before he left: the database takes him no more
        with pytest.raises(UnitEnded) as refused, session.begin_nested():
            begin()
        assert (refused.value.successor, refused.value.ended_on) == (successor.name, ended.ended_on), what
    assert session.scalars(select(Case)).all() == []


BEHIND_CASEWORK = {
    "person": "INSERT INTO person (id, unit_id, name, sign_in_name, role, active)"
    " VALUES (gen_random_uuid(), %(unit)s, 'x', 'x', 'officer', true)",
    "case": 'INSERT INTO "case" (id, unit_id, number, title, kind, procedure, stage, opened_by, opened_at)'
    " VALUES (gen_random_uuid(), %(unit)s, '1', 'x', 'penalty', 'ordinary_penalty', 'initiation', %(person)s, now())",
    "station": "INSERT INTO station (id, unit_id, name) VALUES (gen_random_uuid(), %(unit)s, 'x')",
    "device": "INSERT INTO device (id, unit_id, code) VALUES (gen_random_uuid(), %(unit)s, 'x')",
    "person_post": "INSERT INTO person_post (id, unit_id, person_id, post, named_at)"
    " VALUES (gen_random_uuid(), %(unit)s, %(person)s, 'chief', now())",
    "document_number": "INSERT INTO document_number (id, unit_id, document_id, word, year, number, drawn_by, drawn_at)"
    " VALUES (gen_random_uuid(), %(unit)s, gen_random_uuid(), '甲', 2027, 1, %(person)s, now())",
    "unit": "INSERT INTO unit (id, parent_id, name, code) VALUES (gen_random_uuid(), %(unit)s, 'x', 'x')",
}


@pytest.mark.parametrize("table", BEHIND_CASEWORK)
def test_the_database_lets_nobody_begin_anything_in_it(
    session: Session, archive: Any, ended: Unit, successor: Unit, table: str
) -> None:
    person = archive.person(ended, "officer")
    merge(session, ended, successor)
    connection = session.connection().connection.driver_connection
    assert connection is not None
    with pytest.raises(psycopg.errors.CheckViolation, match=f"{ended.code} was merged into {successor.code}"):
        connection.execute(BEHIND_CASEWORK[table], {"unit": ended.id, "person": person.id})


def test_the_database_takes_no_end_that_is_none(session: Session, archive: Any, ended: Unit, successor: Unit) -> None:
    below, now = archive.unit(ended), datetime.now(UTC)
    fine = {"ended_on": chinese_day(now), "ended_into": successor.id, "parent_id": successor.id, "end_ground": "x"}
    fine |= {"parent_before": ended.parent_id, "ended_at": now}
    wrong = (
        {"ended_on": chinese_day(now) + timedelta(days=1)},
        {"ended_on": chinese_day(now) - timedelta(days=1)},
        {"ended_into": below.id, "parent_id": below.id},
        {"ended_into": successor.id, "parent_id": ended.parent_id},
        {"parent_before": below.id},
        {"ended_at": now - timedelta(days=1)},
        {"end_ground": None},
    )
    assignments = ", ".join(f"{name} = :{name}" for name in fine)
    for each in wrong:
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"UPDATE unit SET {assignments} WHERE id = :id"), fine | each | {"id": ended.id})
    session.execute(text(f"UPDATE unit SET {assignments} WHERE id = :id"), fine | {"id": ended.id})
    with pytest.raises(IntegrityError, match="once and for all"), session.begin_nested():
        session.execute(text("UPDATE unit SET end_ground = 'y' WHERE id = :id"), {"id": ended.id})


def test_what_cannot_be_merged_is_refused_and_nothing_changes(
    session: Session, archive: Any, bureau: Unit, ended: Unit, successor: Unit
) -> None:
    today = chinese_day(datetime.now(UTC))
    below = archive.unit(ended)
    officer = archive.person(ended, "officer")
    for unit, into, other, problem in (
        (ended, ended, {}, "itself"),
        (ended, below, {}, "below"),
        (ended, successor, {"on": today + timedelta(days=1)}, "to_come"),
        (ended, successor, {"on": today - timedelta(days=1)}, "before_known"),
    ):
        with pytest.raises(MergeRefused) as refused:
            merge(session, unit, into, **other)
        assert refused.value.problem == problem
    with pytest.raises(TextUnusable):
        merge(session, ended, successor, ground=" ")
    with pytest.raises(Unknown):
        merge_unit(session, OPERATOR, ended.id, uuid.uuid4(), on=today, ground=GROUND, now=datetime.now(UTC))
    admin = archive.person(bureau, "administrator")
    with pytest.raises(RoleNotAllowed):
        merge_unit(session, admin, ended.id, successor.id, on=today, ground=GROUND, now=datetime.now(UTC))
    assert (officer.unit_id, ended.ended_on, archive.entries("unit.ended")) == (ended.id, None, [])
    merge(session, ended, successor)
    with pytest.raises(UnitEnded):
        merge(session, ended, bureau)
    with pytest.raises(UnitEnded):
        merge(session, bureau, ended)
    assert len(archive.entries("unit.ended")) == 1


def test_a_day_before_what_was_begun_last_is_refused_and_says_from_which_day_on(
    session: Session, archive: Any, bureau: Unit, successor: Unit
) -> None:
    now = datetime.now(UTC)
    today = chinese_day(now)
    ended = Unit(name="甲", code="J-OLD", parent_id=bureau.id, created_at=now - timedelta(days=90))
    session.add(ended)
    session.flush()
    quiet = session.begin_nested()
    merge(session, ended, successor, on=today - timedelta(days=60))
    quiet.rollback()
    session.refresh(ended)
    archive.person(ended, "officer")
    with pytest.raises(MergeRefused, match=f"on {today} or later") as refused:
        merge(session, ended, successor, on=today - timedelta(days=60))
    assert (refused.value.problem, refused.value.earliest) == ("too_early", today)
    assert (ended.ended_on, archive.entries("unit.ended")) == (None, [])
    merge(session, ended, successor)
    assert ended.ended_on == today


def test_numbers_that_both_units_use_are_named_before_anything_changes(
    session: Session, archive: Any, ended: Unit, successor: Unit
) -> None:
    people = [archive.person(unit, "officer") for unit in (ended, successor)]
    people[0].badge_number = people[1].badge_number
    session.flush()
    with pytest.raises(MergeClash) as refused:
        merge(session, ended, successor)
    assert (refused.value.kind, refused.value.values) == ("badge", (people[1].badge_number,))
    people[0].badge_number = None
    for unit in (ended, successor):
        archive.shelve(unit, "AB00009")
    with pytest.raises(MergeClash) as refused:
        merge(session, ended, successor)
    assert (refused.value.kind, refused.value.values) == ("device", ("AB00009",))
    assert people[0].unit_id == ended.id


def test_one_bureaus_unit_goes_over_to_another_bureau_unless_certificates_clash(session: Session, archive: Any) -> None:
    ended, successor = archive.unit(), archive.unit()
    ours, theirs = archive.person(ended, "officer"), archive.person(successor, "officer")
    for each in (ours, theirs):
        add_certificate(session, OPERATOR, each.id, number="C1", valid_from=date(2026, 1, 1), last_day=None)
    with pytest.raises(MergeClash) as refused, session.begin_nested():
        merge(session, ended, successor)
    assert refused.value.kind == "certificate"
