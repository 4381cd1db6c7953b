"""One file from the card to its receipt: identify_file → upload_file → receive_file → let_go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingest.dock.errors import (
    DockError,
    RemovalFailed,
    RemovalUnconfirmed,
    SourceChanged,
    SourceUnreadable,
    SourceUnsteady,
    SourceVanished,
)
from ingest.dock.events import FileDigested, FileGone, FileStays, FileWiped, Listener, ReceiptHeld
from ingest.dock.receipts import ReceiptTrust, ask_for_receipt, find_kept_receipt
from ingest.dock.source import Source, SourceFile, digest_source, digest_steadily, read_identity
from ingest.dock.state import DockState, FileRecord, Phase
from ingest.dock.transfer import Sender, give_up_upload
from ingest.dock.wipe import complete_wipes, wipe_file
from integrity.receipt import Receipt

# Each is an upload that the archive keeps, sealed or until a person has looked, and counts in its quota.
_MOST_MISREAD = 3


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file. Without `error` it was received, and removed when `wiped`; `gone`: see FileGone.
    `was_held`: an earlier run had its receipt already, and nothing of it was sent in this one.

    With `error` and `receipt` it was received all the same, and its card would not let go of it, or did not say so.
    """

    name: str
    size_bytes: int
    sha256: str = ""
    receipt: Receipt | None = None
    wiped: bool = False
    gone: bool = False
    error: DockError | None = None
    was_held: bool = False

    @property
    def is_received(self) -> bool:
        """The archive has it, whatever its card does."""
        return self.error is None or self.receipt is not None

    @property
    def is_of_known_bytes(self) -> bool:
        """The archive had the same bytes by another upload, and stored nothing for this one."""
        return self.receipt is not None and self.receipt.repeat and not self.was_held


@dataclass(frozen=True, slots=True)
class Received:
    """What the archive has: the note of it, and its receipt. `was_held`: since an earlier run."""

    record: FileRecord
    receipt: Receipt
    was_held: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """What settling a file needs, the same for every file of a run."""

    sender: Sender
    trust: ReceiptTrust
    wipe: bool


def identify_file(desk: Desk, file: SourceFile, look_closely: bool = False) -> FileRecord:
    """What is known of these bytes: the note, if they still are what it speaks of, or else a new one.

    The file's identity is enough to know them by, unless `look_closely`: then they are read. What arrived otherwise
    than it was read is read until two readings agree; and a file of one identity that held other bytes a few times is
    not sent any more. On FAT it has another when its card is put in again: perhaps with a better reader. Raises
    SourceUnsteady, and as digest_source.
    """
    sender, archive = desk.sender, desk.trust.keys[0].key_id
    known = sender.state.find(file.source.id, file.name)
    if known and known.archive != archive:
        known = None
    if known and known.phase in (Phase.WIPING, Phase.WIPED):
        # Somebody copied it back, or a power cut did. If these are the same bytes, the archive is asked about them.
        known, look_closely = known.at(Phase.RECEIVED), True
    same = known is not None and known.identity == read_identity(file)
    doubts = known.misread if known and same and known.phase is Phase.DIGESTED else 0
    if known and same and not look_closely and not doubts:
        return known
    if doubts >= _MOST_MISREAD:
        raise SourceUnsteady(file.title)
    read = digest_steadily if doubts else digest_source
    identity, digests = read(file, sender.patience.check)
    sender.patience.progressed()
    sender.tell(FileDigested(file.title, digests.size_bytes, digests.sha256.hex))
    if known and known.digests == digests:
        return sender.state.save(replace(known, identity=identity, misread=known.misread if same else 0))
    if known and known.phase is Phase.UPLOADING:
        # Begun of other bytes, before this run or by another: nothing will ever finish it.
        known = give_up_upload(sender, known)
    misread = doubts or (known.misread + 1 if known and same else 0)
    if misread >= _MOST_MISREAD:
        raise SourceUnsteady(file.title)
    return sender.state.save(FileRecord(file.source.id, file.name, identity, digests, archive, misread=misread))


def receive_file(desk: Desk, file: SourceFile, record: FileRecord) -> Received:
    """The receipt of what was uploaded: kept here already, or else the archive is asked for it.

    Nothing is removed for a receipt of another day: the archive may have been restored from a backup since, and what
    was copied back to a card is then the remedy. So where files are let go of it is always asked. Raises what
    ask_for_receipt raises, TryAgain while there is none.
    """
    sender = desk.sender
    was_held = record.phase is Phase.RECEIVED
    receipt = find_kept_receipt(sender.state, record, desk.trust) if was_held and not desk.wipe else None
    if receipt is None:
        record, receipt = ask_for_receipt(sender, record, desk.trust)
    sender.tell(_of_receipt(file, receipt))
    return Received(record, receipt, was_held)


def let_go(desk: Desk, file: SourceFile, received: Received) -> FileOutcome:
    """Remove what was received, when that is asked. One file at a time: a card is read through again for it.

    What cannot be removed, or not for certain, was received nevertheless: that is its outcome. Raises what else
    wipe_file raises; SourceChanged also when the file was written to on its way.
    """
    sender, receipt = desk.sender, received.receipt
    outcome = FileOutcome(
        file.title, receipt.size_bytes, receipt.sha256.hex, receipt, desk.wipe, was_held=received.was_held
    )
    if desk.wipe:
        try:
            wipe_file(sender.state, file, received.record, receipt, sender.patience.check)
        except (RemovalFailed, RemovalUnconfirmed, SourceUnreadable, SourceUnsteady) as error:
            sender.tell(FileStays(file.title, type(error).__name__, error.words))
            return replace(outcome, wiped=False, error=error)
        sender.tell(FileWiped(file.title, receipt.size_bytes))
    elif _has_changed(file, received.record):
        # What was received is not all there is.
        raise SourceChanged(file.title)
    return outcome


def _has_changed(file: SourceFile, record: FileRecord) -> bool:
    """Of a card that is gone nobody can tell, and what was read of it is received: it is looked at when it is back."""
    try:
        return read_identity(file) != record.identity
    except SourceVanished:
        return False


def settle_wipes(state: DockState, source: Source, tell: Listener) -> list[FileOutcome]:
    """Bring the source's interrupted removals to their end, and tell which files are not there any more.

    Not that they were removed: an empty folder before its card is mounted, or another card of the same serial number,
    looks the same.
    """
    gone = []
    for record in complete_wipes(state, source):
        size_bytes = record.digests.size_bytes
        title = SourceFile(record.name, size_bytes, source=source).title
        tell(FileGone(title, size_bytes))
        gone.append(FileOutcome(title, size_bytes, record.digests.sha256.hex, gone=True))
    return gone


def _of_receipt(file: SourceFile, receipt: Receipt) -> ReceiptHeld:
    return ReceiptHeld(
        file=file.title,
        upload_id=receipt.upload_id,
        size_bytes=receipt.size_bytes,
        recording_id=str(receipt.recording_id),
        token_time=receipt.token_time.isoformat(),
        ledger_index=receipt.ledger_index,
        repeat=receipt.repeat,
    )
