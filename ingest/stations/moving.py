"""A unit's stations go over to another unit: what they begin to send from then on is that one's.

What they had begun to send stays the former unit's, to the receipt: an upload's unit is said once, when it begins.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.catalog.stations import Station, StationState
from storage.ledger.append import Actor, Change, record_change


def move_stations(session: Session, by: Actor, unit_id: uuid.UUID, into_id: uuid.UUID) -> tuple[Station, ...]:
    """Those whose credential was not taken away, with their credentials: nobody has to go to a station."""
    wanted = select(Station).where(Station.unit_id == unit_id, Station.revoked_at.is_(None)).order_by(Station.id)
    rows = tuple(session.scalars(wanted.with_for_update(key_share=True).execution_options(populate_existing=True)))
    for station in rows:
        station.unit_id = into_id
        change = Change("station.moved", "station", str(station.id), into_id, {"from": str(unit_id)})
        session.flush()
        record_change(session, by, change)
    states = update(StationState).where(StationState.station_id.in_([station.id for station in rows]))
    session.execute(states.values(unit_id=into_id).execution_options(synchronize_session="fetch"))
    return rows
