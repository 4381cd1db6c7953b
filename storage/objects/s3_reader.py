"""One object of an S3 server, open for reading. What is expected comes in one answer, read as it is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from storage.errors import ObjectMissing, StoreUnavailable
from storage.objects.handles import SpanReader
from storage.objects.s3_bucket import S3Bucket, Version
from storage.objects.s3_errors import asking

HEAD_BYTES = 256
"""The beginning is read by everybody who opens an object, and remembered with it: the header of what is sealed."""

_READ_BYTES = 1 << 20
_PAUSE_SECONDS = 0.2


class _Answer:
    """[position, end) of one version, coming in. Broken off, it is asked for again from where it was."""

    def __init__(self, bucket: S3Bucket, version: Version, position: int, end: int) -> None:
        self.position, self.end = position, end
        self._bucket, self._version = bucket, version
        self._response: Any = None

    def read_into(self, view: memoryview) -> None:
        """Fill `view`, which must not reach beyond the end. Raises ObjectMissing, StoreUnavailable."""
        done, repeats = 0, 0
        while done < len(view):
            try:
                done += self._receive(view[done : done + _READ_BYTES])
                repeats = 0
            except StoreUnavailable:
                self.close()
                repeats += 1
                if repeats > self._bucket.address.patience.repeats:
                    raise
                time.sleep(_PAUSE_SECONDS * repeats)

    def close(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            with suppress(Exception):
                # A connection with bytes of an answer still to come is of no use to anybody.
                if self.position >= self.end:
                    response.release_conn()
                else:
                    response.close()

    def _receive(self, view: memoryview) -> int:
        if self._response is None:
            self._response = self._bucket.read(self._version, self.position, self.end)
            self._require_span()
        with asking(self._version.name, self._bucket.address):
            piece = self._response.read(len(view), decode_content=False)
        if not piece:
            raise StoreUnavailable(self._version.name, f"the answer ended at {self.position} of {self.end}")
        view[: len(piece)] = piece
        self.position += len(piece)
        return len(piece)

    def _require_span(self) -> None:
        span = f"bytes {self.position}-{self.end - 1}/{self._version.size_bytes}"
        found = self._response.headers.get("Content-Range", "")
        if found != span:
            raise StoreUnavailable(self._version.name, f"{span!r} was asked for, {found!r} came")


class S3Reader(SpanReader):
    """See ObjectReader."""

    is_remote = True

    def __init__(
        self,
        bucket: S3Bucket,
        version: Version,
        head: bytes | None = None,
        on_head: Callable[[bytes], None] = lambda _: None,
        on_missing: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(version.name, version.size_bytes)
        self._bucket, self._version = bucket, version
        self._head, self._on_head, self._on_missing = head, on_head, on_missing
        self._expected: _Answer | None = None
        self._lock = threading.Lock()

    def expect(self, offset: int, length: int) -> None:
        self.require_inside(offset, length)
        with self._lock:
            self._drop_expected()
            self._expected = _Answer(self._bucket, self._version, offset, offset + length)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        self.require_inside(offset, 0)
        wanted_bytes = min(len(buffer), self.size_bytes - offset)
        self._fill(offset, buffer[:wanted_bytes])
        return wanted_bytes

    def close(self) -> None:
        with self._lock:
            self._drop_expected()

    def _fill(self, offset: int, view: memoryview) -> None:
        if not view:
            return
        try:
            if offset + len(view) <= HEAD_BYTES:
                view[:] = self._remembered_head()[offset : offset + len(view)]
            elif not self._filled_as_expected(offset, view):
                self._fill_by_itself(offset, view)
        except ObjectMissing:
            self._on_missing()
            raise

    def _remembered_head(self) -> bytes:
        if self._head is None:
            head = bytearray(min(HEAD_BYTES, self.size_bytes))
            self._fill_by_itself(0, memoryview(head))
            self._head = bytes(head)
            self._on_head(self._head)
        return self._head

    def _filled_as_expected(self, offset: int, view: memoryview) -> bool:
        """False where something else is read than was expected, or somebody else reads just now."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            expected = self._expected
            if expected is None or expected.position != offset or expected.end < offset + len(view):
                return False
            expected.read_into(view)
            if expected.position == expected.end:
                self._drop_expected()
            return True
        finally:
            self._lock.release()

    def _fill_by_itself(self, offset: int, view: memoryview) -> None:
        answer = _Answer(self._bucket, self._version, offset, offset + len(view))
        try:
            answer.read_into(view)
        finally:
            answer.close()

    def _drop_expected(self) -> None:
        if self._expected is not None:
            self._expected.close()
            self._expected = None
