"""Raw SQL as the application's role: nobody is seen who has not been let in, and no setting opens another unit."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from api.credentials import create_api_token, open_session
from api.engines.roles import DatabaseAddresses
from casework.publication.posting import post
from casework.publication.stepping import take_down
from casework.search.words import Words
from casework.units import line_of, unit_tree
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.database import Database
from storage.entering import showing, showing_whole
from storage.errors import NotLetIn
from tests.casework.publication.press import CITIZEN, make_press
from tests.casework.review.conftest import make_bench
from tests.casework.sample_archive import REVIEW_KEYS
from tests.databases import MigratedServer

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Place:
    """A unit with a supervisor, who has a browser's cookie and a program's token, a case and a recording."""

    unit_id: uuid.UUID
    person: Person
    cookie: str
    token: str
    case_id: uuid.UUID
    recording_id: uuid.UUID


@pytest.fixture
def places(database: Database, archive_in: Any) -> dict[str, Place]:
    with database.transaction() as session:
        archive, made = archive_in(session), dict[str, Place]()
        top = archive.unit()
        here, beside = archive.unit(top), archive.unit(top)
        for name, unit in {"top": top, "here": here, "beside": beside, "below": archive.unit(here)}.items():
            person = archive.person(unit, "supervisor")
            case = archive.case(archive.person(unit, "officer"), title="占道经营")
            recording = archive.recording(unit)
            cookie = open_session(session, person, datetime.now(UTC))
            token = create_api_token(session, person, "test")
            made[name] = Place(unit.id, person, cookie, token, case.id, recording.id)
        session.flush()
        session.expunge_all()
    return made


@dataclass(frozen=True)
class Published:
    """A citizen's penalty that is public, and another that was taken down, posted and on their way to the platform."""

    unit_id: uuid.UUID
    shown: uuid.UUID
    gone: uuid.UUID


@pytest.fixture
def published(database: Database, archive_in: Any) -> Published:
    with database.transaction() as session:
        press, now = make_press(make_bench(session, archive_in(session))), datetime.now(UTC)
        shown, gone = (press.published(press.issued(press.bench.another_case(), **CITIZEN)) for _ in range(2))
        where: dict[str, Any] = {
            "channel": "website",
            "place": "https://www.example.gov.cn",
            "posted_on": chinese_day(now),
        }
        post(session, press.publisher, gone.publication_id, **where, keys=REVIEW_KEYS, now=now)
        take_down(session, press.publisher, gone.publication_id, "privacy", "涉及个人隐私", now)
        return Published(shown.unit_id, shown.publication_id, gone.publication_id)


@contextmanager
def as_application(addresses: DatabaseAddresses, secret: str | None = None) -> Iterator[Connection]:
    with psycopg.connect(addresses.app) as connection:
        if secret is not None:
            connection.execute("SELECT enter(%s)", (secret.encode(),))
        yield connection
        connection.rollback()


def units_seen(connection: Connection, table: str = '"case"') -> set[uuid.UUID]:
    return {row[0] for row in connection.execute(f"SELECT unit_id FROM {table}".encode())}


def protected(connection: Connection) -> list[str]:
    statement = """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'unit_id'
        WHERE c.relrowsecurity AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'person'
    """
    return [row[0] for row in connection.execute(statement)]


PUBLICATION = ("publication", "publication_version", "publication_step", "publication_posting", "publication_push")


def test_without_signing_in_nothing_of_any_protected_table_is_seen(
    addresses: DatabaseAddresses, places: dict[str, Place], published: Published
) -> None:
    with psycopg.connect(addresses.worker) as worker:
        for table in PUBLICATION:
            assert units_seen(worker, table) == {published.unit_id}, "else there is nothing that could be seen"
    with as_application(addresses) as connection:
        tables = protected(connection)
        assert len(tables) > 50
        assert {table: units_seen(connection, f'"{table}"') for table in tables} == {table: set() for table in tables}


