"""What `liuhen admin station` does: docking stations are enrolled, listed and revoked."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.cli.admin_people import OPERATOR, ROW_LIMIT, Facts, unit_or_only
from api.errors import UsageRefused
from ingest.stations.enrolment import enrol_station, revoke_station, station_of_token
from integrity.fields import format_instant
from storage.catalog.organisation import Unit
from storage.catalog.stations import Station


def enrol(archive: Archive, session: Session, name: str, unit_code: str | None) -> Facts:
    """A new station and its token, which the facts show this once. Raises StationError."""
    unit = unit_or_only(session, unit_code)
    token = enrol_station(session, OPERATOR, unit.id, name, archive.keyring.public_key("receipt"))
    station = station_of_token(session, token)
    assert station is not None
    return {"token": token, **_facts(station, unit.code)}


def list_stations(session: Session) -> list[Facts]:
    statement = select(Station, Unit.code).join(Unit, Unit.id == Station.unit_id)
    rows = session.execute(statement.order_by(Station.created_at, Station.name).limit(ROW_LIMIT))
    return [_facts(station, code) for station, code in rows]


def revoke(session: Session, name: str) -> Facts:
    """The station's credential counts no more, from its next request on."""
    station = revoke_station(session, OPERATOR, find_station(session, name).id)
    return _facts(station, session.get_one(Unit, station.unit_id).code)


def find_station(session: Session, name: str) -> Station:
    """Raises UsageRefused when there is none."""
    station = session.scalars(select(Station).where(Station.name == name.strip())).first()
    if station is None:
        raise UsageRefused(
            f"没有名为 {name} 的采集工作站；请用 liuhen admin station list 查看",
            f"there is no station called {name}: see liuhen admin station list",
        )
    return station


def _facts(station: Station, unit_code: str) -> Facts:
    revoked_at = station.revoked_at
    return {
        "station_id": str(station.id),
        "name": station.name,
        "unit": unit_code,
        "revoked_at": None if revoked_at is None else format_instant(revoked_at),
    }
