"""Everything that can go wrong where bytes, keys and rows live, as one tree.

    StorageError
    ├── ObjectStoreError
    │   ├── NameRefused             a name outside the alphabet, or one that climbs out of its store
    │   ├── ObjectMissing           no object of that name
    │   ├── ObjectExists            other bytes already stand under that name; they stay
    │   ├── ObjectSizeDiffers       a writer was given more or fewer bytes than it was promised
    │   ├── ObjectKept              the store keeps it until a day, or while it is held; it stays
    │   ├── SpanOutside             a read past the object's end
    │   ├── StoreFull               no room; nothing was stored, and it goes on when there is room
    │   ├── StoreRefused            the system does not let us read or write here
    │   │   ├── StoreReadOnly       it may be read here, and not written
    │   │   ├── AccessKeyRefused    an S3 server does not know the access key, or its secret is another
    │   │   └── BucketRefused       an S3 server does not let that access key do this in the bucket
    │   └── StoreUnavailable        the medium or the network failed; trying again later is right
    │       ├── ClockDiffers        an S3 server takes no request of a clock that is so far off
    │       └── CertificateRefused  the server's certificate has expired, or nobody trusted vouches for it
    ├── BucketUnusable              a bucket that cannot keep evidence: no Object Lock, no versions
    ├── DecryptionFailed            ciphertext that is not what was sealed, or another key's
    ├── SealingError
    │   ├── SourceSizeDiffers       the source is longer or shorter than it was declared
    │   ├── SourceChanged           the source is not what an earlier attempt read
    │   ├── SourceUnreadable        the source cannot be read
    │   ├── CiphertextDiffers       sealed once more, it did not become what was lost
    │   └── ReadBackMismatch        what the store gives back is not what was sealed
    ├── KeyStoreError, SharesError  of keys: these trees are in storage/key_errors.py
    ├── SchemaError                 the database is not as this release needs it; nothing was changed
    │   ├── SchemaBehind            it has an older release's schema
    │   ├── SchemaAhead             it has a newer release's, which this one cannot bring anything up to
    │   └── SchemaBusy              somebody holds what is to be altered
    ├── NotLetIn                    the database does not know the secret shown, or not for all that was asked
    └── LedgerStorageError          what storage/ledger cannot do: its tree goes on in storage/ledger/errors.py

Each carries its facts as attributes, says in `str()` what is wrong and, where a person can do something, what.
They survive pickling, because workers hand them over between processes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime


@dataclass(eq=False)
class StorageError(Exception):
    """Anything storage raises on purpose. Catch this to catch all of them."""

    def __reduce__(self) -> tuple[type[StorageError], tuple[object, ...]]:
        return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))


@dataclass(eq=False)
class NotLetIn(StorageError):
    def __str__(self) -> str:
        return "whoever asked is signed out, or no auditor of the topmost unit any more; sign in and ask again"


@dataclass(eq=False)
class SchemaError(StorageError):
    """`found` is the database's revision, `own` this release's."""

    found: str
    own: str


class SchemaBehind(SchemaError):
    def __str__(self) -> str:
        found = self.found or "an older one"
        return f"the database's schema is {found} and this release needs {self.own}: prepare it first"


class SchemaAhead(SchemaError):
    def __str__(self) -> str:
        return f"the database's schema is {self.found}, of a newer release than this one, which knows {self.own}"


class SchemaBusy(SchemaError):
    def __str__(self) -> str:
        return f"somebody holds what would be altered on the way from {self.found or 'empty'} to {self.own}; try again"


@dataclass(eq=False)
class ObjectStoreError(StorageError):
    """Something about the object `name` did not work."""

    name: str


@dataclass(eq=False)
class NameRefused(ObjectStoreError):
    """Names are lower-case ASCII path segments; see storage/objects/names.py."""

    reason: str

    def __str__(self) -> str:
        return f"object name {self.name!r} is refused: {self.reason}"


@dataclass(eq=False)
class ObjectMissing(ObjectStoreError):
    """Nothing of that name was ever stored, or disposal removed it."""

    def __str__(self) -> str:
        return f"object {self.name} is not in the store"


@dataclass(eq=False)
class ObjectExists(ObjectStoreError):
    """The store is write-once: the first bytes under a name are the last ones."""

    def __str__(self) -> str:
        return f"object {self.name} exists with other bytes; it was left as it is and the new bytes were not stored"


@dataclass(eq=False)
class ObjectSizeDiffers(ObjectStoreError):
    """The writer was promised `declared_bytes` and got `written_bytes`; nothing was stored."""

    declared_bytes: int
    written_bytes: int

    def __str__(self) -> str:
        return f"object {self.name}: {self.declared_bytes} bytes were declared, {self.written_bytes} were written"


@dataclass(eq=False)
class ObjectKept(ObjectStoreError):
    """The store's own refusal to delete. `until`: the instant from which it may go; None where only a hold keeps it."""

    until: datetime | None
    held: bool

    def __str__(self) -> str:
        reasons = [f"it is kept until {self.until.isoformat()}"] if self.until is not None else []
        reasons += ["it is held"] if self.held else []
        return f"object {self.name} was not deleted: {' and '.join(reasons)}"


