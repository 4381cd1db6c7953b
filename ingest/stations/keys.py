"""A station's credentials over time: replaced, bound, ended. Each change counts from the next request on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest.stations.credential import hash_station_token
from ingest.stations.enrolment import lock_station, make_station_token, require_live
from ingest.stations.errors import CertificateTaken, StationKeyReplaced, StationKeyTaken
from integrity.keys import PublicKey
from storage.catalog.stations import Station, StationKey
from storage.ledger.append import Actor, Change, record_change


def replace_key(
    session: Session, station_id: uuid.UUID, former_key_id: str | None, public_key: PublicKey, now: datetime
) -> StationKey:
    """The station goes by this key instead of the one that signed the request, or instead of its token (None).

    Where it does already, and signed with it, nothing changes.

    Raises StationKeyTaken, StationRevoked, and StationKeyReplaced when somebody was faster.
    """
    station = require_live(lock_station(session, station_id))
    key = live_key(session, station.id)
    if (None if key is None else key.id) != former_key_id:
        raise StationKeyReplaced(station_id)
    if key is not None and key.id == public_key.key_id:
        return key
    if session.get(StationKey, public_key.key_id) is not None:
        raise StationKeyTaken(public_key.key_id)
    by = Actor.station(station.id)
    end_credentials(session, by, station, now)
    return record_key(session, by, station, public_key)


def replace_token(session: Session, by: Actor, station_id: uuid.UUID, receipt_key: PublicKey, now: datetime) -> str:
    """A new bearer token, to be shown now; what the station went by before counts no more.

    Raises StationUnknown, StationRevoked.
    """
    station = require_live(lock_station(session, station_id))
    key = live_key(session, station.id)
    if key is not None:
        _end_key(session, by, station, key, now)
    token = make_station_token(receipt_key)
    station.token_hash = token_hash = hash_station_token(token)
    session.flush()
    data = {"receipt_key": receipt_key.key_id, "token_hash": token_hash.hex()}
    _record(session, by, station, "station.token_replaced", data)
    return token


def bind_certificate(session: Session, by: Actor, station_id: uuid.UUID, sha256: bytes | None) -> Station:
    """From now on the station's requests count only with this client certificate besides its key or token; None: any.

    A station that has neither key nor token goes by the certificate alone.

    Raises StationUnknown, StationRevoked, CertificateTaken.
    """
    station = require_live(lock_station(session, station_id))
    try:
        with session.begin_nested():
            station.certificate_sha256 = sha256
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation) and sha256 is not None:
            raise CertificateTaken(sha256.hex()) from error
        raise
    data = {"certificate_sha256": None if sha256 is None else sha256.hex()}
    _record(session, by, station, "station.certificate_bound", data)
    return station


def live_key(session: Session, station_id: uuid.UUID) -> StationKey | None:
    """The key it goes by, if it goes by one."""
    statement = select(StationKey).where(StationKey.station_id == station_id, StationKey.ended_at.is_(None))
    return session.scalars(statement).first()


def end_credentials(session: Session, by: Actor, station: Station, now: datetime) -> None:
    """Neither its key nor its token counts any more. The caller has locked the station."""
    key = live_key(session, station.id)
    if key is not None:
        _end_key(session, by, station, key, now)
    if station.token_hash is not None:
        station.token_hash = None
        session.flush()
        _record(session, by, station, "station.token_ended", {})


def record_key(session: Session, by: Actor, station: Station, public_key: PublicKey) -> StationKey:
    """The key's row and its entry. Raises StationKeyTaken when another request brought it meanwhile."""
    key = StationKey(
        id=public_key.key_id, unit_id=station.unit_id, station_id=station.id, public_key=public_key.raw, ended_at=None
    )
    try:
        with session.begin_nested():
            session.add(key)
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise StationKeyTaken(public_key.key_id) from error
        raise
    data = {"key_id": key.id, "public_key": public_key.raw.hex()}
    _record(session, by, station, "station.key_enrolled", data)
    return key


def _end_key(session: Session, by: Actor, station: Station, key: StationKey, now: datetime) -> None:
    key.ended_at = now
    session.flush()
    _record(session, by, station, "station.key_ended", {"key_id": key.id})


def _record(session: Session, by: Actor, station: Station, action: str, data: Mapping[str, str | None]) -> None:
    record_change(session, by, Change(action, "station", str(station.id), station.unit_id, data))
