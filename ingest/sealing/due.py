"""Which uploads are due, and who has leased them. The database knows; a broker's message is only a wake-up."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import structlog
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Uuid,
    all_,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from ingest.lease import Lease, given_back, is_free, longer_each_time, taken_by
from ingest.sealing.errors import AttemptHeldElsewhere, CustodyStopped
from ingest.sealing.fair_share import Order
from storage.catalog.stations import Station
from storage.catalog.uploads import LARGE_UPLOAD, OWED_RECEIPT, Upload
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change

log = structlog.get_logger()

LONGEST_BACKOFF = timedelta(minutes=5)
CUSTODY = Actor.system("custody")
ANY_ORDER = Order()
_DUE = (Upload.state.in_(OWED_RECEIPT), Upload.finished_at.is_not(None), is_free(Upload))


class Size(Enum):
    """Of which a lane takes the next upload."""

    ANY = "any"
    SMALL = "small"
    LARGE = "large"

    @property
    def is_met(self) -> ColumnElement[bool]:
        # As words, not as a parameter: only so is the index over the large ones seen to serve.
        limit = literal_column(str(LARGE_UPLOAD), BigInteger)
        if self is Size.ANY:
            return true()
        return Upload.declared_length < limit if self is Size.SMALL else Upload.declared_length >= limit


@dataclass(frozen=True)
class DueUpload:
    """An upload that `worker` has leased, as its row was then. `claims` is what the station said and is believed in
    nothing."""

    id: str
    unit_id: uuid.UUID
    station_id: uuid.UUID
    declared_length: int
    state: str
    claims: Mapping[str, Any]
    finished_at: datetime
    attempts: int
    worker: str

    @property
    def filename(self) -> str:
        return str(self.claims.get("filename", "")) or self.id

    @property
    def is_large(self) -> bool:
        return self.declared_length >= LARGE_UPLOAD

    @property
    def was_sealed_before(self) -> bool:
        """Whether an earlier run got as far as the recording's row: then only the lock and the receipt are owed."""
        return self.state == "sealed"

    @property
    def lease(self) -> Lease[Upload]:
        return Lease(Upload, Upload.id == self.id, self.worker, f"upload {self.id}")


def lease_due_upload(
    database: Database, worker: str, size: Size = Size.ANY, order: Order = ANY_ORDER, node: str = ""
) -> DueUpload | None:
    """Lease an upload of `node` and of that size: of the station whose turn it is by `order`, what its recorder marked
    as evidence, then the oldest.

    None when nothing is due for a station that may have a lane. Two workers never lease the same one: the row is locked
    while the lease is written, and whoever comes second looks again.
    """
    others: list[str] = []
    while True:
        with database.transaction() as session:
            upload_id = session.scalar(_next_due(node, size, order, others))
            if upload_id is None:
                return None
            wanted = select(Upload).where(Upload.id == upload_id, *_DUE).with_for_update(skip_locked=True)
            row = session.scalars(wanted).first()
            if row is not None:
                return _leased(session, row, worker)
            others.append(upload_id)


def _next_due(node: str, size: Size, order: Order, others: Sequence[str]) -> Select[str]:
    """One look at the index for each station: what it has waiting, here or elsewhere, costs nobody else anything."""
    theirs = (Upload.station_id == Station.id, Upload.node == node, *_DUE)
    first = (
        select(Upload.id, Upload.finished_at)
        .where(*theirs, Upload.id.not_in(others), size.is_met)
        .order_by(Upload.claims["marked"].astext, Upload.finished_at)
        .limit(1)
        .lateral("first")
    )
    full, behind, short = (cast(list(each), ARRAY(Uuid)) for each in (order.full, order.behind, order.one_short))
    place = func.coalesce(func.array_position(behind, Station.id), 0)
    statement = select(first.c.id).select_from(Station).join(first, true()).where(Station.id != all_(full))
    if size is Size.SMALL and order.one_short:
        a_large_one_waits = select(Upload.id).where(*theirs, Size.LARGE.is_met).correlate(Station).exists()
        statement = statement.where(or_(Station.id != all_(short), ~a_large_one_waits))
    return statement.order_by(place, first.c.finished_at).limit(1)


def _leased(session: Session, row: Upload, worker: str) -> DueUpload:
    row.attempts += 1
    session.execute(update(Upload).where(Upload.id == row.id).values(**taken_by(worker)))
    assert row.finished_at is not None, "what is finished says when"
    return DueUpload(
        id=row.id,
        unit_id=row.unit_id,
        station_id=row.station_id,
        declared_length=row.declared_length,
        state=row.state,
        claims=row.claims,
        finished_at=row.finished_at,
        attempts=row.attempts,
        worker=worker,
    )


def require_lease(session: Session, upload: DueUpload) -> None:
    """Raises AttemptHeldElsewhere when another worker has the upload by now; nobody takes it before the commit."""
    if not upload.lease.is_held(session):
        raise AttemptHeldElsewhere(upload.id)


def put_off(database: Database, upload: DueUpload, reason: str) -> None:
    """Give the lease back so that the upload is tried again, later each time it fails."""
    backoff = longer_each_time(timedelta(seconds=1), upload.attempts, LONGEST_BACKOFF)
    log.warning("upload.put_off", upload=upload.id, attempts=upload.attempts, reason=reason)
    with database.transaction() as session:
        upload.lease.write(session, failure_detail=reason, **given_back(backoff))


def stop_upload(database: Database, upload: DueUpload, error: CustodyStopped) -> None:
    """Take an upload off the list for good, with its reason: a person must look. Its staged bytes stay.

    What is sealed stays sealed, says why it has no receipt, and is looked at again now and then: what its station sends
    anew, or a replica, may have brought its object back. One entry, however often it fails so.
    """
    log.error("upload.stopped", upload=upload.id, code=error.code)
    said = {"failure_code": error.code, "failure_detail": str(error)}
    later, sealed = given_back(LONGEST_BACKOFF), Upload.state == "sealed"
    is_new = Upload.failure_code.is_distinct_from(error.code)
    write = upload.lease.write
    with database.transaction() as session:
        if write(session, Upload.state == "finished", state="failed", **said, **given_back()) or write(
            session, sealed, is_new, **said, **later
        ):
            change = Change("upload.failed", "upload", upload.id, upload.unit_id, {"code": error.code})
            record_change(session, CUSTODY, change)
        else:
            write(session, sealed, **said, **later)
