"""What can go wrong with sealing. Each error carries its facts; the text says what to do next.

    IngestError
    ├── NodeAtWork                      an ingest node whose uploads are not handed over while it seals
    └── CustodyError
        ├── CustodyStopped              a person must look; a repeat would only fail again
        │   ├── StagedFileMissing       the finished upload's bytes are not where they were acknowledged
        │   ├── StagedLengthDiffers     they are, but not as many as were acknowledged
        │   ├── ClaimedDigestDiffers    the station claimed another SHA-256 than the bytes have
        │   ├── StoredBytesDiffer       the store gives back other bytes than it was given: alarm
        │   ├── StoredCopyLost          what was sealed before is lost, and cannot be made anew from these bytes: alarm
        │   ├── LostBeforeReceipt       lost before its receipt, and what was staged as well; its station has it: alarm
        │   └── PlaintextChanged        a repeated attempt read other bytes than the first: alarm, nothing is written
        ├── ObjectLost                  a receipt was asked for whose recording's object is not there as it was sealed
        ├── UploadNotInTrouble          neither failed nor stuck: nothing for a person to decide
        └── CustodyDelayed              nothing is wrong with the bytes; the next wake-up tries again
            ├── AttemptHeldElsewhere    this worker holds the upload no longer
            ├── TimestampDelayed        the time-stamping authority gave no token
            └── ReceiptNotDue           the entry has no ledger index yet

A file that was sealed before is no error: SameFileSealed (ingest/sealing/record.py) only leads sealing to its second
receipt, and never leaves it.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import ClassVar

from ingest.errors import IngestError


class NodeAtWork(IngestError):
    """`node` is its name; '' is the one box."""

    def __init__(self, node: str) -> None:
        super().__init__(f"node {node!r} is sealing: end its processes first, and try again in half a minute")
        self.node = node


class CustodyError(IngestError):
    """Sealing one upload did not come to its end."""

    def __init__(self, upload_id: str, message: str) -> None:
        super().__init__(f"upload {upload_id}: {message}")
        self.upload_id = upload_id


class CustodyStopped(CustodyError):
    """A person must look before this upload is tried again; the text names the command that he decides with.

    `code` is a word of our formats: it stands in the upload's row, in the ledger (`upload.failed`), and in what a
    station is told (docs/stations.md), whose agent may be older than the archive. So it stays, whatever becomes of the
    class's name.
    """

    code: ClassVar[str]


class UploadNotInTrouble(CustodyError):
    """`state` is the upload's, or `unknown`."""

    def __init__(self, upload_id: str, state: str) -> None:
        super().__init__(upload_id, f"is {state}, there is nothing to decide; see liuhen admin upload list")
        self.state = state


class StagedFileMissing(CustodyStopped):
    code = "StagedFileMissing"

    def __init__(self, upload_id: str, path: Path) -> None:
        super().__init__(
            upload_id,
            f"the staged file {path} is gone; restore it, then: {_retry(upload_id)}; where it is lost for good: "
            f"{_release(upload_id)}, and its station sends it again",
        )
        self.path = path


class StagedLengthDiffers(CustodyStopped):
    code = "StagedLengthDiffers"

    def __init__(self, upload_id: str, expected_bytes: int, found_bytes: int) -> None:
        super().__init__(
            upload_id,
            f"{expected_bytes} bytes were acknowledged, {found_bytes} are staged; check the staging disk; once all "
            f"are there again: {_retry(upload_id)}; else: {_release(upload_id)}, and its station sends it again",
        )
        self.expected_bytes = expected_bytes
        self.found_bytes = found_bytes


class ClaimedDigestDiffers(CustodyStopped):
    """`expected` is what the station claimed, `found` what the bytes give; both hex."""

    code = "ClaimedDigestDiffers"

    def __init__(self, upload_id: str, algorithm: str, expected: str, found: str) -> None:
        super().__init__(
            upload_id,
            f"the station claimed {algorithm} {expected}, the bytes received give {found}; the file changed on its "
            f"way or on the device, and its station sends it again; give this one up, or it goes on taking room: "
            f"{_release(upload_id)}",
        )
        self.algorithm = algorithm
        self.expected = expected
        self.found = found


