"""A station with a token, for tests of the register on a real catalog."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from ingest.stations.credential import PresentedCredential, hash_station_token
from ingest.uploads.contract import Asked, StationIdentity, UploadRegister
from ingest.uploads.register import StationDefaults
from storage.catalog.organisation import Unit
from storage.catalog.stations import Station

DEFAULTS = StationDefaults(max_uploads=64, max_waiting_bytes=16 << 30)
TOKEN = "station-token"
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)


def shown(authorization: str | None) -> PresentedCredential:
    headers = {} if authorization is None else {"authorization": authorization}
    return PresentedCredential("HEAD", "/uploads/", "archive.test", headers)


def proved(register: UploadRegister, authorization: str | None) -> StationIdentity:
    """The station of a request that shows so much. Raises the refusal that `admit` returns."""
    (admitted,) = register.admit([Asked(shown(authorization))])
    if isinstance(admitted, Exception):
        raise admitted
    return admitted.station


def enrol(database, token: str, **limits: int) -> Station:
    with database.transaction() as session:
        unit = Unit(name="城管一中队", code=f"u{uuid.uuid4().hex[:8]}")
        session.add(unit)
        session.flush()
        row = Station(unit_id=unit.id, name=f"采集站 {token}", token_hash=hash_station_token(token), **limits)
        session.add(row)
    return row