def test_what_is_published_is_read_by_functions_alone(
    addresses: DatabaseAddresses, places: dict[str, Place], published: Published
) -> None:
    """Their columns are public, of what is public now; no name that was masked, and no word of what was taken down."""
    calls = (
        "public_items(NULL, NULL, NULL, NULL, NULL, NULL, NULL, 10, 10)",
        "public_items('%罚罚款款%', NULL, NULL, NULL, NULL, NULL, NULL, 10, 10)",
        "public_items('%罚罚款款%', NULL, NULL, NULL, NULL, NULL, NULL, 0, 10)",
    )
    for secret in (None, places["beside"].cookie):
        with as_application(addresses, secret) as connection:
            for table in PUBLICATION:
                assert units_seen(connection, table) == set(), table
            for call in calls:
                rows = connection.execute(f"SELECT * FROM {call}".encode()).fetchall()
                assert [row[0] for row in rows] == [published.shown], call
                assert "张某某" in str(rows)
                assert "张三丰" not in str(rows)
            steps = connection.execute("SELECT * FROM public_steps(%s)", ([published.shown, published.gone],))
            cursor = [dict(zip((each.name for each in steps.description or ()), row, strict=True)) for row in steps]
            told = {(each["publication_id"], each["step"]): each for each in cursor}
            assert set(told) == {
                (published.shown, "published"),
                (published.gone, "published"),
                (published.gone, "taken_down"),
            }
            assert told[published.shown, "published"]["party"] == "张某某"
            assert told[published.gone, "published"]["conclusion"] is None, "nobody sees what was taken down"
            assert "张三丰" not in str(cursor)
            assert "party_full" not in cursor[0]
            changed = connection.execute("SELECT publication_id FROM public_changes(10)").fetchall()
            assert {row[0] for row in changed} == {published.shown, published.gone}
            assert connection.execute("SELECT unit_id FROM public_units()").fetchall() == [(published.unit_id,)]


