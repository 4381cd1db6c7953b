"""Leases: work that one worker has for itself for as long as it goes on saying so. The database knows who has what.

A worker that dies is followed when its lease runs out. One that has lost its lease without knowing it writes nothing:
every write is fenced by the holder's name.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from storage.catalog.cold import ColdObject
from storage.catalog.object_looks import ObjectLook
from storage.catalog.recordings import MediaJob
from storage.catalog.redaction import RedactedCopy
from storage.catalog.replicas import ObjectReplica
from storage.catalog.uploads import Upload
from storage.database import Database

log = structlog.get_logger()

LEASE = timedelta(seconds=20)
"""A worker that dies keeps others waiting this long after its last renewal."""
RENEWALS_PER_LEASE = 4
MOST_AHEAD = timedelta(minutes=10)
"""No lease and no pause reaches so far ahead. What does was written while the database's clock was ahead."""
Leasable = Upload | MediaJob | RedactedCopy | ObjectLook | ObjectReplica | ColdObject
Row = TypeVar("Row", bound=Leasable)


def name_worker() -> str:
    """Who takes leases from here on: a host and a process, for people, and what no other ever has.

    A process that follows on another under its number, or on another host of the same name, is not the one that died.
    """
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}"


def is_free(table: type[Leasable]) -> ColumnElement[bool]:
    """Of a row: nobody has it, or nobody any more."""
    until = table.leased_until
    return or_(until.is_(None), until < func.now(), until > func.now() + MOST_AHEAD)


def taken_by(worker: str) -> dict[str, Any]:
    """The columns of a row that `worker` has from now on, for one lease."""
    return {"leased_by": worker, "leased_until": func.now() + LEASE}


def given_back(pause: timedelta | None = None) -> dict[str, Any]:
    """The columns of a row that nobody has, and nobody takes before the pause is over. Raises ValueError for one that
    would count as a clock's mistake: its row would be free at once, again and again."""
    if pause is not None and pause >= MOST_AHEAD:
        raise ValueError(f"no pause reaches {MOST_AHEAD} ahead: {pause}")
    return {"leased_by": None, "leased_until": None if pause is None else func.now() + pause}


def longer_each_time(first: timedelta, failures: int, longest: timedelta) -> timedelta:
    """The pause after so many failures: doubled with each, up to the longest."""
    return min(first * (1 << min(failures, 10)), longest)


@dataclass(frozen=True, eq=False)
class Lease(Generic[Row]):
    """Of those of `rows` that `worker` has leased. `subject` is what the log calls them."""

    table: type[Row]
    rows: ColumnElement[bool]
    worker: str
    subject: str

    @property
    def held(self) -> ColumnElement[bool]:
        return and_(self.rows, self.table.leased_by == self.worker)

    def is_held(self, session: Session, *conditions: ColumnElement[bool]) -> bool:
        """Whether the worker has it still; nobody takes it from him before the transaction ends."""
        held = select(self.table.id).where(self.held, *conditions)
        return session.scalars(held.with_for_update()).first() is not None

    def write(self, session: Session, *conditions: ColumnElement[bool], **values: Any) -> bool:
        """Change what is held. False when nothing is: another worker has it by now, and nothing was written."""
        fenced = update(self.table).where(self.held, *conditions).values(**values)
        return bool(session.scalars(fenced.returning(self.table.id)).all())

    @contextmanager
    def renewed(self, database: Database) -> Iterator[None]:
        """Renew it in the background for as long as the block runs."""
        stop = threading.Event()

        def renew() -> None:
            while not stop.wait(LEASE.total_seconds() / RENEWALS_PER_LEASE) and self._renew(database):
                pass

        renewer = threading.Thread(target=renew, name="lease-renewal", daemon=True)
        renewer.start()
        try:
            yield
        finally:
            stop.set()
            renewer.join()

    def _renew(self, database: Database) -> bool:
        """Whether there will be something to renew. Nothing is lost of what has been done and given back: only what
        somebody else has by now."""
        try:
            with database.transaction() as session:
                if self.write(session, **taken_by(self.worker)):
                    return True
                others = select(self.table.leased_by).where(self.rows, self.table.leased_by.is_not(None))
                taker = session.scalars(others.limit(1)).first()
        except Exception as error:  # the database is away: the work goes on, and its end is fenced
            log.warning("lease.not_renewed", subject=self.subject, error=type(error).__name__)
            return True
        if taker is not None:
            log.warning("lease.lost", subject=self.subject, taken_by=taker)
        return False


def give_back(database: Database, lease: Lease[Upload] | Lease[MediaJob] | Lease[RedactedCopy]) -> None:
    """Whoever had it ends, for no reason of its own: it was no attempt, and whoever comes next takes it at once."""
    with database.transaction() as session:
        lease.write(session, attempts=lease.table.attempts - 1, **given_back())
