"""A merge, and what others did before it or do in the same moment: whoever comes second sees the first, and nobody
waits in a ring."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from casework.merging import Merged, merge_unit
from casework.retrieval.posts import name_to_post
from casework.unit_errors import MergeRefused, UnitEnded
from integrity.local_time import chinese_day
from storage.catalog.organisation import Person, Unit
from storage.database import Database
from storage.ledger.append import Actor
from tests.api.tampering import as_superuser

OPERATOR = Actor.system("admin")


def merge(session: Session, unit: Unit, into: Unit) -> Merged:
    now = datetime.now(UTC)
    return merge_unit(session, OPERATOR, unit.id, into.id, on=chinese_day(now), ground="批复", now=now)


def beside(database: Database, deed: Callable[[Session], Any]) -> Future[Any]:
    """Of another transaction, begun by now."""
    found: Future[Any] = Future()

    def work() -> None:
        try:
            with database.transaction() as session:
                done = deed(session)
            found.set_result(done)
        except Exception as error:
            found.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return found


def await_waiting(database: Database) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with database.reading() as session:
            if session.scalar(text(waiting)):
                return
        time.sleep(0.02)
    raise AssertionError("nobody waited")


@pytest.fixture
def units(database: Database, archive_in: Any) -> tuple[Unit, Unit, Person]:
    """Two, and a supervisor of the first."""
    with database.transaction() as session:
        archive = archive_in(session)
        ended, successor = archive.unit(), archive.unit()
        supervisor = archive.person(ended, "supervisor")
    return ended, successor, supervisor


def test_two_merges_at_once_close_no_ring(
    database: Database, units: tuple[Unit, Unit, Person], archive_in: Any
) -> None:
    upper, other, _ = units
    with database.transaction() as session:
        archive = archive_in(session)
        below, beneath = archive.unit(upper), archive.unit(other)
    with database.transaction() as session:
        merge(session, upper, beneath)
        second = beside(database, lambda own: merge(own, other, below))
        await_waiting(database)
    with pytest.raises(MergeRefused) as refused:
        second.result(60)
    assert refused.value.problem == "below"


def test_whoever_is_named_to_a_post_while_his_unit_is_merged_waits_and_is_told(
    database: Database, units: tuple[Unit, Unit, Person]
) -> None:
    ended, successor, supervisor = units
    with database.transaction() as session:
        session.get_one(Unit, ended.id, with_for_update={"key_share": True})
        naming = beside(database, lambda own: name_to_post(own, OPERATOR, supervisor.id, "chief"))
        await_waiting(database)
        merge(session, ended, successor)
    with pytest.raises(UnitEnded):
        naming.result(60)
    with database.transaction() as session:
        assert name_to_post(session, OPERATOR, supervisor.id, "chief").unit_id == successor.id


def test_a_return_waits_for_a_merge_that_is_under_way(database: Database, units: tuple[Unit, Unit, Person]) -> None:
    """Its trigger alone: it looks before the other rules of a return do."""
    ended, successor, supervisor = units
    values = {"unit": ended.id, "person": supervisor.id, "day": chinese_day(datetime.now(UTC))}
    insert = text(
        "INSERT INTO unit_return (id, unit_id, rule_id, code, period, first_day, last_day, ordinal, checkpoint_size,"
        " root, figures, drawn_up_by, drawn_up_at) VALUES (gen_random_uuid(), :unit, gen_random_uuid(), 'monthly',"
        " '2026-11', :day, :day, 1, 1, '', '{}', :person, now())"
    )
    with database.transaction() as session:
        merge(session, ended, successor)
        drawing = beside(database, lambda own: own.execute(insert, values))
        await_waiting(database)
    with pytest.raises(Exception, match="owes no return") as refused:
        drawing.result(60)
    assert isinstance(getattr(refused.value, "orig", None), psycopg.errors.CheckViolation)


RETURN = """
    INSERT INTO unit_return (id, unit_id, rule_id, code, period, first_day, last_day, ordinal, checkpoint_size, root,
        figures, drawn_up_by, drawn_up_at)
    VALUES (gen_random_uuid(), %(unit)s, gen_random_uuid(), 'monthly', '2026-10', %(last)s, %(last)s, 1, 1, '', '{}',
        %(person)s, now())
"""


@pytest.mark.parametrize("whose", [0, 1])
def test_no_unit_ends_within_a_period_that_it_or_its_successor_reported_on(
    database: Database, archive_in: Any, server: Any, addresses: Any, whose: int
) -> None:
    now = datetime.now(UTC)
    today = chinese_day(now)
    last_day = today - timedelta(days=10)
    with database.transaction() as session:
        archive = archive_in(session)
        units = ended, successor = tuple(
            Unit(name=code, code=code, created_at=now - timedelta(days=90)) for code in ("J-OLD", "J-NEW")
        )
        session.add_all(units)
        session.flush()
        supervisor = archive.person(successor, "supervisor")
    with as_superuser(server, addresses) as connection:
        connection.execute("SET session_replication_role = replica")  # whatever else a return needs
        connection.execute(RETURN, {"unit": units[whose].id, "person": supervisor.id, "last": last_day})
    for on in (last_day, last_day + timedelta(days=1)):
        with database.transaction() as session:
            said = {"on": on, "ground": "批复", "now": now}
            if on == last_day:
                with pytest.raises(MergeRefused) as refused:
                    merge_unit(session, OPERATOR, ended.id, successor.id, **said)
                assert (refused.value.problem, refused.value.earliest) == ("too_early", on + timedelta(days=1))
            else:
                assert merge_unit(session, OPERATOR, ended.id, successor.id, **said).unit.ended_on == on
