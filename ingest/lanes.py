"""Sealing what is due, one after the other and small files beside a large one; what became of each, noted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

import structlog

from ingest.custody import seal_upload
from ingest.lease import give_back
from ingest.sealing.due import DueUpload, Size, lease_due_upload, put_off, stop_upload
from ingest.sealing.errors import CustodyDelayed, CustodyStopped
from ingest.sealing.fair_share import FairShare
from ingest.sealing.parts import Custody
from ingest.sealing_sign import sealing_shown
from ingest.uploads.staging import Staging

log = structlog.get_logger()

SMALL_LANES = 4
LOOK_AGAIN_SECONDS = 0.2


def seal_all_due(
    custody: Custody,
    staging: Staging,
    worker: str,
    on_sealed: Callable[[], None],
    small_lanes: int = SMALL_LANES,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """One upload after the other, large ones first, and small ones beside them, until nothing is due and nothing under
    way; or until it `is_stopping`: then what is under way is finished, in every lane, and nothing more is begun.

    A small file costs little work and much waiting: for tools to start, for disks, for a checkpoint. So several of
    them are under way at once; none waits for a large one to be through, and no large one for a card full of them that
    came before. A station has all lanes but one at most:
    whatever it sends, another's next file finds one.
    """
    done = threading.Event()
    share = FairShare(most_at_once=max(small_lanes, 1))

    def seal_small(lane: str) -> None:
        while not done.is_set() and not is_stopping():
            if look_once(lane, Size.SMALL):
                on_sealed()
            else:
                done.wait(LOOK_AGAIN_SECONDS)

    def look_once(lane: str, size: Size) -> bool:
        """A database that is away for a moment ends no lane: a large file may be hours from its end in another."""
        try:
            return seal_next(custody, staging, lane, size, share)
        except Exception:
            log.exception("custody.lane_failed", lane=lane)
            return False

    def look_twice() -> bool:
        return look_once(worker, Size.LARGE) or look_once(worker, Size.ANY)

    with ThreadPoolExecutor(max(small_lanes, 1), "seal-small") as pool:
        lanes = [pool.submit(seal_small, f"{worker}/{number}") for number in range(small_lanes)]
        try:
            while not is_stopping() and ((sealed := look_twice()) or share.under_way):
                if sealed:
                    on_sealed()
                else:  # What is left may be a station's that has its share of lanes, or come while they work.
                    done.wait(LOOK_AGAIN_SECONDS)
        finally:
            done.set()
        for lane in lanes:
            lane.result()


def seal_next(
    custody: Custody, staging: Staging, worker: str, size: Size = Size.ANY, share: FairShare | None = None
) -> bool:
    """Seal the next upload of the staging folder's node and of that size, in their turn. False when none is due."""
    share = share or FairShare(most_at_once=1)
    with share.choosing:
        upload = lease_due_upload(custody.database, worker, size, share.order(), staging.node)
        if upload is None:
            return False
        share.begin(upload.station_id, upload.is_large)
    try:
        with structlog.contextvars.bound_contextvars(trace=upload.id):
            _seal(upload, custody, staging)
    finally:
        share.end(upload.station_id, upload.is_large)
    return True


def _seal(upload: DueUpload, custody: Custody, staging: Staging) -> None:
    try:
        with upload.lease.renewed(custody.database), custody.told(upload), _shown(upload, staging):
            issued = seal_upload(upload, custody)
    except CustodyStopped as error:
        stop_upload(custody.database, upload, error)
    except CustodyDelayed as error:
        put_off(custody.database, upload, str(error))
    except Exception as error:
        log.exception("custody.failed")
        put_off(custody.database, upload, f"{type(error).__name__}: {error}")
    except BaseException:  # This worker is ended amid its work.
        give_back(custody.database, upload.lease)
        raise
    else:
        took = (datetime.now(UTC) - upload.finished_at).total_seconds()
        log.info("receipt.issued", recording=str(issued.recording_id), repeat=issued.repeat, seconds=round(took, 3))
        _remove_staged(upload, staging)


def _shown(upload: DueUpload, staging: Staging) -> AbstractContextManager[None]:
    """Uploads give way to large files alone: a small one mostly waits, and a backlog of them may last an hour."""
    return sealing_shown(staging.folder) if upload.is_large else nullcontext()


def _remove_staged(upload: DueUpload, staging: Staging) -> None:
    """It has its receipt, whatever becomes of its staged bytes: what stays of them, the next sweep removes."""
    try:
        staging.remove(upload.id)
    except Exception:
        log.exception("custody.staged_bytes_stay")
