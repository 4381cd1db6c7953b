"""A connection for what runs hundreds of times a second: one statement, one transaction, straight through libpq."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import psycopg.errors
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult


class PlainConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which each statement is a transaction of its own, prepared at its first use."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._plain_names: dict[str, bytes] = {}

    def run(self, statement: str, *parameters: str) -> list[tuple[str | None, ...]]:
        """The rows of one statement with $1, $2, …; all of them text. Raises psycopg's errors, as `execute` does.

        Straight through libpq: what `execute` does for a statement takes Python as long as PostgreSQL needs for it, and
        a thread that has nothing to do but wait gives up the interpreter once.
        """
        name = self._plain_names.get(statement)
        if name is None:
            name = self._unused_name()
            self._checked(self.pgconn.prepare(name, statement.encode()))
            self._plain_names[statement] = name
        return _rows(self._checked(self.pgconn.exec_prepared(name, _encoded(parameters))))

    async def run_soon(self, statement: str, *parameters: str) -> list[tuple[str | None, ...]]:
        """What `run` does, on an event loop that goes on with other things: no thread is woken, and none waits.

        One at a time. Whoever is cancelled meanwhile closes the connection: nobody reads its answer any more.
        """
        name = await self._prepared_soon(statement)
        self.pgconn.send_query_prepared(name, _encoded(parameters))
        async with self._answering() as answered:
            await answered()
            return _rows(self._checked(self._only_result()))

    async def run_together_soon(self, *asked: tuple[str, Sequence[str]]) -> list[list[tuple[str | None, ...]]]:
        """The rows of each of several statements with its parameters: all of them one transaction, and one round trip.

        As `run_soon`. Raises the first error of any; then nothing of them has happened.
        """
        names = [await self._prepared_soon(statement) for statement, _ in asked]
        self.pgconn.enter_pipeline_mode()
        for name, (_, parameters) in zip(names, asked, strict=True):
            self.pgconn.send_query_prepared(name, _encoded(parameters))
        self.pgconn.pipeline_sync()
        found = []
        async with self._answering() as answered:
            for _ in asked:
                await answered()
                found.append(_rows(self._checked(self._only_result())))
            await answered()
            self._checked(self.pgconn.get_result())
        self.pgconn.exit_pipeline_mode()
        return found

    async def _prepared_soon(self, statement: str) -> bytes:
        """Its name."""
        name = self._plain_names.get(statement)
        if name is None:
            name = self._unused_name()
            self.pgconn.send_prepare(name, statement.encode())
            async with self._answering() as answered:
                await answered()
                self._checked(self._only_result())
            self._plain_names[statement] = name
        return name

    def _unused_name(self) -> bytes:
        return f"plain_{len(self._plain_names)}".encode()

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Once what was handed to libpq has been sent: for the block to wait for the next result with."""
        loop, descriptor = asyncio.get_running_loop(), self.pgconn.socket
        moved = asyncio.Event()

        async def take_in() -> None:
            await moved.wait()
            moved.clear()
            self.pgconn.consume_input()

        async def answered() -> None:
            while self.pgconn.is_busy():
                await take_in()

        loop.add_reader(descriptor, moved.set)
        try:
            while self.pgconn.flush():
                # What the server says meanwhile is taken in, or it would wait for us as we wait for it.
                loop.add_writer(descriptor, moved.set)
                await take_in()
            loop.remove_writer(descriptor)
            yield answered
        finally:
            loop.remove_reader(descriptor)
            loop.remove_writer(descriptor)

    def _only_result(self) -> PGresult | None:
        """Of one statement, once it is there."""
        result = self.pgconn.get_result()
        while result is not None and self.pgconn.get_result() is not None:
            pass
        return result

    def _checked(self, result: PGresult | None) -> PGresult:
        if result is None:
            raise psycopg.OperationalError(self.pgconn.get_error_message())
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.PIPELINE_SYNC):
            return result
        if self.pgconn.status != ConnStatus.OK:
            raise psycopg.OperationalError(self.pgconn.get_error_message())
        raise psycopg.errors.error_from_result(result)


def _encoded(parameters: Sequence[str]) -> list[bytes]:
    return [parameter.encode() for parameter in parameters]


def _rows(result: PGresult) -> list[tuple[str | None, ...]]:
    return [
        tuple(
            None if (value := result.get_value(row, column)) is None else value.decode()
            for column in range(result.nfields)
        )
        for row in range(result.ntuples)
    ]
