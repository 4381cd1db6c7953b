"""What the register answers when it is asked who had a device: at an instant, during a recording, for many at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from casework.register.certificates import add_certificate
from casework.register.devices import add_device, retire_device
from casework.register.holding import (
    IssueAt,
    fetch_holdings,
    fetch_holdings_of,
    find_devices,
    had_during,
    issued_to,
)
from casework.register.issues import issue_device, void_issue
from storage.catalog.devices import Device, DeviceIssue
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
MORNING = datetime(2026, 3, 4, 0, 30, tzinfo=UTC)
NOON = MORNING + timedelta(hours=4)
EVENING = MORNING + timedelta(hours=10)
NOW = EVENING + timedelta(days=1)
INSTANT = timedelta(microseconds=1)

AddDevice = Callable[..., Device]
Issue = Callable[..., DeviceIssue]


@pytest.fixture
def device(session: Session) -> AddDevice:
    return lambda of, code="JY-0007": add_device(session, OPERATOR, unit_id=of.id, code=code)


@pytest.fixture
def issue(session: Session) -> Issue:
    def give(of: Device, to: Any, start: datetime, end: datetime | None = None) -> DeviceIssue:
        return issue_device(session, OPERATOR, of.id, to.id, now=NOW, issued_at=start, returned_at=end)

    return give


def test_the_register_says_with_whom_a_device_was_at_an_instant(
    session: Session, archive: Any, device: AddDevice, issue: Issue
) -> None:
    team = archive.unit()
    first, second, recorder = archive.person(team, "officer"), archive.person(team, "officer"), device(team)
    issue(recorder, first, MORNING, NOON)
    issue(recorder, second, NOON)
    for instant, holder in [(MORNING, first), (NOON, second), (EVENING, second), (NOW + timedelta(days=9), second)]:
        found = issued_to(session, team.id, "JY-0007", instant)
        said = found.device_id, found.person_id, found.badge_number, found.name
        assert said == (recorder.id, holder.id, holder.badge_number, holder.name)
    assert issued_to(session, team.id, "JY-0007", MORNING - timedelta(seconds=1)) == IssueAt(recorder.id)
    assert issued_to(session, team.id, "JY-0008", NOON) == IssueAt()


def test_an_issue_that_was_voided_says_nothing(session: Session, archive: Any, device: AddDevice, issue: Issue) -> None:
    team = archive.unit()
    wrong, right, recorder = archive.person(team, "officer"), archive.person(team, "officer"), device(team)
    void_issue(session, OPERATOR, issue(recorder, wrong, MORNING).id, "录错", NOW)
    issue(recorder, right, MORNING)
    assert issued_to(session, team.id, "JY-0007", NOON).person_id == right.id


def test_a_device_that_was_returned_is_with_nobody_and_who_had_it_stays_known_when_it_is_out_of_use(
    session: Session, archive: Any, device: AddDevice, issue: Issue
) -> None:
    team = archive.unit()
    holder, recorder = archive.person(team, "officer"), device(team)
    issue(recorder, holder, MORNING, NOON)
    retire_device(session, OPERATOR, recorder.id, "报废", NOW)
    instants = (MORNING - INSTANT, MORNING, NOON - INSTANT, NOON, NOW)
    assert [issued_to(session, team.id, "JY-0007", instant).person_id for instant in instants] == [
        None,
        holder.id,
        holder.id,
        None,
        None,
    ]


def test_a_register_above_counts_for_those_below_and_the_nearest_first(
    session: Session, archive: Any, device: AddDevice
) -> None:
    bureau = archive.unit()
    team, elsewhere = archive.unit(archive.unit(bureau)), archive.unit()
    of_bureau, of_team, lent = device(bureau), device(team), device(bureau, "JY-0009")
    assert issued_to(session, team.id, "JY-0007", NOON).device_id == of_team.id
    assert issued_to(session, bureau.id, "JY-0007", NOON).device_id == of_bureau.id
    assert issued_to(session, team.id, "JY-0009", NOON).device_id == lent.id
    assert issued_to(session, elsewhere.id, "JY-0007", NOON) == IssueAt()
    named = {(unit.id, code) for unit in (bureau, team, elsewhere) for code in ("JY-0007", "JY-0009", "JY-0001")}
    assert find_devices(session, named) == {
        (bureau.id, "JY-0007"): of_bureau,
        (bureau.id, "JY-0009"): lent,
        (team.id, "JY-0007"): of_team,
        (team.id, "JY-0009"): lent,
    }


def test_whether_the_holder_was_certified_goes_by_the_chinese_day(
    session: Session, archive: Any, device: AddDevice, issue: Issue
) -> None:
    team = archive.unit()
    holder, recorder = archive.person(team, "officer"), device(team)
    issue(recorder, holder, MORNING - timedelta(days=30))

    def certified(instant: datetime) -> bool | None:
        return issued_to(session, team.id, "JY-0007", instant).certified

    assert certified(NOON) is None
    day = date(2026, 3, 4)
    add_certificate(session, OPERATOR, holder.id, number="粤A-001", valid_from=day, last_day=day)
    # 2026-03-03 16:00 UTC is midnight in China.
    assert certified(datetime(2026, 3, 3, 16, 0, tzinfo=UTC)) is True
    assert certified(datetime(2026, 3, 3, 15, 59, tzinfo=UTC)) is False
    assert certified(datetime(2026, 3, 4, 16, 0, tzinfo=UTC)) is False


def test_whoever_had_it_at_any_instant_of_a_stretch_is_among_its_holders(
    session: Session, archive: Any, device: AddDevice, issue: Issue
) -> None:
    team = archive.unit()
    first, second, recorder = archive.person(team, "officer"), archive.person(team, "officer"), device(team)
    issue(recorder, second, NOON, EVENING)
    issue(recorder, first, MORNING, NOON)
    always = [(MORNING - timedelta(days=9), NOW)]
    holdings = fetch_holdings(session, [recorder.id], always)[recorder.id]
    assert [each.person for each in holdings] == [first, second]
    assert fetch_holdings(session, [recorder.id], []) == {recorder.id: []}
    for stretch, holders in [
        ((MORNING - timedelta(hours=1), MORNING - INSTANT), []),
        ((MORNING - timedelta(hours=1), MORNING), [first]),
        ((MORNING, NOON - INSTANT), [first]),
        ((NOON - INSTANT, NOON), [first, second]),
        ((NOON, NOON), [second]),
        ((EVENING - INSTANT, NOW), [second]),
        ((EVENING, NOW), []),
    ]:
        assert [each.person for each in had_during(holdings, *stretch)] == holders
        assert [each.person for each in fetch_holdings(session, [recorder.id], [stretch])[recorder.id]] == holders
        had = fetch_holdings_of(session, [first.id, second.id], [stretch])
        assert [each.person for each in (*had[first.id], *had[second.id])] == holders


def test_the_holders_of_many_devices_are_asked_for_at_once(
    session: Session, archive: Any, device: AddDevice, issue: Issue
) -> None:
    team = archive.unit()
    holder, shelved = archive.person(team, "officer"), device(team, "JY-0000")
    recorders = [device(team, f"JY-000{number}") for number in range(1, 5)]
    for recorder in recorders:
        issue(recorder, holder, MORNING)
    session.flush()
    statements: list[str] = []
    listen = session.connection(), "before_cursor_execute", lambda *about: statements.append(about[2])
    event.listen(*listen)
    held = fetch_holdings(session, [shelved.id, *(recorder.id for recorder in recorders)], [(NOON, NOON)])
    had = fetch_holdings_of(session, [holder.id], [(NOON, NOON)])
    event.remove(*listen)
    assert len(statements) == 2
    assert held.pop(shelved.id) == []
    assert {device_id: [each.person for each in each_held] for device_id, each_held in held.items()} == {
        recorder.id: [holder] for recorder in recorders
    }
    assert {each.device.id for each in had[holder.id]} == {recorder.id for recorder in recorders}
