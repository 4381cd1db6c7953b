"""Plain connections: one statement, one transaction, straight through libpq."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import OperationalError

from api.engines.roles import DatabaseAddresses
from storage.database import Database


@pytest.fixture
def owner(addresses: DatabaseAddresses) -> Iterator[Database]:
    database = Database(addresses.owner, pool_size=1)
    yield database
    database.close()


def test_a_statement_gives_its_rows_as_text_and_is_prepared_once(database: Database) -> None:
    with database.direct() as connection:
        for number in ("7", "8"):
            rows = connection.run("SELECT n::int + 1, NULL, $2 FROM generate_series(1, $1::int) n", number, "张三 'x'")
            assert rows == [(str(each + 2), None, "张三 'x'") for each in range(int(number))]
        ((count,),) = connection.run("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'plain_%'")
        assert count == "2"


def test_a_loop_goes_on_while_a_statement_is_answered(database: Database) -> None:
    """Also one that is longer than what a socket holds. Several at once take a connection each, and leave it."""
    long = "x" * 5_000_000

    async def ask(number: int) -> tuple[object, list[tuple[str | None, ...]]]:
        async with database.direct_soon() as connection:
            rows = await connection.run_soon("SELECT pg_sleep(0.2), $1::int + 1, length($2)", str(number), long)
            by = await connection.run_soon("SELECT pg_backend_pid()")
        return rows[0][1:], by

    async def run() -> tuple[list[tuple[object, list[tuple[str | None, ...]]]], int]:
        turns, asked = 0, [asyncio.create_task(ask(number)) for number in range(4)]
        while not all(each.done() for each in asked):
            await asyncio.sleep(0.01)
            turns += 1
        return [await each for each in asked], turns

    answers, turns = asyncio.run(run())
    assert [rows for rows, _ in answers] == [(str(number + 1), "5000000") for number in range(4)]
    assert turns > 5
    pids = {pid for _, ((pid,),) in answers}
    assert len(pids) == 4
    with database.direct() as connection:
        assert connection.run("SELECT pg_backend_pid()")[0][0] in pids


def test_what_goes_wrong_is_raised_on_a_loop_as_well(database: Database) -> None:
    async def run(statement: str) -> object:
        async with database.direct_soon() as connection:
            return await connection.run_soon(statement)

    with pytest.raises(psycopg.errors.SyntaxError):
        asyncio.run(run("SELEKT 1"))
    with pytest.raises(psycopg.errors.DivisionByZero):
        asyncio.run(run("SELECT (1 / 0)::text"))
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            asyncio.run(run("SELECT pg_terminate_backend(pg_backend_pid())::text"))
    assert asyncio.run(run("SELECT 1")) == [("1",)]


def test_whoever_is_cancelled_leaves_no_answer_to_the_next(database: Database) -> None:
    async def run() -> object:
        async def slow() -> None:
            async with database.direct_soon() as connection:
                await connection.run_soon("SELECT pg_sleep(20)::text, 'not mine'")

        task = asyncio.create_task(slow())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.direct_soon() as connection:
            return await connection.run_soon("SELECT 'mine'")

    assert asyncio.run(run()) == [("mine",)]


def test_what_is_only_read_is_prepared_as_well(database: Database) -> None:
    """A rollback at the end would have the connection forget it each time."""
    for _ in range(8):
        with database.reading() as session:
            session.execute(text("SELECT 'read again and again'"))
    with database.reading() as session:
        names = session.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert "SELECT 'read again and again'" in names


def test_a_reader_whose_commit_fails_hears_why_and_keeps_no_connection(
    owner: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More often than there are connections in the pool."""

    def fail(*_: object) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    for _ in range(4):
        with monkeypatch.context() as patched:
            patched.setattr(DefaultDialect, "do_commit", fail)
            with pytest.raises(OperationalError, match="unexpectedly"), owner.reading() as session:
                session.execute(text("SELECT 1"))
    with owner.transaction() as session:
        session.execute(text("CREATE TABLE written ()"))


def test_each_statement_is_committed_and_a_refused_one_leaves_nothing(owner: Database) -> None:
    with owner.direct() as connection:
        connection.run("CREATE TABLE kept (n int PRIMARY KEY)")
        connection.run("INSERT INTO kept VALUES ($1::int)", "1")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.run("INSERT INTO kept SELECT n FROM generate_series(0, $1::int) n", "1")
        assert connection.run("SELECT n FROM kept") == [("1",)]


