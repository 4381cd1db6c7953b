"""What comes of one original: in the two places and in its row, so that a crash anywhere is made good by the next go.

Moving: a whole copy lies in the cold place, locked and read back → the row says that it is cold, with its entry → the
store lets go of its own. Bringing back: it lies in the store, read back → the row says so. So at every moment there is
one whole, locked copy, and the row names a place where one is.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, literal, select, update
from sqlalchemy.orm import Session

from ingest.cold.due import AGAIN, ASIDE, Owed
from ingest.cold.place import COLD_PLACE, ColdPlace, asking
from ingest.lease import Lease, given_back
from ingest.objects.stated import Stated, read_stated
from ingest.replica.carriage import Carriage, keep_likewise
from integrity.canonical import Json
from integrity.epoch_keys import EpochKey
from integrity.local_time import end_of_day
from retention.cold_rule import ColdRule, may_be_cold
from storage.catalog.cold import BOTH, COLD, DISPOSED, MOVING, ColdObject, RecallRequest
from storage.catalog.object_looks import WHOLE, ObjectLook
from storage.catalog.recordings import Recording
from storage.database import Database
from storage.errors import ObjectKept, ObjectMissing, StoreUnavailable
from storage.ledger.append import Actor, Change, record_change
from storage.objects.protocol import Keeping, ObjectStore

MOVER: Final = Actor.system("cold")
LONG_AGO: Final = timedelta(days=3650)
"""An object whose last look is so far back is scrubbed next."""


@dataclass(frozen=True)
class Turn:
    """One object that is leased, and what everything written of it rests on. `mark`: of the cold place that was used;
    `stated`: None where it is no longer in the catalog."""

    database: Database
    lease: Lease[ColdObject]
    owed: Owed
    mark: uuid.UUID
    keys: Sequence[EpochKey]
    stated: Stated | None

    @property
    def of_row(self) -> ColumnElement[bool]:
        return ColdObject.id == self.owed.id

    def is_as_it_was(self, session: Session, *states: str) -> bool:
        """Whether it is still in the catalog as it was read, in one of these states, and ours; nobody changes that
        before the transaction ends."""
        # The catalog's rows first: whoever disposes of something takes them in this order.
        now = read_stated(session, [("recording", self.owed.id)], self.keys, lock=True).get(self.owed.id)
        if now != self.stated or not COLD_PLACE.is_in_use(session, self.mark):
            return False
        return self.lease.is_held(session, self.of_row, ColdObject.state.in_(states))


def may_move(turn: Turn, rule: ColdRule) -> bool:
    """As of now: it is asked again when it comes to that."""
    with turn.database.reading() as session:
        return _may_move(session, turn, rule)


def deliver(turn: Turn, carriage: Carriage, *states: str) -> bool:
    """Make what was carried visible, while its row is locked: a disposal comes wholly before or after. False, and
    nothing was put, where it was disposed of, or another worker has it. Raises what the target raises."""
    with turn.database.transaction() as session:
        if not turn.is_as_it_was(session, *states):
            return False
        carriage.commit()
    return True


def lock_there(turn: Turn, store: ObjectStore, cold: ColdPlace) -> None:
    """On return the cold place keeps its copy as long as the store does, and as its recording is to be kept; what is
    kept for ever it holds. Raises what the store raises, and ColdFailing."""
    name = turn.owed.object_name
    wanted = [Keeping()]
    with suppress(ObjectMissing):  # it may be in the cold place alone
        wanted.append(store.keeping(name))
    with turn.database.reading() as session:
        row = session.execute(select(Recording.retain_until).where(Recording.id == turn.owed.id)).first()
    if row is not None:  # else it was disposed of meanwhile, and nothing comes of it
        until = row.retain_until
        wanted.append(Keeping(held=True) if until is None else Keeping(end_of_day(until)))
    with asking(cold):
        for kept in wanted:
            keep_likewise(cold.store, name, kept, release=False)


def settle(turn: Turn, rule: ColdRule, cold: ColdPlace) -> bool:
    """Say that it is cold: its copy in the cold place was read back whole, and is locked. False where it is to stay in
    the store: somebody needs it by now, it was disposed of, or another worker has it."""
    version_id = _require_locked_copy(turn, cold)
    with turn.database.transaction() as session:
        if not turn.is_as_it_was(session, MOVING, BOTH):
            return False
        values = {"version_id": version_id, "moved_at": func.now(), "given_up_at": None, **given_back()}
        if not _may_move(session, turn, rule):
            turn.lease.write(session, turn.of_row, state=BOTH, due_at=func.now() + rule.quiet, **values)
            return False
        turn.lease.write(session, turn.of_row, state=COLD, due_at=func.now(), **values)
        assert turn.stated is not None, "what was read back was stated"
        sha256, place = turn.stated.sha256.hex(), str(turn.mark)
        data = {"object": turn.owed.object_name, "ciphertext_sha256": sha256, "cold_place": place}
        _enter(session, turn, "recording.moved_to_cold", data)
    return True


def give_up(turn: Turn, store: ObjectStore, cold: ColdPlace) -> bool:
    """Have the store let go of its own, which the row says already. False where somebody wants it back by now, or the
    store keeps it still.

    Its copy is there, as long as it was sealed, and locked: or nothing is removed. Raises ColdFailing, and what the
    store raises.
    """
    with turn.database.transaction() as session:
        if not turn.is_as_it_was(session, COLD):
            return False
        if not turn.lease.is_held(session, turn.of_row, ColdObject.wanted_since.is_(None)):
            turn.lease.write(session, turn.of_row, **given_back())
            return False
        _require_locked_copy(turn, cold)
        try:
            store.delete(turn.owed.object_name)
        except ObjectKept as kept:
            later = func.now() + AGAIN if kept.until is None else literal(kept.until)
            turn.lease.write(session, turn.of_row, due_at=later, **given_back())
            return False
        return turn.lease.write(session, turn.of_row, given_up_at=func.now(), due_at=func.now(), **given_back())


def arrive(turn: Turn, rule: ColdRule) -> bool:
    """Say that it is in the store again: it lies there, read back whole. Whoever asked for it waits no more."""
    with turn.database.transaction() as session:
        if not turn.is_as_it_was(session, COLD):
            return False
        turn.lease.write(
            session,
            turn.of_row,
            state=BOTH,
            recalled_at=func.now(),
            wanted_since=None,
            due_at=func.now() + rule.quiet,
            **given_back(),
        )
        waiting = RecallRequest.recording_id == turn.owed.id, RecallRequest.arrived_at.is_(None)
        came = update(RecallRequest).where(*waiting).values(arrived_at=func.now()).returning(RecallRequest.id)
        recalls = [str(each) for each in session.scalars(came.execution_options(synchronize_session=False))]
        _enter(session, turn, "recording.recalled", {"object": turn.owed.object_name, "recalls": sorted(recalls)})
    return True


def put_off(turn: Turn, pause: timedelta = ASIDE, *, scrub: bool = False) -> None:
    """Nothing can be done with it now. `scrub`: it is not whole where it lies, and is looked at next."""
    with turn.database.transaction() as session:
        if scrub:
            looked = update(ObjectLook).where(ObjectLook.id == turn.owed.id, ObjectLook.found == WHOLE)
            overdue = looked.values(looked_at=func.least(ObjectLook.looked_at, func.now() - LONG_AGO))
            session.execute(overdue.execution_options(synchronize_session=False))
        turn.lease.write(session, turn.of_row, due_at=func.now() + pause, **given_back())


def put_off_until(turn: Turn, instant: datetime) -> None:
    with turn.database.transaction() as session:
        turn.lease.write(session, turn.of_row, due_at=literal(instant), **given_back())


def let_go(turn: Turn, cold: ColdPlace) -> bool:
    """Remove from the cold place what was disposed of; False where it is kept there until later. Raises ColdFailing."""
    name = turn.owed.object_name
    try:
        with asking(cold):
            with suppress(ObjectMissing):
                if cold.store.keeping(name).held:
                    cold.store.release(name)  # nothing that is held is disposed of: it is kept for ever no more
            cold.store.delete(name)
    except ObjectKept as kept:
        put_off_until(turn, kept.until or datetime.now(UTC) + AGAIN)
        return False
    with turn.database.transaction() as session:
        session.execute(delete(ColdObject).where(turn.lease.held, turn.of_row, ColdObject.state == DISPOSED))
    return True


def _require_locked_copy(turn: Turn, cold: ColdPlace) -> str:
    """The version of it. Raises ColdFailing where it is not there, or anybody may remove it."""
    name = turn.owed.object_name
    with asking(cold):
        copy = cold.store.stat(name)
        if copy is None or copy.size_bytes != turn.owed.size_bytes:
            raise StoreUnavailable(name, "its copy is not in the cold place as it was put there")
        if not cold.store.keeping(name).forbids(datetime.now(UTC)):
            raise StoreUnavailable(name, "the cold place does not keep its copy locked")
    return copy.version_id


def _may_move(session: Session, turn: Turn, rule: ColdRule) -> bool:
    may = select(Recording.id).where(Recording.id == turn.owed.id, may_be_cold(rule, datetime.now(UTC)))
    return session.scalars(may).first() is not None


def _enter(session: Session, turn: Turn, action: str, data: Mapping[str, Json]) -> None:
    owed = turn.owed
    record_change(session, MOVER, Change(action, "recording", str(owed.id), owed.unit_id, data))
