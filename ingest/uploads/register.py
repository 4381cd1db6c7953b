"""Uploads in the catalog: each change is one statement with its ledger entry, for as many as come at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import select, tuple_
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ingest.errors import RequestRefused
from ingest.stations.authentication import Credential, Holder, check_credential, let_in_once, read_credential
from ingest.stations.errors import CredentialRefused, CredentialRevoked
from ingest.uploads import statements
from ingest.uploads.contract import (
    PROMISED_BYTES,
    Admitted,
    Asked,
    Opening,
    StationIdentity,
    UploadRecord,
    UploadRegister,
    nothing,
)
from ingest.uploads.errors import (
    LongerThanQuota,
    QuotaExceeded,
    RegisterUnavailable,
    TooManyTerminated,
    TooManyUploads,
    UploadGone,
)
from ingest.uploads.upload_row import record_of, record_of_row
from integrity.ledger_entry import LedgerEntry
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.ledger.append import Actor, Change, make_entry

_LISTED_AT_ONCE = 1000


@dataclass(frozen=True)
class StationDefaults:
    """Limits of a station that has none of its own."""

    max_uploads: int
    max_waiting_bytes: int
    max_terminated: int = 1000
    """In an hour, of any station: each leaves a row and two entries for good."""


class CatalogRegister(UploadRegister):
    """The UploadRegister (contract.py) of a real archive."""

    def __init__(self, database: Database, defaults: StationDefaults) -> None:
        self._database = database
        self._defaults = defaults

    def admit(self, asked: Sequence[Asked], *, again: bool = False) -> Sequence[Admitted | Exception]:
        credentials = [_credential_of(one) for one in asked]
        shown = [
            Credential(one.presented) if isinstance(credential, Exception) else credential
            for one, credential in zip(asked, credentials, strict=True)
        ]
        parameters = (
            [credential.token_hash for credential in shown],
            [credential.key_id for credential in shown],
            [credential.certificate_sha256 for credential in shown],
            [one.upload_id for one in asked],
        )
        rows, now = self._run(statements.ADMIT, parameters), datetime.now(UTC)
        found = [
            credential if isinstance(credential, Exception) else self._admitted(row, credential, now, again)
            for row, credential in zip(rows, credentials, strict=True)
        ]
        return found if again else self._let_in_once(shown, found)

    async def open_uploads(self, openings: Sequence[Opening]) -> Sequence[UploadRecord | RequestRefused]:
        together = [one for one in openings if _is_possible(one)]
        opened = await self._open_together(together) if together else frozenset()
        if len(opened) == len(openings):
            return [one.record for one in openings]
        return await asyncio.to_thread(self._outcomes, openings, opened)

    def _outcomes(self, openings: Sequence[Opening], opened: Set[str]) -> list[UploadRecord | RequestRefused]:
        """Whoever was not opened together with the others is opened alone, or learns why not."""
        return [one.record if one.upload_id in opened else self._open_alone(one) for one in openings]

    def keep_promises(self) -> None:
        self._run(statements.KEEP_PROMISES, ())

    def find_upload(self, upload_id: str) -> UploadRecord | None:
        with _translated(), self._database.reading() as session:
            row = session.get(Upload, upload_id)
        return None if row is None else record_of_row(row)

    def find_settled(self, upload_id: str) -> UploadRecord | None:
        rows = self._run(statements.SETTLED, ([upload_id],))
        return record_of(rows[0]) if rows else None

    def states_of(self, upload_ids: Sequence[str]) -> Mapping[str, str]:
        return dict(self._run(statements.STATES, (list(upload_ids),)))

    def declare_length(self, record: UploadRecord, station: StationIdentity, length: int) -> None:
        if length > station.max_waiting_bytes:
            raise LongerThanQuota(station.max_waiting_bytes, length)
        change = Change("upload.length_declared", "upload", record.upload_id, record.unit_id, {"length": length})
        entry = make_entry(Actor.station(record.station_id), change)
        parameters = {
            "id": record.upload_id,
            "station": record.station_id,
            "unit": record.unit_id,
            "length": length,
            "most_bytes": station.max_waiting_bytes,
            "entry_id": entry.id,
            "entry": entry.to_bytes(),
            "occurred_at": entry.occurred_at,
        }
        if not self._run(statements.DECLARE, parameters):
            raise self._why_not_declared(record, station, length)

    def _why_not_declared(self, record: UploadRecord, station: StationIdentity, length: int) -> RequestRefused:
        found = self.find_upload(record.upload_id)
        if found is None or not found.is_open or not found.length_is_deferred:
            return UploadGone(record.upload_id, "it ended, or its length was declared, meanwhile")
        ((_, _, waiting_bytes, *_),) = self._load(station)
        return QuotaExceeded(station.max_waiting_bytes, waiting_bytes, length)

    def finish_uploads(
        self, records: Sequence[UploadRecord], meanwhile: Callable[[], None] = nothing
    ) -> Sequence[bool]:
        return self._end(records, "finished", meanwhile=meanwhile)

    def terminate_upload(self, record: UploadRecord) -> bool:
        return self._end([record], "terminated")[0]

    def expire_upload(self, record: UploadRecord) -> bool:
        return self._end([record], "expired", Actor.system("housekeeping"))[0]

    def note_seen(self, record: UploadRecord) -> None:
        self._run(statements.NOTE_SEEN, (record.station_id, record.unit_id, datetime.now(UTC)))

    def list_open(self, node: str, due_by: datetime | None = None) -> Iterator[UploadRecord]:
        wanted = select(Upload).where(Upload.state == "open", Upload.node == node)
        if due_by is not None:
            wanted = wanted.where(Upload.expires_at <= due_by)
        place = tuple_(Upload.created_at, Upload.id)
        portion = wanted.order_by(Upload.created_at, Upload.id).limit(_LISTED_AT_ONCE)
        rows: Sequence[Upload] = ()
        while True:
            after = portion.where(place > (rows[-1].created_at, rows[-1].id)) if rows else portion
            with _translated(), self._database.reading() as session:
                rows = session.scalars(after).all()
            yield from map(record_of_row, rows)
            if len(rows) < _LISTED_AT_ONCE:
                return

    def _run(self, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
        with _translated(), self._database.direct() as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def _write(self, statement: str, *parameters: str | None) -> list[tuple[str | None, ...]]:
        """Beginning with the ids of the entries that were written."""
        with _translated(), self._database.direct() as connection:
            return connection.run(statement, *parameters)

    def _let_in_once(
        self, credentials: Sequence[Credential], found: list[Admitted | Exception]
    ) -> list[Admitted | Exception]:
        """Only what was proved is remembered: nobody else can spend a station's nonces."""
        places = [place for place, one in enumerate(found) if isinstance(one, Admitted)]
        with _translated():
            let_in = let_in_once(self._database, [credentials[place] for place in places])
        for place, is_first in zip(places, let_in, strict=True):
            if not is_first:
                found[place] = CredentialRefused("this signature was let in before")
        return found

    async def _open_together(self, openings: Sequence[Opening]) -> frozenset[str]:
        """The ids of those that are open now: for each station all that it asked for, or none."""
        asked = _AskedToOpen.of(openings, self._defaults.max_terminated)
        statement, parameters = asked.given
        with _translated():
            async with self._database.direct_soon() as connection:
                return asked.opened(await connection.run_soon(statement, *parameters))

    def _open_alone(self, opening: Opening) -> UploadRecord | RequestRefused:
        if not _is_possible(opening):
            return LongerThanQuota(opening.station.max_waiting_bytes, opening.declared_length)
        before = self._opened_before(opening)
        if before is None:
            asked = _AskedToOpen.of([opening], self._defaults.max_terminated)
            statement, parameters = asked.given
            if asked.opened(self._write(statement, *parameters)):
                return opening.record
        return before or self._opened_before(opening) or self._open_where_it_is(opening)

    def _open_where_it_is(self, opening: Opening) -> UploadRecord | RequestRefused:
        """In the unit that the station has gone over to since it was let in, or why not at all."""
        rows = self._load(opening.station)
        if rows and rows[0][3] != opening.station.unit_id:
            return self._open_alone(replace(opening, station=replace(opening.station, unit_id=rows[0][3])))
        return _why_not_opened(opening, rows, self._defaults.max_terminated)

    def _load(self, station: StationIdentity) -> list[tuple[Any, ...]]:
        return self._run(statements.LOAD, (self._defaults.max_terminated, station.station_id))

    def _opened_before(self, opening: Opening) -> UploadRecord | None:
        """What the station's own word for this creation has opened."""
        if opening.creation_key is None:
            return None
        rows = self._run(statements.OPENED_BEFORE, (opening.station.station_id, opening.creation_key))
        return record_of(rows[0]) if rows else None

    def _end(
        self,
        records: Sequence[UploadRecord],
        state: str,
        actor: Actor | None = None,
        meanwhile: Callable[[], None] = nothing,
    ) -> list[bool]:
        """The commit is asked for only when the rows are locked: of a process that was killed no end is still to come
        that whoever asks for the row, with a lock, could overtake.
        """
        action = f"upload.{state}"
        entries = [
            make_entry(
                actor or Actor.station(record.station_id), Change(action, "upload", record.upload_id, record.unit_id)
            )
            for record in records
        ]
        rows = [
            {
                "id": record.upload_id,
                "station_id": str(record.station_id),
                "unit_id": str(record.unit_id),
                "node": record.node,
                **_entry_columns(entry),
            }
            for record, entry in zip(records, entries, strict=True)
        ]
        statement, parameters = statements.END.given(rows, state, action)
        with _translated(), self._database.direct() as connection:
            ended = connection.run_beside(meanwhile, statement, *parameters)
        written = {entry_id for entry_id, *_ in ended}
        return [str(entry.id) in written for entry in entries]

    def _admitted(
        self, row: tuple[Any, ...], credential: Credential, now: datetime, again: bool
    ) -> Admitted | Exception:
        station_id, unit_id, revoked_at, certificate, public_key, max_uploads, max_waiting_bytes, *upload = row
        holder = None
        if station_id is not None:
            holder = Holder(station_id, unit_id, revoked_at, certificate, public_key)
        try:
            check_credential(credential, holder, now, again=again)
            return Admitted(
                self._identity(station_id, unit_id, max_uploads, max_waiting_bytes),
                None if upload[0] is None else record_of(upload),
            )
        except Exception as error:  # whatever it is, it is this request's, not that of all who asked with it
            return error

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


