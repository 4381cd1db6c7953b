"""Which uploads are due, and who has claimed them. The database knows; a broker's message is only a wake-up."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, select, update

from ingest.errors import CustodyStopped
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change

log = structlog.get_logger()

LEASE = timedelta(seconds=20)
"""A worker that dies leaves its claim to run out this long after its last renewal."""
RENEWALS_PER_LEASE = 4
LONGEST_BACKOFF = timedelta(minutes=5)
CUSTODY = Actor.system("custody")


@dataclass(frozen=True)
class DueUpload:
    """A claimed upload. `claims` is what the station said and is believed in nothing."""

    id: str
    unit_id: uuid.UUID
    station_id: uuid.UUID
    declared_length: int
    state: str
    claims: Mapping[str, Any]
    finished_at: datetime
    attempts: int

    @property
    def filename(self) -> str:
        return str(self.claims.get("filename", "")) or self.id


def claim_due_upload(database: Database, worker: str) -> DueUpload | None:
    """Claim the upload that has been waiting longest, for one lease; None when nothing is due.

    Two workers never claim the same one: the row is locked while the claim is written, and skipped if locked already.
    """
    with database.transaction() as session:
        row = session.scalars(
            select(Upload)
            .where(
                Upload.state.in_(("finished", "sealed")),
                or_(Upload.claimed_until.is_(None), Upload.claimed_until < func.now()),
            )
            .order_by(Upload.finished_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if row is None or row.finished_at is None:
            return None
        row.claimed_by, row.attempts = worker, row.attempts + 1
        row.claimed_until = session.scalars(select(func.now() + LEASE)).one()
        return DueUpload(
            id=row.id,
            unit_id=row.unit_id,
            station_id=row.station_id,
            declared_length=row.declared_length,
            state=row.state,
            claims=row.claims,
            finished_at=row.finished_at,
            attempts=row.attempts,
        )


@contextmanager
def renewed_claim(database: Database, upload: DueUpload, worker: str) -> Iterator[None]:
    """Renew the claim in the background for as long as the block runs."""
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(LEASE.total_seconds() / RENEWALS_PER_LEASE):
            try:
                _extend_claim(database, upload.id, worker)
            except Exception as error:  # the database is away: sealing goes on, a repeat would make the same bytes
                log.warning("claim.not_renewed", upload=upload.id, error=type(error).__name__)

    renewer = threading.Thread(target=renew, name="claim-renewal", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        stop.set()
        renewer.join()


def _extend_claim(database: Database, upload_id: str, worker: str) -> None:
    with database.transaction() as session:
        session.execute(
            update(Upload)
            .where(Upload.id == upload_id, Upload.claimed_by == worker)
            .values(claimed_until=func.now() + LEASE)
        )


def put_off(database: Database, upload: DueUpload, worker: str, reason: str) -> None:
    """Give the claim back so that the upload is tried again, later each time it fails."""
    backoff = min(timedelta(seconds=2 ** min(upload.attempts, 10)), LONGEST_BACKOFF)
    log.warning("upload.put_off", upload=upload.id, attempts=upload.attempts, reason=reason)
    with database.transaction() as session:
        session.execute(
            update(Upload)
            .where(Upload.id == upload.id, Upload.claimed_by == worker)
            .values(claimed_by=None, claimed_until=func.now() + backoff, failure_detail=reason)
        )


def stop_upload(database: Database, upload: DueUpload, error: CustodyStopped) -> None:
    """Take an upload off the list for good, with its reason: a person must look. Its staged bytes stay."""
    code = type(error).__name__
    log.error("upload.stopped", upload=upload.id, code=code)
    with database.transaction() as session:
        stopped = session.scalars(
            update(Upload)
            .where(Upload.id == upload.id, Upload.state == "finished")
            .values(state="failed", failure_code=code, failure_detail=str(error), claimed_by=None, claimed_until=None)
            .returning(Upload.id)
        ).first()
        if stopped is not None:
            change = Change("upload.failed", "upload", upload.id, upload.unit_id, {"code": code})
            record_change(session, CUSTODY, change)
