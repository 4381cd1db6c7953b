"""One connection on which the questions of many are under way at once: libpq's pipeline, on an event loop.

Each question is a few statements and one transaction. Nobody waits for the answer to another's before his own is sent,
PostgreSQL is woken once for what came together, and the loop watches one descriptor for all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg
import psycopg.errors
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from storage.plain_connection import PlainConnection, Rows, encoded, rows_of

Statement = tuple[str, Sequence[str]]
"""Its text with $1, $2, …, and what stands there."""


_LONGEST_SECONDS = 10.0
"""Of one answer, which takes a millisecond."""


class Pipeline:
    """For one event loop. `connect` makes a connection when one is needed: in a thread, for it takes its time."""

    def __init__(self, connect: Callable[[], PlainConnection]) -> None:
        self._connect = connect
        self._one_at_a_time = asyncio.Lock()
        self._connecting: asyncio.Future[PlainConnection] | None = None
        self._line: _Line | None = None

    async def ask(self, *statements: Statement) -> list[Rows]:
        """The rows of each statement, all of them one transaction. Raises psycopg's errors: then nothing has happened,
        or the connection was lost, and with it all that was under way; the next one asks over a new one. So is one on
        which nothing comes for too long: everybody would wait behind it.
        """
        line = self._line
        if line is None or line.is_lost:
            line = await self._new_line()
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                return await line.ask(statements)
        except TimeoutError as error:
            silent = psycopg.OperationalError(f"no answer within {_LONGEST_SECONDS:.0f} seconds")
            line.lose(silent)
            raise silent from error

    async def _new_line(self) -> _Line:
        """Whoever gives up meanwhile leaves the connection that was on its way to the next."""
        async with self._one_at_a_time:
            if self._line is None or self._line.is_lost:
                if self._connecting is None or _has_failed(self._connecting):
                    self._connecting = asyncio.ensure_future(asyncio.to_thread(self._connect))
                try:
                    connection = await asyncio.shield(self._connecting)
                finally:
                    if self._connecting.done():
                        self._connecting = None
                self._line = _Line(connection)
            return self._line

    def close(self) -> None:
        closed = psycopg.OperationalError("the connection was closed")
        if self._line is not None:
            self._line.lose(closed)
        if self._connecting is not None:
            self._connecting.add_done_callback(_close_unused)


def _close_unused(connecting: asyncio.Future[PlainConnection]) -> None:
    if not _has_failed(connecting):
        connecting.result().close()


def _has_failed(connecting: asyncio.Future[PlainConnection]) -> bool:
    return connecting.done() and (connecting.cancelled() or connecting.exception() is not None)


class _Question:
    """One that was sent. Answers come in the order of what was asked, and end with a mark of their own (sync)."""

    def __init__(self, answer: asyncio.Future[list[Rows]], prepared: Sequence[str]) -> None:
        self.answer, self.prepared = answer, prepared
        self.rows: list[Rows] = []
        self.error: psycopg.Error | None = None

    def take(self, result: PGresult) -> None:
        if result.status == ExecStatus.TUPLES_OK:
            self.rows.append(rows_of(result))
        elif result.status == ExecStatus.FATAL_ERROR and self.error is None:
            self.error = psycopg.errors.error_from_result(result)

    def end(self) -> None:
        if self.answer.done():
            return  # whoever asked has gone
        if self.error is None:
            self.answer.set_result(self.rows)
        else:
            self.answer.set_exception(self.error)


class _Line:
    """A connection in pipeline mode, and what was asked over it."""

    def __init__(self, connection: PlainConnection) -> None:
        self._connection, self._libpq = connection, connection.pgconn
        self._loop, self._descriptor = asyncio.get_running_loop(), connection.pgconn.socket
        self._names: dict[str, bytes] = {}
        self._named = 0
        self._asked: deque[_Question] = deque()
        self.is_lost = False
        self._libpq.nonblocking = 1
        self._libpq.enter_pipeline_mode()
        self._loop.add_reader(self._descriptor, self._take_in)

    async def ask(self, statements: Sequence[Statement]) -> list[Rows]:
        prepared = [text for text, _ in statements if text not in self._names]
        question = _Question(self._loop.create_future(), prepared)
        try:
            for text in prepared:
                self._names[text] = f"asked_{self._named}".encode()
                self._named += 1
                self._libpq.send_prepare(self._names[text], text.encode())
            for text, parameters in statements:
                self._libpq.send_query_prepared(self._names[text], encoded(parameters))
            self._libpq.pipeline_sync()
            self._asked.append(question)
            self._send()
        except psycopg.Error as error:
            self.lose(error)
            raise
        return await question.answer

    def _send(self) -> None:
        """What the socket has no room for now follows when it has."""
        if self._libpq.flush():
            self._loop.add_writer(self._descriptor, self._send_rest)

    def _send_rest(self) -> None:
        self._loop.remove_writer(self._descriptor)
        try:
            self._send()
        except psycopg.Error as error:
            self.lose(error)

    def _take_in(self) -> None:
        try:
            self._libpq.consume_input()
            while self._asked and not self._libpq.is_busy():
                result = self._libpq.get_result()
                if result is None:
                    continue  # the end of one statement
                if result.status == ExecStatus.PIPELINE_SYNC:
                    self._end_first()
                else:
                    self._asked[0].take(result)
        except psycopg.Error as error:
            self.lose(error)

    def _end_first(self) -> None:
        question = self._asked.popleft()
        if question.error is not None:
            # It may be the preparing that failed: who asks next has it prepared anew.
            for text in question.prepared:
                self._names.pop(text, None)
        question.end()

    def lose(self, error: psycopg.Error) -> None:
        """Whoever waits is told, and nobody asks over it any more."""
        if self.is_lost:
            return
        self.is_lost = True
        if not self._loop.is_closed():
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
        asked, self._asked = self._asked, deque()
        for question in asked:
            question.error = psycopg.OperationalError(str(error))
            with suppress(RuntimeError):  # the loop of whoever asked has ended
                question.end()
        self._connection.close()
