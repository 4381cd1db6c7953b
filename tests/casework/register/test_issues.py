"""Issue and return: one device with one officer at a time, and whoever is refused learns with whom it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed, Taken, TextUnusable, Unknown
from casework.organisation import deactivate_person
from casework.register.devices import add_device, describe_device, find_device, retire_device
from casework.register.errors import (
    AlreadyReturned,
    AlreadyVoided,
    DeviceAmbiguous,
    DeviceIsOut,
    DeviceRetired,
    DeviceUnknown,
    DeviceWasOut,
    OfficerAmbiguous,
    OfficerElsewhere,
    OfficerUnknown,
    TimeUnusable,
)
from casework.register.holding import issued_to
from casework.register.issues import correct_issue, issue_device, return_device, void_issue
from casework.register.people import find_officer
from casework.register.reading import issue_shown, list_issues
from casework.register.voids import Voiding
from integrity.local_time import CHINA
from retention.errors import OutsideUnit
from storage.catalog.devices import Device, DeviceIssue
from storage.catalog.organisation import Person
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Squad:
    unit: Any
    administrator: Any
    supervisor: Any
    officer: Any
    other: Any
    device: Device


@pytest.fixture
def squad(session: Session, archive: Any) -> Squad:
    unit = archive.unit()
    administrator, supervisor = archive.person(unit, "administrator"), archive.person(unit, "supervisor")
    officers = [archive.person(unit, "officer") for _ in range(2)]
    device = add_device(session, administrator, unit_id=unit.id, code="AB00001", model="DSJ-A9", serial="SN1")
    return Squad(unit, administrator, supervisor, *officers, device)


def test_a_device_goes_from_officer_to_officer_and_each_step_is_an_entry(
    session: Session, archive: Any, squad: Squad
) -> None:
    begun = issue_device(session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW)
    return_device(session, squad.supervisor, begun.id, now=NOW + HOUR)
    second = issue_device(session, squad.supervisor, squad.device.id, squad.other.id, now=NOW + HOUR)
    assert (begun.issued_from, begun.returned_at, second.returned_at) == (NOW, NOW + HOUR, None)
    with_whom = [
        issued_to(session, squad.unit.id, "AB00001", NOW + after).person_id
        for after in (-HOUR, timedelta(0), HOUR - timedelta(microseconds=1), HOUR, 5 * HOUR)
    ]
    assert with_whom == [None, squad.officer.id, squad.officer.id, squad.other.id, squad.other.id]
    issued = archive.entries("device.issued")
    assert [entry.data["person_id"] for entry in issued] == [str(squad.officer.id), str(squad.other.id)]
    assert issued[0].data["issued_from"] == "2026-03-10T08:00:00.000000Z"
    assert archive.last_entry("device.returned").data["issue_id"] == str(begun.id)
    assert archive.last_entry("device.added").subject_id == str(squad.device.id)
    for secret in ("AB00001", "DSJ-A9", squad.officer.name, squad.officer.badge_number):
        assert secret not in archive.ledger_text()


def test_whoever_is_refused_learns_with_whom_the_device_is_and_since_when(session: Session, squad: Squad) -> None:
    begun = issue_device(session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW)
    with pytest.raises(DeviceIsOut) as refused:
        issue_device(session, squad.supervisor, squad.device.id, squad.other.id, now=NOW + HOUR)
    holder = f"{squad.officer.name}（{squad.officer.badge_number}）"
    assert (refused.value.holder, refused.value.issued_from) == (holder, NOW)
    assert f"is with {holder} since 2026-03-10T16:00+08:00" in str(refused.value)
    return_device(session, squad.supervisor, begun.id, now=NOW + 3 * HOUR)
    with pytest.raises(DeviceWasOut, match="was with"):
        issue_device(
            session,
            squad.supervisor,
            squad.device.id,
            squad.other.id,
            now=NOW + 9 * HOUR,
            issued_at=NOW - HOUR,
            returned_at=NOW + HOUR,
        )
    earlier = issue_device(
        session,
        squad.supervisor,
        squad.device.id,
        squad.other.id,
        now=NOW + HOUR,
        issued_at=NOW - HOUR,
        returned_at=NOW,
    )
    assert issued_to(session, squad.unit.id, "AB00001", NOW - HOUR / 2).person_id == squad.other.id
    assert earlier.returned_at == NOW


def test_the_database_refuses_what_went_round_the_lock(session: Session, squad: Squad) -> None:
    begun = issue_device(session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW)
    return_device(session, squad.supervisor, begun.id, now=NOW + HOUR)
    with pytest.raises(Exception, match="an issue ends once"), session.begin_nested():
        session.execute(update(DeviceIssue).values(span=Range(NOW, NOW + 2 * HOUR)))
    row = DeviceIssue(unit_id=squad.unit.id, device_id=squad.device.id, person_id=squad.other.id, span=Range(NOW, None))
    session.add(row)
    with pytest.raises(Exception, match="one_officer"):
        session.flush()


def test_an_issue_entered_by_mistake_is_voided_and_frees_its_time(session: Session, archive: Any, squad: Squad) -> None:
    wrong = issue_device(session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW)
    with pytest.raises(TextUnusable):
        void_issue(session, squad.supervisor, wrong.id, " ", NOW)
    void_issue(session, squad.supervisor, wrong.id, "选错了人", NOW + HOUR)
    right = issue_device(session, squad.supervisor, squad.device.id, squad.other.id, now=NOW + HOUR, issued_at=NOW)
    assert issued_to(session, squad.unit.id, "AB00001", NOW).person_id == squad.other.id
    assert "选错了人" not in archive.ledger_text()
    for deed in (
        lambda: void_issue(session, squad.supervisor, wrong.id, "再来", NOW),
        lambda: return_device(session, squad.supervisor, wrong.id, now=NOW + HOUR),
    ):
        with pytest.raises(AlreadyVoided):
            deed()
    listed = list_issues(session, squad.supervisor, device_id=squad.device.id).items
    shown = {each.issue.id: each.voiding for each in listed}
    assert shown == {wrong.id: Voiding(squad.supervisor, "选错了人"), right.id: None}
    assert issue_shown(session, wrong).voiding == shown[wrong.id]
    return_device(session, squad.supervisor, right.id, now=NOW + HOUR)
    with pytest.raises(AlreadyReturned):
        return_device(session, squad.supervisor, right.id, now=NOW + HOUR)


def test_who_voided_an_issue_is_a_person_or_the_operator_at_the_machine(session: Session, squad: Squad) -> None:
    for by, reason in ((squad.supervisor, "选错了人"), (OPERATOR, "重复登记")):
        wrong = issue_device(session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW)
        void_issue(session, by, wrong.id, reason, NOW)
    items = list_issues(session, squad.supervisor, person_id=squad.officer.id).items
    assert {each.voiding for each in items} == {Voiding(squad.supervisor, "选错了人"), Voiding(None, "重复登记")}


def test_an_issue_is_corrected_to_whom_and_when_it_was_and_the_wrong_one_stays_voided(
    session: Session, archive: Any, squad: Squad
) -> None:
    wrong = issue_device(session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW)
    return_device(session, squad.supervisor, wrong.id, now=NOW + 2 * HOUR)
    said = {"now": NOW + 3 * HOUR, "issued_at": NOW - HOUR, "returned_at": NOW + HOUR}
    right = correct_issue(session, squad.supervisor, wrong.id, "选错了人", person_id=squad.other.id, **said)
    session.refresh(wrong)
    assert wrong.voided_at == NOW + 3 * HOUR
    assert (right.person_id, right.issued_from, right.returned_at) == (squad.other.id, NOW - HOUR, NOW + HOUR)
    assert issued_to(session, squad.unit.id, "AB00001", NOW).person_id == squad.other.id
    assert issued_to(session, squad.unit.id, "AB00001", NOW + HOUR).person_id is None
    assert archive.last_entry("device.issue_voided").data["issue_id"] == str(wrong.id)
    assert archive.last_entry("device.issued").data["issue_id"] == str(right.id)
    out_still = correct_issue(
        session, squad.supervisor, right.id, "尚未交还", now=NOW + 3 * HOUR, issued_at=NOW, returned_at=None
    )
    assert (out_still.person_id, out_still.returned_at) == (squad.other.id, None)
    with pytest.raises(AlreadyVoided):
        correct_issue(session, squad.supervisor, right.id, "x", **said)


def test_a_correction_that_is_refused_leaves_the_issue_as_it_was(session: Session, squad: Squad) -> None:
    before = issue_device(
        session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW, issued_at=NOW - HOUR, returned_at=NOW
    )
    issue_device(session, squad.supervisor, squad.device.id, squad.other.id, now=NOW + HOUR, issued_at=NOW)
    said = {"now": NOW + HOUR, "issued_at": NOW - HOUR, "returned_at": NOW + HOUR / 2}
    with pytest.raises(DeviceIsOut), session.begin_nested():
        correct_issue(session, squad.supervisor, before.id, "时间录错", **said)
    session.refresh(before)
    assert (before.voided_at, before.returned_at) == (None, NOW)


def test_times_are_of_what_happened_and_have_a_zone(session: Session, squad: Squad) -> None:
    naive = datetime(2026, 3, 10, 8)
    for issued_at, returned_at, problem in (
        (NOW + HOUR, None, "in_the_future"),
        (naive, None, "without_zone"),
        (NOW - HOUR, NOW + HOUR, "in_the_future"),
        (NOW - HOUR, NOW - HOUR, "before_the_issue"),
        (datetime(1, 1, 1, tzinfo=CHINA), None, "no_such_year"),
        (NOW - HOUR, datetime(9999, 12, 31, 20, tzinfo=UTC), "no_such_year"),
    ):
        with pytest.raises(TimeUnusable) as refused:
            issue_device(
                session,
                squad.supervisor,
                squad.device.id,
                squad.officer.id,
                now=NOW,
                issued_at=issued_at,
                returned_at=returned_at,
            )
        assert refused.value.problem == problem
        assert str(refused.value)


def test_a_retired_device_stays_known_and_goes_to_nobody(session: Session, archive: Any, squad: Squad) -> None:
    begun = issue_device(session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW)
    with pytest.raises(DeviceIsOut):
        retire_device(session, squad.administrator, squad.device.id, "报废", NOW + HOUR)
    return_device(session, squad.supervisor, begun.id, now=NOW + HOUR)
    retire_device(session, squad.administrator, squad.device.id, "报废", NOW + 2 * HOUR)
    with pytest.raises(DeviceRetired):
        issue_device(session, squad.supervisor, squad.device.id, squad.officer.id, now=NOW + 3 * HOUR)
    with pytest.raises(DeviceRetired):
        retire_device(session, squad.administrator, squad.device.id, "报废", NOW + 3 * HOUR)
    with pytest.raises(Taken):
        add_device(session, squad.administrator, unit_id=squad.unit.id, code="AB00001")
    # What was forgotten in its lifetime can still be entered.
    span = {"issued_at": NOW + HOUR, "returned_at": NOW + 2 * HOUR}
    issue_device(session, squad.supervisor, squad.device.id, squad.other.id, now=NOW + 9 * HOUR, **span)
    assert issued_to(session, squad.unit.id, "AB00001", NOW).person_id == squad.officer.id
    assert len(archive.entries("device.retired")) == 1


def test_a_device_goes_to_officers_of_its_unit_or_below(session: Session, archive: Any, squad: Squad) -> None:
    below = archive.person(archive.unit(squad.unit), "officer")
    stranger = archive.person(archive.unit(), "officer")
    assert issue_device(session, squad.supervisor, squad.device.id, below.id, now=NOW).person_id == below.id
    with pytest.raises(OfficerElsewhere):
        issue_device(session, OPERATOR, squad.device.id, stranger.id, now=NOW)
    deactivate_person(session, OPERATOR, squad.other.id, "离职")
    with pytest.raises(OfficerUnknown):
        issue_device(session, squad.supervisor, squad.device.id, squad.other.id, now=NOW)


def test_who_may_do_what(session: Session, archive: Any, squad: Squad) -> None:
    stranger = archive.person(archive.unit(), "administrator")
    for by, error in ((squad.officer, RoleNotAllowed), (stranger, OutsideUnit)):
        with pytest.raises(error):
            issue_device(session, by, squad.device.id, squad.officer.id, now=NOW)
        with pytest.raises(error):
            add_device(session, by, unit_id=squad.unit.id, code="AB00009")
    with pytest.raises(RoleNotAllowed):
        add_device(session, squad.supervisor, unit_id=squad.unit.id, code="AB00009")
    with pytest.raises(Unknown):
        issue_device(session, squad.supervisor, squad.officer.id, squad.officer.id, now=NOW)
    with pytest.raises(Unknown):
        return_device(session, squad.supervisor, squad.officer.id, now=NOW)


def test_devices_and_officers_are_found_by_what_people_call_them(session: Session, archive: Any, squad: Squad) -> None:
    assert find_device(session, squad.supervisor, " AB00001 ").id == squad.device.id
    assert find_officer(session, squad.supervisor, squad.officer.badge_number).id == squad.officer.id
    assert find_officer(session, squad.supervisor, squad.officer.sign_in_name).id == squad.officer.id
    below = archive.unit(squad.unit)
    twin = add_device(session, squad.administrator, unit_id=below.id, code="AB00001")
    with pytest.raises(DeviceAmbiguous):
        find_device(session, squad.administrator, "AB00001")
    assert find_device(session, squad.administrator, "AB00001", below.id).id == twin.id
    namesake = archive.person(below, "officer")
    session.execute(update(type(namesake)).where(type(namesake).id == namesake.id).values(badge_number=None))
    session.execute(
        update(type(namesake)).where(type(namesake).id == namesake.id).values(badge_number=squad.officer.badge_number)
    )
    with pytest.raises(OfficerAmbiguous) as ambiguous:
        find_officer(session, squad.administrator, squad.officer.badge_number)
    told = [f"{each.name}（{each.sign_in_name}）" for each in (squad.officer, namesake)]
    assert sorted(ambiguous.value.candidates) == sorted(told)
    stranger = archive.person(archive.unit(), "supervisor")
    with pytest.raises(DeviceUnknown):
        find_device(session, stranger, "AB00001")
    with pytest.raises(OfficerUnknown):
        find_officer(session, stranger, squad.officer.badge_number)


def test_a_name_does_where_one_officer_alone_has_it(session: Session, archive: Any, squad: Squad) -> None:
    def called(person: Any, name: str) -> None:
        session.execute(update(Person).where(Person.id == person.id).values(name=name))

    called(squad.officer, "王敏")
    called(squad.supervisor, "王敏")
    assert find_officer(session, squad.administrator, " 王敏 ").id == squad.officer.id
    called(squad.other, "王敏")
    with pytest.raises(OfficerAmbiguous) as ambiguous:
        find_officer(session, squad.administrator, "王敏")
    told = [f"王敏（{each.badge_number}）" for each in (squad.officer, squad.other)]
    assert sorted(ambiguous.value.candidates) == sorted(told)
    assert all(each in str(ambiguous.value) for each in told)
    deactivate_person(session, OPERATOR, squad.other.id, "离职")
    assert find_officer(session, squad.administrator, "王敏").id == squad.officer.id


def test_only_what_changes_a_description_is_an_entry(session: Session, archive: Any, squad: Squad) -> None:
    assert describe_device(session, squad.administrator, squad.device.id, serial="SN2", name="一号机")
    assert not describe_device(session, squad.administrator, squad.device.id, serial="SN2", model=None, name=" ")
    assert (squad.device.serial, squad.device.model, squad.device.name) == ("SN2", "DSJ-A9", "一号机")
    assert len(archive.entries("device.described")) == 1
    assert session.scalar(func.count(Device.id)) == 1
