"""Search and lists over the rows of an archive of years: each goes by its index, and the rows hold together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from api.bench.archive_rows import ArchiveSize, broken_references, fill_archive
from api.credentials import open_session
from api.engines.preparing import load_policies
from api.engines.roles import DATABASE, DatabaseAddresses
from api.pages.views_admin import count_failed, count_recordings, count_uploads
from api.tasks.housekeeping import LATELY
from casework.publication.portal import Asked as Sought
from casework.publication.portal import list_public
from casework.recordings.states import is_in_state
from casework.search.found import KINDS, Asked, search
from casework.search.sought import pattern_of
from casework.search.words import Words
from ingest.metadata.segments import group_segments
from retention.paging import newest_first
from storage.catalog.casework import Case
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import Recording
from storage.database import Database
from storage.entering import showing

pytestmark = pytest.mark.timeout(900)
SIZE = ArchiveSize(recordings=20_000, cases=5_000, seed=7)
NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def filling(server: Any) -> Iterator[DatabaseAddresses]:
    with server.copy_of(DATABASE) as addresses:
        load_policies(addresses)
        fill_archive(server.superuser_of(addresses), SIZE, NOW)
        yield addresses


@pytest.fixture(scope="module")
def filled(server: Any, filling: DatabaseAddresses) -> Iterator[tuple[Database, str]]:
    """As a worker, who sees everything; and the superuser's address."""
    database = Database(filling.worker, pool_size=2)
    yield database, server.superuser_of(filling)
    database.close()


@pytest.fixture(scope="module")
def seeing(filled: Any, filling: DatabaseAddresses) -> Iterator[Callable[[], AbstractContextManager[Session]]]:
    """Sessions under row security, an officer of the largest unit signed in."""
    database, _ = filled
    with database.transaction() as session:
        cookie = open_session(session, officer_of_the_largest(session), datetime.now(UTC))
    application = Database(filling.app, pool_size=2, for_people=True)

    @contextmanager
    def reading() -> Iterator[Session]:
        with showing(cookie), application.reading() as session:
            yield session

    yield reading
    application.close()


def officer_of_the_largest(session: Session) -> Person:
    unit = select(Unit.id).where(Unit.code == "BENCH05").scalar_subquery()
    return session.scalars(select(Person).where(Person.unit_id == unit, Person.role == "officer").limit(1)).one()


def plan(session: Session, statement: Any) -> str:
    compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
    return "\n".join(session.connection().exec_driver_sql(f"EXPLAIN {compiled}").scalars())


def plans_of(session: Session, ask: Callable[[], Any]) -> list[str]:
    """How PostgreSQL goes about each of the statements that are run meanwhile."""
    asked: list[tuple[str, Any]] = []
    connection = session.connection()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    plans = (connection.exec_driver_sql(f"EXPLAIN {each}", parameters).scalars() for each, parameters in asked)
    return ["\n".join(lines) for lines in plans]


def test_every_row_has_what_it_refers_to_and_there_are_as_many_as_were_asked_for(filled: Any) -> None:
    database, superuser = filled
    assert broken_references(superuser) == []
    with database.reading() as session:
        counts = {
            name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in ("recording", '"case"')
        }
    assert counts == {"recording": SIZE.recordings, '"case"': SIZE.cases}


def test_the_same_seed_makes_the_same_rows(server: Any) -> None:
    small = ArchiveSize(recordings=200, cases=50, seed=7)
    digests = []
    for _ in range(2):
        with server.copy_of(DATABASE) as addresses:
            load_policies(addresses)
            fill_archive(server.superuser_of(addresses), small, NOW)
            with psycopg.connect(server.superuser_of(addresses)) as connection:
                rows = connection.execute(
                    "SELECT md5(string_agg(id::text || original_name || started_at, ',' ORDER BY id)) FROM recording"
                ).fetchone()
            digests.append(rows)
    assert digests[0] == digests[1] != (None,)


def test_a_rare_word_of_two_signs_is_found_by_the_trigrams(filled: Any, seeing: Any) -> None:
    database, _ = filled
    rare = Words.parse("烧烤 红岩 老灶")
    with database.reading() as session:
        assert "ix_case_sought" in plan(session, select(Case.id).where(rare.each_in(Case.sought)))
    with seeing() as session:
        alone = plan(session, select(Case.id).where(rare.each_in(Case.sought)))
        assert "ix_case_sought" not in alone, "row security has become no obstacle: sought_ids() is not needed any more"
        assert session.scalars(select(Case.id).where(rare.stand_in(session, Case.sought))).all() != []