@pytest.fixture
def beside(owner: Database) -> str:
    """A statement that adds a row, which its commit refuses where the number is 13."""
    with owner.direct() as connection:
        connection.run("CREATE TABLE beside (n int PRIMARY KEY)")
        connection.run("INSERT INTO beside VALUES (0)")
        connection.run("CREATE TABLE after_all (n int REFERENCES beside DEFERRABLE INITIALLY DEFERRED)")
    return """
        WITH kept AS (INSERT INTO beside SELECT $1::int WHERE $1::int <> 13 RETURNING n)
        INSERT INTO after_all SELECT $1::int FROM (SELECT count(*) FROM kept) k RETURNING n
    """


def kept_beside(owner: Database) -> list[str | None]:
    with owner.direct() as connection:
        return [n for (n,) in connection.run("SELECT n FROM beside WHERE n > 0 ORDER BY n")]


def test_what_is_done_meanwhile_comes_before_the_commit(owner: Database, beside: str) -> None:
    """PostgreSQL is at it: its locks are held, and nobody sees anything yet."""
    seen = []

    def look() -> None:
        locked = "SELECT count(*) FROM pg_locks WHERE relation = 'beside'::regclass AND mode = 'RowExclusiveLock'"
        deadline = time.monotonic() + 10
        with owner.direct() as other:
            while other.run(locked) != [("1",)] and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append(other.run(locked))
        seen.append(kept_beside(owner))

    with owner.direct() as connection:
        assert connection.run_beside(look, beside, "1") == [("1",)]
        assert connection.run("SELECT n FROM beside WHERE n > 0") == [("1",)], "and it goes on as before"
        assert connection.run_beside(lambda: None, beside, "2") == [("2",)]
    assert seen == [[("1",)], []]
    assert kept_beside(owner) == ["1", "2"]


def test_what_fails_meanwhile_leaves_nothing_of_the_statement(owner: Database, beside: str) -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"), owner.direct() as connection:
        connection.run_beside(fail, beside, "1")
    with owner.direct() as connection:
        assert connection.run_beside(lambda: None, beside, "1") == [("1",)]


def test_of_a_process_killed_meanwhile_nothing_is_committed(owner: Database, beside: str) -> None:
    child = os.fork()
    if child == 0:
        try:
            with owner.direct() as connection:
                connection.run_beside(lambda: os.kill(os.getpid(), signal.SIGKILL), beside, "1")
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    with owner.direct() as connection:
        assert connection.run(beside, "1") == [("1",)], "waits for the lock, if that is still held"


def test_what_a_statement_or_its_commit_refuses_is_raised_after_what_is_done_meanwhile(
    owner: Database, beside: str
) -> None:
    done: list[str] = []
    for number, error in (("0", psycopg.errors.UniqueViolation), ("13", psycopg.errors.ForeignKeyViolation)):
        with pytest.raises(error), owner.direct() as connection:
            connection.run_beside(lambda number=number: done.append(number), beside, number)
    assert done == ["0", "13"]
    assert kept_beside(owner) == []


def test_a_server_that_hangs_up_meanwhile_is_an_operational_error(owner: Database, beside: str) -> None:
    with owner.direct() as connection:
        ((pid,),) = connection.run("SELECT pg_backend_pid()")

    def end_it() -> None:
        with owner.direct() as other:
            other.run("SELECT pg_terminate_backend($1::int, 5000)", pid)

    with pytest.raises(psycopg.OperationalError), owner.direct() as connection:
        connection.run_beside(end_it, beside, "1")
    assert kept_beside(owner) == []


def test_what_is_no_statement_is_refused_as_such(database: Database) -> None:
    with pytest.raises(psycopg.errors.SyntaxError), database.direct() as connection:
        connection.run("SELEKT 1")


def test_a_connection_is_used_again_whatever_its_descriptor_is_called(owner: Database) -> None:
    """A process that a thousand clients are connected to has descriptors that select(2) has no number for."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        pids = []
        for _ in range(2):
            with owner.direct() as connection:
                assert connection.fileno() > 1024
                pids.append(connection.run("SELECT pg_backend_pid()"))
        assert pids[0] == pids[1]
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_forked_process_leaves_the_connections_of_its_parent_alone(database: Database) -> None:
    with database.direct() as connection:
        mine = connection.run("SELECT pg_backend_pid()")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with database.direct() as connection:
                ((pid,),) = connection.run("SELECT pg_backend_pid()")
            os.write(writing, str(pid).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        theirs = answer.read().decode()
    os.waitpid(child, 0)
    assert theirs
    assert [(theirs,)] != mine
    with database.direct() as connection:
        assert connection.run("SELECT pg_backend_pid()") == mine


def test_a_server_that_hangs_up_is_an_operational_error_and_the_next_connection_is_a_new_one(
    database: Database,
) -> None:
    ends_itself = "SELECT pg_terminate_backend(pg_backend_pid())::text"
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError), database.direct() as connection:
            connection.run(ends_itself)
    with database.direct() as connection:
        assert connection.run("SELECT 1") == [("1",)]
