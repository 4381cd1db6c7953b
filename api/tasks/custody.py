"""The queue `custody`: seal what is due, until nothing is."""

from __future__ import annotations

import os
import socket
from functools import lru_cache

import structlog

from api.archive import Archive
from api.media_tools import media_runner
from api.tasks.app import celery_app, wake, worker_archive
from api.trust_folder import announced_keys, build_timestamp_trust
from ingest.custody import seal_upload
from ingest.errors import CustodyDelayed, CustodyStopped
from ingest.media.probe import probe_media
from ingest.sealing.claims import read_claims
from ingest.sealing.due import lease_due_upload, put_off, stop_upload
from ingest.sealing.parts import Custody
from ingest.uploads.staging import Staging
from integrity.timestamp import TimestampToken, verify_timestamp

log = structlog.get_logger()


def open_custody(archive: Archive) -> Custody:
    """The parts of custody, from those of the archive.

    Raises SandboxUnavailable, ToolMissing, AuthorityUnpinned, and TrustContradiction when the key that would sign is
    not the one announced last.
    """
    runner = media_runner(archive.settings)
    staging = Staging(archive.staging_folder)
    trust = build_timestamp_trust(archive)
    epoch = announced_keys(archive, "manifest")[-1].epoch

    def request_verified_token(data: bytes) -> TimestampToken:
        """A token is stored only when it holds against what verifiers pin; else nobody could use it later."""
        token = archive.request_token(data)
        return verify_timestamp(token.der, data, trust)

    return Custody(
        database=archive.database,
        store=archive.store,
        key_store=archive.key_store,
        ledger=archive.ledger,
        manifest_key=archive.keyring.signing_key("manifest"),
        manifest_epoch=epoch,
        receipt_key=archive.keyring.signing_key("receipt"),
        staged_path=staging.bytes_path,
        probe=lambda path: probe_media(path, runner),
        read_claims=lambda upload, findings: read_claims(upload.claims, findings, names=archive.settings.name_patterns),
        request_token=request_verified_token,
    )


@lru_cache(maxsize=1)
def worker_custody() -> Custody:
    return open_custody(worker_archive())


@celery_app.task(name="custody.seal_due")  # type: ignore[untyped-decorator]
def seal_due() -> None:
    """Seal until nothing is due. Doing it again, or twice at once, seals nothing twice."""
    custody, worker = worker_custody(), f"{socket.gethostname()}:{os.getpid()}"
    staging = Staging(worker_archive().staging_folder)
    while seal_next(custody, staging, worker):
        wake("media.render_due")
        wake("housekeeping.link_new")


def seal_next(custody: Custody, staging: Staging, worker: str) -> bool:
    """Seal the upload that waited longest. False when none is due."""
    upload = lease_due_upload(custody.database, worker)
    if upload is None:
        return False
    try:
        with upload.lease.renewed(custody.database):
            seal_upload(upload, custody)
    except CustodyStopped as error:
        stop_upload(custody.database, upload, error)
    except CustodyDelayed as error:
        put_off(custody.database, upload, str(error))
    except Exception as error:
        log.exception("custody.failed", upload=upload.id)
        put_off(custody.database, upload, f"{type(error).__name__}: {error}")
    else:
        staging.remove(upload.id)
    return True
