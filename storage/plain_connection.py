"""A connection for what runs hundreds of times a second: one statement, one transaction, straight through libpq."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import psycopg.errors
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

Rows = list[tuple[str | None, ...]]


class PlainConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which each statement is a transaction of its own, prepared at its first use."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._plain_names: dict[str, bytes] = {}

    def run(self, statement: str, *parameters: str | None) -> Rows:
        """The rows of one statement with $1, $2, …, each text or NULL. Raises psycopg's errors, as `execute` does.

        Straight through libpq: what `execute` does for a statement takes Python as long as PostgreSQL needs for it, and
        a thread that has nothing to do but wait gives up the interpreter once.
        """
        name = self._plain_name(statement)
        # None among them is NULL, whatever psycopg's own signature says.
        return rows_of(self._checked(self.pgconn.exec_prepared(name, encoded(parameters))))  # type: ignore[arg-type]

    def run_beside(self, meanwhile: Callable[[], None], statement: str, *parameters: str | None) -> Rows:
        """What `run` does, with `meanwhile` called while PostgreSQL is at it: only once it has returned, and the
        statement has its rows, is the transaction committed.

        If `meanwhile` raises, that is raised, and the connection has to be closed, by which all is undone. In a
        pipeline a transaction ends with its sync (PostgreSQL 18, 54.2.4): that is sent last.
        """
        name = self._plain_name(statement)
        libpq = self.pgconn
        libpq.enter_pipeline_mode()
        libpq.send_query_prepared(name, encoded(parameters))
        libpq.send_flush_request()
        libpq.flush()
        meanwhile()
        result = self._next()
        self._next()  # the end of the statement
        libpq.pipeline_sync()
        ended = self._next()
        while ended is not None and ended.status != ExecStatus.PIPELINE_SYNC:
            self._checked(ended)
            ended = self._next()
        rows = rows_of(self._checked(result))
        if ended is None:
            raise psycopg.OperationalError(libpq.get_error_message())
        libpq.exit_pipeline_mode()
        return rows

    async def run_soon(self, statement: str, *parameters: str | None) -> Rows:
        """What `run` does, on an event loop that goes on with other things: no thread is woken, and none waits.

        One at a time. Whoever is cancelled meanwhile closes the connection: nobody reads its answer any more.
        """
        name = self._plain_names.get(statement)
        if name is None:
            name = self._unused_name()
            self.pgconn.send_prepare(name, statement.encode())
            self._checked(await self._answer())
            self._plain_names[statement] = name
        self.pgconn.send_query_prepared(name, encoded(parameters))
        return rows_of(self._checked(await self._answer()))

    def _plain_name(self, statement: str) -> bytes:
        name = self._plain_names.get(statement)
        if name is None:
            name = self._unused_name()
            self._checked(self.pgconn.prepare(name, statement.encode()))
            self._plain_names[statement] = name
        return name

    def _next(self) -> PGresult | None:
        """What is next of a pipeline. Unlike libpq's own waiting for it, this lets other threads go on."""
        asking = select.poll()
        asking.register(self.pgconn.socket, select.POLLIN)
        while self.pgconn.is_busy():
            asking.poll()
            self.pgconn.consume_input()
        return self.pgconn.get_result()

    def _unused_name(self) -> bytes:
        return f"plain_{len(self._plain_names)}".encode()

    async def _answer(self) -> PGresult | None:
        """The result of what was handed to libpq, of which some may not have been sent yet."""
        loop, descriptor = asyncio.get_running_loop(), self.pgconn.socket
        moved = asyncio.Event()
        loop.add_reader(descriptor, moved.set)
        try:
            while self.pgconn.flush():
                # What the server says meanwhile is taken in, or it would wait for us as we wait for it.
                loop.add_writer(descriptor, moved.set)
                await self._take_in(moved)
            loop.remove_writer(descriptor)
            while self.pgconn.is_busy():
                await self._take_in(moved)
        finally:
            loop.remove_reader(descriptor)
            loop.remove_writer(descriptor)
        result = self.pgconn.get_result()
        while self.pgconn.get_result() is not None:
            pass
        return result

    async def _take_in(self, moved: asyncio.Event) -> None:
        await moved.wait()
        moved.clear()
        self.pgconn.consume_input()

    def _checked(self, result: PGresult | None) -> PGresult:
        if result is None:
            raise psycopg.OperationalError(self.pgconn.get_error_message())
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return result
        if self.pgconn.status != ConnStatus.OK:
            raise psycopg.OperationalError(self.pgconn.get_error_message())
        raise psycopg.errors.error_from_result(result)


def encoded(parameters: Sequence[str | None]) -> list[bytes | None]:
    """As libpq takes them."""
    return [None if parameter is None else parameter.encode() for parameter in parameters]


def rows_of(result: PGresult) -> Rows:
    """All of a result, as text."""
    return [
        tuple(
            None if (value := result.get_value(row, column)) is None else value.decode()
            for column in range(result.nfields)
        )
        for row in range(result.ntuples)
    ]
