"""The questions of many over one connection: each a transaction, none of them another's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import psycopg
import pytest

import storage.pipeline
from api.engines.roles import DatabaseAddresses
from storage.database import Database
from storage.pipeline import Pipeline
from storage.plain_connection import PlainConnection

Result = TypeVar("Result")
SETTING = "SELECT set_config('liuhen.test', $1, true), pg_current_xact_id()::text"
FOUND = "SELECT current_setting('liuhen.test', true), pg_current_xact_id()::text, n FROM generate_series(1, $1::int) n"
WHERE = "SELECT pg_backend_pid()"


@pytest.fixture
def owner(addresses: DatabaseAddresses) -> Iterator[Database]:
    database = Database(addresses.owner, pool_size=1)
    yield database
    database.close()


def over_one(owner: Database, asking: Callable[[Pipeline], Awaitable[Result]]) -> Result:
    """What `asking` gives, over a pipeline of its own."""

    async def run() -> Result:
        pipeline = Pipeline(lambda: PlainConnection.connect(owner._url, autocommit=True))
        try:
            return await asyncio.wait_for(asking(pipeline), 30)
        finally:
            pipeline.close()

    return asyncio.run(run())


def test_many_ask_at_once_over_one_connection_and_each_gets_his_own_answer(owner: Database) -> None:
    """Also what is longer than a socket holds. What one sets for his transaction nobody after him finds."""

    async def ask(pipeline: Pipeline, number: int) -> tuple[str | None, str | None]:
        word = str(number) * (2_000_000 if number % 50 == 0 else 1)
        ((_, began),), rows, ((pid,),) = await pipeline.ask((SETTING, (word,)), (FOUND, ("3",)), (WHERE, ()))
        assert rows == [(word, began, str(each)) for each in (1, 2, 3)]
        return pid, began

    async def all_of_them(pipeline: Pipeline) -> list[tuple[str | None, str | None]]:
        asked = await asyncio.gather(*(ask(pipeline, number) for number in range(200)))
        (((after,),),) = await pipeline.ask(("SELECT current_setting('liuhen.test', true)", ()))
        assert after == ""
        return asked

    asked = over_one(owner, all_of_them)
    assert len({pid for pid, _ in asked}) == 1
    assert len({began for _, began in asked}) == 200


def test_of_several_statements_one_that_fails_undoes_those_before_it_and_no_other_s(owner: Database) -> None:
    with owner.direct() as connection:
        connection.run("CREATE TABLE together (n INTEGER)")
    adding = "INSERT INTO together VALUES ($1::int) RETURNING n"

    async def add(pipeline: Pipeline, number: int) -> str | None:
        try:
            _, rows = await pipeline.ask((adding, (str(number),)), ("SELECT 6 / ($1::int % 3)", (str(number),)))
        except psycopg.errors.DivisionByZero:
            return None
        return rows[0][0]

    async def all_of_them(pipeline: Pipeline) -> list[str | None]:
        return await asyncio.gather(*(add(pipeline, number) for number in range(9)))

    assert over_one(owner, all_of_them) == [None, "6", "3"] * 3
    with owner.direct() as connection:
        assert connection.run("SELECT n FROM together ORDER BY n") == [(str(n),) for n in (1, 2, 4, 5, 7, 8)]


def test_a_statement_that_could_not_be_prepared_is_prepared_anew(owner: Database) -> None:
    async def twice(pipeline: Pipeline) -> list[list[tuple[str | None, ...]]]:
        with pytest.raises(psycopg.errors.UndefinedTable):
            await pipeline.ask(("SELECT 1", ()), ("SELECT n FROM later", ()))
        with owner.direct() as connection:
            connection.run("CREATE TABLE later AS SELECT 7 AS n")
        return await pipeline.ask(("SELECT 1", ()), ("SELECT n FROM later", ()))

    assert over_one(owner, twice) == [[("1",)], [("7",)]]


def test_who_gives_up_does_not_shift_the_answers_of_the_others(owner: Database) -> None:
    async def run(pipeline: Pipeline) -> list[str | None]:
        async def ask(number: int) -> str | None:
            (((said,),),) = await pipeline.ask(("SELECT $1::text FROM pg_sleep(0.02)", (str(number),)))
            return said

        await ask(10)  # the connection is made
        asked = [asyncio.ensure_future(ask(number)) for number in range(10)]
        await asyncio.sleep(0.05)
        for each in asked[::2]:
            each.cancel()
        return [await each for each in asked[1::2]]

    assert over_one(owner, run) == ["1", "3", "5", "7", "9"]


def test_a_connection_that_whoever_wanted_it_did_not_wait_for_is_the_next_ones(owner: Database) -> None:
    made: list[PlainConnection] = []
    pids: list[int] = []
    may_go_on = threading.Event()

    def connect() -> PlainConnection:
        may_go_on.wait(20)
        made.append(PlainConnection.connect(owner._url, autocommit=True))
        pids.append(made[-1].info.backend_pid)
        return made[-1]

    async def run() -> str | None:
        pipeline = Pipeline(connect)
        first = asyncio.ensure_future(pipeline.ask((WHERE, ())))
        await asyncio.sleep(0.02)
        first.cancel()
        second = asyncio.ensure_future(pipeline.ask((WHERE, ())))
        await asyncio.sleep(0.02)
        may_go_on.set()
        (((said,),),) = await asyncio.wait_for(second, 20)
        pipeline.close()
        return said

    assert asyncio.run(run()) == str(pids[0])
    assert [connection.closed for connection in made] == [True]


def test_a_connection_that_comes_after_the_end_is_closed(owner: Database) -> None:
    made: list[PlainConnection] = []
    may_go_on = threading.Event()

    def connect() -> PlainConnection:
        may_go_on.wait(20)
        made.append(PlainConnection.connect(owner._url, autocommit=True))
        return made[-1]

    async def run() -> None:
        pipeline = Pipeline(connect)
        asked = asyncio.ensure_future(pipeline.ask((WHERE, ())))
        await asyncio.sleep(0.02)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        pipeline.close()
        may_go_on.set()
        while not made or not made[0].closed:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_lost_connection_is_told_to_all_who_wait_and_the_next_one_asks_over_a_new_one(owner: Database) -> None:
    async def run(pipeline: Pipeline) -> tuple[list[BaseException | list[object]], str | None, str | None]:
        (((before,),),) = await pipeline.ask((WHERE, ()))
        waiting = [asyncio.ensure_future(pipeline.ask(("SELECT pg_sleep(20)", ()))) for _ in range(3)]
        await asyncio.sleep(0.1)
        with owner.direct() as connection:
            connection.run("SELECT pg_terminate_backend($1::int)", str(before))
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        (((after,),),) = await pipeline.ask((WHERE, ()))
        return ended, before, after

    ended, before, after = over_one(owner, run)
    assert [type(each) for each in ended] == [psycopg.OperationalError] * 3
    assert before != after


def test_one_that_stays_silent_is_given_up_and_with_it_whoever_waits_behind(
    owner: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.pipeline, "_LONGEST_SECONDS", 0.5)

    async def run(pipeline: Pipeline) -> tuple[list[BaseException | list[object]], list[object]]:
        (((before,),),) = await pipeline.ask((WHERE, ()))
        silent = asyncio.ensure_future(pipeline.ask(("SELECT pg_sleep(20)", ())))
        await asyncio.sleep(0.3)
        behind = asyncio.ensure_future(pipeline.ask((WHERE, ())))
        ended = await asyncio.gather(silent, behind, return_exceptions=True)
        (((after,),),) = await pipeline.ask((WHERE, ()))
        return ended, [before, after]

    ended, (before, after) = over_one(owner, run)
    assert [type(each) for each in ended] == [psycopg.OperationalError] * 2
    assert before != after


def test_one_that_the_server_closes_while_nobody_asks_is_noticed(owner: Database) -> None:
    async def run(pipeline: Pipeline) -> tuple[str | None, str | None]:
        (((before,),),) = await pipeline.ask((WHERE, ()))
        with owner.direct() as connection:
            connection.run("SELECT pg_terminate_backend($1::int)", str(before))
        await asyncio.sleep(0.2)
        (((after,),),) = await pipeline.ask((WHERE, ()))
        return before, after

    before, after = over_one(owner, run)
    assert before != after


def test_a_server_that_cannot_be_reached_is_told(owner: Database) -> None:
    async def run() -> None:
        await Pipeline(lambda: PlainConnection.connect("postgresql://127.0.0.1:1/none", connect_timeout=2)).ask(
            ("SELECT 1", ())
        )

    with pytest.raises(psycopg.OperationalError):
        asyncio.run(run())
