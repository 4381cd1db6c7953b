"""Connections and sessions. One request or task is one session and one transaction; only the edge commits."""

from __future__ import annotations

import asyncio
import os
import select
import uuid
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from storage.beyond_calendar import ANY_INSTANT
from storage.entering import NOBODY, shown_now
from storage.errors import NotLetIn
from storage.pipeline import Pipeline
from storage.plain_connection import PlainConnection, Rows
from storage.plain_statement import PlainStatement

_CONNECT_SECONDS = 10
# A statement is planned once and keeps its plan: planning costs as much as running. Made while a table was small, a
# plan that reads all of it would be kept too; so all go by index. A transaction may wait for a disk of ours
# (PlainConnection.run_beside): should that one hang, others get what it has locked all the same.
_DIRECT = (
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
    " -c transaction_timeout=60s"
)


class Seen(NamedTuple):
    """Who was entered, and the rows that he sees: all of it text."""

    person_id: uuid.UUID | None
    rows: Rows


class Database:
    """One role's way into one PostgreSQL. Connections are pooled, checked before use, and never outlive a fork."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        application_name: str = "liuhen",
        for_people: bool = False,
        any_instant: bool = False,
    ) -> None:
        """`url` is a libpq URL (`postgresql://role:password@/database?host=…`), as psql takes it.

        `for_people`: each session's transaction begins as that of whoever shows a secret (storage/entering.py).
        `any_instant`: sessions read on past an instant that Python has none for (storage/beyond_calendar.py).
        """
        self._url = url
        self._pool_size, self._for_people = pool_size, for_people
        self._facts: dict[str, Any] = {
            "application_name": application_name,
            "connect_timeout": _CONNECT_SECONDS,
            "options": "-c timezone=UTC",
        }
        self.engine: Engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            # Names, hashes and keys are parameters: no error text may carry them into a log.
            hide_parameters=True,
            connect_args=self._facts | ({"context": ANY_INSTANT} if any_instant else {}),
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        if for_people:
            event.listen(self._sessions, "after_begin", _enter)
        self._idle: deque[PlainConnection] = deque()
        self._pid = os.getpid()
        self._pipeline: tuple[asyncio.AbstractEventLoop, Pipeline] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends, and rolls back when it raises."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def reading(self, *, snapshot: bool = False) -> Iterator[Session]:
        """A session for reading only: PostgreSQL itself refuses a write in it.

        `snapshot`: all of it as of one instant, that of its first statement. A change and its entry commit together:
        in one snapshot each is there with the other, however busy the archive is.
        """
        options: dict[str, Any] = {"postgresql_readonly": True}
        if snapshot:
            options["isolation_level"] = "REPEATABLE READ"
        with self._sessions() as session:
            session.connection(execution_options=options)
            yield session
            # Of a connection that rolls back, psycopg forgets all statements that it has prepared.
            try:
                session.commit()
            except BaseException:
                # Still inside its transaction, it could not be made writable again: the pool would never get it back.
                session.invalidate()
                raise

    @contextmanager
    def of_any_instant(self) -> Iterator[Database]:
        """The same role's way in for an audit, which no instant beyond the calendar is to end."""
        own = Database(
            self._url,
            pool_size=self._pool_size,
            application_name=str(self._facts["application_name"]),
            for_people=self._for_people,
            any_instant=True,
        )
        try:
            yield own
        finally:
            own.close()

    @contextmanager
    def direct(self) -> Iterator[PlainConnection]:
        """A plain connection on which each statement is a transaction of its own, prepared at its first use.

        For what runs hundreds of times a second and finds a few rows by their keys: one round trip a statement, where
        a session takes four and its own time. There are as many as threads use one at once. Raises psycopg's own
        errors.
        """
        with self._lent(self._take_idle() or self._connect()) as connection:
            yield connection

    @asynccontextmanager
    async def direct_soon(self) -> AsyncIterator[PlainConnection]:
        """`direct`, on an event loop, for `PlainConnection.run_soon`. Only a new connection takes a thread."""
        connection = self._take_idle()
        if connection is None:
            connection = await asyncio.to_thread(self._connect)
        with self._lent(connection):
            yield connection

    async def seen_soon(self, statement: PlainStatement, **places: object) -> Seen:
        """What a statement finds for whoever shows a secret (storage/entering.py): one transaction, one round trip.

        On an event loop, over one connection for all who ask there. Raises psycopg's own errors.
        """
        secret = (shown_now() or NOBODY).secret
        ((entered,),), rows = await self._pipeline_here().ask(
            ("SELECT enter($1)", (f"\\x{secret.hex()}",)), (statement.text, statement.parameters(**places))
        )
        return Seen(None if entered is None else uuid.UUID(entered), rows)

    def _pipeline_here(self) -> Pipeline:
        """This loop's own."""
        loop = asyncio.get_running_loop()
        if self._pipeline is None or self._pipeline[0] is not loop:
            self._pipeline = loop, Pipeline(self._connect)
        return self._pipeline[1]

    @contextmanager
    def _lent(self, connection: PlainConnection) -> Iterator[PlainConnection]:
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _connect(self) -> PlainConnection:
        return PlainConnection.connect(
            self._url,
            autocommit=True,
            prepare_threshold=0,
            **self._facts | {"options": f"{self._facts['options']} {_DIRECT}"},
        )

    def _take_idle(self) -> PlainConnection | None:
        if os.getpid() != self._pid:  # forked: these are the parent's, who goes on using them
            self._idle, self._pid = deque(), os.getpid()
        while self._idle:
            connection = self._idle.pop()
            if not _says_something(connection):
                return connection
            connection.close()
        return None

    def close(self) -> None:
        self.engine.dispose()
        if self._pipeline is not None:
            self._pipeline[1].close()
        while self._idle:
            self._idle.pop().close()


def _says_something(connection: PlainConnection) -> bool:
    """An idle server has nothing to say but that it hangs up: this is the ping, and costs no round trip.

    By poll(2): a process with a thousand connections has descriptors that select(2) knows no number for.
    """
    asking = select.poll()
    asking.register(connection.fileno(), select.POLLIN)
    return bool(asking.poll(0))


def _enter(_session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Also where nobody shows anything: then the transaction is nobody's, whoever had the connection before."""
    if transaction.nested:
        return
    shown = shown_now() or NOBODY
    connection.exec_driver_sql("SELECT enter(%s)", (shown.secret,))
    if shown.whole and connection.exec_driver_sql("SELECT enter_whole(%s)", (shown.secret,)).scalar() is None:
        raise NotLetIn
