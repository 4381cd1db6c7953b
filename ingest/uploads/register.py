"""Uploads in the catalog: each change is one statement with its ledger entry, for as many as come at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ingest.stations.credential import PresentedCredential, hash_station_token
from ingest.uploads import statements
from ingest.uploads.contract import (
    GIBIBYTE,
    Admitted,
    Asked,
    Opening,
    StationIdentity,
    UploadRecord,
    UploadRegister,
)
from ingest.uploads.errors import (
    CredentialRefused,
    QuotaExceeded,
    RegisterUnavailable,
    TooLong,
    TooManyUploads,
    UploadRefused,
)
from ingest.uploads.metadata import UploadClaims
from integrity.ledger_entry import LedgerEntry
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.ledger.append import Actor, Change, make_entry

_NOBODY = b""


@dataclass(frozen=True)
class StationDefaults:
    """Limits of a station that has none of its own."""

    max_uploads: int = 64
    max_waiting_bytes: int = 16 * GIBIBYTE


class CatalogRegister(UploadRegister):
    """The UploadRegister (contract.py) of a real archive."""

    def __init__(self, database: Database, defaults: StationDefaults | None = None) -> None:
        self._database = database
        self._defaults = defaults or StationDefaults()

    def authenticate(self, presented: PresentedCredential, *, again: bool = False) -> StationIdentity:
        (found,) = self.admit([Asked(presented)])
        if isinstance(found, UploadRefused):
            raise found
        return found.station

    def admit(self, asked: Sequence[Asked]) -> Sequence[Admitted | UploadRefused]:
        tokens = [one.presented.bearer_token for one in asked]
        hashes = [_NOBODY if token is None else hash_station_token(token) for token in tokens]
        rows = self._run(statements.ADMIT, (hashes, [one.upload_id for one in asked]))
        return [self._admitted(row, token) for row, token in zip(rows, tokens, strict=True)]

    def open_uploads(self, openings: Sequence[Opening]) -> Sequence[UploadRefused | None]:
        outcomes: dict[str, UploadRefused | None] = {
            one.upload_id: TooLong(one.station.max_waiting_bytes)
            for one in openings
            if one.declared_length > one.station.max_waiting_bytes
        }
        possible = [one for one in openings if one.upload_id not in outcomes]
        opened = self._open(possible) if possible else set()
        for one in possible:
            outcomes[one.upload_id] = None if one.upload_id in opened else self._open_alone(one)
        return [outcomes[one.upload_id] for one in openings]

    def open_upload(self, opening: Opening) -> None:
        """One alone. Raises what `open_uploads` returns."""
        (refused,) = self.open_uploads([opening])
        if refused is not None:
            raise refused

    def find_upload(self, upload_id: str) -> UploadRecord | None:
        with _translated(), self._database.reading() as session:
            row = session.get(Upload, upload_id)
        return None if row is None else _record_of(row)

    def finish_uploads(self, records: Sequence[UploadRecord]) -> Sequence[bool]:
        return self._end(records, "finished")

    def terminate_upload(self, record: UploadRecord) -> bool:
        return self._end([record], "terminated")[0]

    def expire_upload(self, record: UploadRecord) -> bool:
        return self._end([record], "expired", Actor.system("housekeeping"))[0]

    def list_open(self) -> Iterator[UploadRecord]:
        with _translated(), self._database.reading() as session:
            rows = session.scalars(select(Upload).where(Upload.state == "open").order_by(Upload.created_at)).all()
        return map(_record_of, rows)

    def _run(self, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
        with _translated(), self._database.direct() as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def _open(self, openings: Sequence[Opening]) -> set[str]:
        """The ids of those that are open now: for each station all that it asked for, or none."""
        entries = [_entry_of_opening(one) for one in openings]
        parameters = {
            "ids": [one.upload_id for one in openings],
            "stations": [one.station.station_id for one in openings],
            "units": [one.station.unit_id for one in openings],
            "lengths": [one.declared_length for one in openings],
            "claims": [json.dumps(one.claims.to_json()) for one in openings],
            "expiries": [one.expires_at for one in openings],
            "most_uploads": [one.station.max_uploads for one in openings],
            "most_bytes": [one.station.max_waiting_bytes for one in openings],
            **_entry_columns(entries),
        }
        written = {row[0] for row in self._run(statements.OPEN, parameters)}
        return {one.upload_id for one, entry in zip(openings, entries, strict=True) if entry.id in written}

    def _open_alone(self, opening: Opening) -> UploadRefused | None:
        if self._open([opening]):
            return None
        station = opening.station
        rows = self._run(statements.LOAD, (station.station_id,))
        if not rows or rows[0][0]:
            return CredentialRefused("revoked meanwhile")
        if rows[0][1] >= station.max_uploads:
            return TooManyUploads(station.max_uploads)
        return QuotaExceeded(station.max_waiting_bytes, rows[0][2])

    def _end(self, records: Sequence[UploadRecord], state: str, actor: Actor | None = None) -> list[bool]:
        action = f"upload.{state}"
        entries = [
            make_entry(
                actor or Actor.station(record.station_id), Change(action, "upload", record.upload_id, record.unit_id)
            )
            for record in records
        ]
        parameters = {
            "ids": [record.upload_id for record in records],
            "stations": [record.station_id for record in records],
            "units": [record.unit_id for record in records],
            "state": state,
            "action": action,
            **_entry_columns(entries),
        }
        written = {row[0] for row in self._run(statements.END, parameters)}
        return [entry.id in written for entry in entries]

    def _admitted(self, row: tuple[Any, ...], token: str | None) -> Admitted | UploadRefused:
        station_id, unit_id, max_uploads, max_waiting_bytes, revoked_at, upload_id, *rest = row
        if token is None:
            return CredentialRefused("no Authorization: Bearer header")
        if station_id is None:
            return CredentialRefused("unknown")
        if revoked_at is not None:
            return CredentialRefused(f"station {station_id} was revoked at {revoked_at.isoformat()}")
        return Admitted(
            self._identity(station_id, unit_id, max_uploads, max_waiting_bytes),
            None if upload_id is None else _record(upload_id, *rest),
        )

    def _identity(
        self, station_id: UUID, unit_id: UUID, max_uploads: int | None, max_waiting_bytes: int | None
    ) -> StationIdentity:
        defaults = self._defaults
        return StationIdentity(
            station_id=station_id,
            unit_id=unit_id,
            max_uploads=defaults.max_uploads if max_uploads is None else max_uploads,
            max_waiting_bytes=defaults.max_waiting_bytes if max_waiting_bytes is None else max_waiting_bytes,
        )


def _entry_of_opening(opening: Opening) -> LedgerEntry:
    claimed = {"claimed_sha256": opening.claims.sha256} if opening.claims.sha256 else {}
    data = {"declared_length": opening.declared_length, **claimed}
    station = opening.station
    change = Change("upload.created", "upload", opening.upload_id, station.unit_id, data)
    return make_entry(Actor.station(station.station_id), change)


def _entry_columns(entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    return {
        "entry_ids": [entry.id for entry in entries],
        "entries": [entry.to_bytes() for entry in entries],
        "instants": [entry.occurred_at for entry in entries],
    }


def _record_of(row: Upload) -> UploadRecord:
    return _record(row.id, row.station_id, row.unit_id, row.declared_length, row.claims, row.state, row.expires_at)


def _record(
    upload_id: str, station_id: UUID, unit_id: UUID, declared_length: int, claims: Any, state: str, expires_at: Any
) -> UploadRecord:
    return UploadRecord(
        upload_id, station_id, unit_id, declared_length, UploadClaims.from_json(claims), state, expires_at
    )


@contextmanager
def _translated() -> Iterator[None]:
    """A catalog that is down, restarting or overrun is no fault of the upload's; anything else is a bug and goes on."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise RegisterUnavailable(type(error).__name__) from error
