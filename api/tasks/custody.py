"""The queue `custody`: seal what is due, until nothing is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import structlog

from api.archive import Archive
from api.media_tools import media_runner
from api.tasks.app import Waker, celery_app, worker_archive
from api.trust_folder import announced_keys, build_timestamp_trust
from ingest.custody import seal_upload
from ingest.errors import CustodyDelayed, CustodyStopped
from ingest.lease import name_worker
from ingest.media.probe import probe_media
from ingest.sealing.claims import read_claims
from ingest.sealing.due import lease_due_upload, put_off, stop_upload
from ingest.sealing.parts import Custody
from ingest.uploads.staging import Staging

log = structlog.get_logger()

SMALL_BYTES = 4 << 20
SMALL_LANES = 3
LOOK_AGAIN_SECONDS = 0.2

_render, _link = Waker("media.render_due"), Waker("housekeeping.link_new")


def open_custody(archive: Archive) -> Custody:
    """The parts of custody, from those of the archive.

    Raises SandboxUnavailable, ToolMissing, AuthorityUnpinned, and TrustContradiction when the key that would sign is
    not the one announced last.
    """
    runner = media_runner(archive.settings)
    staging = Staging(archive.staging_folder)
    epoch = announced_keys(archive, "manifest")[-1].epoch

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
        request_token=archive.request_token,
        timestamp_trust=build_timestamp_trust(archive),
    )


@lru_cache(maxsize=1)
def worker_custody() -> Custody:
    return open_custody(worker_archive())


@celery_app.task(name="custody.seal_due")  # type: ignore[untyped-decorator]
def seal_due() -> None:
    """Seal until nothing is due. Doing it again, or twice at once, seals nothing twice."""
    seal_all_due(worker_custody(), Staging(worker_archive().staging_folder), name_worker(), _wake_those_after)


def seal_all_due(
    custody: Custody, staging: Staging, worker: str, on_sealed: Callable[[], None], small_lanes: int = SMALL_LANES
) -> None:
    """One upload after the other, and small ones beside them, until nothing is due.

    A small file costs little work and much waiting: for tools to start, for disks, for a checkpoint. So several of
    them are under way at once, and none waits for a large one to be through.
    """
    done = threading.Event()

    def seal_small(lane: str) -> None:
        while not done.is_set():
            if look_once(lane):
                on_sealed()
            else:
                done.wait(LOOK_AGAIN_SECONDS)

    def look_once(lane: str) -> bool:
        """A database that is away for a moment ends no lane: a large file may be hours from its end."""
        try:
            return seal_next(custody, staging, lane, SMALL_BYTES)
        except Exception:
            log.exception("custody.lane_failed", lane=lane)
            return False

    with ThreadPoolExecutor(max(small_lanes, 1), "seal-small") as pool:
        lanes = [pool.submit(seal_small, f"{worker}/{number}") for number in range(small_lanes)]
        try:
            while seal_next(custody, staging, worker):
                on_sealed()
        finally:
            done.set()
        for lane in lanes:
            lane.result()


def _wake_those_after() -> None:
    _render.wake()
    _link.wake()


def seal_next(custody: Custody, staging: Staging, worker: str, at_most_bytes: int | None = None) -> bool:
    """Seal the upload that waited longest, of those that are not larger. False when none is due."""
    upload = lease_due_upload(custody.database, worker, at_most_bytes)
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
