"""Who asks for another look reaches his own units alone, asks once for many things, and never waits in a ring."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from casework.linking.by_hand import link_by_hand
from casework.linking.looks import DeviceTime, UnitTime, ask_for_another_look, looks_together
from casework.register.devices import add_device
from casework.register.imports import ImportAt, import_table
from casework.register.issues import issue_device
from storage.catalog.casework import LinkingDone
from storage.database import Database
from storage.ledger.append import Actor
from tests.casework.linking.due import link_due_recordings

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPERATOR = Actor.system("admin")


def due(session: Session) -> set[Any]:
    return set(session.scalars(select(LinkingDone.recording_id).where(LinkingDone.outcome == "again")))


def held_locks(session: Session) -> int:
    """Exclusive advisory locks of this very transaction: how many units' linking it holds up."""
    return session.execute(
        text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'"
             " AND pid = pg_backend_pid()")
    ).scalar_one()  # fmt: skip


@pytest.fixture
def bureau(archive: Any, session: Session) -> dict[str, Any]:
    """A bureau with a squad below it, and another bureau; each with a recording of a device of the same code."""
    top = archive.unit()
    units = {"top": top, "squad": archive.unit(parent=top), "other": archive.unit()}
    made = {name: archive.recording(unit, started_at=START) for name, unit in units.items()}
    link_due_recordings(session)
    # The linker's own locks end with its transaction, which is here the test's.
    return {"units": units, "made": made, "held": held_locks(session)}


def test_an_issue_touches_the_unit_of_its_register_and_those_below_and_no_other(
    session: Session, archive: Any, bureau: Any
) -> None:
    units, made = bureau["units"], bureau["made"]
    device = add_device(session, OPERATOR, unit_id=units["top"].id, code="AB00001")
    issue_device(session, OPERATOR, device.id, archive.person(units["squad"], "officer").id, now=START + HOUR)
    assert due(session) == {made["top"].id, made["squad"].id}
    assert held_locks(session) - bureau["held"] == 2
    of_squad = add_device(session, OPERATOR, unit_id=units["squad"].id, code="AB00001")
    link_due_recordings(session)
    issue_device(session, OPERATOR, of_squad.id, archive.person(units["squad"], "officer").id, now=START + HOUR)
    assert due(session) == {made["squad"].id}


def test_named_recordings_are_due_again_and_one_a_person_spoke_of_is_not(
    session: Session, archive: Any, bureau: Any
) -> None:
    made = bureau["made"]
    officer = archive.person(bureau["units"]["squad"], "officer")
    case = archive.case(officer)
    link_by_hand(
        session, officer, recording_id=made["squad"].id, case_id=case.id, stage="initiation", reason="看过画面"
    )
    ask_for_another_look(session, because="register", recordings=[made["squad"].id, made["other"].id])
    assert due(session) == {made["other"].id}


def test_what_is_asked_for_together_is_asked_once_at_the_end_and_on_a_trial_never(
    session: Session, archive: Any, bureau: Any
) -> None:
    units, made = bureau["units"], bureau["made"]
    with looks_together(session) as looks:
        for name in ("other", "top"):
            ask_for_another_look(session, because="assignment", time=UnitTime(units[name].id, START, START + HOUR))
        ask_for_another_look(session, because="register", device=DeviceTime(units["squad"].id, "AB00001", START))
        assert (held_locks(session), due(session)) == (bureau["held"], set())
    assert due(session) == {row.id for row in made.values()}
    link_due_recordings(session)
    with looks_together(session) as looks:
        ask_for_another_look(session, because="assignment", recordings=[made["top"].id])
        looks.forget()
    assert due(session) == set()

    def fail_halfway() -> None:
        with looks_together(session):
            ask_for_another_look(session, because="assignment", recordings=[made["top"].id])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert due(session) == set()
    ask_for_another_look(session, because="assignment", recordings=[made["top"].id])
    assert due(session) == {made["top"].id}


def test_a_trial_of_an_import_holds_up_no_linker_and_the_import_itself_asks(
    session: Session, archive: Any, bureau: Any
) -> None:
    unit, made = bureau["units"]["squad"], bureau["made"]
    officer = archive.person(unit, "officer")
    add_device(session, OPERATOR, unit_id=unit.id, code="AB00001")
    table = f"设备编号,警号,配发时间\nAB00001,{officer.badge_number},2026-03-09 12:00\n".encode()
    at = ImportAt(unit.id, START + 24 * HOUR)
    assert not import_table(session, OPERATOR, "issues", table, at, trial=True).applied
    assert (due(session), held_locks(session)) == (set(), bureau["held"])
    assert import_table(session, OPERATOR, "issues", table, at, trial=False).applied
    assert due(session) == {made["squad"].id}


def test_two_deeds_that_ask_for_units_in_opposite_orders_do_not_block_each_other(
    database: Database, archive_in: Any
) -> None:
    with database.transaction() as session:
        archive = archive_in(session)
        units = [archive.unit(), archive.unit()]
        for unit in units:
            archive.recording(unit, started_at=START)
        link_due_recordings(session)
    ready = threading.Barrier(2)
    done: list[int] = []

    def deed(order: int) -> None:
        with database.transaction() as own, looks_together(own):
            for unit in units[::order]:
                ask_for_another_look(own, because="assignment", time=UnitTime(unit.id, START, START + HOUR))
                ready.wait(60)
        done.append(order)

    threads = [threading.Thread(target=deed, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [-1, 1]
    with database.reading() as session:
        assert len(due(session)) == 2