class PlaintextChanged(CustodyStopped):
    """Going on would put two plaintexts under one key and nonce, so nothing is written. Digests in hex."""

    code = "PlaintextChanged"

    def __init__(self, upload_id: str, expected: str, found: str) -> None:
        super().__init__(
            upload_id,
            f"the first attempt read SHA-256 {expected}, this one {found}; the staged file was altered between the "
            "two: copy it elsewhere, and find out by whom; with the first bytes in its place: "
            f"{_retry(upload_id)}; else: {_release(upload_id)}, and its station sends it again",
        )
        self.expected = expected
        self.found = found


class StoredBytesDiffer(CustodyStopped):
    """No receipt may be given for these bytes; the staged file is the only good copy and stays."""

    code = "StoredBytesDiffer"

    def __init__(self, upload_id: str, object_name: str, what: str) -> None:
        super().__init__(
            upload_id,
            f"the store gave back other bytes for {object_name} than it was given ({what}); the staged file is kept: "
            f"check the store's disk, remove the object by hand, then: {_retry(upload_id)}",
        )
        self.object_name = object_name
        self.what = what


class StoredCopyLost(CustodyStopped):
    """No receipt may be given: the recording that has these bytes is lost, and the staged file may be the last copy."""

    code = "StoredCopyLost"

    def __init__(self, upload_id: str, recording_id: uuid.UUID, why: str) -> None:
        super().__init__(
            upload_id,
            f"it is recording {recording_id} already, whose stored object is lost and cannot be made anew ({why}); "
            "the staged file is kept and may be the last copy: bring keys and database back from their backups, "
            f"then: {_retry(upload_id)}; to a database older than this upload the file is unknown, and kept for "
            "LIUHEN_UPLOAD_LONGEST_DAYS alone: copy it elsewhere before",
        )
        self.recording_id = recording_id
        self.why = why


class LostBeforeReceipt(CustodyStopped):
    """It was sealed, and before its receipt both its object and its staged bytes were lost. Its station has it still:
    what it sends again makes the object anew, and then this upload has its receipt as well."""

    code = "LostBeforeReceipt"

    def __init__(self, upload_id: str, recording_id: uuid.UUID, why: str) -> None:
        super().__init__(
            upload_id,
            f"it is recording {recording_id}, whose stored object was lost before its receipt was made, and what was "
            f"staged is no more either ({why}); its station sends the file again, which makes the archive whole: see "
            f"that it docks; or restore the staged file, then: {_retry(upload_id)}",
        )
        self.recording_id = recording_id
        self.why = why


def _retry(upload_id: str) -> str:
    return f"liuhen admin upload retry {upload_id}"


def _release(upload_id: str) -> str:
    return f"liuhen admin upload release {upload_id} --reason WHY"


class ObjectLost(CustodyError):
    """`found` is how: "missing" or "differs"."""

    def __init__(self, upload_id: str, recording_id: uuid.UUID, found: str) -> None:
        super().__init__(
            upload_id,
            f"it was sealed as recording {recording_id}, but its stored object is not there as it was sealed "
            f"({found}): keep the file and send it again, that makes the archive whole",
        )
        self.recording_id = recording_id
        self.found = found


class CustodyDelayed(CustodyError):
    """Nothing is wrong with the bytes; the next wake-up tries again."""


class AttemptHeldElsewhere(CustodyDelayed):
    """Nothing was written. Another has it, or nobody where it was given up: which, is not this worker's to know."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(upload_id, "this worker has it no longer: another is sealing it, or it was given up")


class TimestampDelayed(CustodyDelayed):
    def __init__(self, upload_id: str, authority: str, reason: str) -> None:
        super().__init__(upload_id, f"no time stamp from {authority} ({reason}); it is asked again")
        self.authority = authority
        self.reason = reason


class ReceiptNotDue(CustodyDelayed):
    def __init__(self, upload_id: str) -> None:
        super().__init__(upload_id, "its entry has no index in the ledger yet; the sequencer gives it one")
