"""The queue `custody`: seal what is due, until nothing is."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from celery.signals import worker_process_shutdown, worker_shutdown

from api.archive import Archive
from api.media_tools import media_runner
from api.succeeding import signer_in_force
from api.tasks.app import celery_app, worker_archive
from api.tasks.stopping import is_stopping
from api.tasks.waking import Waker
from api.tracing.opening import open_spans
from api.trust_folder import announced_keys, build_timestamp_trust
from ingest.lanes import seal_all_due
from ingest.lease import name_worker
from ingest.media.findings import Findings
from ingest.media.probe import PROBE_LIMITS, probe_media
from ingest.media.reader import READING_LIMITS
from ingest.metadata.claims import Claims
from ingest.metadata.registered import registered_in
from ingest.sealing.claims import read_claims
from ingest.sealing.due import DueUpload
from ingest.sealing.fair_share import FairSemaphore
from ingest.sealing.parts import Custody

_CLOSING_SECONDS = 2.0
"""For spans that wait to be sent: a worker has twenty seconds to end in."""
LOOKING_BYTES = PROBE_LIMITS.memory_bytes + READING_LIMITS.memory_bytes
"""Both look at a file side by side."""
_render, _link = Waker("media.render_due"), Waker("housekeeping.link_new")


def open_custody(archive: Archive) -> Custody:
    """The parts of custody, from those of the archive.

    Raises SandboxUnavailable, ToolMissing, AuthorityUnpinned, and TrustContradiction when a key that would sign is
    not one that was announced.
    """
    runner = media_runner(archive.settings)
    for purpose in ("manifest", "receipt"):
        announced_keys(archive, purpose)

    return Custody(
        database=archive.database,
        store=archive.everywhere,
        key_store=archive.key_store,
        ledger=archive.ledger,
        manifest_signer=lambda: signer_in_force(archive.database, archive.keyring, "manifest"),
        receipt_key=lambda: signer_in_force(archive.database, archive.keyring, "receipt").key,
        staged_path=archive.staging.bytes_path,
        probe=lambda path: probe_media(path, runner),
        read_claims=partial(read_upload_claims, archive),
        request_token=archive.request_token,
        timestamp_trust=build_timestamp_trust(archive),
        looking=FairSemaphore(looking_places(memory_bytes(), archive.settings.custody_workers)),
    )


def looking_places(memory: int, workers: int) -> int:
    """Files that one of the workers may look at at once: together they take three quarters of the memory at most.

    Whoever is looked at may be made to take all it is allowed, and the rest of the archive needs room as well. At least
    one: a machine too small for that could not look at anything.
    """
    return max(1, memory * 3 // 4 // workers // LOOKING_BYTES)


def memory_bytes() -> int:
    """What this machine, or the container, has."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # "max" is no number: no limit
        return min(physical, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return physical


def read_upload_claims(archive: Archive, upload: DueUpload, findings: Findings) -> Claims:
    """With this archive's own patterns of names, and held against its register of devices."""
    known = registered_in(archive.database, upload.unit_id)
    return read_claims(upload.claims, findings, names=archive.settings.name_patterns, is_registered=known)


@lru_cache(maxsize=1)
def worker_custody() -> Custody:
    """This process's own, with its spans: what sends them has a thread, which would not survive a fork."""
    archive = worker_archive()
    custody, spans = open_custody(archive), open_spans(archive.settings, "liuhen-custody")
    if spans is None:
        return custody
    from api.tracing.custody import CustodySpans

    def end(**_facts: object) -> None:
        spans.close(_CLOSING_SECONDS)

    # The one of a worker that is its own only process, the other of one of several.
    worker_shutdown.connect(end, weak=False)
    worker_process_shutdown.connect(end, weak=False)
    return replace(custody, told=CustodySpans(spans).told)


@celery_app.task(name="custody.seal_due")  # type: ignore[untyped-decorator]
def seal_due() -> None:
    """Seal until nothing is due, or this worker is to end. Doing it again, or twice at once, seals nothing twice."""
    staging = worker_archive().staging
    seal_all_due(worker_custody(), staging, name_worker(), _wake_those_after, is_stopping=is_stopping)


def _wake_those_after() -> None:
    _render.wake()
    _link.wake()
