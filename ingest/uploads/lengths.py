"""What a request says of the upload's length: at creation, or later, once, when it was deferred (tus 1.0, creation)."""

from __future__ import annotations

from ingest.uploads.contract import UploadLimits
from ingest.uploads.errors import LengthUndeclared, RequestMalformed, TooLong, UploadEmpty
from ingest.uploads.offset_file import RecordedOffset
from ingest.uploads.request import Request


def plan_length(request: Request, limits: UploadLimits, station_bytes: int) -> tuple[int, bool]:
    """Of a creation: the length, or what to reserve because it is deferred, and whether it is. Raises what is wrong.

    `station_bytes`: as much as the station may have waiting in all.
    """
    if request.header("upload-concat") is not None:
        raise RequestMalformed(
            "Upload-Concat", "不支持分段合并，请将文件作为一个上传发送", "is not offered; send the file as one upload"
        )
    length = request.number("upload-length")
    if request.defers_length:
        if length is not None:
            raise RequestMalformed(
                "Upload-Defer-Length", "与 Upload-Length 同时出现", "comes together with Upload-Length"
            )
        return min(limits.max_deferred_bytes, limits.max_upload_bytes, station_bytes), True
    if length is None:
        raise RequestMalformed("Upload-Length", "缺失", "is missing")
    check_declared(length, None, limits)
    return length, False


def check_declared(length: int, offset: int | None, limits: UploadLimits) -> None:
    """Raises UploadEmpty, TooLong, or RequestMalformed when less is declared than arrived. `offset`: how much that is,
    None at a creation."""
    if length == 0:
        raise UploadEmpty
    if length > limits.max_upload_bytes:
        raise TooLong(limits.max_upload_bytes, at_creation=offset is None)
    if offset is not None and length < offset:
        raise RequestMalformed(
            "Upload-Length", f"小于已收到的 {offset} 字节", f"is less than the {offset} bytes that have arrived"
        )


def check_length_stays(request: Request, declared_length: int) -> None:
    """A length is declared once. The same one again is an answer that was lost; another is refused."""
    if request.number("upload-length") not in (None, declared_length):
        raise RequestMalformed(
            "Upload-Length",
            f"已声明为 {declared_length}，不能更改",
            f"was declared as {declared_length} and cannot change",
        )


def check_fits(request: Request, recorded: RecordedOffset) -> None:
    """Raises TooLong for a counted body that is longer than what is left, by the length that the request itself
    declares where that was deferred."""
    stated = request.number("upload-length") if recorded.is_deferred else None
    if stated is not None and stated < max(recorded.offset, 1):
        return  # No length of this file: `check_declared` says why.
    length = recorded.declared_length if stated is None else stated
    if (request.body_bytes or 0) > max(length - recorded.offset, 0):
        raise (LengthUndeclared if recorded.is_deferred and stated is None else TooLong)(length)
