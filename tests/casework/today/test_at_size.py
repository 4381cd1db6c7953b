"""The shift's page over many rows: each question goes by an index, and there are few."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from api.engines.roles import DATABASE
from casework.procedure.gaps import list_gaps
from casework.today.officer import day_of_officer
from casework.today.recorded import recorded_on
from casework.today.shift import shift_of
from storage.catalog.organisation import Person
from storage.database import Database
from tests.casework.procedure.conftest import make_team
from tests.casework.sample_archive import SampleArchive

pytestmark = pytest.mark.timeout(600)
NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
MANY = 100_000
"""Of 500 days, so that some 200 are of one day, as in an archive of a million that has kept them for years."""
CASES = 20_000


@pytest.fixture(scope="module")
def filled(server: Any) -> Iterator[tuple[Database, dict[str, Any]]]:
    """One unit with a long past: its rows are copies of one recording, case and act, over 500 days."""
    with server.copy_of(DATABASE) as addresses:
        database = Database(addresses.worker, pool_size=2)
        with database.transaction() as session:
            ids = _make_first(session)
        url = server.superuser_of(addresses)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in _copies(connection):
                connection.execute(statement.encode(), ids)
            connection.execute("ANALYZE")
        yield database, ids
        database.close()


def _make_first(session: Session) -> dict[str, Any]:
    archive = SampleArchive(session)
    team = make_team(session, archive)
    recording = archive.recording(team.unit, started_at=START, duration_seconds=600.0)
    archive.link(recording, team.case, team.officer)
    return {
        "unit": team.unit.id,
        "officer": team.officer.id,
        "supervisor": team.supervisor.id,
        "recording": recording.id,
        "case": team.case.id,
        "act": team.act().act.id,
    }


def _copies(connection: psycopg.Connection[Any]) -> Iterator[str]:
    at = "turn * interval '500 days' / "
    yield (
        _copy(
            connection,
            "recording",
            f"generate_series(1, {MANY}) turn",
            id="gen_random_uuid()",
            sha256="sha256(('copy ' || turn)::bytea)",
            object_name="'copy ' || turn",
            started_at=f"t.started_at - {at}{MANY}",
            received_at=f"t.received_at - {at}{MANY}",
            sealed_at=f"t.sealed_at - {at}{MANY}",
        )
        + " WHERE t.id = %(recording)s"
    )
    yield (
        "INSERT INTO recording_judgement SELECT id, unit_id, CURRENT_DATE, '[]', '{}', %(officer)s, NULL, now()"
        " FROM recording"
    )
    yield (
        _copy(
            connection,
            '"case"',
            f"generate_series(1, {CASES}) turn",
            id="gen_random_uuid()",
            number="'copy ' || turn",
            opened_at=f"t.opened_at - {at}{CASES}",
            closed_at="CASE WHEN turn > 40 THEN now() END",
            stage="CASE WHEN turn <= 20 THEN 'execution' ELSE t.stage END",
        )
        + " WHERE t.id = %(case)s"
    )
    yield 'INSERT INTO case_act SELECT gen_random_uuid(), unit_id, id, opened_by, opened_at FROM "case"'
    yield (
        "INSERT INTO case_act_statement SELECT gen_random_uuid(), t.unit_id, a.case_id, a.id, 1, t.kind,"
        " tstzrange(lower(t.span) - (now() - a.added_at), upper(t.span) - (now() - a.added_at)), t.place, t.officer_id,"
        " t.second_officer_id, t.checklists, NULL, t.stated_by, t.stated_at FROM case_act a, case_act_statement t"
        " WHERE t.act_id = %(act)s AND a.id <> %(act)s"
    )


def _copy(connection: psycopg.Connection[Any], table: str, source: str, **changed: str) -> str:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'"
        " ORDER BY ordinal_position",
        (table.strip('"'),),
    ).fetchall()
    names = [f'"{name}"' for (name,) in rows]
    values = [changed.get(name, f't."{name}"') for (name,) in rows]
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table} t, {source}"


def plan(session: Session, statement: Any) -> str:
    compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
    return "\n".join(session.execute(text(f"EXPLAIN {compiled}".replace(":", "\\:"))).scalars())


@contextmanager
def asked(session: Session) -> Iterator[list[str]]:
    """The statements that the block sends."""
    engine, statements = session.connection().engine, []

    def note(*call: Any) -> None:
        statements.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def test_what_was_recorded_on_a_day_is_found_by_an_index(filled: Any) -> None:
    database, ids = filled
    day = datetime(2026, 3, 8, 16, 0, tzinfo=UTC)
    with database.reading() as session:
        count = session.execute(text("SELECT count(*) FROM recording")).scalar_one()
        assert count > MANY
        made, came = (plan(session, each) for each in recorded_on(ids["unit"], day, day + timedelta(days=1)))
    assert "Seq Scan on recording " not in made
    assert "Seq Scan on recording " not in came
    assert "ix_recording_started" in made, made


@pytest.mark.parametrize("who", ["officer", "supervisor"])
def test_a_page_of_many_years_asks_few_questions_and_reads_few_rows(filled: Any, who: str) -> None:
    """How long it takes is for `liuhen bench search` to say, on a machine that does nothing else."""
    database, ids = filled
    build = {"officer": day_of_officer, "supervisor": shift_of}[who]
    with database.reading() as session:
        person = session.get_one(Person, ids[who])
        with asked(session) as statements:
            found = build(session, person, NOW)
    assert len(statements) < {"officer": 60, "supervisor": 90}[who], len(statements)
    if who == "supervisor":
        # The nine hours of the day before the one recording that the others are copies of.
        assert 70 < sum(each.recordings for each in found.recorded) < 80
        assert len(found.ending.items) == 20


def test_the_gaps_of_a_day_take_as_many_questions_as_those_of_one_act(filled: Any) -> None:
    database, ids = filled
    with database.reading() as session:
        person = session.get_one(Person, ids["supervisor"])
        with asked(session) as statements:
            list_gaps(session, person, NOW, day=NOW.date())
    assert len(statements) < 25
