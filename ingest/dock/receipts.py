"""The receipt: asked for, and believed only when the archive's pinned key signed it and it speaks of these very bytes.

The station removes footage on the strength of this module. Whoever answers at the archive's address cannot make the
agent accept anything: the key is the one handed over at enrolment, or has taken its place on its own word, and the
digests are the agent's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.dock.errors import (
    DIGEST_DIFFERS,
    CustodyFailed,
    KeyUnusable,
    ReceiptRejected,
    StationRefused,
    UploadGone,
    UploadUnfinished,
)
from ingest.dock.state import DockState, FileRecord, Phase
from ingest.dock.transfer import Sender, meaning_of_refusal
from ingest.dock.words import Words, reason_of, reason_of_evidence
from integrity.checkpoint import parse_vkey
from integrity.errors import EvidenceError, KeyNotPinned, MalformedEvidence
from integrity.keys import PublicKey, load_public_key
from integrity.receipt import Receipt, open_receipt


@dataclass(frozen=True, slots=True)
class ReceiptTrust:
    """What a receipt is held against: the pinned key first among `keys`. An empty `station_id` or no `ledger_vkey` is
    not checked. `learn` asks for the keys anew: another may have taken the pinned one's place since the run began."""

    keys: Sequence[PublicKey]
    station_id: str = ""
    ledger_vkey: str | None = None
    learn: Callable[[], Sequence[PublicKey]] = tuple


def load_pinned_key(path: Path) -> PublicKey:
    """A receipt key from a file that was handed over. Raises KeyUnusable."""
    try:
        return load_public_key(path)
    except MalformedEvidence as error:
        raise KeyUnusable(path, Words(str(error), "其中没有可用的公钥（PEM）")) from error
    except EvidenceError as error:
        raise KeyUnusable(path, reason_of_evidence(error)) from error


def load_ledger_vkey(path: Path) -> str:
    """The ledger's vkey from a file that was handed over. Raises KeyUnusable."""
    try:
        text = path.read_text().strip()
        parse_vkey(text)
    except OSError as error:
        raise KeyUnusable(path, reason_of(error)) from error
    except (EvidenceError, UnicodeDecodeError) as error:
        raise KeyUnusable(path, Words(str(error), "其中没有账本公钥（vkey）")) from error
    return text


def ask_for_receipt(sender: Sender, record: FileRecord, trust: ReceiptTrust) -> tuple[FileRecord, Receipt]:
    """Ask once, check the receipt and keep it, durably.

    Raises TryAgain while there is none (NotSealedYet: all is well), UploadGone when the archive knows nothing of it,
    UploadUnfinished when it has not all of its bytes any more, or does not know that it has, CustodyFailed when it
    could not seal it, ReceiptRejected when the receipt does not convince. What is gone, unfinished, or to be sent anew
    is noted as that: the next attempt begins a new upload, or asks how much is there, or reads the file first. What
    else failed stays there, bytes and quota, until a person has decided: the next attempt asks for its receipt again,
    and sends no second copy.
    """
    try:
        envelope = _read_receipt(sender, record)
    except UploadGone:
        sender.state.save(record.forgotten())
        raise
    except UploadUnfinished:
        sender.state.save(record.at(Phase.UPLOADING))
        raise
    except CustodyFailed as error:
        if error.failure == DIGEST_DIFFERS:
            # What was claimed, or what was sent, is a bad reading, or the bytes changed behind the file's times.
            sender.state.save(record.doubted())
        elif error.is_to_be_sent_anew:
            sender.state.forget(record)
        raise
    return accept_receipt(sender.state, record, envelope, trust)


def accept_receipt(
    state: DockState, record: FileRecord, envelope: bytes, trust: ReceiptTrust
) -> tuple[FileRecord, Receipt]:
    """Check a receipt, keep it durably, then note that it is held. Raises ReceiptRejected, TryAgain."""
    receipt = check_receipt(envelope, record, trust)
    state.keep_receipt(record.upload_id, envelope)
    return state.save(record.at(Phase.RECEIVED)), receipt


def _read_receipt(sender: Sender, record: FileRecord) -> bytes:
    try:
        return sender.archive.read_receipt(record.upload_id)
    except StationRefused as error:
        raise meaning_of_refusal(error, record, sender.credential) from error


def find_kept_receipt(state: DockState, record: FileRecord, trust: ReceiptTrust) -> Receipt | None:
    """The receipt that is on this disk already, checked again; None when it is missing or no longer convinces."""
    envelope = state.read_receipt(record.upload_id)
    if envelope is None:
        return None
    try:
        return check_receipt(envelope, record, trust)
    except ReceiptRejected:
        return None


def check_receipt(envelope: bytes, record: FileRecord, trust: ReceiptTrust) -> Receipt:
    """The receipt in `envelope`. Raises ReceiptRejected naming what differs, TryAgain.

    Checked: signature by the pinned key or one that succeeded it, inclusion proof up to the checkpoint (and its
    signature, when the ledger's key is at hand), upload, station, size and both digests.
    """
    try:
        receipt = _open_receipt(envelope, trust)
    except EvidenceError as error:
        raise ReceiptRejected(record.upload_id, reason_of_evidence(error)) from error
    own = record.digests
    facts: list[tuple[Words, object, object]] = [
        (Words("upload", "上传编号"), record.upload_id, receipt.upload_id),
        (Words("size", "大小"), own.size_bytes, receipt.size_bytes),
        (Words("SHA-256", "SHA-256"), own.sha256.hex, receipt.sha256.hex),
        (Words("SM3", "SM3"), own.sm3.hex, receipt.sm3.hex),
    ]
    if trust.station_id:
        facts.append((Words("station", "工作站"), trust.station_id, str(receipt.station_id)))
    for what, expected, found in facts:
        if expected != found:
            differs = Words(
                f"{what.en} is {found} in the receipt and {expected} here",
                f"回执中的{what.zh}是 {found}，本机的是 {expected}",
            )
            raise ReceiptRejected(record.upload_id, differs)
    return receipt


def _open_receipt(envelope: bytes, trust: ReceiptTrust) -> Receipt:
    try:
        return open_receipt(envelope, trust.keys, trust.ledger_vkey)
    except KeyNotPinned:
        learnt = trust.learn()
        if not learnt:
            raise
        return open_receipt(envelope, learnt, trust.ledger_vkey)
