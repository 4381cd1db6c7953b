"""The bytes of one object on their way to an S3 server: one request for a small one, parts side by side for the rest.

Memory is a few parts' buffers, used again and again. An upload that its writer left is known by its age: no writer goes
on with one for longer than WRITER_LIFETIME, by a clock that counts while the machine sleeps, so whoever finds one that
began an hour before that, by the server's own clock, may abort it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

from storage.direct_io import aligned_buffer
from storage.errors import BucketRefused, ObjectStoreError, StoreUnavailable
from storage.objects.s3_bucket import S3Bucket
from storage.objects.s3_errors import PreconditionFailed, UploadGone
from storage.objects.s3_reader import S3Reader

WRITER_LIFETIME = timedelta(hours=24)
ABANDONED_AFTER = timedelta(hours=1)
"""Beyond a writer's lifetime: a request that was sent at its end is answered or given up by then."""

PARTS_AT_ONCE = 3
_LEAST_PART_BYTES = 8 << 20
_UNDECLARED_PART_BYTES = 16 << 20
_MOST_PARTS = 10_000
_MIB = 1 << 20


def part_bytes(declared_bytes: int | None) -> int:
    """How long parts are, so that ten thousand of them hold the whole object."""
    if declared_bytes is None:
        return _UNDECLARED_PART_BYTES
    whole_mib = -(-declared_bytes // (_MOST_PARTS * _MIB))
    return max(_LEAST_PART_BYTES, whole_mib * _MIB)


class S3Upload:
    """Bytes that become one version of an object when `complete` returns, and nothing when `abort` does."""

    def __init__(
        self,
        bucket: S3Bucket,
        name: str,
        declared_bytes: int | None,
        headers: Mapping[str, str],
        lifetime: timedelta,
        *,
        read_back: bool = False,
    ) -> None:
        self._bucket, self._name, self._headers, self._read_back = bucket, name, headers, read_back
        self._part_bytes = part_bytes(declared_bytes)
        self._ends_at = _now() + lifetime.total_seconds()
        # A small object needs no more memory than it has bytes.
        self._buffer = aligned_buffer(max(1, min(self._part_bytes, declared_bytes or self._part_bytes)))
        self._filled_bytes = 0
        self._upload_id: str | None = None
        self._tags: list[str] = []
        self._sending: deque[tuple[Future[str], memoryview]] = deque()
        self._spare: list[memoryview] = []
        self._pool: ThreadPoolExecutor | None = None

    def add(self, piece: memoryview) -> None:
        """Take the next bytes, of format "B"; waits while as many parts are on their way as may be."""
        while piece:
            if self._filled_bytes == len(self._buffer):
                self._send_part()
            taken = min(len(piece), len(self._buffer) - self._filled_bytes)
            self._buffer[self._filled_bytes : self._filled_bytes + taken] = piece[:taken]
            self._filled_bytes += taken
            piece = piece[taken:]

    def complete(self) -> str:
        """The new version's id. Raises PreconditionFailed where the object was small and its name is taken."""
        self._require_time()
        if self._upload_id is None:
            return self._bucket.put(self._name, self._buffered(), self._headers, read_back=self._read_back)
        self._send_part()
        while self._sending:
            self._take_first()
        self._require_time()
        try:
            version_id = self._bucket.complete_upload(self._name, self._upload_id, self._tags, self._conditional())
        except (PreconditionFailed, UploadGone) as error:
            # Of parts nothing can be read to be compared: whoever does it again finds the object and compares.
            raise StoreUnavailable(self._name, f"somebody else ended this upload ({type(error).__name__})") from error
        self._upload_id = None
        self.abort()
        return version_id

    def equals(self, there: S3Reader) -> bool:
        """Whether a stored object has the bytes of this one, which was small enough to be still at hand."""
        return there.size_bytes == self._filled_bytes and there.read_span(0, there.size_bytes) == self._buffered()

    def abort(self) -> None:
        """Leave nothing behind where the server answers; where it does not, the sweep comes by."""
        for future, _ in self._sending:
            future.cancel()
        if self._pool is not None:
            # A part that arrives after the upload was aborted would stay for ever.
            self._pool.shutdown(wait=True)
            self._pool = None
        self._sending.clear()
        self._spare.clear()
        if self._upload_id is not None:
            with suppress(ObjectStoreError, UploadGone):
                self._bucket.abort_upload(self._name, self._upload_id)
            self._upload_id = None

    def _send_part(self) -> None:
        self._require_time()
        number = len(self._tags) + len(self._sending) + 1
        if number > _MOST_PARTS:
            most = f"of an object whose size was not declared, {_MOST_PARTS * self._part_bytes} bytes can be stored"
            raise BucketRefused(self._name, str(self._bucket.address), most)
        if self._upload_id is None:
            whole = {key: value for key, value in self._headers.items() if key.lower() != "if-none-match"}
            self._upload_id = self._bucket.begin_upload(self._name, whole)
            self._pool = ThreadPoolExecutor(PARTS_AT_ONCE, "s3-part")
        assert self._pool is not None
        part = self._name, self._upload_id, number, self._buffered()
        sending = self._pool.submit(self._bucket.put_part, *part, read_back=self._read_back)
        self._sending.append((sending, self._buffer))
        self._buffer, self._filled_bytes = self._free_buffer(), 0

    def _free_buffer(self) -> memoryview:
        if len(self._sending) >= PARTS_AT_ONCE:
            self._take_first()
        return self._spare.pop() if self._spare else aligned_buffer(self._part_bytes)

    def _take_first(self) -> None:
        future, buffer = self._sending.popleft()
        try:
            self._tags.append(future.result())
        except UploadGone as error:
            raise StoreUnavailable(self._name, "the server has given this upload up; begin it again") from error
        self._spare.append(buffer)

    def _buffered(self) -> memoryview:
        return self._buffer[: self._filled_bytes]

    def _conditional(self) -> dict[str, str]:
        return {key: value for key, value in self._headers.items() if key.lower() == "if-none-match"}

    def _require_time(self) -> None:
        if _now() >= self._ends_at:
            raise StoreUnavailable(self._name, "it was written for longer than a sweep waits; begin it again")


def sweep_uploads(bucket: S3Bucket, lifetime: timedelta, margin: timedelta) -> int:
    """Abort what was begun so long ago that no writer can still be at it; how many that were."""
    swept = 0
    for upload in list(bucket.begun_uploads()):
        if upload.age > lifetime + margin:
            with suppress(UploadGone):
                bucket.abort_upload(upload.name, upload.upload_id)
                swept += 1
    return swept


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
