"""One-time codes: an administrator shows one, and a station enrols the key pair with it that it made itself."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ingest.stations.enrolment import lock_station, name_station, require_live
from ingest.stations.errors import StationCodeRefused, StationKeyTaken
from ingest.stations.keys import end_credentials, live_key, record_key
from integrity.fields import format_instant
from integrity.keys import PublicKey
from storage.catalog.stations import Station, StationCode, StationKey
from storage.ledger.append import Actor, Change, record_change
from storage.one_time_code import hash_code, make_code


def register_station(session: Session, by: Actor, unit_id: uuid.UUID, name: str) -> Station:
    """A station without a credential, which a code can give one. Raises StationNameTaken, StationNameUnusable."""
    station = name_station(session, Station(id=uuid.uuid4(), unit_id=unit_id, name=name))
    private = {"name": station.name}
    record_change(session, by, Change("station.registered", "station", str(station.id), unit_id, {}, private))
    return station


def issue_station_code(
    session: Session, by: Actor, station_id: uuid.UUID, now: datetime, lifetime: timedelta
) -> tuple[str, StationCode]:
    """A code for the station, to be shown now; it is kept nowhere. Those shown before are void.

    Until it is used the station goes on with the credential it has. Raises StationUnknown, StationRevoked.
    """
    station = require_live(lock_station(session, station_id))
    for former in session.scalars(_unused(station.id).with_for_update()):
        former.used_at = now
        _record(session, by, station, "station.code_voided", {"code_id": str(former.id)})
    code = make_code()
    row = StationCode(
        id=uuid.uuid4(),
        unit_id=station.unit_id,
        station_id=station.id,
        code_hash=hash_code(code),
        expires_at=now + lifetime,
    )
    session.add(row)
    session.flush()
    data = {"code_id": str(row.id), "code_hash": row.code_hash.hex(), "expires_at": format_instant(row.expires_at)}
    _record(session, by, station, "station.code_issued", data)
    return code, row


def enrol_with_code(session: Session, code: str, public_key: PublicKey, now: datetime) -> tuple[Station, StationKey]:
    """The station of that code goes by this key from now on; whatever it went by before counts no more.

    The same code with the same key again, because the answer was lost, gives the same answer and changes nothing.
    Raises StationCodeRefused for any other code that does not count, and StationKeyTaken.
    """
    row = session.scalars(select(StationCode).where(StationCode.code_hash == hash_code(code))).first()
    if row is None:
        raise StationCodeRefused
    station = lock_station(session, row.station_id)
    session.refresh(row)
    if station.revoked_at is not None:
        raise StationCodeRefused
    key = live_key(session, station.id)
    if row.used_at is not None and key is not None and key.id == public_key.key_id:
        return station, key
    if row.used_at is not None or row.expires_at <= now:
        raise StationCodeRefused
    if session.get(StationKey, public_key.key_id) is not None:
        raise StationKeyTaken(public_key.key_id)
    by = Actor.station(station.id)
    end_credentials(session, by, station, now)
    row.used_at = now
    _record(session, by, station, "station.code_used", {"code_id": str(row.id)})
    return station, record_key(session, by, station, public_key)


def _unused(station_id: uuid.UUID) -> Select[StationCode]:
    return select(StationCode).where(StationCode.station_id == station_id, StationCode.used_at.is_(None))


def _record(session: Session, by: Actor, station: Station, action: str, data: dict[str, str]) -> None:
    record_change(session, by, Change(action, "station", str(station.id), station.unit_id, data))
