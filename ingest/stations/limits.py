"""How much one station may have under way at once, where that is not what the settings say for all."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from ingest.stations.enrolment import lock_station, require_live
from storage.catalog.stations import Station
from storage.ledger.append import Actor, Change, record_change

MOST_UPLOADS = (1 << 31) - 1
MOST_BYTES = (1 << 63) - 1


def set_limits(
    session: Session, by: Actor, station_id: uuid.UUID, max_uploads: int | None, max_waiting_bytes: int | None
) -> Station:
    """Uploads open at once, and bytes open or waiting to be sealed; None: what the settings say. Both from 1 on.

    Counts for what is created from now on, within a second; what is under way goes on. Raises StationUnknown,
    StationRevoked.
    """
    station = require_live(lock_station(session, station_id))
    station.max_uploads, station.max_waiting_bytes = max_uploads, max_waiting_bytes
    session.flush()
    data = {"max_uploads": max_uploads, "max_waiting_bytes": max_waiting_bytes}
    record_change(session, by, Change("station.limits_set", "station", str(station.id), station.unit_id, data))
    return station
