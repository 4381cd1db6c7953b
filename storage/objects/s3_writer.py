"""One object on its way into an S3 bucket: looked for, put, and looked for once more (s3_versions.py says why)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from storage.errors import ObjectExists, ObjectSizeDiffers, ObjectStoreError, StoreUnavailable
from storage.objects.handles import AbortingWriter
from storage.objects.protocol import StoredObject
from storage.objects.s3_bucket import MENDS, S3Bucket, Version
from storage.objects.s3_errors import PreconditionFailed
from storage.objects.s3_keeping import carry_over
from storage.objects.s3_places import Places
from storage.objects.s3_reader import S3Reader
from storage.objects.s3_upload import S3Upload
from storage.objects.s3_versions import counting, look_at

if TYPE_CHECKING:
    from typing_extensions import Buffer

_COMPARED_BYTES = 8 << 20


class S3Writer(AbortingWriter):
    """An object on its way in; see ObjectWriter. What stands under its name already is compared, not sent again."""

    def __init__(
        self,
        bucket: S3Bucket,
        name: str,
        size_bytes: int | None,
        places: Places,
        lifetime: timedelta,
        *,
        read_back: bool = False,
        mends: bool = False,
    ) -> None:
        self._bucket, self._name, self._places = bucket, name, places
        self._declared_bytes, self._written_bytes = size_bytes, 0
        self._mends = mends
        found = places.require_free(name)
        self._there = counting(bucket, found.versions)
        self._comparing: _Comparing | None = None
        self._upload: S3Upload | None = None
        if self._there is not None and not mends:
            self._comparing = _Comparing(bucket, self._there)
        else:
            headers = {MENDS: "1"} if mends else {"If-None-Match": "*"}
            self._upload = S3Upload(bucket, name, size_bytes, headers, lifetime, read_back=read_back)

    def write(self, piece: Buffer) -> None:
        with memoryview(piece) as whole, whole.cast("B") as view:
            end = self._written_bytes + len(view)
            if self._declared_bytes is not None and end > self._declared_bytes:
                raise ObjectSizeDiffers(self._name, self._declared_bytes, end)
            if self._upload is not None:
                self._upload.add(view)
            elif self._comparing is not None:
                self._comparing.add(view)
            self._written_bytes = end

    def commit(self) -> StoredObject:
        if self._declared_bytes not in (None, self._written_bytes):
            raise ObjectSizeDiffers(self._name, self._declared_bytes or 0, self._written_bytes)
        version = self._compared() if self._upload is None else self._put()
        self.abort()
        return StoredObject(self._name, version.size_bytes, version.version_id)

    def abort(self) -> None:
        if self._comparing is not None:
            self._comparing.close()
            self._comparing = None
        if self._upload is not None:
            self._upload.abort()
            self._upload = None

    def _compared(self) -> Version:
        assert self._comparing is not None, "commit was called before"
        assert self._there is not None
        if not self._comparing.was_all_the_same():
            raise ObjectExists(self._name)
        return self._there

    def _put(self) -> Version:
        assert self._upload is not None
        try:
            version_id = self._upload.complete()
        except PreconditionFailed:
            return self._compared_with_first(self._upload)
        ours = Version(self._name, version_id, self._written_bytes)
        if self._mends:
            carry_over(self._bucket, self._there, ours)
            return ours
        return self._settled(ours)

    def _settled(self, ours: Version) -> Version:
        """The version that is the object, now that ours was put as well; ours goes where another came first."""
        try:
            found = self._places.require_free(self._name)
        except ObjectStoreError as error:
            if not isinstance(error, StoreUnavailable):
                self._bucket.remove(self._name, ours.version_id)
            raise
        first = counting(self._bucket, found.versions)
        if first is None:
            raise StoreUnavailable(self._name, "it was deleted while it was stored")
        if first.version_id == ours.version_id:
            self._places.remember(self._name)
            return ours
        same = first.size_bytes == ours.size_bytes and _hold_the_same(self._bucket, first, ours)
        self._bucket.remove(self._name, ours.version_id)
        if not same:
            raise ObjectExists(self._name)
        return first

    def _compared_with_first(self, ours: S3Upload) -> Version:
        first = counting(self._bucket, look_at(self._bucket, self._name).versions)
        if first is None:
            raise StoreUnavailable(self._name, "it was deleted while it was stored")
        with S3Reader(self._bucket, first) as reader:
            if not ours.equals(reader):
                raise ObjectExists(self._name)
        return first


class _Comparing:
    """What is written, held against what is stored as it comes. Nothing is sent."""

    def __init__(self, bucket: S3Bucket, there: Version) -> None:
        self._reader = S3Reader(bucket, there)
        self._reader.expect(0, there.size_bytes)
        self._position = 0
        self._same = True

    def add(self, view: memoryview) -> None:
        start, self._position = self._position, self._position + len(view)
        self._same = self._same and self._position <= self._reader.size_bytes
        for offset in range(0, len(view), _COMPARED_BYTES):
            if self._same:
                part = view[offset : offset + _COMPARED_BYTES]
                self._same = self._reader.read_span(start + offset, len(part)) == part

    def was_all_the_same(self) -> bool:
        return self._same and self._position == self._reader.size_bytes

    def close(self) -> None:
        self._reader.close()


def _hold_the_same(bucket: S3Bucket, one: Version, other: Version) -> bool:
    with S3Reader(bucket, one) as first, S3Reader(bucket, other) as second:
        first.expect(0, one.size_bytes)
        second.expect(0, one.size_bytes)
        for offset in range(0, one.size_bytes, _COMPARED_BYTES):
            length = min(_COMPARED_BYTES, one.size_bytes - offset)
            if first.read_span(offset, length) != second.read_span(offset, length):
                return False
    return True
