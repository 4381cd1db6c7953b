"""Why an upload request is refused. Each error carries its facts; problems.py gives the status and the two sentences.

UploadRefused
├── RequestMalformed        a header that cannot be understood, or is missing
├── UploadEmpty             a length of zero
├── NotOwner                the upload belongs to another station
├── UploadUnknown           no such upload, or no such address
├── MethodNotOffered        the address does not offer this method
├── UploadStalled           slower than the minimum rate
├── OffsetDiffers           Upload-Offset is not the recorded offset
├── UploadFinished          handed to custody: neither more bytes nor a termination
├── UploadGone              expired or terminated
├── VersionUnsupported      Tus-Resumable is not 1.0.0
├── TooLong                 longer than allowed, or than declared
│   ├── LengthUndeclared    as much as may come before the length is declared
│   └── LongerThanQuota     longer than all that the station may have waiting: it never fits
├── ContentTypeWrong        a PATCH that is not application/offset+octet-stream
├── TakenOver               a newer request for the same upload took its place
├── UploadBusy              the older request for the same upload does not let go
├── CreationKeyReused       an Idempotency-Key that names the creation of another file
├── TooManyUploads          the station has as many open uploads as it may
├── TooManyTerminated       the station has terminated as many uploads this hour as it may
├── QuotaExceeded           the station has as many bytes waiting as it may
├── ChecksumDiffers         the body is not what Upload-Checksum says
├── AtAnotherNode           another ingest node has the upload's bytes
├── RegisterUnavailable     the catalog does not answer; nothing is wrong with the bytes
├── StagingFull             the staging disk has no room
│   └── NoRoomToOpen        nor had it when the upload was to be created: there is none, and nothing arrived
└── StagingDamaged          the staging files are not what was acknowledged

Who asks without a credential that proves anything gets a CredentialRefused (ingest/stations/errors.py). Nobody asked
where StagedBytesUnknown is raised: staged files whose uploads the catalog does not know, so a person must look.
"""

from __future__ import annotations

from ingest.errors import IngestError, RequestRefused


class UploadRefused(RequestRefused):
    """An upload request that is not carried out, or not to its end."""


class RequestMalformed(UploadRefused):
    """What is wrong with `header`, said in Chinese and in English: each ends its own sentence."""

    def __init__(self, header: str, reason_zh: str, reason: str) -> None:
        super().__init__(f"{header}: {reason}")
        self.header = header
        self.reason_zh = reason_zh
        self.reason = reason


class UploadEmpty(UploadRefused):
    def __init__(self) -> None:
        super().__init__("Empty file: there is nothing to keep")


class NotOwner(UploadRefused):
    def __init__(self, upload_id: str) -> None:
        super().__init__(f"upload {upload_id} belongs to another station")
        self.upload_id = upload_id


class UploadUnknown(UploadRefused):
    def __init__(self) -> None:
        super().__init__("no upload at this address")


class MethodNotOffered(UploadRefused):
    def __init__(self, method: str, offered: tuple[str, ...]) -> None:
        super().__init__(f"{method} is not offered here")
        self.method = method
        self.offered = ", ".join(offered)


class UploadStalled(UploadRefused):
    def __init__(self, received_bytes: int, window_seconds: float, minimum_bytes_per_second: int) -> None:
        super().__init__(
            f"{received_bytes} bytes in {window_seconds:g} s is below {minimum_bytes_per_second} bytes/s",
        )
        self.received_bytes = received_bytes
        self.window_seconds = window_seconds
        self.minimum_bytes_per_second = minimum_bytes_per_second


class OffsetDiffers(UploadRefused):
    def __init__(self, stated: int, recorded: int) -> None:
        super().__init__(f"Upload-Offset is {stated}, the recorded offset is {recorded}")
        self.stated = stated
        self.recorded = recorded


class UploadFinished(UploadRefused):
    def __init__(self, upload_id: str) -> None:
        super().__init__(f"upload {upload_id} is finished and in custody")
        self.upload_id = upload_id


class UploadGone(UploadRefused):
    def __init__(self, upload_id: str, why: str) -> None:
        super().__init__(f"upload {upload_id} is gone: {why}")
        self.upload_id = upload_id
        self.why = why


class VersionUnsupported(UploadRefused):
    def __init__(self) -> None:
        super().__init__("Tus-Resumable must be 1.0.0")