@dataclass(frozen=True)
class _AskedToOpen:
    """What the statement is given, and whose each entry is that it gives back."""

    given: tuple[str, tuple[str | None, ...]]
    upload_by_entry: Mapping[str, str]

    @classmethod
    def of(cls, openings: Sequence[Opening], max_terminated: int) -> _AskedToOpen:
        entries = [_entry_of_opening(one) for one in openings]
        rows = [_row_of_opening(one, entry) for one, entry in zip(openings, entries, strict=True)]
        are_promises = all(one.declared_length <= PROMISED_BYTES and not one.length_is_deferred for one in openings)
        by_entry = {str(entry.id): one.upload_id for one, entry in zip(openings, entries, strict=True)}
        return cls(statements.OPEN.given(rows, str(are_promises), str(max_terminated)), by_entry)

    def opened(self, rows: Sequence[tuple[str | None, ...]]) -> frozenset[str]:
        return frozenset(self.upload_by_entry[entry_id] for entry_id, *_ in rows if entry_id is not None)


def _is_possible(opening: Opening) -> bool:
    return opening.declared_length <= opening.station.max_waiting_bytes


def _why_not_opened(opening: Opening, load: Sequence[tuple[Any, ...]], max_terminated: int) -> RequestRefused:
    if not load or load[0][0]:
        return CredentialRevoked(opening.station.station_id)
    station = opening.station
    _, open_uploads, waiting_bytes, _, seconds, terminated = load[0]
    if open_uploads >= station.max_uploads:
        return TooManyUploads(station.max_uploads, open_uploads)
    if seconds is not None and seconds > 0:
        return TooManyTerminated(max_terminated, terminated, seconds)
    return QuotaExceeded(station.max_waiting_bytes, waiting_bytes, opening.declared_length)


