"""Enrolling docking stations, and taking their credential away."""

from __future__ import annotations

import base64
import secrets
import uuid

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest.stations.credential import hash_station_token
from ingest.stations.errors import StationNameTaken, StationNameUnusable, StationRevoked, StationUnknown
from integrity.keys import PublicKey
from retention.wording import find_problem, tidy
from storage.catalog.stations import Station
from storage.ledger.append import Actor, Change, record_change

SECRET_BYTES = 32
LONGEST_NAME = 200


def enrol_station(session: Session, by: Actor, unit_id: uuid.UUID, name: str, receipt_key: PublicKey) -> str:
    """A new station of the unit; returns its token, which is kept nowhere and can be shown only now.

    Raises StationNameTaken, StationNameUnusable.
    """
    token = make_station_token(receipt_key)
    token_hash = hash_station_token(token)
    station = name_station(session, Station(id=uuid.uuid4(), unit_id=unit_id, name=name, token_hash=token_hash))
    data, private = {"receipt_key": receipt_key.key_id, "token_hash": token_hash.hex()}, {"name": station.name}
    record_change(session, by, Change("station.enrolled", "station", str(station.id), unit_id, data, private))
    return token


def make_station_token(receipt_key: PublicKey) -> str:
    """A random bearer token. It carries the fingerprint of the key that signs receipts, so that the station can tell
    a true one from a forged one (ingest/dock/token.py)."""
    return f"lhs1.{_base64url(secrets.token_bytes(SECRET_BYTES))}.{_base64url(bytes.fromhex(receipt_key.key_id))}"


def name_station(session: Session, station: Station) -> Station:
    """Add a new row under a name that nobody else has. Raises StationNameTaken, StationNameUnusable."""
    station.name = _usable_name(station.name)
    try:
        with session.begin_nested():
            session.add(station)
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise StationNameTaken(station.name) from error
        raise
    return station


def revoke_station(session: Session, by: Actor, station_id: uuid.UUID) -> Station:
    """No further upload from it, from its next request on. What it has sent stays, and goes on to be sealed.

    Raises StationUnknown, StationRevoked.
    """
    station = require_live(lock_station(session, station_id))
    entry = record_change(session, by, Change("station.revoked", "station", str(station_id), station.unit_id))
    station.revoked_at = entry.occurred_at
    session.flush()
    return station


def lock_station(session: Session, station_id: uuid.UUID) -> Station:
    """The row as it is now, to the end of the transaction nobody else's to change. Raises StationUnknown."""
    statement = select(Station).where(Station.id == station_id).with_for_update(key_share=True)
    station = session.scalars(statement.execution_options(populate_existing=True)).first()
    if station is None:
        raise StationUnknown(station_id)
    return station


def require_live(station: Station) -> Station:
    """Raises StationRevoked."""
    if station.revoked_at is not None:
        raise StationRevoked(station.id, station.revoked_at)
    return station


def station_of_token(session: Session, token: str) -> Station | None:
    """The station a token belongs to, revoked or not."""
    return session.scalars(select(Station).where(Station.token_hash == hash_station_token(token))).first()


def _usable_name(name: str) -> str:
    tidied = tidy(name)
    problem = "has more than one line" if "\n" in tidied or "\t" in tidied else find_problem(tidied, LONGEST_NAME)
    if problem is not None:
        raise StationNameUnusable(problem)
    return tidied


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
