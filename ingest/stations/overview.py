"""How the stations are, at a glance: for administrators, and for whatever watches over the archive."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from storage.catalog.stations import Station, StationCode, StationKey, StationState
from storage.catalog.uploads import Upload

T = TypeVar("T")
ONLINE_WITHIN = timedelta(minutes=5)
"""An agent reports every minute while it watches."""
Condition = Literal["online", "away", "silent", "unenrolled", "revoked"]
Credential = Literal["key", "token", "certificate", "none"]


@dataclass(frozen=True)
class StationOverview:
    """A station with what is known of it. `key_id` of the key it goes by; `code_expires_at` of a code not yet used.

    `state` is None while it has reported nothing and no alert was raised.
    """

    station: Station
    key_id: str | None
    code_expires_at: datetime | None
    last_upload_at: datetime | None
    state: StationState | None
    seen_now: datetime

    @property
    def credential(self) -> Credential:
        """What it proves itself by."""
        if self.key_id is not None:
            return "key"
        if self.station.token_hash is not None:
            return "token"
        return "none" if self.station.certificate_sha256 is None else "certificate"

    @property
    def last_seen_at(self) -> datetime | None:
        """Its last report, the last upload it began or the last bytes of one, whichever is latest."""
        reported = None if self.state is None else self.state.seen_at
        return max((moment for moment in (reported, self.last_upload_at) if moment is not None), default=None)

    def has_clock_off(self, allowed_seconds: float) -> bool:
        """Whether the alert of its clock stands and its last word bears it out: one just set right needs nobody, though
        its alert lasts an hour."""
        state = self.state
        if self.station.revoked_at is not None or state is None or state.clock_off_since is None:
            return False
        return state.clock_offset_seconds is None or abs(state.clock_offset_seconds) > allowed_seconds

    @property
    def condition(self) -> Condition:
        if self.station.revoked_at is not None:
            return "revoked"
        if self.credential == "none":
            return "unenrolled"
        if self.state is not None and self.state.silent_since is not None:
            return "silent"
        seen = self.last_seen_at
        return "online" if seen is not None and self.seen_now - seen <= ONLINE_WITHIN else "away"


def overviews(session: Session, stations: Sequence[Station], now: datetime) -> list[StationOverview]:
    """One for each, in their order; a few queries for all of them."""
    ids = [station.id for station in stations]
    live, unused = StationKey.ended_at.is_(None), StationCode.used_at.is_(None)
    keys = select(StationKey.station_id, StationKey.id).where(StationKey.station_id.in_(ids), live)
    codes = select(StationCode.station_id, StationCode.expires_at).where(
        StationCode.station_id.in_(ids), unused, StationCode.expires_at > now
    )
    uploads = select(Upload.station_id, func.max(Upload.created_at)).where(Upload.station_id.in_(ids))
    key_of, code_of = _by_station(session, keys), _by_station(session, codes)
    upload_of = _by_station(session, uploads.group_by(Upload.station_id))
    rows = session.scalars(select(StationState).where(StationState.station_id.in_(ids)))
    state_of = {row.station_id: row for row in rows}
    return [
        StationOverview(
            each, key_of.get(each.id), code_of.get(each.id), upload_of.get(each.id), state_of.get(each.id), now
        )
        for each in stations
    ]


def last_seen() -> Select[Any]:
    """For each live station with a credential: station_id, unit_id, seen_at. One that never spoke: when it got that."""
    uploaded = select(func.max(Upload.created_at)).where(Upload.station_id == Station.id).scalar_subquery()
    live_key = (StationKey.station_id == Station.id, StationKey.ended_at.is_(None))
    enrolled = select(func.max(StationKey.created_at)).where(*live_key).scalar_subquery()
    seen_at = func.greatest(StationState.seen_at, uploaded, enrolled, Station.created_at)
    credential = or_(enrolled.is_not(None), Station.token_hash.is_not(None), Station.certificate_sha256.is_not(None))
    return (
        select(Station.id.label("station_id"), Station.unit_id, seen_at.label("seen_at"))
        .outerjoin(StationState, StationState.station_id == Station.id)
        .where(Station.revoked_at.is_(None), credential)
    )


def count_alerts(session: Session, unit_ids: Sequence[uuid.UUID] | None = None) -> dict[str, int]:
    """How many live stations there are, are silent, and have a clock that is off; of some units, or of all."""
    statement = (
        select(func.count(), func.count(StationState.silent_since), func.count(StationState.clock_off_since))
        .select_from(Station)
        .outerjoin(StationState, StationState.station_id == Station.id)
        .where(Station.revoked_at.is_(None))
    )
    if unit_ids is not None:
        statement = statement.where(Station.unit_id.in_(unit_ids))
    total, silent, clock_off = session.execute(statement).one()
    return {"total": total, "silent": silent, "clock_off": clock_off}


def _by_station(session: Session, statement: Select[uuid.UUID, T]) -> dict[uuid.UUID, T]:
    return {row[0]: row[1] for row in session.execute(statement)}
