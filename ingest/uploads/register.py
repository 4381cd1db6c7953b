"""Uploads in the catalog: each change is one transaction with its ledger entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ingest.stations.credential import PresentedCredential, hash_station_token
from ingest.uploads.contract import GIBIBYTE, StationIdentity, UploadRecord
from ingest.uploads.errors import CredentialRefused, QuotaExceeded, RegisterUnavailable, TooLong, TooManyUploads
from ingest.uploads.metadata import UploadClaims
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change

_WAITING_STATES = ("open", "finished")


@dataclass(frozen=True)
class StationDefaults:
    """Limits of a station that has none of its own."""

    max_uploads: int = 64
    max_waiting_bytes: int = 16 * GIBIBYTE


class CatalogRegister:
    """The UploadRegister (contract.py) of a real archive."""

    def __init__(self, database: Database, defaults: StationDefaults | None = None) -> None:
        self._database = database
        self._defaults = defaults or StationDefaults()

    def authenticate(self, presented: PresentedCredential, *, again: bool = False) -> StationIdentity:
        token = presented.bearer_token
        if token is None:
            raise CredentialRefused("no Authorization: Bearer header")
        with _translated(), self._database.reading() as session:
            station = session.scalar(select(Station).where(Station.token_hash == hash_station_token(token)))
        if station is None:
            raise CredentialRefused("unknown")
        if station.revoked_at is not None:
            raise CredentialRefused(f"station {station.id} was revoked at {station.revoked_at.isoformat()}")
        return self._identity(station)

    def open_upload(
        self,
        station: StationIdentity,
        upload_id: str,
        declared_length: int,
        claims: UploadClaims,
        expires_at: datetime,
    ) -> None:
        if declared_length > station.max_waiting_bytes:
            raise TooLong(station.max_waiting_bytes)
        with _translated(), self._database.transaction() as session:
            self._reserve(session, station, declared_length)
            session.execute(
                insert(Upload).values(
                    id=upload_id,
                    station_id=station.station_id,
                    unit_id=station.unit_id,
                    declared_length=declared_length,
                    claims=claims.to_json(),
                    expires_at=expires_at,
                )
            )
            claimed = {"claimed_sha256": claims.sha256} if claims.sha256 else {}
            data = {"declared_length": declared_length, **claimed}
            _record(session, "upload.created", upload_id, station.unit_id, Actor.station(station.station_id), data)

    def find_upload(self, upload_id: str) -> UploadRecord | None:
        with _translated(), self._database.reading() as session:
            row = session.get(Upload, upload_id)
        return None if row is None else _record_of(row)

    def finish_upload(self, upload_id: str) -> bool:
        return self._leave_open(upload_id, "finished", finished_at=datetime.now(UTC))

    def terminate_upload(self, upload_id: str) -> bool:
        return self._leave_open(upload_id, "terminated")

    def expire_upload(self, upload_id: str) -> bool:
        return self._leave_open(upload_id, "expired", actor=Actor.system("housekeeping"))

    def list_open(self) -> Iterator[UploadRecord]:
        with _translated(), self._database.reading() as session:
            rows = session.scalars(select(Upload).where(Upload.state == "open").order_by(Upload.created_at)).all()
        return map(_record_of, rows)

    def _reserve(self, session: Session, station: StationIdentity, declared_length: int) -> None:
        """The station's row is locked to the end of the transaction, so no two creations count the same room."""
        usable = select(Station.id).where(Station.id == station.station_id, Station.revoked_at.is_(None))
        if session.scalar(usable.with_for_update(key_share=True)) is None:
            raise CredentialRefused("revoked meanwhile")
        waiting_bytes, open_uploads = session.execute(
            select(
                func.coalesce(func.sum(Upload.declared_length), 0),
                func.count().filter(Upload.state == "open"),
            ).where(Upload.station_id == station.station_id, Upload.state.in_(_WAITING_STATES))
        ).one()
        if open_uploads >= station.max_uploads:
            raise TooManyUploads(station.max_uploads)
        if waiting_bytes + declared_length > station.max_waiting_bytes:
            raise QuotaExceeded(station.max_waiting_bytes, int(waiting_bytes))

    def _leave_open(self, upload_id: str, state: str, actor: Actor | None = None, **values: datetime) -> bool:
        with _translated(), self._database.transaction() as session:
            left = session.execute(
                update(Upload)
                .where(Upload.id == upload_id, Upload.state == "open")
                .values(state=state, **values)
                .returning(Upload.station_id, Upload.unit_id)
            ).one_or_none()
            if left is None:
                return False
            _record(session, f"upload.{state}", upload_id, left.unit_id, actor or Actor.station(left.station_id))
        return True

    def _identity(self, station: Station) -> StationIdentity:
        defaults = self._defaults
        return StationIdentity(
            station_id=station.id,
            unit_id=station.unit_id,
            max_uploads=defaults.max_uploads if station.max_uploads is None else station.max_uploads,
            max_waiting_bytes=(
                defaults.max_waiting_bytes if station.max_waiting_bytes is None else station.max_waiting_bytes
            ),
        )


def _record(
    session: Session,
    action: str,
    upload_id: str,
    unit_id: UUID,
    actor: Actor,
    data: dict[str, Any] | None = None,
) -> None:
    record_change(session, actor, Change(action, "upload", upload_id, unit_id, data or {}))


def _record_of(row: Upload) -> UploadRecord:
    return UploadRecord(
        upload_id=row.id,
        station_id=row.station_id,
        declared_length=row.declared_length,
        claims=UploadClaims.from_json(row.claims),
        state=row.state,
        expires_at=row.expires_at,
    )


@contextmanager
def _translated() -> Iterator[None]:
    """A catalog that is down, restarting or overrun is no fault of the upload's; anything else is a bug and goes on."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise RegisterUnavailable(type(error).__name__) from error
