"""How a job goes on that made no copy: tried again soon, tried again later, or given up. Of renditions and redacted
copies alike: each is a row that a worker has leased."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final, Protocol

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Session

from ingest.lease import Lease, given_back, longer_each_time
from ingest.media.errors import RenditionFailed
from ingest.media.stops import Blame, Stop
from ingest.rendering.blame import blame_for
from ingest.rendering.work_room import WorkRoom
from storage.catalog.recordings import MediaJob
from storage.catalog.redaction import RedactedCopy
from storage.database import Database

MOST_ATTEMPTS: Final = 3
PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=8)
"""Doubled each time that something of ours was in the way. Less than lease.MOST_AHEAD, beyond which no pause holds."""
NO_ROOM: Final = "no_room"
"""How the outcome of a job begins that waits for room on the disk."""
LONGEST_OUTCOME: Final = 500


class NotYet(Exception):
    """Nothing can be made of a file now, for no fault of its own; `str()` says what is waited for."""


class NotInTime(Exception):
    """The wall's time was over before a file was looked at; `str()` says so. It counts among its deadlines."""


class Owed(Protocol):
    """What a worker has leased: a recording's renditions, or a redacted copy. `deferrals`: how often it was put off for
    no fault of the file's; `deadlines`: how often of these it missed one, which nobody knows whose fault it was."""

    @property
    def recording_id(self) -> uuid.UUID: ...
    @property
    def unit_id(self) -> uuid.UUID: ...
    @property
    def sha256(self) -> bytes: ...
    @property
    def deferrals(self) -> int: ...
    @property
    def deadlines(self) -> int: ...
    @property
    def lease(self) -> Lease[MediaJob] | Lease[RedactedCopy]: ...

    def enter_failure(self, session: Session) -> None:
        """What the ledger says of a job that has failed for good; in the transaction that says so."""


def record_failure(
    database: Database, due: Owed, error: RenditionFailed, room: WorkRoom, *which: ColumnElement[bool]
) -> Blame:
    """Says whose fault it was. Raises NoRoomToWork. `which` narrows down the leased rows, as everywhere here."""
    said = f"{error.reason}: {error.stderr_tail}"
    blame = blame_for(error, due.deadlines, room)
    if blame is Blame.MACHINE:
        defer(database, due, said, *which, missed_deadline=error.reason == Stop.DEADLINE)
    else:
        end = give_up if blame is Blame.FILE else put_off
        end(database, due, said, *which)
    return blame


def put_off(database: Database, due: Owed, reason: str, *which: ColumnElement[bool]) -> None:
    """Try again soon; custody is not concerned. What the file brings about is tried a few times, then it has failed."""
    with database.transaction() as session:
        _fail(session, due, reason, due.lease.table.attempts >= MOST_ATTEMPTS, *which)
        due.lease.write(session, *which, outcome=reason[:LONGEST_OUTCOME], **given_back(PAUSE))


def defer(
    database: Database, due: Owed, reason: str, *which: ColumnElement[bool], missed_deadline: bool = False
) -> None:
    """Try again, later each time. What fails on our side (a database that restarts, a full disk, a machine that has no
    time) is no attempt at all: it may happen any number of times, and meanwhile others come before it. Deadlines alone
    are counted (blame.py)."""
    job = due.lease.table
    later = {
        "attempts": job.attempts - 1,
        "deferrals": job.deferrals + 1,
        "deadlines": job.deadlines + int(missed_deadline),
        "outcome": reason[:LONGEST_OUTCOME],
        **given_back(longer_each_time(PAUSE, due.deferrals, LONGEST_PAUSE)),
    }
    with database.transaction() as session:
        due.lease.write(session, *which, **later)


def give_up(database: Database, due: Owed, reason: str, *which: ColumnElement[bool]) -> None:
    """It has failed for good: a repeat would cost the same again and end the same way."""
    with database.transaction() as session:
        _fail(session, due, reason, *which)


def _fail(session: Session, due: Owed, reason: str, *which: ColumnElement[bool]) -> None:
    finished = {"finished_at": func.now()} if due.lease.table is MediaJob else {}
    failed = {"state": "failed", "outcome": reason[:LONGEST_OUTCOME], **finished, **given_back()}
    if due.lease.write(session, *which, **failed):
        due.enter_failure(session)