@pytest.mark.parametrize("most", [0, 2000])
def test_as_many_are_found_whether_or_not_the_database_names_them(
    seeing: Any, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("casework.search.sought.MOST_NAMED", most)
    with seeing() as session:
        person = officer_of_the_largest(session)
        for words in ("占道", "火锅店", "建新北路 垃圾", "DSJ0125", "责改"):
            asked = Asked(Words.parse(words))
            found = {kind: [each.id for each in search(session, person, kind, asked, limit=50).items] for kind in KINDS}
            monkeypatch.setattr("casework.search.sought.MOST_NAMED", 10**6)
            every = {kind: [each.id for each in search(session, person, kind, asked, limit=50).items] for kind in KINDS}
            monkeypatch.setattr("casework.search.sought.MOST_NAMED", most)
            assert found == every


@pytest.mark.parametrize(
    ("kind", "words", "index"),
    [
        ("cases", "占道", "ix_case_listing"),
        ("documents", "责令", "ix_document_begun"),
        ("recordings", "DSJ0125", "ix_recording_listing"),
    ],
)
def test_what_many_say_is_met_on_the_way_through_the_list(
    seeing: Any, monkeypatch: pytest.MonkeyPatch, kind: str, words: str, index: str
) -> None:
    monkeypatch.setattr("casework.search.sought.MOST_NAMED", 0)
    with seeing() as session:
        person = officer_of_the_largest(session)
        plans = plans_of(session, lambda: search(session, person, kind, Asked(Words.parse(words)), limit=6))
    (way,) = (each for each in plans if index in each)
    assert "Sort" not in way


@contextmanager
def explaining(superuser: str) -> Iterator[tuple[psycopg.Connection[Any], list[str]]]:
    """A connection, and how PostgreSQL goes about what is run in it meanwhile, within functions too."""
    ways: list[str] = []
    with psycopg.connect(superuser) as connection:
        connection.add_notice_handler(lambda said: ways.append(said.message_primary or ""))
        connection.execute("LOAD 'auto_explain'")
        connection.execute("SET auto_explain.log_min_duration = 0")
        connection.execute("SET auto_explain.log_nested_statements = on")
        connection.execute("SET client_min_messages = log")
        yield connection, ways


ITEMS = "SELECT * FROM public_items(%s, NULL, NULL, NULL, NULL, %s, %s, %s, 21)"


@pytest.mark.parametrize("query", ["", "火锅"])
def test_the_portal_goes_through_what_is_public_from_the_newest_on(filled: Any, query: str) -> None:
    with explaining(filled[1]) as (connection, ways):
        pattern = pattern_of(query) if query else None
        first = connection.execute(ITEMS, (pattern, None, None, 0)).fetchall()
        (way,) = (each for each in ways if "ix_publication_shown" in each)
        assert "Sort" not in way
        assert "Seq Scan" not in way
        ways.clear()
        publication_id, _, _, shown_at, *_ = first[-1]
        second = connection.execute(ITEMS, (pattern, shown_at, publication_id, 0)).fetchall()
        (way,) = (each for each in ways if "ix_publication_shown" in each)
        assert re.search(r"Index Cond: .*shown_at", way), "a page begins where the one before it ended"
        assert len(first) == 21
        assert {row[0] for row in first}.isdisjoint(row[0] for row in second)


def test_a_rare_word_is_found_among_what_is_public_by_the_trigrams(filled: Any) -> None:
    with explaining(filled[1]) as (connection, ways):
        connection.execute("SET enable_seqscan = off")
        connection.execute(ITEMS, (pattern_of("没有这样一家店"), None, None, 2000))
        assert any("ix_publication_version_sought" in each for each in ways)
        assert not any("Seq Scan" in each for each in ways)


def test_what_became_of_publications_is_found_by_their_keys(filled: Any) -> None:
    with explaining(filled[1]) as (connection, ways):
        ids = [row[0] for row in connection.execute(ITEMS, (None, None, None, 0)).fetchall()]
        ways.clear()
        connection.execute("SET enable_seqscan = off")
        steps = connection.execute("SELECT * FROM public_steps(%s)", (ids,)).fetchall()
        assert {row[0] for row in steps} == set(ids)
        assert not any("Seq Scan" in each for each in ways)


def test_nobody_finds_what_the_worker_finds_of_what_is_public(filled: Any, filling: DatabaseAddresses) -> None:
    application = Database(filling.app, pool_size=1, for_people=True)
    try:
        for query in ("", "火锅", "没有这样一家店"):
            with application.reading() as session, filled[0].reading() as whole:
                found = [each.id for each in list_public(session, Sought(query), limit=20).items]
                assert found == [each.id for each in list_public(whole, Sought(query), limit=20).items]
    finally:
        application.close()


def test_a_day_s_recordings_are_found_by_when_they_were_made(seeing: Any) -> None:
    with seeing() as session:
        person = officer_of_the_largest(session)
        made = (Recording.made_at >= NOW - timedelta(days=400)) & (Recording.made_at < NOW - timedelta(days=399))
        of_day = select(Recording.id).where(Recording.unit_id == person.unit_id, made)
        found = plan(session, newest_first(of_day, Recording.sealed_at, Recording.id, None, 50))
    assert "ix_recording_made" in found
    assert re.search(r"Index Cond: .*made_at >=", found), "row security keeps the day from the index"


@pytest.mark.parametrize("login", ["worker", "application"])
def test_a_list_by_officer_device_or_state_reads_no_table_from_end_to_end(filled: Any, seeing: Any, login: str) -> None:
    with filled[0].reading() if login == "worker" else seeing() as session:
        person = officer_of_the_largest(session)
        of_unit = select(Recording.id, Recording.sealed_at).where(Recording.unit_id == person.unit_id)
        for narrowed in (
            of_unit,
            of_unit.where(Recording.officer == person.badge_number),
            of_unit.where(is_in_state("damaged", person.unit_id)),
            of_unit.where(is_in_state("unreadable", person.unit_id)),
        ):
            listed = newest_first(narrowed, Recording.sealed_at, Recording.id, None, 50)
            assert "Seq Scan on recording" not in plan(session, listed)


@pytest.mark.parametrize("words", ["占道", "火锅店", "建新北路 垃圾", "DSJ0125", "责改"])
def test_what_is_found_is_what_reading_every_row_finds(filled: Any, words: str) -> None:
    database, _ = filled
    asked = Asked(Words.parse(words))
    with database.reading() as session:
        person = officer_of_the_largest(session)
        found = {kind: [each.id for each in search(session, person, kind, asked, limit=50).items] for kind in KINDS}
        session.execute(text("SET LOCAL enable_indexscan = off"))
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
        assert found == {
            kind: [each.id for each in search(session, person, kind, asked, limit=50).items] for kind in KINDS
        }
        assert any(found.values())


UPLOADS = b"""
    INSERT INTO upload (id, station_id, unit_id, declared_length, claims, attempts, expires_at, state)
    SELECT md5(n::text), gen_random_uuid(), r.unit_id, 1, jsonb_build_object('filename', repeat('x', 700)), 0, now(),
        CASE n % 100 WHEN 0 THEN 'open' ELSE 'receipted' END
    FROM (SELECT unit_id, row_number() OVER () AS n FROM recording) r
"""
JOBS = b"""
    INSERT INTO media_job (id, recording_id, unit_id, kind, lane, attempts, deferrals, state)
    SELECT gen_random_uuid(), r.id, r.unit_id, 'proxy', 'quick', 0, 0,
        CASE n % 100 WHEN 0 THEN 'failed' ELSE 'done' END
    FROM (SELECT id, unit_id, row_number() OVER () AS n FROM recording) r
"""


def test_the_administrator_s_counts_are_read_off_an_index_and_are_those_of_the_rows(filled: Any, seeing: Any) -> None:
    database, superuser = filled
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(UPLOADS)
        connection.execute(JOBS)
        connection.execute("VACUUM ANALYZE upload, media_job")
    counts: tuple[tuple[Callable[[Session], Any], str], ...] = (
        (count_recordings, "ix_recording_unit_id"),
        (count_uploads, "ix_upload_in_hand"),
        (count_failed, "ix_media_job_failed"),
    )
    with seeing() as session:
        for count, index in counts:
            (plan_of_it,) = plans_of(session, partial(count, session))
            assert index in plan_of_it, plan_of_it
            assert "Seq Scan" not in plan_of_it, plan_of_it
    with database.reading() as session:
        summed = text("SELECT count(*), sum(size_bytes) FROM recording")
        assert count_recordings(session) == tuple(map(int, session.execute(summed).one()))
        assert count_uploads(session) == {"open": SIZE.recordings // 100}
        assert count_failed(session) == SIZE.recordings // 100


def test_whether_something_is_new_to_the_grouping_is_not_asked_of_all_that_was_ever_sealed(filled: Any) -> None:
    """It is asked every five seconds."""
    database, superuser = filled
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO recording_segment (recording_id, unit_id, first_recording_id, ordinal, segment_count, basis)"
            " SELECT id, unit_id, id, 1, 1, 'alone' FROM recording"
        )
        connection.execute("VACUUM ANALYZE recording_segment")
    with database.transaction() as session:
        latest = session.scalar(select(func.max(Recording.sealed_at)))
        assert latest is not None
        plans = plans_of(session, lambda: group_segments(session, 5.0, 100, None, latest - LATELY))
    (sought,) = [each for each in plans if "recording_segment" in each]
    assert "ix_recording_listing" in sought
    # What was set aside is a few rows or none.
    assert "Seq Scan" not in sought.replace("Seq Scan on recording_set_aside", "")