def _credential_of(asked: Asked) -> Credential | Exception:
    """Anybody can send anything: what goes wrong with one request is answered to it alone."""
    try:
        return read_credential(asked.presented)
    except Exception as error:
        return error


def _entry_of_opening(opening: Opening) -> LedgerEntry:
    claimed = {"claimed_sha256": opening.claims.sha256} if opening.claims.sha256 else {}
    length = "reserved_length" if opening.length_is_deferred else "declared_length"
    data = {length: opening.declared_length, **claimed}
    station = opening.station
    change = Change("upload.created", "upload", opening.upload_id, station.unit_id, data)
    return make_entry(Actor.station(station.station_id), change)


def _row_of_opening(opening: Opening, entry: LedgerEntry) -> dict[str, Any]:
    station = opening.station
    return {
        "id": opening.upload_id,
        "station_id": str(station.station_id),
        "unit_id": str(station.unit_id),
        "declared_length": opening.declared_length,
        "length_deferred": opening.length_is_deferred,
        "claims": opening.claims.to_json(),
        "expires_at": opening.expires_at.isoformat(),
        "expires_at_latest": None if opening.expires_at_latest is None else opening.expires_at_latest.isoformat(),
        "creation_key": opening.creation_key,
        "node": opening.node,
        "most_uploads": station.max_uploads,
        "most_bytes": station.max_waiting_bytes,
        **_entry_columns(entry),
    }


def _entry_columns(entry: LedgerEntry) -> dict[str, str]:
    occurred_at = entry.occurred_at.isoformat()
    return {"entry_id": str(entry.id), "entry": entry.to_bytes().decode(), "occurred_at": occurred_at}


@contextmanager
def _translated() -> Iterator[None]:
    """A catalog that is down, restarting or overrun is no fault of the upload's; anything else is a bug and goes on."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise RegisterUnavailable(type(error).__name__) from error
