"""The application's role writes no service by SQL that lacks its proof, and ends no term without one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from casework.service.serving import withdraw_service
from storage.catalog.service import CaseService
from tests.casework.service.conftest import DAY, MINUTE, PLACE, START, Round

COLUMNS = [column.name for column in CaseService.__table__.columns]


def insert(session: Session, row: CaseService, changed: Mapping[str, Any]) -> None:
    """The same service once more, a minute later and stated now, but for what is changed."""
    values: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    values |= {"id": uuid.uuid4(), "stated_at": datetime.now(UTC), "document_number": "另一号", **changed}
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    session.execute(text(f"INSERT INTO case_service ({names}) VALUES ({places})"), values)


def test_a_service_by_leaving_needs_its_act_and_its_picture(session: Session, round_: Round) -> None:
    team, act = round_.team, round_.team.act("service_left")
    row = round_.serve(round_.left(act, round_.photograph()))
    other, now = team.act("seizure"), datetime.now(UTC)
    stray = team.archive.recording(team.unit, started_at=START, kind="still", **PLACE)
    for changed, says in (
        ({"act_id": other.act.id}, "lacks its act or its picture"),
        ({"recording_id": stray.id}, "lacks its act or its picture"),
        ({"served_at": START - MINUTE}, "lacks its act or its picture"),
        ({"recording_id": None}, "lacks its act or its picture"),
        ({"act_id": None}, "lacks its act or its picture"),
        ({"ground": None}, "left_with_its_proof"),
        ({"place": None}, "left_with_its_proof"),
        ({"document_number": None}, "null value"),
        ({"addressee": None}, "null value"),
        ({"method": "in_person"}, "received"),
        ({"method": "mailed"}, "carried"),
        ({"method": "in_person", "receiver": "x", "recording_id": None}, "with_its_proof"),
        ({"method": "in_person", "receiver": "x", "recording_id": stray.id}, "what proves a service"),
        ({"counts_on": DAY - timedelta(days=1)}, "counts on its day"),
        ({"unit_id": team.archive.unit().id}, "of another unit"),
        ({"stated_at": now - timedelta(days=2)}, "is of now"),
        ({"withdrawn_at": now, "withdrawn_by": team.officer.id, "withdraw_reason": "x"}, "of another unit"),
    ):
        with pytest.raises(IntegrityError, match=says), session.begin_nested():
            insert(session, row, changed)
    insert(session, row, {})


def test_what_was_said_is_neither_changed_nor_deleted(session: Session, round_: Round) -> None:
    round_.serve(round_.in_person())
    for sql in ("UPDATE case_service SET method = 'mailed'", "DELETE FROM case_service"):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(sql))


def test_no_term_of_service_ends_without_a_service_of_that_day(session: Session, round_: Round) -> None:
    team, term = round_.team, round_.term()
    done = text("UPDATE case_term SET done_on = :day, done_by = :by, done_at = now() WHERE id = :id")
    values = {"day": DAY, "by": team.officer.id, "id": term.id}
    with pytest.raises(IntegrityError, match="was served on"), session.begin_nested():
        session.execute(done, values)
    row = round_.serve(round_.in_person())
    withdraw_service(session, team.supervisor, row.id, "误登")
    with pytest.raises(IntegrityError, match="was served on"), session.begin_nested():
        session.execute(done, values)
    round_.serve(round_.in_person(START + MINUTE))
    with pytest.raises(IntegrityError, match="was served on"), session.begin_nested():
        session.execute(done, {**values, "day": DAY + timedelta(days=1)})
    session.execute(done, values)
