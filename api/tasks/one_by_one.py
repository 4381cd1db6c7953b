"""Steps of housekeeping that go through recordings: a batch at once, and one by one where a batch fails.

So the failure of one recording is that one's alone. It is set aside (storage/set_aside.py), said in the log, told by
/metrics, and tried again by itself; all the others go on. Each try is a transaction of its own: what it had locked is
let go of before the next one locks, in whatever order that is done.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from storage.database import Database
from storage.set_aside import put_back, set_aside, to_be_tried_again

MOST_TRIED_AGAIN = 20
"""In one run: what failed before is nobody's to wait for."""
_ROOT = Path(__file__).parents[2]

log = structlog.get_logger()


class Due(Protocol):
    """A row that is due. `id` is its recording's."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def unit_id(self) -> uuid.UUID: ...


@dataclass(frozen=True)
class Step:
    """`take` finds at most so many that are due, and keeps others from them until the transaction ends. `take_still`
    finds one, set aside or not, that is due still; it is None where another process is at the step. `do` is the work.
    """

    name: str
    take: Callable[[Session, int], Sequence[Due]]
    take_still: Callable[[Session, uuid.UUID], Sequence[Due] | None]
    do: Callable[[Session, Sequence[Any]], object]


def go_through(database: Database, step: Step, batch: int) -> None:
    """One transaction a batch, until nothing is due but what is set aside; then what waited there for long enough."""
    while do_some(database, step, batch):
        pass
    try_again(database, step)


def do_some(database: Database, step: Step, batch: int) -> int:
    """One batch: how many were taken. Raises what is the fault of no recording, such as a database that is away."""
    taken: list[tuple[uuid.UUID, uuid.UUID]] = []
    try:
        with database.transaction() as session:
            due = step.take(session, batch)
            taken += ((each.id, each.unit_id) for each in due)
            if due:
                step.do(session, due)
    except Exception as error:
        if not taken or _is_nobodys_fault(error):
            raise
        log.warning("housekeeping.one_by_one", step=step.name, recordings=len(taken), error=type(error).__name__)
        for recording_id, unit_id in taken:
            _do_one(database, step, recording_id, unit_id)
    return len(taken)


def try_again(database: Database, step: Step) -> None:
    with database.reading() as session:
        due = to_be_tried_again(session, step.name, MOST_TRIED_AGAIN)
    for recording_id, unit_id in due:
        _do_one(database, step, recording_id, unit_id)


def _do_one(database: Database, step: Step, recording_id: uuid.UUID, unit_id: uuid.UUID) -> None:
    try:
        with database.transaction() as session:
            due = step.take_still(session, recording_id)
            if due is None:
                return
            if due:
                step.do(session, due)
            put_back(session, step.name, recording_id)
    except Exception as error:
        if _is_nobodys_fault(error):
            raise
        _set_aside(database, step, recording_id, unit_id, error)


def _set_aside(database: Database, step: Step, recording_id: uuid.UUID, unit_id: uuid.UUID, error: Exception) -> None:
    """Said without the message: that may hold what a file or a person said."""
    kind = type(error).__name__
    with database.transaction() as session:
        failures = set_aside(session, step.name, recording_id, unit_id, kind)
    where = {"recording": str(recording_id), "at": _place_of(error)}
    log.error("recording.set_aside", step=step.name, failures=failures, error=kind, **where)


def _is_nobodys_fault(error: Exception) -> bool:
    """Whatever recording it were, it would have come. A database that is away for longer refuses the note as well."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, InterfaceError | PoolTimeout | OSError)


def _place_of(error: Exception) -> str:
    """The last line of ours that it came through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and ".venv" not in path.parts:
            return f"{path.relative_to(_ROOT)}:{frame.lineno}"
    return ""
