"""Certificates: a number is one person's at a time, its last day is the one printed on it, its end is seen coming."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed
from casework.register.certificates import add_certificate, state_of, void_certificate
from casework.register.devices import add_device
from casework.register.errors import AlreadyVoided, CertificateTaken, DayOutOfRange, DaysUnusable
from casework.register.holding import issued_to
from casework.register.issues import issue_device
from casework.register.reading import count_running_out, list_certificates, list_devices, list_issues, list_officers
from storage.catalog.organisation import Unit
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)
SOON = timedelta(days=60)


def test_the_day_printed_on_it_is_the_last_one(session: Session, archive: Any) -> None:
    unit = archive.unit()
    officer = archive.person(unit, "officer")
    device = add_device(session, OPERATOR, unit_id=unit.id, code="AB00001")
    issue_device(session, OPERATOR, device.id, officer.id, now=NOW, issued_at=NOW - timedelta(days=900))
    assert issued_to(session, unit.id, "AB00001", NOW).certified is None
    row = add_certificate(
        session, OPERATOR, officer.id, number="沪城管 0042 号", valid_from=date(2025, 1, 1), last_day=TODAY
    )
    # 23:59 of that day in China, and the minute after it.
    last_minute = datetime(2026, 3, 10, 15, 59, tzinfo=UTC)
    certified = [
        issued_to(session, unit.id, "AB00001", at).certified for at in (last_minute, last_minute + timedelta(minutes=1))
    ]
    assert certified == [True, False]
    assert row.last_day == TODAY
    entry = archive.last_entry("certificate.added")
    assert (entry.subject_id, entry.data["last_day"]) == (str(officer.id), "2026-03-10")
    assert "沪城管" not in archive.ledger_text()
    assert "0042 号" not in archive.ledger_text()


def test_the_calendars_last_day_is_no_end_and_other_far_days_are_refused(session: Session, archive: Any) -> None:
    officer = archive.person(archive.unit(), "officer")
    add = {"number": "0042", "valid_from": TODAY}
    for days in ({"valid_from": date.min}, {"valid_from": date(1989, 12, 31)}, {"last_day": date(9999, 12, 30)}):
        with pytest.raises(DayOutOfRange, match="1990 to 2200"):
            add_certificate(session, OPERATOR, officer.id, **{"last_day": None, **add, **days})  # type: ignore[arg-type]
    row = add_certificate(session, OPERATOR, officer.id, number="0042", valid_from=TODAY, last_day=date.max)
    assert (row.last_day, state_of(row, TODAY, SOON)) == (None, "valid")
    assert archive.last_entry("certificate.added").data["last_day"] is None
    last = add_certificate(session, OPERATOR, officer.id, number="7", valid_from=TODAY, last_day=date(2200, 12, 31))
    assert last.last_day == date(2200, 12, 31)


def test_a_number_is_one_persons_at_a_time(session: Session, archive: Any) -> None:
    unit = archive.unit()
    officer, other = archive.person(unit, "officer"), archive.person(unit, "officer")
    first = add_certificate(session, OPERATOR, officer.id, number="0042", valid_from=TODAY, last_day=date(2027, 3, 9))
    with pytest.raises(CertificateTaken, match=f"0042 is {officer.name}") as refused:
        add_certificate(session, OPERATOR, other.id, number="0042", valid_from=date(2027, 3, 9), last_day=None)
    assert refused.value.last_day == date(2027, 3, 9)
    add_certificate(session, OPERATOR, other.id, number="0042", valid_from=date(2027, 3, 10), last_day=None)
    void_certificate(session, OPERATOR, first.id, "录错", NOW)
    with pytest.raises(AlreadyVoided):
        void_certificate(session, OPERATOR, first.id, "录错", NOW)
    add_certificate(session, OPERATOR, other.id, number="0042", valid_from=TODAY, last_day=date(2027, 3, 9))
    with pytest.raises(DaysUnusable):
        add_certificate(session, OPERATOR, other.id, number="1", valid_from=TODAY, last_day=date(2026, 3, 9))
    with pytest.raises(RoleNotAllowed):
        add_certificate(session, officer, officer.id, number="1", valid_from=TODAY, last_day=None)


def test_a_number_is_one_persons_in_the_whole_bureau_and_in_no_other(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    first, second = archive.unit(bureau), archive.unit(bureau)
    officer, other = archive.person(first, "officer"), archive.person(second, "officer")
    add = {"number": "0042", "valid_from": TODAY}
    old = add_certificate(session, OPERATOR, officer.id, **add, last_day=date(2027, 3, 9))
    with pytest.raises(CertificateTaken, match=f"0042 is {officer.name}"):
        add_certificate(session, OPERATOR, other.id, **add, last_day=None)
    # Who may not look into that unit learns which it is, and no name.
    with pytest.raises(CertificateTaken) as refused:
        add_certificate(session, archive.person(second, "administrator"), other.id, **add, last_day=None)
    assert refused.value.holder == first.name
    stranger = archive.person(archive.unit(), "officer")
    add_certificate(session, OPERATOR, stranger.id, **add, last_day=None)
    # He moves to the second unit, where he has a new account, and keeps the number.
    void_certificate(session, OPERATOR, old.id, "调离", NOW)
    add_certificate(session, OPERATOR, officer.id, **add, last_day=date(2026, 3, 31))
    add_certificate(session, OPERATOR, other.id, number="0042", valid_from=date(2026, 4, 1), last_day=date(2027, 3, 9))


def test_a_unit_comes_under_another_only_where_no_number_clashes(session: Session, archive: Any) -> None:
    bureau, alone = archive.unit(), archive.unit()
    row = add_certificate(
        session, OPERATOR, archive.person(alone, "officer").id, number="7", valid_from=TODAY, last_day=None
    )
    taken = add_certificate(
        session, OPERATOR, archive.person(bureau, "officer").id, number="7", valid_from=TODAY, last_day=None
    )

    def come_under_the_bureau() -> None:
        with session.begin_nested():
            session.execute(update(Unit).where(Unit.id == alone.id).values(parent_id=bureau.id))

    with pytest.raises(IntegrityError):
        come_under_the_bureau()
    void_certificate(session, OPERATOR, taken.id, "录错", NOW)
    come_under_the_bureau()
    session.refresh(row)
    assert row.jurisdiction_id == bureau.id


def test_a_state_says_what_to_do_about_it(session: Session, archive: Any) -> None:
    officer = archive.person(archive.unit(), "officer")

    def state(valid_from: date, last_day: date | None) -> str:
        number = f"{valid_from}{last_day}"
        row = add_certificate(session, OPERATOR, officer.id, number=number, valid_from=valid_from, last_day=last_day)
        return state_of(row, TODAY, SOON)

    begun = date(2025, 1, 1)
    assert state(begun, None) == "valid"
    assert state(begun, TODAY + SOON + timedelta(days=1)) == "valid"
    assert state(begun, TODAY + SOON) == "soon"
    assert state(begun, TODAY) == "soon"
    assert state(begun, TODAY - timedelta(days=1)) == "expired"
    assert state(TODAY + timedelta(days=1), None) == "coming"


def test_whoever_has_a_later_one_is_not_running_out(session: Session, archive: Any) -> None:
    unit = archive.unit()
    supervisor = archive.person(unit, "supervisor")
    running_out, renewed, endless, none = (archive.person(unit, "officer") for _ in range(4))
    begun, cutoff = date(2025, 1, 1), TODAY + SOON
    add_certificate(session, OPERATOR, running_out.id, number="1", valid_from=begun, last_day=cutoff)
    add_certificate(session, OPERATOR, renewed.id, number="2", valid_from=begun, last_day=TODAY)
    add_certificate(session, OPERATOR, renewed.id, number="3", valid_from=TODAY, last_day=cutoff + timedelta(days=1))
    add_certificate(session, OPERATOR, endless.id, number="4", valid_from=begun, last_day=None)
    wrong = add_certificate(session, OPERATOR, running_out.id, number="5", valid_from=begun, last_day=None)
    void_certificate(session, OPERATOR, wrong.id, "录错", NOW)
    assert count_running_out(session, supervisor, cutoff) == 1
    (shown,) = list_certificates(session, supervisor, over_by=cutoff).items
    assert (shown.person.id, shown.certificate.number) == (running_out.id, "1")
    (officer,) = list_officers(session, supervisor, over_by=cutoff).items
    assert officer.person.id == running_out.id
    assert {each.person.id for each in list_officers(session, supervisor).items} == {
        person.id for person in (supervisor, running_out, renewed, endless, none)
    }


def test_lists_go_by_code_in_pages_and_say_who_has_what(session: Session, archive: Any) -> None:
    unit = archive.unit()
    supervisor, officer = archive.person(unit, "supervisor"), archive.person(archive.unit(unit), "officer")
    codes = [f"AB{number:05}" for number in range(7)]
    devices = {code: add_device(session, OPERATOR, unit_id=unit.id, code=code) for code in reversed(codes)}
    add_device(session, OPERATOR, unit_id=archive.unit().id, code="AB00003")
    issue = issue_device(session, OPERATOR, devices[codes[2]].id, officer.id, now=NOW)
    seen, after = [], None
    while True:
        page = list_devices(session, supervisor, after=after, limit=3)
        seen += [each.device.code for each in page.items]
        after = page.next
        if after is None:
            break
    assert seen == codes
    (out,) = list_devices(session, supervisor, whereabouts="out").items
    assert (out.device.code, out.holder, out.issue) == (codes[2], officer, issue)
    assert len(list_devices(session, supervisor, whereabouts="in").items) == 6
    assert list_devices(session, supervisor, whereabouts="retired").items == ()
    (found,) = list_devices(session, supervisor, find="00005").items
    assert found.device.code == codes[5]
    assert list_devices(session, supervisor, find="%").items == ()
    (has,) = list_officers(session, supervisor, find=officer.name).items
    assert [device.code for device in has.devices] == [codes[2]]
    (shown,) = list_issues(session, supervisor, person_id=officer.id).items
    assert (shown.device.code, shown.person.id) == (codes[2], officer.id)
    with pytest.raises(RoleNotAllowed):
        list_devices(session, officer)