@dataclass(eq=False)
class SpanOutside(ObjectStoreError):
    """Bytes were asked for that the object does not have."""

    offset: int
    length: int
    size_bytes: int

    def __str__(self) -> str:
        end = self.offset + self.length
        return f"object {self.name}: bytes {self.offset}–{end} were asked for, it has {self.size_bytes}"


@dataclass(eq=False)
class StoreFull(ObjectStoreError):
    """Disk or quota is full. Nothing was stored; the same call succeeds once there is room."""

    def __str__(self) -> str:
        return f"no room to store {self.name}: free space on the store's disk or raise its quota, then try again"


@dataclass(eq=False)
class StoreRefused(ObjectStoreError):
    """The system refused access; `reason` is its own word, `path` the place."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"object {self.name}: {self.path}: {self.reason}; check the owner and mode of the store's folders"


@dataclass(eq=False)
class StoreReadOnly(StoreRefused):
    """What is there can be read; nothing can be added."""

    def __str__(self) -> str:
        return f"object {self.name}: {self.path} cannot be written ({self.reason}); make it writable again"


@dataclass(eq=False)
class AccessKeyRefused(StoreRefused):
    """`path` is the bucket's address. Of the key and its secret nothing is said."""

    def __str__(self) -> str:
        return (
            f"object {self.name}: {self.path} refuses the access key ({self.reason}); "
            "check LIUHEN_S3_ACCESS_KEY and LIUHEN_S3_SECRET_KEY, or their files (LIUHEN_REPLICA_S3_… of the replica)"
        )


@dataclass(eq=False)
class BucketRefused(StoreRefused):
    """`path` is the bucket's address."""

    def __str__(self) -> str:
        return (
            f"object {self.name}: {self.path}: {self.reason}; check that the bucket is there, and that the access key "
            "may read, write, list, lock and delete in it"
        )


@dataclass(eq=False)
class StoreUnavailable(ObjectStoreError):
    """The medium or the network failed; `reason` is the system's own word."""

    reason: str

    def __str__(self) -> str:
        return f"object {self.name}: the store does not work at the moment: {self.reason}"


@dataclass(eq=False)
class ClockDiffers(StoreUnavailable):
    def __str__(self) -> str:
        return (
            f"object {self.name}: the store's clock and this machine's are too far apart ({self.reason}); "
            "set this machine's clock, or the store's, by NTP"
        )


@dataclass(eq=False)
class CertificateRefused(StoreUnavailable):
    def __str__(self) -> str:
        return (
            f"object {self.name}: the store's certificate does not hold ({self.reason}); "
            "renew it, or name the authority that issued it in LIUHEN_S3_CA_FILE"
        )


@dataclass(eq=False)
class BucketUnusable(StorageError):
    """The bucket at `address` is no place for evidence. `reason`: "missing", "without-lock", "without-versions", or
    "locks-by-itself", where a rule of its own locks whatever is put there."""

    address: str
    reason: str

    def __str__(self) -> str:
        return f"{self.address} cannot be the store: {self.reason}; docs/storage.md says how a bucket is made"


@dataclass(eq=False)
class DecryptionFailed(StorageError):
    """Segment `segment` (from 0) of `object_name` does not open: changed, cut, moved, or under another key."""

    object_name: str
    segment: int
    reason: str

    def __str__(self) -> str:
        return f"object {self.object_name}, segment {self.segment}: {self.reason}"


@dataclass(eq=False)
class SealingError(StorageError):
    """Sealing did not come to its end. Nothing may be signed."""


@dataclass(eq=False)
class SourceSizeDiffers(SealingError):
    """The file at `path` is not as long as it was declared."""

    path: str
    declared_bytes: int
    found_bytes: int

    def __str__(self) -> str:
        return f"{self.path}: {self.found_bytes} bytes, {self.declared_bytes} were declared; nothing was sealed"


@dataclass(eq=False)
class SourceChanged(SealingError):
    """Sealing it would put a second plaintext under one key and nonce. Digests are lower-case hex SHA-256."""

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: SHA-256 is {self.found}, an earlier attempt read {self.expected}; nothing was sealed"


@dataclass(eq=False)
class SourceUnreadable(SealingError):
    """The system does not give us the file at `path`; `reason` is its own word."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.reason}; nothing was sealed"


@dataclass(eq=False)
class CiphertextDiffers(SealingError):
    """What was to take a lost object's place has another ciphertext than was signed: key, salt or nonce are others."""

    object_name: str

    def __str__(self) -> str:
        return (
            f"sealed once more, {self.object_name} has another ciphertext than its manifest states; nothing was "
            "stored: its row or its attempt was altered, run liuhen verify"
        )


@dataclass(eq=False)
class ReadBackMismatch(SealingError):
    """The store gives back other bytes than it was given. `what` is "ciphertext" or "plaintext", or a size."""

    object_name: str
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"object {self.object_name} reads back wrong: {self.what} is {self.found}, written as {self.expected}; "
            "keep the staged original and check the store's disk"
        )


@dataclass(eq=False)
class LedgerStorageError(StorageError):
    """Something about the ledger's rows or objects does not work."""