def test_nothing_of_what_is_being_prepared_is_told_by_a_condition(
    addresses: DatabaseAddresses, published: Published
) -> None:
    """What could say of rows that are not seen, by failing over them, is asked of none."""
    with as_application(addresses) as connection:
        for table in ("publication_version", "publication_step"):
            assert (
                connection.execute(f"SELECT 1 FROM {table} WHERE 1 / (ordinal - ordinal) = 0".encode()).fetchall() == []
            )
        for function in ("sought_public_ids('%', 10)", "stands_in_public(NULL)", "is_ended_publication(NULL)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"SELECT {function}".encode())


@pytest.mark.parametrize("secret", ["cookie", "token"])
def test_whoever_is_let_in_sees_his_own_unit_and_those_below(
    addresses: DatabaseAddresses, places: dict[str, Place], secret: str
) -> None:
    expected = {
        "top": set(places),
        "here": {"here", "below"},
        "beside": {"beside"},
        "below": {"below"},
    }
    for name, seen in expected.items():
        with as_application(addresses, getattr(places[name], secret)) as connection:
            units = {places[each].unit_id for each in seen}
            assert units_seen(connection) == units_seen(connection, "recording") == units, name
            assert units_seen(connection, "ledger_opening") == units


def test_the_database_sees_the_units_that_casework_sees(database: Database, places: dict[str, Place]) -> None:
    for place in places.values():
        with database.reading() as session:
            below = set(session.scalars(select(unit_tree(place.unit_id).c.id)))
            above = set(line_of(session, place.unit_id))
        with psycopg.connect(database.engine.url.set(drivername="postgresql").render_as_string(False)) as connection:
            connection.execute("SELECT enter(%s)", (place.cookie.encode(),))
            seen, over = connection.execute("SELECT seen_units(), units_above()").fetchone() or ((), ())
        assert (set(seen), set(over)) == (below, above)


def setting_of(connection: Connection) -> str:
    row = connection.execute("SELECT current_setting('liuhen.entered')").fetchone()
    assert row is not None
    return str(row[0])


def test_what_one_transaction_was_told_is_worth_nothing_in_another(
    addresses: DatabaseAddresses, places: dict[str, Place]
) -> None:
    with as_application(addresses, places["beside"].cookie) as theirs:
        copied = setting_of(theirs)
        assert units_seen(theirs) == {places["beside"].unit_id}
        with as_application(addresses) as another:
            for local in (True, False):
                another.execute("SELECT set_config('liuhen.entered', %s, %s)", (copied, local))
                assert units_seen(another) == set()
        theirs.rollback()
        theirs.execute("SELECT set_config('liuhen.entered', %s, true)", (copied,))
        assert units_seen(theirs) == set()


def test_a_transactions_end_is_the_end_of_who_it_was_of(addresses: DatabaseAddresses, places: dict[str, Place]) -> None:
    with psycopg.connect(addresses.app) as connection:
        connection.execute("SELECT enter(%s)", (places["beside"].cookie.encode(),))
        connection.execute('PREPARE cases AS SELECT unit_id FROM "case"')
        connection.execute('DECLARE kept CURSOR WITH HOLD FOR SELECT unit_id FROM "case"')
        assert connection.execute("EXECUTE cases").fetchall() == [(places["beside"].unit_id,)]
        connection.commit()
        assert connection.execute("EXECUTE cases").fetchall() == []
        connection.rollback()
        connection.execute("SELECT enter(%s)", (places["here"].cookie.encode(),))
        assert places["beside"].unit_id not in {row[0] for row in connection.execute("EXECUTE cases")}
        with pytest.raises(psycopg.errors.InvalidCursorName):
            connection.execute("FETCH ALL FROM kept")


SETTINGS = (
    "SET liuhen.entered = '{forged}'",
    "SET LOCAL liuhen.entered = '{forged}'",
    "SELECT set_config('liuhen.entered', '{changed}', true)",
    "SELECT set_config('liuhen.unit', '{beside}', true), set_config('liuhen.person', '{person}', true)",
    "SELECT enter('{person}'), enter('{beside}'), enter('')",
    "SELECT enter(token_hash) FROM sign_in_session",
    "SELECT enter_whole('{cookie}')",
    "SELECT enter_by_password('{name}', ''), enter_by_code('AAAAA')",
    "SELECT set_config('search_path', 'pg_temp, public', true)",
)
REFUSED = (
    "SET ROLE liuhen_worker",
    "SET ROLE liuhen_owner",
    "SET SESSION AUTHORIZATION liuhen_worker",
    'ALTER TABLE "case" DISABLE ROW LEVEL SECURITY',
    'DROP POLICY of_seen_units ON "case"',
    'CREATE POLICY mine ON "case" USING (true)',
    "SELECT * FROM entering_key",
    "SELECT entered_seal('{beside}')",
    "SELECT let_in('{person}', '*', '{beside}')",
    "SELECT let_in_person('{person}', '{beside}')",
    "SELECT * FROM bearer_of('')",
    "SELECT password_hash FROM person",
    "UPDATE unit SET parent_id = '{here}' WHERE id = '{beside}'",
    "UPDATE unit SET parent_id = id WHERE id = '{here}'",
    "SELECT stated_facts('{case}')",
    "SELECT whole_amount('{case}', NULL, NULL)",
    "SELECT every_eligible_case('{beside}', '2000-01-01', '2100-01-01')",
    "CREATE TEMPORARY TABLE unit (id uuid, parent_id uuid)",
    "CREATE FUNCTION seen_units() RETURNS uuid[] LANGUAGE sql AS 'SELECT NULL::uuid[]'",
    "INSERT INTO one_time_code (id, code_hash, purpose, expires_at)"
    " VALUES (gen_random_uuid(), '', 'first_administrator', now() + interval '1 day')",
    "INSERT INTO sign_in_session (id, unit_id, person_id, token_hash, csrf_token, expires_at)"
    " VALUES (gen_random_uuid(), '{beside}', '{person}', sha256('x'), 'x', now() + interval '1 day')",
    "INSERT INTO api_token (id, unit_id, person_id, token_hash, label)"
    " VALUES (gen_random_uuid(), '{beside}', '{person}', sha256('x'), 'x')",
    "INSERT INTO access_request (id, unit_id, case_id, person_id, kind, purpose, state)"
    " VALUES (gen_random_uuid(), '{beside}', '{case}', '{person}', 'view', 'x', 'pending')",
    "INSERT INTO unit (id, parent_id, name, code) VALUES (gen_random_uuid(), NULL, 'x', 'x')",
    "INSERT INTO unit (id, parent_id, name, code) VALUES (gen_random_uuid(), '{beside}', 'x', 'x')",
    "INSERT INTO person (id, unit_id, name, sign_in_name, role, active)"
    " VALUES (gen_random_uuid(), '{beside}', 'x', 'x', 'administrator', true)",
)
WITHOUT_EFFECT = (
    "UPDATE person SET password_hash = 'x' WHERE id = '{person}'",
    "UPDATE \"case\" SET title = 'x' WHERE id = '{case}'",
    "UPDATE sign_in_session SET expires_at = 'infinity' WHERE person_id = '{person}'",
)


def filled(statement: str, places: dict[str, Place], setting: str) -> bytes:
    beside, here = places["beside"], places["here"]
    words = {
        "beside": beside.unit_id,
        "here": here.unit_id,
        "person": beside.person.id,
        "name": beside.person.sign_in_name,
        "case": beside.case_id,
        "cookie": here.cookie,
        "forged": f"{'0' * 64} {beside.person.id} {beside.unit_id} {beside.unit_id}",
        "changed": setting.replace(str(here.unit_id), str(beside.unit_id)),
    }
    for name, value in words.items():
        statement = statement.replace(f"{{{name}}}", str(value))
    return statement.encode()


def test_no_setting_and_no_function_opens_another_unit(addresses: DatabaseAddresses, places: dict[str, Place]) -> None:
    for statement, secret in product(SETTINGS, (None, places["here"].cookie)):
        with as_application(addresses, secret) as connection:
            connection.execute(filled(statement, places, setting_of(connection) if secret else ""))
            for table in protected(connection):
                assert places["beside"].unit_id not in units_seen(connection, f'"{table}"'), (statement, table)


def test_what_would_take_row_security_away_is_refused(addresses: DatabaseAddresses, places: dict[str, Place]) -> None:
    for statement in REFUSED:
        with as_application(addresses, places["here"].cookie) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(filled(statement, places, ""))


def test_rows_of_another_unit_are_not_there_to_be_changed(
    addresses: DatabaseAddresses, places: dict[str, Place]
) -> None:
    with as_application(addresses, places["here"].cookie) as connection:
        for statement in WITHOUT_EFFECT:
            assert connection.execute(filled(statement, places, "")).rowcount == 0, statement


UNDER_ONES_OWN_NAME = (
    "INSERT INTO case_assignment (id, unit_id, case_id, device, stage, span)"
    " VALUES (gen_random_uuid(), '{here}', %s, 'AB00001', 'investigation', tstzrange(now(), NULL))",
    "INSERT INTO hold (id, unit_id, case_id, reason, placed_by)"
    " VALUES (gen_random_uuid(), '{here}', %s, 'x', '{person}')",
    "INSERT INTO access_request (id, unit_id, case_id, person_id, kind, purpose, state)"
    " VALUES (gen_random_uuid(), '{here}', %s, '{person}', 'view', 'x', 'pending')",
)


@pytest.mark.parametrize("statement", UNDER_ONES_OWN_NAME)
def test_nothing_is_added_to_a_case_of_another_unit_under_ones_own_name(
    addresses: DatabaseAddresses, places: dict[str, Place], statement: str
) -> None:
    """The row's unit is the person's own, so that the policy lets it be: the case is not."""
    refused = psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation
    with as_application(addresses, places["here"].cookie) as connection:
        for name in ("beside", "below"):
            with pytest.raises(refused, match=r"of another unit|case_id_unit_id"), connection.transaction():
                connection.execute(filled(statement, places, ""), (places[name].case_id,))
        assert connection.execute(filled(statement, places, ""), (places["here"].case_id,)).rowcount == 1


def test_row_security_cannot_be_turned_off(addresses: DatabaseAddresses, places: dict[str, Place]) -> None:
    with as_application(addresses, places["here"].cookie) as connection:
        connection.execute("SET LOCAL row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute('SELECT * FROM "case"')


def test_no_unit_is_moved_out_of_sight(addresses: DatabaseAddresses, places: dict[str, Place]) -> None:
    """Neither its own, nor one below, to another's or below itself, where nobody is above it any more."""
    below, beside = places["below"].unit_id, places["beside"].unit_id
    for mover, unit, parent in (("here", below, beside), ("below", below, below), ("below", below, beside)):
        with as_application(addresses, places[mover].cookie) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table unit"):
                connection.execute("UPDATE unit SET parent_id = %s WHERE id = %s", (parent, unit))


def test_no_unit_is_above_itself(addresses: DatabaseAddresses, places: dict[str, Place]) -> None:
    with psycopg.connect(addresses.owner) as connection:
        with pytest.raises(psycopg.errors.CheckViolation, match="ck_unit_parent"):
            connection.execute("UPDATE unit SET parent_id = id WHERE id = %s", (places["below"].unit_id,))


@pytest.mark.parametrize("ended", ["session", "person", "expired"])
def test_a_secret_that_counts_no_more_lets_nobody_in(
    addresses: DatabaseAddresses, places: dict[str, Place], ended: str
) -> None:
    here = places["here"]
    statement = {
        "session": "UPDATE sign_in_session SET ended_at = now()",
        "expired": "UPDATE sign_in_session SET expires_at = now()",
        "person": "UPDATE person SET active = false",
    }[ended]
    with psycopg.connect(addresses.worker) as connection:
        connection.execute(statement.encode())
    with as_application(addresses, here.cookie) as connection:
        assert units_seen(connection) == set()


def test_a_session_written_for_somebody_elses_person_lets_nobody_in(
    addresses: DatabaseAddresses, places: dict[str, Place]
) -> None:
    """The unit of the row is one's own, the person another unit's: by a fault, or by somebody with the password."""
    statement = (
        "INSERT INTO sign_in_session (id, unit_id, person_id, token_hash, csrf_token, expires_at)"
        " VALUES (gen_random_uuid(), '{here}', '{person}', sha256('x'), 'x', now() + interval '1 day')"
    )
    with as_application(addresses, places["here"].cookie) as connection:
        connection.execute(filled(statement, places, ""))
        assert connection.execute("SELECT enter('x')").fetchone() == (None,)
        assert units_seen(connection) == set()


def test_only_the_topmost_units_auditor_sees_all(
    database: Database, addresses: DatabaseAddresses, archive_in: Any
) -> None:
    with database.transaction() as session:
        archive = archive_in(session)
        top, another = archive.unit(), archive.unit()
        archive.case(archive.person(another, "officer"))
        people = {"auditor": archive.person(top, "auditor"), "supervisor": archive.person(top, "supervisor")}
        people["below"] = archive.person(archive.unit(top), "auditor")
        cookies = {name: open_session(session, each, datetime.now(UTC)) for name, each in people.items()}
    application = Database(addresses.app, pool_size=1, for_people=True)
    try:
        with showing(cookies["auditor"]):
            with application.reading() as session:
                assert session.scalars(select(Case)).all() == []
            with showing_whole(), application.reading() as session:
                assert len(session.scalars(select(Case)).all()) == 1
        for name in ("supervisor", "below"):
            with showing(cookies[name]), showing_whole(), pytest.raises(NotLetIn), application.reading():
                pass
    finally:
        application.close()


def test_sessions_of_the_application_are_of_whoever_shows_his_secret(
    addresses: DatabaseAddresses, places: dict[str, Place]
) -> None:
    application = Database(addresses.app, pool_size=1, for_people=True)
    try:
        for name, expected in (("beside", ["beside"]), ("below", ["below"])):
            with showing(places[name].cookie), application.transaction() as session:
                assert session.scalars(select(Case.unit_id)).all() == [places[each].unit_id for each in expected]
                with session.begin_nested():
                    assert len(session.scalars(select(Recording.id)).all()) == 1
        with application.reading() as session:
            assert session.scalars(select(Case.unit_id)).all() == []
    finally:
        application.close()


def test_search_finds_among_the_units_that_are_seen(addresses: DatabaseAddresses, places: dict[str, Place]) -> None:
    application = Database(addresses.app, pool_size=1, for_people=True)
    words = Words.parse("占道")
    try:
        for name, number in (("top", 4), ("here", 2), ("beside", 1)):
            with showing(places[name].cookie), application.reading() as session:
                assert len(session.scalars(select(Case).where(words.stand_in(session, Case.sought))).all()) == number
        with application.reading() as session:
            assert session.scalars(select(Case).where(words.stand_in(session, Case.sought))).all() == []
    finally:
        application.close()


@contextmanager
def as_somebody_unthought_of(
    server: MigratedServer, addresses: DatabaseAddresses, *functions: str
) -> Iterator[Connection]:
    """A role of which no migration knows, that a careless GRANT lets read every table and call these functions."""
    with psycopg.connect(server.superuser_of(addresses)) as connection:
        connection.execute("CREATE ROLE liuhen_unthought_of")
        connection.execute("GRANT USAGE ON SCHEMA public TO liuhen_unthought_of")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO liuhen_unthought_of")
        for function in functions:
            connection.execute(f"GRANT EXECUTE ON FUNCTION {function} TO liuhen_unthought_of".encode())
        connection.execute("SET SESSION AUTHORIZATION liuhen_unthought_of")
        yield connection
        connection.rollback()


SOUGHT = """SELECT sought_ids('case', '{"%占占道道%"}', 10)"""
ELIGIBLE = "SELECT file_review_eligible('{beside}', '2000-01-01', '2100-01-01')"
ANSWER_OF_ALL = ("may_see", "sought_ids", "file_review_eligible", "seen_units")


def test_a_role_that_nobody_thought_of_is_let_into_nothing(
    server: MigratedServer, addresses: DatabaseAddresses, places: dict[str, Place]
) -> None:
    with as_somebody_unthought_of(server, addresses, *ANSWER_OF_ALL) as connection:
        for place in places.values():
            assert connection.execute("SELECT may_see(%s)", (place.unit_id,)).fetchone() == (False,)
        assert connection.execute(SOUGHT.encode()).fetchone() == ([],)
        assert connection.execute(filled(ELIGIBLE, places, "")).fetchone() == (None,)
        for table in (*protected(connection), "person"):
            assert units_seen(connection, f'"{table}"') == set(), table


def test_worker_and_owner_are_let_through_by_name(addresses: DatabaseAddresses, places: dict[str, Place]) -> None:
    for address in (addresses.worker, addresses.owner):
        with psycopg.connect(address) as connection:
            for place in places.values():
                assert connection.execute("SELECT may_see(%s)", (place.unit_id,)).fetchone() == (True,)
            (found,) = connection.execute(SOUGHT.encode()).fetchone() or ([],)
            assert set(found) == {place.case_id for place in places.values()}
            assert connection.execute(filled(ELIGIBLE, places, "")).fetchone() != (None,)


def test_nothing_that_runs_as_the_owner_is_for_everybody_to_call(
    server: MigratedServer, addresses: DatabaseAddresses
) -> None:
    statement = """
        SELECT p.proname FROM pg_proc p WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype
            AND p.pronamespace = 'public'::regnamespace
            AND has_function_privilege(session_user, p.oid, 'EXECUTE')
    """
    with as_somebody_unthought_of(server, addresses) as connection:
        assert connection.execute(statement).fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT unit_of('case', gen_random_uuid())")
