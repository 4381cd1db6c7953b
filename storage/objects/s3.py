"""The store that is a bucket of an S3 server with versions and Object Lock. docs/storage.md says how it is made.

s3_versions.py says which version of a name is the object, s3_writer.py how it gets there, s3_upload.py in which parts,
s3_reader.py how it comes back, s3_keeping.py what is kept; s3_bucket.py alone speaks to the server.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter

from storage.errors import NameRefused, ObjectMissing
from storage.objects.names import require_name
from storage.objects.protocol import Keeping, Listed, StoredObject
from storage.objects.s3_address import S3Address
from storage.objects.s3_bucket import S3Bucket, Version
from storage.objects.s3_keeping import keep_until, remove_all
from storage.objects.s3_places import Places
from storage.objects.s3_reader import S3Reader
from storage.objects.s3_upload import ABANDONED_AFTER, WRITER_LIFETIME, sweep_uploads
from storage.objects.s3_versions import counting, look_at
from storage.objects.s3_writer import S3Writer

_REMEMBERED = 1024
_REMEMBERED_SECONDS = 30.0


class S3Store:
    """Objects in a bucket; see ObjectStore. Nothing is asked of the server before something is wanted of it."""

    def __init__(
        self, address: S3Address, *, lifetime: timedelta = WRITER_LIFETIME, margin: timedelta = ABANDONED_AFTER
    ) -> None:
        self.address = address
        self._bucket = S3Bucket(address)
        self._places = Places(self._bucket)
        self._lifetime, self._margin = lifetime, margin
        self._opened = _Opened()

    def __reduce__(self) -> tuple[type[S3Store], tuple[S3Address]]:
        return type(self), (self.address,)

    def require_usable(self) -> None:
        """Raises BucketUnusable where the bucket cannot keep evidence, AccessKeyRefused, StoreUnavailable."""
        self._bucket.require_usable()

    def require_working(self) -> None:
        self._bucket.require_working()

    def create(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> S3Writer:
        require_name(name)
        return S3Writer(self._bucket, name, size_bytes, self._places, self._lifetime, read_back=read_back)

    def mend(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> S3Writer:
        require_name(name)
        self._opened.forget(name)
        return S3Writer(self._bucket, name, size_bytes, self._places, self._lifetime, read_back=read_back, mends=True)

    def put(self, name: str, data: bytes) -> StoredObject:
        with self.create(name, len(data)) as writer:
            writer.write(data)
            return writer.commit()

    def open(self, name: str, cold: bool = False) -> S3Reader:
        require_name(name)
        known = None if cold else self._opened.find(name)
        if known is None:
            known = _Known(self._object(name))
            if not cold:
                self._opened.remember(name, known)
        forget = partial(self._opened.forget, name)
        return S3Reader(self._bucket, known.version, None if cold else known.head, known.keep_head, forget)

    def stat(self, name: str) -> StoredObject | None:
        require_name(name)
        version = counting(self._bucket, look_at(self._bucket, name).versions)
        return None if version is None else StoredObject(name, version.size_bytes, version.version_id)

    def list(self, prefix: str = "") -> Iterator[str]:
        last = None
        for version in self._bucket.versions(prefix):
            if isinstance(version, Version) and version.name != last and _is_name(version.name):
                last = version.name
                yield version.name

    def survey(self, prefix: str = "") -> Iterator[Listed]:
        found = (each for each in self._bucket.versions(prefix) if isinstance(each, Version))
        for _, versions in groupby(found, attrgetter("name")):
            listed = self._listed(list(versions))
            if listed is not None:
                yield listed

    def inspect(self, name: str) -> Listed | None:
        if not _is_name(name):
            return None
        return self._listed(look_at(self._bucket, name).versions, alone_too=True)

    def _listed(self, versions: Sequence[Version], *, alone_too: bool = False) -> Listed | None:
        version = counting(self._bucket, versions)
        if version is None:
            return None
        mended = (alone_too or len(versions) > 1) and self._bucket.mends(version)
        return Listed(version.name, version.size_bytes, version.version_id, versions.index(version), mended)

    def delete(self, name: str) -> None:
        require_name(name)
        self._opened.forget(name)
        found = look_at(self._bucket, name)
        version = counting(self._bucket, found.versions)
        if version is not None:
            remove_all(self._bucket, name, found, version)
            self._places.forget()
        for marker in self._bucket.delete_markers(name):
            self._bucket.remove(name, marker)

    def keep_until(self, name: str, until: datetime) -> Keeping:
        return keep_until(self._bucket, self._named(name), until)

    def hold(self, name: str) -> Keeping:
        version = self._named(name)
        self._bucket.set_hold(version, True)
        return self._bucket.keeping(version)

    def release(self, name: str) -> Keeping:
        version = self._named(name)
        # Those that were mended too: their hold would keep the whole name for ever.
        for each in look_at(self._bucket, name).versions:
            if self._bucket.keeping(each).held:
                self._bucket.set_hold(each, False)
        return self._bucket.keeping(version)

    def keeping(self, name: str) -> Keeping:
        return self._bucket.keeping(self._named(name))

    def sweep_abandoned(self) -> int:
        return sweep_uploads(self._bucket, self._lifetime, self._margin)

    def _named(self, name: str) -> Version:
        require_name(name)
        return self._object(name)

    def _object(self, name: str) -> Version:
        version = counting(self._bucket, look_at(self._bucket, name).versions)
        if version is None:
            raise ObjectMissing(name)
        return version


@dataclass
class _Known:
    """An object as it was found, and its beginning once somebody has read that."""

    version: Version
    head: bytes | None = None

    def keep_head(self, head: bytes) -> None:
        self.head = head


class _Opened:
    """What was opened lately: a player asks for span after span of one object. Believed for half a minute.

    A version never changes, so what is remembered is at worst one that was mended or deleted meanwhile: its reader then
    finds other bytes than were sealed, or none, and neither is ever served.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, _Known]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, name: str) -> _Known | None:
        with self._lock:
            since, known = self._known.get(name, (0.0, None))
            return known if time.monotonic() < since + _REMEMBERED_SECONDS else None

    def remember(self, name: str, known: _Known) -> None:
        with self._lock:
            self._known[name] = time.monotonic(), known
            self._known.move_to_end(name)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)


def _is_name(name: str) -> bool:
    """Whatever else lies in the bucket was put there by others."""
    try:
        require_name(name)
    except NameRefused:
        return False
    return True