class TooLong(UploadRefused):
    """`at_creation`: there was no upload yet, so that nothing at all is kept."""

    def __init__(self, allowed_bytes: int, *, at_creation: bool = False) -> None:
        super().__init__(f"more than the {allowed_bytes} bytes allowed")
        self.allowed_bytes = allowed_bytes
        self.kept_zh = "没有建立上传，也没有收下任何字节" if at_creation else "多出部分未保存"
        self.kept = "no upload was created, and no byte is kept" if at_creation else "nothing beyond them is kept"


class LengthUndeclared(TooLong):
    """`allowed_bytes` may come before Upload-Length is stated."""


class LongerThanQuota(TooLong):
    """Nothing is wrong with the file: its station's quota (`allowed_bytes`) is smaller than it."""

    def __init__(self, allowed_bytes: int, length_bytes: int) -> None:
        super().__init__(allowed_bytes)
        self.length_bytes = length_bytes


class ContentTypeWrong(UploadRefused):
    def __init__(self) -> None:
        super().__init__("Content-Type must be application/offset+octet-stream")


class TakenOver(UploadRefused):
    def __init__(self, upload_id: str) -> None:
        super().__init__(f"a newer request for upload {upload_id} took over")
        self.upload_id = upload_id


class UploadBusy(UploadRefused):
    def __init__(self, upload_id: str) -> None:
        super().__init__(f"an older request for upload {upload_id} does not let go")
        self.upload_id = upload_id


class CreationKeyReused(UploadRefused):
    def __init__(self, upload_id: str) -> None:
        super().__init__(f"this Idempotency-Key opened upload {upload_id}, which is of another file")
        self.upload_id = upload_id


class TooManyUploads(UploadRefused):
    """`open_uploads` may be more than `max_uploads`: a limit can come down."""

    def __init__(self, max_uploads: int, open_uploads: int) -> None:
        super().__init__(f"{open_uploads} uploads of this station are open already, of {max_uploads}")
        self.max_uploads = max_uploads
        self.open_uploads = open_uploads


class TooManyTerminated(UploadRefused):
    """Of each a row and two entries stay for good. `retry_after_seconds`: until the hour is over."""

    def __init__(self, max_terminated: int, terminated: int, retry_after_seconds: int) -> None:
        super().__init__(f"{terminated} uploads of this station were terminated this hour, of {max_terminated}")
        self.max_terminated = max_terminated
        self.terminated = terminated
        self.retry_after_seconds = retry_after_seconds


class QuotaExceeded(UploadRefused):
    """`wanted_bytes`: the length of the upload for which there is no room beside what is waiting."""

    def __init__(self, max_waiting_bytes: int, waiting_bytes: int, wanted_bytes: int) -> None:
        super().__init__(f"{waiting_bytes} of {max_waiting_bytes} bytes of this station are waiting already")
        self.max_waiting_bytes = max_waiting_bytes
        self.waiting_bytes = waiting_bytes
        self.wanted_bytes = wanted_bytes


class ChecksumDiffers(UploadRefused):
    def __init__(self, algorithm: str) -> None:
        super().__init__(f"the body's {algorithm} is not the one stated")
        self.algorithm = algorithm


class AtAnotherNode(UploadRefused):
    """`node` has the upload's bytes ('': the one box, before it had a name), and `path` leads there."""

    def __init__(self, upload_id: str, node: str, path: str) -> None:
        super().__init__(f"upload {upload_id} is on node {node!r}")
        self.upload_id = upload_id
        self.node = node
        self.path = path


class RegisterUnavailable(UploadRefused):
    def __init__(self, reason: str) -> None:
        super().__init__(f"the catalog does not answer: {reason}")
        self.reason = reason


class StagingFull(UploadRefused):
    def __init__(self) -> None:
        super().__init__("the staging disk has no room")


class NoRoomToOpen(StagingFull):
    """Said before anything is reserved, so there is no upload that could be resumed."""

    def __init__(self, length_bytes: int) -> None:
        super().__init__()
        self.length_bytes = length_bytes


class StagingDamaged(UploadRefused):
    def __init__(self, upload_id: str, reason: str) -> None:
        super().__init__(f"upload {upload_id}: {reason}")
        self.upload_id = upload_id
        self.reason = reason


class StagedBytesUnknown(IngestError):
    """There are staged files that no row of the catalog leads to (ingest/uploads/unknown.py)."""

    def __init__(self, files: int, size_bytes: int) -> None:
        super().__init__(
            f"{files} staged files, {size_bytes} bytes, are of no upload that the catalog knows: see "
            "`liuhen admin upload unknown`, and bring a later database back or have their stations send them again"
        )
        self.files = files
        self.size_bytes = size_bytes
