"""All that is known of the cold place now, for whoever looks after it: what lies there, what is asked for, what is done
to which original just now and next, and what is not whole. By the rows alone: the place itself may not answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from ingest.cold.due import Owed, find_next, owed_of
from ingest.lease import is_free
from storage.catalog.cold import COLD, COLD_STATES, DISPOSED, ColdObject
from storage.catalog.object_looks import WHOLE, ObjectLook

RECALL: Final = "recall"
REMOVE: Final = "remove"
GIVE_UP: Final = "give_up"
MOVE: Final = "move"


@dataclass(frozen=True)
class Amount:
    originals: int
    size_bytes: int


@dataclass(frozen=True)
class Deed:
    """What is done to an original: `recall` brings it back, `remove` takes away what was disposed of, `give_up` has the
    store let go of what lies in the cold place, `move` moves it there."""

    recording_id: uuid.UUID
    what: str
    size_bytes: int

    @classmethod
    def to(cls, owed: Owed) -> Deed:
        return cls(owed.id, _what(owed), owed.size_bytes)


@dataclass(frozen=True)
class AskedFor:
    """An original that somebody waits for. `again_at`: it could not be brought back, and is tried again then."""

    recording_id: uuid.UUID
    size_bytes: int
    asked_at: datetime
    again_at: datetime | None


@dataclass(frozen=True)
class NotWhole:
    """An original that scrubbing found to be lost, as `found`; `in_cold_place`: there, and not in the store."""

    recording_id: uuid.UUID
    object_name: str
    in_cold_place: bool
    found: str


@dataclass(frozen=True)
class ColdOverview:
    """`amounts`: by state, as ColdObject has them. `kept_by_store`: of those that are cold, what the store has not let
    go of yet. `asked_for` and `not_whole` are the first of so many. `next_at`: when the next is due, where none is."""

    amounts: Mapping[str, Amount]
    kept_by_store: Amount
    asked_for_in_all: Amount
    asked_for: Sequence[AskedFor]
    in_hand: Sequence[Deed]
    next: Deed | None
    next_at: datetime | None
    not_whole_in_all: int
    not_whole: Sequence[NotWhole]


def read_overview(session: Session, first: int) -> ColdOverview:
    """With the first `first` of what is named."""
    following = find_next(session)
    return ColdOverview(
        amounts=_amounts(session),
        kept_by_store=_amount(session, ColdObject.state == COLD, ColdObject.given_up_at.is_(None)),
        asked_for_in_all=_amount(session, ColdObject.wanted_since.is_not(None)),
        asked_for=_asked_for(session, first),
        in_hand=_in_hand(session),
        next=None if following is None else Deed.to(following),
        next_at=None if following is not None else _next_at(session),
        not_whole_in_all=session.scalar(select(func.count()).select_from(_lost().subquery())) or 0,
        not_whole=_not_whole(session, first),
    )


def _amounts(session: Session) -> dict[str, Amount]:
    sums = select(ColdObject.state, func.count(), func.sum(ColdObject.size_bytes)).group_by(ColdObject.state)
    found = {state: Amount(count, int(size)) for state, count, size in session.execute(sums)}
    return {state: found.get(state, Amount(0, 0)) for state in COLD_STATES}


def _amount(session: Session, *which: ColumnElement[bool]) -> Amount:
    size_bytes = func.coalesce(func.sum(ColdObject.size_bytes), 0)
    count, size = session.execute(select(func.count(), size_bytes).where(*which)).one()
    return Amount(count, int(size))


def _asked_for(session: Session, first: int) -> list[AskedFor]:
    put_off = case((ColdObject.due_at > func.now(), ColdObject.due_at))
    columns = (ColdObject.id, ColdObject.size_bytes, ColdObject.wanted_since, put_off)
    wanted = select(*columns).where(ColdObject.wanted_since.is_not(None))
    rows = session.execute(wanted.order_by(ColdObject.wanted_since, ColdObject.id).limit(first))
    return [AskedFor(*row) for row in rows]


def _in_hand(session: Session) -> list[Deed]:
    """One a worker at the most."""
    leased = select(ColdObject).where(~is_free(ColdObject), ColdObject.leased_by.is_not(None))
    return [Deed.to(owed_of(row)) for row in session.scalars(leased.order_by(ColdObject.leased_until))]


def _next_at(session: Session) -> datetime | None:
    """Of what comes back, or goes, by itself. What is cold and given up waits for nothing."""
    waits = or_(ColdObject.state != COLD, ColdObject.given_up_at.is_(None), ColdObject.wanted_since.is_not(None))
    return session.scalar(select(func.min(ColdObject.due_at)).where(waits, ColdObject.due_at > func.now()))


def _lost() -> Select[uuid.UUID, str, str, str]:
    columns = (ColdObject.id, ColdObject.object_name, ColdObject.state, ObjectLook.found)
    lost = select(*columns).join(ObjectLook, ObjectLook.id == ColdObject.id)
    return lost.where(ObjectLook.found != WHOLE, ColdObject.state != DISPOSED)


def _not_whole(session: Session, first: int) -> list[NotWhole]:
    rows = session.execute(_lost().order_by(ObjectLook.lost_since, ColdObject.id).limit(first))
    return [NotWhole(id_, name, state == COLD, found) for id_, name, state, found in rows]


def _what(owed: Owed) -> str:
    if owed.state == DISPOSED:
        return REMOVE
    if owed.state == COLD:
        return RECALL if owed.wanted else GIVE_UP
    return MOVE
