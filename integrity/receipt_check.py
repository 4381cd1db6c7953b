"""A receipt held against pinned keys and, if there is one, the file it was given for: for whoever kept it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from integrity.canonical import Json
from integrity.checkpoint import Checkpoint, open_checkpoint
from integrity.chinese import said_in_both, said_in_chinese
from integrity.digest import digest_stream, require_digest
from integrity.dsse import Envelope
from integrity.epoch_keys import public_keys
from integrity.errors import EvidenceError, FileUnreadable, SizeMismatch
from integrity.fields import format_instant
from integrity.hidden_signs import escaped
from integrity.local_time import show_in_china
from integrity.receipt import PAYLOAD_TYPE, Receipt, open_receipt
from integrity.trust import Trust

MOST_BYTES = 1 << 20
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """A receipt that holds. `file` is the one whose bytes it speaks of; None: it was not held against any."""

    receipt: Receipt
    checkpoint: Checkpoint
    file: Path | None


def check_receipt(receipt: Path, trust: Trust, file: Path | None = None) -> CheckedReceipt:
    """Its signature by a pinned receipt key, its proof, its checkpoint by the pinned ledger key; the file's digests.

    Raises FileUnreadable, MalformedEvidence, KeyNotPinned, SignatureInvalid, ProofInvalid, CheckpointInvalid,
    SizeMismatch or DigestMismatch.
    """
    opened = open_receipt(_read_receipt(receipt), public_keys(trust.receipt_keys), trust.ledger_vkey, receipt.name)
    checkpoint = open_checkpoint(opened.checkpoint.encode(), trust.ledger_vkey)
    if file is not None:
        _require_same_bytes(file, opened)
    return CheckedReceipt(opened, checkpoint, file)


def says_it_is_receipt(path: Path) -> bool:
    """By the type that it states; whether it holds is another matter."""
    try:
        return Envelope.parse(_read_receipt(path)).payload_type == PAYLOAD_TYPE
    except EvidenceError:
        return False


def describe_receipt(checked: CheckedReceipt) -> Iterator[str]:
    """What holds, line by line, for people."""
    receipt, checkpoint = checked.receipt, checked.checkpoint
    again = "；此前已封存过相同内容 / the same bytes had been sealed before" if receipt.repeat else ""
    yield f"回执有效 / the receipt holds{again}"
    yield f"  文件 / file: {escaped(receipt.original_name)}, {receipt.size_bytes} 字节 / bytes"
    yield f"  SHA-256 {receipt.sha256.hex}"
    yield f"  SM3     {receipt.sm3.hex}"
    yield f"  记录 / recording {receipt.recording_id}"
    yield f"  工作站 / station {receipt.station_id}, 上传 / upload {receipt.upload_id}"
    yield f"  时间戳 / time stamp {show_in_china(receipt.token_time)}"
    yield f"  签发 / issued {show_in_china(receipt.issued_at)}"
    place = f"第 {receipt.ledger_index} 条，共 {checkpoint.size} 条 / entry {receipt.ledger_index} of {checkpoint.size}"
    yield f"  账本 / ledger {escaped(checkpoint.origin)}: {place}"
    if checked.file is None:
        yield "注意：未与任何文件比对，请用 --file 指定 / NOTE: held against no file; name one with --file"
    else:
        yield f"{escaped(checked.file.name)} 与封存的内容一致 / is what was sealed"


def receipt_form(checked: CheckedReceipt) -> dict[str, Json]:
    """The same for programs."""
    receipt, checkpoint = checked.receipt, checked.checkpoint
    return {
        "verified": True,
        "file": None if checked.file is None else checked.file.name,
        "original_name": receipt.original_name,
        "size_bytes": receipt.size_bytes,
        "sha256": receipt.sha256.hex,
        "sm3": receipt.sm3.hex,
        "recording_id": str(receipt.recording_id),
        "upload_id": receipt.upload_id,
        "station_id": str(receipt.station_id),
        "token_time": format_instant(receipt.token_time),
        "issued_at": format_instant(receipt.issued_at),
        "repeat": receipt.repeat,
        "ledger_index": receipt.ledger_index,
        "checkpoint": {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()},
    }


def describe_no_receipt(error: EvidenceError) -> Iterator[str]:
    """What does not hold, for people."""
    yield "回执核验失败 / the receipt does NOT hold"
    yield f"  原因 / reason: {escaped(said_in_both(error))}"


def no_receipt_form(error: EvidenceError) -> dict[str, Json]:
    """The same for programs."""
    reasons: dict[str, Json] = {"reason": escaped(str(error)), "reason_zh": escaped(said_in_chinese(error))}
    return {"verified": False, "kind": type(error).__name__, **reasons}


def _read_receipt(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise FileUnreadable(path.name, error.strerror or type(error).__name__) from error


def _require_same_bytes(path: Path, receipt: Receipt) -> None:
    try:
        with path.open("rb") as file:
            found = digest_stream(iter(lambda: file.read(_PIECE_BYTES), b""))
    except OSError as error:
        raise FileUnreadable(path.name, error.strerror or type(error).__name__) from error
    if found.size_bytes != receipt.size_bytes:
        raise SizeMismatch(path.name, receipt.size_bytes, found.size_bytes)
    require_digest(path.name, receipt.sha256, found.sha256)
    require_digest(path.name, receipt.sm3, found.sm3)
