"""Linkers and assignments at the same time: nothing twice, nothing missed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from casework.cases import assign
from casework.linking.linker import find_due_still, look_at
from casework.linking.locks import hold_linking, join_linking
from casework.linking.rows import live_links
from retention.subjects import row_in_unit
from storage.catalog.casework import Case, CaseLink, LinkingDone
from storage.catalog.organisation import Person, Unit
from storage.database import Database
from tests.casework.linking.due import link_due_recordings

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def with_case(archive: Any) -> tuple[Any, Unit, Person, Case]:
    """The archive with a unit of one officer, who has a recorder and a case."""
    unit = archive.unit()
    officer = archive.person(unit, "officer")
    archive.issue(unit, officer)
    return archive, unit, officer, archive.case(officer)


def assign_first_hour(session: Session, officer: Person, case: Case) -> None:
    assign(session, officer, case.id, device="AB00001", starts_at=START, ends_at=START + HOUR)


def test_two_linkers_at_once_make_each_link_once(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        archive, unit, officer, case = with_case(archive_in(session))
        assign_first_hour(session, officer, case)
        for second in range(30):
            archive.recording(unit, started_at=START + timedelta(seconds=second))
    counts: list[int] = []

    def work() -> None:
        for _ in range(20):
            with database.transaction() as own:
                counts.append(link_due_recordings(own, limit=4).get("linked", 0))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert len(session.scalars(select(CaseLink)).all()) == 30
        assert len(session.scalars(select(LinkingDone)).all()) == 30
        assert len(archive_in(session).entries("recording.linked")) == 30
    assert sum(counts) == 30


def test_what_another_linker_finished_meanwhile_is_neither_looked_at_nor_counted_again(
    database: Database, archive_in: Any
) -> None:
    """Found to be due in the instant before the other one committed, and locked in the instant after it."""
    with database.transaction() as session:
        archive, unit, officer, case = with_case(archive_in(session))
        assign_first_hour(session, officer, case)
        done, new = (archive.recording(unit, started_at=START + timedelta(minutes=each)) for each in (1, 2))
    with database.transaction() as late:
        late_due = find_due_still(late, done.id) + find_due_still(late, new.id)
        with database.transaction() as first:
            assert look_at(first, [done]) == ["linked"]
            looked_at = first.get_one(LinkingDone, done.id).looked_at
        assert look_at(late, late_due) == ["linked"]
    with database.reading() as session:
        assert session.get_one(LinkingDone, done.id).looked_at == looked_at
        assert [len(live_links(session, each.id)) for each in (done, new)] == [1, 1]


def test_assignment_and_linker_at_once_miss_neither(database: Database, archive_in: Any) -> None:
    """The linker has looked, not committed; the assignment that fits is entered: it must wait and see."""
    with database.transaction() as session:
        archive, unit, officer, case = with_case(archive_in(session))
        recording = archive.recording(unit, started_at=START)
    entered = threading.Event()

    def enter_assignment() -> None:
        with database.transaction() as own:
            assign(own, officer, case.id, device="AB00001", starts_at=START, ends_at=START + HOUR)
        entered.set()

    with database.transaction() as linker:
        assert link_due_recordings(linker) == {"no_case": 1}
        thread = threading.Thread(target=enter_assignment)
        thread.start()
        assert not entered.wait(0.5)
    thread.join()
    with database.transaction() as session:
        assert link_due_recordings(session) == {"linked": 1}
        assert [link.case_id for link in live_links(session, recording.id)] == [case.id]


def test_who_has_a_case_and_waits_for_linkers_keeps_none_of_them_from_linking_to_it(
    database: Database, archive_in: Any
) -> None:
    """The linker has its unit and has not linked yet; a person has the case's row and waits for the unit: no ring."""
    with database.transaction() as session:
        archive, unit, officer, case = with_case(archive_in(session))
        assign_first_hour(session, officer, case)
        recording = archive.recording(unit, started_at=START)
    has_row, through = threading.Event(), threading.Event()

    def wait_for_linkers() -> None:
        with database.transaction() as own:
            row_in_unit(own, officer, Case, case.id, lock=True)
            has_row.set()
            hold_linking(own, [unit.id])
        through.set()

    with database.transaction() as linker:
        linker.execute(text("SET LOCAL lock_timeout = '20s'"))
        join_linking(linker, [unit.id])
        thread = threading.Thread(target=wait_for_linkers)
        thread.start()
        assert has_row.wait(20)
        assert not through.wait(0.3)
        assert link_due_recordings(linker) == {"linked": 1}
        assert not through.is_set()
    thread.join()
    assert through.is_set()
    with database.reading() as session:
        assert [link.case_id for link in live_links(session, recording.id)] == [case.id]
