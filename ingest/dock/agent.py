"""A docking station's whole run over one folder: dock_folder → upload_file → await_receipt → wipe_file.

Files are taken over side by side. A few send at once; many may wait for their receipts, because sealing takes the
archive longer than receiving. Whatever happens to one file is told with its name and leaves the others alone.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.dock.archive import Archive, is_open_to_listeners
from ingest.dock.errors import (
    DockError,
    DockStopped,
    SourceChanged,
    UploadGone,
    Words,
)
from ingest.dock.folder import Listing, SourceFile, digest_source, list_sources, read_identity
from ingest.dock.patience import Patience
from ingest.dock.progress import (
    AddressOpen,
    FileDigested,
    FileStays,
    FileUploaded,
    FileWiped,
    FolderListed,
    Listener,
    ReceiptHeld,
)
from ingest.dock.receipts import ReceiptTrust, await_receipt, fetch_pinned_key, find_kept_receipt
from ingest.dock.state import DockState, FileRecord, Phase, opened_state
from ingest.dock.token import StationToken
from ingest.dock.transfer import Claims, RateLimit, Sender, upload_file
from ingest.dock.wipe import complete_wipes, wipe_file
from integrity.keys import PublicKey
from integrity.receipt import Receipt

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
    """One run. `archive_key` overrides the pin in the token; `bytes_per_second` 0 is no limit.

    `claims` reads device, officer and started_at out of a file's name; they are claims and nothing hangs on them.
    """

    folder: Path
    url: str
    token: StationToken
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
class FileOutcome:
    """What became of one file. Without `error` it was received, and removed when `wiped`."""

    name: str
    size_bytes: int
    sha256: str = ""
    receipt: Receipt | None = None
    wiped: bool = False
    error: DockError | None = None


@dataclass(frozen=True, slots=True)
class DockResult:
    """What became of the folder. `stopped` is set when the run ended before its end."""

    outcomes: tuple[FileOutcome, ...]
    skipped: tuple[str, ...] = ()
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
    listing = list_sources(plan.folder, plan.state_folder)
    tell(FolderListed(len(listing.files), sum(file.size_bytes for file in listing.files), listing.skipped))
    with opened_state(plan.state_folder) as state:
        gone = [_outcome_of_gone(record, state, tell) for record in complete_wipes(state, plan.folder)]
        archive = Archive(plan.url, plan.token, plan.tls)
        try:
            if is_open_to_listeners(plan.url):
                tell(AddressOpen(plan.url, _IN_THE_CLEAR))
            run = _begin_run(plan, archive, state, tell, stop)
            outcomes = run.take_over(listing)
        finally:
            archive.close()
    return DockResult((*gone, *outcomes), listing.skipped, run.stopped)


def _outcome_of_gone(record: FileRecord, state: DockState, tell: Listener) -> FileOutcome:
    size_bytes = record.digests.size_bytes
    tell(FileWiped(record.name, size_bytes))
    return FileOutcome(record.name, size_bytes, record.digests.sha256.hex, wiped=True)


def _begin_run(plan: DockPlan, archive: Archive, state: DockState, tell: Listener, stop: threading.Event) -> _Run:
    patience = Patience(plan.give_up_seconds, stop)
    limit = RateLimit(plan.bytes_per_second, patience)
    sender = Sender(archive, state, patience, limit, tell, plan.token.credential_id, plan.claims)
    # Before any footage leaves: a wrong address is noticed. It proves no more, for a public key is anybody's to repeat:
    # who gets the footage and the credential, only TLS can say. What a receipt is worth rests on its signature.
    key = plan.archive_key or fetch_pinned_key(archive, plan.token.pinned_key_id, sender.retries_for(""))
    return _Run(plan, sender, ReceiptTrust((key,), plan.token.station_id, plan.ledger_vkey))


class _Run:
    """All files of one folder, side by side."""

    def __init__(self, plan: DockPlan, sender: Sender, trust: ReceiptTrust) -> None:
        self._plan = plan
        self._sender = sender
        self._trust = trust
        self._state = sender.state
        self._sending = threading.BoundedSemaphore(plan.parallel)
        self._stopping = threading.Lock()
        self.stopped: DockStopped | None = None

    def take_over(self, listing: Listing) -> Iterable[FileOutcome]:
        for error in listing.unreadable:
            self._sender.tell(FileStays(error.name, type(error).__name__, str(error)))
        unreadable = [FileOutcome(error.name, 0, error=error) for error in listing.unreadable]
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

    def _attempt_until_settled(self, source: SourceFile) -> FileOutcome:
        attempts = 0
        while True:
            attempts += 1
            try:
                with self._sending:
                    self._sender.patience.check()
                    record = upload_file(self._sender, source, self._identify(source, look_closely=attempts > 1))
                return self._receive(source, record)
            except (SourceChanged, UploadGone):
                if attempts == _MOST_ATTEMPTS:
                    raise

    def _identify(self, source: SourceFile, look_closely: bool) -> FileRecord:
        """What is known of these bytes: the note, if they still are what it speaks of, or else a new one.

        The file's identity is enough to know them by, unless `look_closely`: then they are read.
        """
        archive = self._trust.keys[0].key_id
        known = self._state.find(source.name)
        if known and known.archive != archive:
            known = None
        if known and known.phase is Phase.WIPED:
            # Somebody copied it back. If these are the same bytes, the receipt still holds.
            known, look_closely = known.at(Phase.RECEIVED), True
        if known and not look_closely and known.identity == read_identity(source):
            return known
        identity, digests = digest_source(source, self._sender.patience.check)
        self._sender.patience.progressed()
        self._sender.tell(FileDigested(source.name, digests.size_bytes, digests.sha256.hex))
        if known and known.digests == digests:
            return self._state.save(replace(known, identity=identity))
        return self._state.save(FileRecord(source.name, identity, digests, archive))

    def _receive(self, source: SourceFile, record: FileRecord) -> FileOutcome:
        if record.phase is Phase.UPLOADED:
            self._sender.tell(FileUploaded(source.name, record.upload_id, record.digests.size_bytes))
        receipt = find_kept_receipt(self._state, record, self._trust) if record.phase is Phase.RECEIVED else None
        if receipt is None:
            retries = self._sender.retries_for(source.name)
            record, receipt = await_receipt(self._sender, record, self._trust, retries)
        self._tell_receipt(source, receipt)
        if self._plan.wipe:
            self._wipe(source, record, receipt)
        elif read_identity(source) != record.identity:
            # Written to while it was on its way: what was received is not all there is.
            raise SourceChanged(source.name)
        return FileOutcome(source.name, receipt.size_bytes, receipt.sha256.hex, receipt, self._plan.wipe)

    def _wipe(self, source: SourceFile, record: FileRecord, receipt: Receipt) -> None:
        wipe_file(self._state, source, record, receipt, self._sender.patience.check)
        self._sender.tell(FileWiped(source.name, receipt.size_bytes))

    def _tell_receipt(self, source: SourceFile, receipt: Receipt) -> None:
        self._sender.tell(
            ReceiptHeld(
                file=source.name,
                upload_id=receipt.upload_id,
                size_bytes=receipt.size_bytes,
                recording_id=str(receipt.recording_id),
                token_time=receipt.token_time.isoformat(),
                ledger_index=receipt.ledger_index,
                repeat=receipt.repeat,
            )
        )

    def _left(self, source: SourceFile, error: DockError) -> FileOutcome:
        self._sender.tell(FileStays(source.name, type(error).__name__, str(error)))
        return FileOutcome(source.name, source.size_bytes, error=error)

    def _stop(self, error: DockStopped) -> DockStopped:
        """End the run for all files; the first reason is the one that is told, for each of them."""
        with self._stopping:
            if self.stopped is None:
                self.stopped = error
            self._sender.patience.stop.set()
            return self.stopped
