"""A docking station's whole run over one folder: dock_folder → upload_file → await_receipt → wipe_file.

Files are taken over side by side. A few send at once; many may wait for their receipts, because sealing takes the
archive longer than receiving. Whatever happens to one file is told with its name and leaves the others alone.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.dock.archive import Archive
from ingest.dock.connection import is_open_to_listeners
from ingest.dock.credential import StationCredential
from ingest.dock.errors import DockError, DockStopped, SourceChanged, UploadGone, Words
from ingest.dock.events import AddressOpen, FileStays, FileWiped, FolderListed, Listener
from ingest.dock.folder import Listing, list_source
from ingest.dock.patience import Patience
from ingest.dock.receipts import ReceiptTrust, fetch_pinned_key
from ingest.dock.reporting import Reporter
from ingest.dock.settling import Desk, FileOutcome, identify_file, receive_file
from ingest.dock.source import Source, SourceFile
from ingest.dock.state import DockState, FileRecord, opened_state
from ingest.dock.transfer import Claims, RateLimit, Sender, upload_file
from ingest.dock.wipe import complete_wipes
from integrity.keys import PublicKey

_WAITING_FOR_RECEIPTS = 24
# A file that changes each time it is read is being written: two more looks, then the next run.
_MOST_ATTEMPTS = 3
_IN_THE_CLEAR = Words(
    "this address is plain http: anybody on the network can read the footage and the station's credential; use https",
    "该地址为明文 http，网络上任何人都能读取录像和工作站凭证，请改用 https",
)


def _claim_nothing(_: str) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class DockPlan:
    """One run. `archive_key` overrides the pin that came with the credential; `bytes_per_second` 0 is no limit.

    `claims` reads device, officer and started_at out of a file's name; they are claims and nothing hangs on them.
    """

    folder: Path
    url: str
    credential: StationCredential
    state_folder: Path
    wipe: bool = False
    parallel: int = 3
    give_up_seconds: float = 600.0
    bytes_per_second: int = 0
    archive_key: PublicKey | None = None
    ledger_vkey: str | None = None
    tls: ssl.SSLContext | None = None
    claims: Claims = _claim_nothing


@dataclass(frozen=True, slots=True)
class DockResult:
    """What became of the folder. `stopped` is set when the run ended before its end."""

    outcomes: tuple[FileOutcome, ...]
    skipped: tuple[str, ...] = ()
    why_skipped: Mapping[str, str] = field(default_factory=dict)
    stopped: DockStopped | None = None

    @property
    def complete(self) -> bool:
        """Everything in the folder was received, and removed when that was asked."""
        return self.stopped is None and all(outcome.error is None for outcome in self.outcomes)


def dock_folder(plan: DockPlan, tell: Listener, stop: threading.Event) -> DockResult:
    """Take over every file in the folder. Setting `stop` ends the run within moments; a later one goes on from there.

    Raises DockStopped when the run cannot even begin (folder, notes, address, credential or key), and NoProgress when
    the archive does not answer at all.
    """
    plan = replace(plan, folder=plan.folder.resolve(), state_folder=plan.state_folder.resolve())
    source = Source(plan.folder, str(plan.folder))
    listing = list_source(source, plan.state_folder)
    tell(FolderListed(len(listing.files), sum(file.size_bytes for file in listing.files), listing.skipped))
    with opened_state(plan.state_folder) as state:
        state.adopt(source.id)
        gone = [_outcome_of_gone(record, tell) for record in complete_wipes(state, source)]
        archive = Archive(plan.url, plan.credential, plan.tls)
        try:
            if is_open_to_listeners(plan.url):
                tell(AddressOpen(plan.url, _IN_THE_CLEAR))
            run = _begin_run(plan, archive, state, tell, stop)
            with Reporter(archive, plan.state_folder, lambda: run.waiting, tell):
                outcomes = run.take_over(listing)
        finally:
            archive.close()
    return DockResult((*gone, *outcomes), listing.skipped, listing.why_skipped, run.stopped)


def _outcome_of_gone(record: FileRecord, tell: Listener) -> FileOutcome:
    size_bytes = record.digests.size_bytes
    tell(FileWiped(record.name, size_bytes))
    return FileOutcome(record.name, size_bytes, record.digests.sha256.hex, wiped=True)


def _begin_run(plan: DockPlan, archive: Archive, state: DockState, tell: Listener, stop: threading.Event) -> _Run:
    patience = Patience(plan.give_up_seconds, stop)
    limit = RateLimit(plan.bytes_per_second, patience)
    sender = Sender(archive, state, patience, limit, tell, plan.credential.credential_id, plan.claims)
    # Before any footage leaves: a wrong address is noticed. It proves no more, for a public key is anybody's to repeat:
    # who gets the footage and the credential, only TLS can say. What a receipt is worth rests on its signature.
    key = plan.archive_key or fetch_pinned_key(archive, plan.credential.pinned_key_id, sender.retries_for(""))
    ledger_vkey = plan.ledger_vkey or plan.credential.ledger_vkey or None
    return _Run(plan, Desk(sender, ReceiptTrust((key,), plan.credential.station_id, ledger_vkey), plan.wipe))


class _Run:
    """All files of one folder, side by side."""

    def __init__(self, plan: DockPlan, desk: Desk) -> None:
        self._plan = plan
        self._desk = desk
        self._sender = desk.sender
        self._sending = threading.BoundedSemaphore(plan.parallel)
        self._stopping = threading.Lock()
        self.stopped: DockStopped | None = None
        self.waiting = 0

    def take_over(self, listing: Listing) -> Iterable[FileOutcome]:
        for error in listing.unreadable:
            self._sender.tell(FileStays(error.name, type(error).__name__, str(error)))
        unreadable = [FileOutcome(error.name, 0, error=error) for error in listing.unreadable]
        self.waiting = len(listing.files)
        with ThreadPoolExecutor(self._plan.parallel + _WAITING_FOR_RECEIPTS, "dock") as pool:
            futures: list[Future[FileOutcome]] = [pool.submit(self._dock_file, source) for source in listing.files]
            return [*unreadable, *(future.result() for future in futures)]

    def _dock_file(self, source: SourceFile) -> FileOutcome:
        """One file from listing to outcome; never raises what is a DockError."""
        try:
            return self._attempt_until_settled(source)
        except DockStopped as error:
            return self._left(source, self._stop(error))
        except DockError as error:
            return self._left(source, error)
        except BaseException:
            self._sender.patience.stop.set()
            raise
        finally:
            with self._stopping:
                self.waiting -= 1

    def _attempt_until_settled(self, source: SourceFile) -> FileOutcome:
        attempts = 0
        while True:
            attempts += 1
            try:
                with self._sending:
                    self._sender.patience.check()
                    record = upload_file(self._sender, source, identify_file(self._desk, source, attempts > 1))
                return receive_file(self._desk, source, record)
            except (SourceChanged, UploadGone):
                if attempts == _MOST_ATTEMPTS:
                    raise

    def _left(self, source: SourceFile, error: DockError) -> FileOutcome:
        self._sender.tell(FileStays(source.title, type(error).__name__, str(error)))
        return FileOutcome(source.title, source.size_bytes, error=error)

    def _stop(self, error: DockStopped) -> DockStopped:
        """End the run for all files; the first reason is the one that is told, for each of them."""
        with self._stopping:
            if self.stopped is None:
                self.stopped = error
            self._sender.patience.stop.set()
            return self.stopped
