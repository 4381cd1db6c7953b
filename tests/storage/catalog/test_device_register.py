"""Who had which device when: what the database refuses whoever asks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from storage.catalog.devices import Device, DeviceIssue, OfficerCertificate
from storage.catalog.organisation import Person, Unit
from storage.database import Database

MORNING = datetime(2026, 3, 4, 0, 30, tzinfo=UTC)
NOON = MORNING + timedelta(hours=4)
EVENING = MORNING + timedelta(hours=10)


def unit(session: Session, parent: Unit | None = None) -> Unit:
    row = Unit(name="城管一中队", code=uuid.uuid4().hex, parent_id=None if parent is None else parent.id)
    session.add(row)
    session.flush()
    return row


def person(session: Session, of: Unit, badge: str) -> Person:
    row = Person(unit_id=of.id, name=f"执法{badge}", sign_in_name=uuid.uuid4().hex, badge_number=badge, role="officer")
    session.add(row)
    session.flush()
    return row


def device(session: Session, of: Unit, code: str = "JY-0007") -> Device:
    row = Device(unit_id=of.id, code=code)
    session.add(row)
    session.flush()
    return row


def issue(session: Session, of: Device, to: Person, start: datetime, end: datetime | None = None) -> DeviceIssue:
    row = DeviceIssue(unit_id=of.unit_id, device_id=of.id, person_id=to.id, span=Range(start, end))
    session.add(row)
    session.flush()
    return row


def certify(session: Session, to: Person, number: str, start: date, end: date | None) -> None:
    row = OfficerCertificate(unit_id=to.unit_id, person_id=to.id, number=number, valid=Range(start, end))
    session.add(row)
    session.flush()


@pytest.fixture
def issued(
    addresses: DatabaseAddresses, database: Database
) -> Iterator[tuple[psycopg.Connection, dict[str, uuid.UUID]]]:
    """A connection as the application, and the ids of a device that is with somebody since this morning."""
    with database.transaction() as session:
        team = unit(session)
        holder, other, recorder = person(session, team, "001"), person(session, team, "002"), device(session, team)
        since = issue(session, recorder, holder, MORNING)
        certify(session, holder, "001", date(2026, 1, 1), date(2027, 1, 1))
        ids = {"unit": team.id, "holder": holder.id, "other": other.id, "device": recorder.id, "issue": since.id}
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        yield connection, ids


ISSUE = (
    "INSERT INTO device_issue (id, unit_id, device_id, person_id, span)"
    " VALUES (gen_random_uuid(), %(unit)s, %(device)s, %(other)s, tstzrange(%(start)s, %(end)s, %(bounds)s))"
)


def test_no_device_is_with_two_at_a_time(issued) -> None:
    connection, ids = issued
    for start, end in [(MORNING, None), (NOON, EVENING), (MORNING - timedelta(days=1), NOON)]:
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(ISSUE, {**ids, "start": start, "end": end, "bounds": "[)"})
    connection.execute("UPDATE device_issue SET span = tstzrange(%s, %s) WHERE id = %s", (MORNING, NOON, ids["issue"]))
    connection.execute(ISSUE, {**ids, "start": NOON, "end": None, "bounds": "[)"})


def test_an_issue_has_a_beginning_and_takes_time(issued) -> None:
    connection, ids = issued
    for start, end, bounds in [(None, MORNING, "[)"), (NOON, NOON, "[)"), (NOON, EVENING, "(]")]:
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(ISSUE, {**ids, "start": start, "end": end, "bounds": bounds})


def test_an_issue_ends_once_and_neither_moves_nor_goes(issued) -> None:
    connection, ids = issued
    move = "UPDATE device_issue SET span = tstzrange(%s, %s) WHERE id = %s"
    with pytest.raises(psycopg.errors.CheckViolation, match="ends once"):
        connection.execute(move, (NOON, None, ids["issue"]))
    connection.execute(move, (MORNING, NOON, ids["issue"]))
    for end in (EVENING, None):
        with pytest.raises(psycopg.errors.CheckViolation, match="ends once"):
            connection.execute(move, (MORNING, end, ids["issue"]))
    connection.execute("UPDATE device_issue SET voided_at = now() WHERE id = %s", (ids["issue"],))
    with pytest.raises(psycopg.errors.CheckViolation, match="was set and stays"):
        connection.execute("UPDATE device_issue SET voided_at = NULL WHERE id = %s", (ids["issue"],))


REWRITING = (
    "UPDATE device_issue SET person_id = %(other)s",
    "UPDATE device SET code = 'another'",
    "UPDATE officer_certificate SET valid = '[2020-01-01,2030-01-01)'",
    "UPDATE station_key SET public_key = '\\x00'",
    "UPDATE station_code SET expires_at = now()",
    "DELETE FROM device_issue",
    "DELETE FROM device",
    "DELETE FROM officer_certificate",
    "DELETE FROM station_key",
    "DELETE FROM station_code",
    "DELETE FROM station_state",
)


def test_the_application_rewrites_no_register(issued) -> None:
    connection, ids = issued
    for statement in REWRITING:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement, ids)


def test_a_certificate_number_is_one_person_s_at_a_time(issued) -> None:
    connection, ids = issued
    certificate = (
        "INSERT INTO officer_certificate (id, unit_id, person_id, number, valid)"
        " VALUES (gen_random_uuid(), %(unit)s, %(other)s, '001', %(valid)s)"
    )
    with pytest.raises(psycopg.errors.ExclusionViolation):
        connection.execute(certificate, {**ids, "valid": "[2026-06-01,2028-01-01)"})
    connection.execute(certificate, {**ids, "valid": "[2027-01-01,2028-01-01)"})
