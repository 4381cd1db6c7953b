"""What every store of objects promises. The comments are the contract; tests/contracts/ holds each store to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from typing_extensions import Buffer


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the store knows it. `version_id` never changes for as long as the object is there."""

    name: str
    size_bytes: int
    version_id: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing knows it: nothing of it was read, and its size is what the store says.

    `newer_versions`: put over the one that is the object, so that nobody reads them. `mended`: it took the place of
    what was lost, so that its version is not the one that was first put.
    """

    name: str
    size_bytes: int
    version_id: str
    newer_versions: int = 0
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Keeping:
    """Why the store itself refuses to delete an object: until an instant (UTC, whole seconds), or while it is held."""

    until: datetime | None = None
    held: bool = False

    def forbids(self, now: datetime) -> bool:
        return self.held or (self.until is not None and now < self.until)


NOT_KEPT = Keeping()


class ObjectWriter(Protocol):
    """One object on its way in. Not for several threads at once; no other process sees anything of it.

    As a context manager it aborts unless `commit` has returned: leaving the block early leaves nothing behind.
    """

    def write(self, piece: Buffer) -> None:
        """Add the next bytes; `piece` may be reused on return.

        Any size will do. When the size was declared, pieces of whole pages in page-aligned memory are written
        past the page cache where the medium allows it. Raises StoreFull, StoreRefused, StoreUnavailable, and
        ObjectSizeDiffers as soon as there is more than was declared; then the writer can only be aborted.
        """

    def commit(self) -> StoredObject:
        """Make the object visible, whole, under its name.

        On return its bytes and its name survive a power failure. Raises ObjectSizeDiffers when a declared size was
        not reached, ObjectExists when other bytes stand under the name (they stay); when the same bytes do, it
        succeeds like the first time. Raises StoreFull, StoreRefused, StoreUnavailable: then the object may be there
        or not, always whole, and doing the same again is right.
        """

    def abort(self) -> None:
        """Forget everything written. After `commit` or a first `abort` it does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ObjectReader(Protocol):
    """One stored object, open for reading. Several threads may read at once. As a context manager it closes."""

    @property
    def name(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def is_remote(self) -> bool:
        """Whether a read waits for a network: then an event loop leaves it to a thread."""

    def expect(self, offset: int, length: int) -> None:
        """Say that `length` bytes from `offset` will be read next, in order: a store far away fetches them at one go.

        Whatever is read instead is read all the same. Only for who reads alone; a later call takes the place of this.
        """

    def read_span(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`. Raises SpanOutside, StoreUnavailable."""

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset` as far as the object goes, and say how many bytes that were.

        Fastest with page-aligned offset, memory and length. Raises SpanOutside, StoreUnavailable.
        """

    def read_at_hand(self, offset: int, buffer: memoryview) -> bool:
        """Fill `buffer`, which does not reach beyond the end, where that waits for no medium and no network.

        False where it would, and then what is in `buffer` counts for nothing: whoever may wait calls `read_into`, and
        others do so in a thread. Raises SpanOutside, StoreUnavailable.
        """

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ObjectStore(Protocol):
    """Named bytes, written once. Several threads and processes may use one store at the same time.

    Names follow storage/objects/names.py (else NameRefused), and no name is also the folder of another: with "a/b"
    there, "a" is refused. An object is seen by nobody before it is durable and whole; a crash at any moment leaves
    it either so or not there. The first bytes under a name stay until `delete` or `mend`. Failures come as the errors
    under ObjectStoreError, never as those of a file system or of a client library.
    """

    def create(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> ObjectWriter:
        """Begin an object. With `size_bytes`, room for all of it is reserved now where the medium can.

        `read_back`: nobody relies on it before it was read from the medium and compared. A store far away, where the
        way there is protected, then need not have its server prove what arrived by one more digest of all of it.

        Raises NameRefused, StoreFull, StoreRefused, StoreUnavailable. That the name is taken shows at commit.
        """

    def mend(self, name: str, size_bytes: int | None = None, *, read_back: bool = False) -> ObjectWriter:
        """Begin an object that takes the place of what stands under `name`, if anything does: whole, in one moment.

        For bytes that were lost, and for the very same ones: for custody, a restore, and who heals one place from
        another, which have held them against what was signed. As `create` otherwise; the commit never raises
        ObjectExists. A store that keeps versions locked adds one; where that is not allowed either, StoreRefused.
        """

    def put(self, name: str, data: bytes) -> StoredObject:
        """Store a small object whole: create, write, commit; raises what they raise."""

    def open(self, name: str, cold: bool = False) -> ObjectReader:
        """Open an object. `cold`: bytes come from the medium, not from a cache that the writer may have filled.

        Raises ObjectMissing, StoreRefused, StoreUnavailable.
        """

    def stat(self, name: str) -> StoredObject | None:
        """What is stored under `name`, or None. Raises StoreRefused, StoreUnavailable."""

    def list(self, prefix: str = "") -> Iterator[str]:
        """The names that begin with `prefix`, in the order of their characters, as in S3.

        Complete for all that was committed before the call, whatever crashed before it; what is committed or deleted
        meanwhile may be there or not. Never anything unfinished.
        """

    def survey(self, prefix: str = "") -> Iterator[Listed]:
        """What `list` names, with size and version, in the same order and in constant memory; and what strangers put
        there under names that no object may have.

        `mended` may be False of an object of which there is one version only: `inspect` looks.
        """

    def inspect(self, name: str) -> Listed | None:
        """One object as it is now; None where there is none, or the name is none of ours. Raises as `stat`."""

    def delete(self, name: str) -> None:
        """Remove an object for good; durable on return, and no error when it is gone already.

        For disposal; for who stored what became no recording; and of what there is a second place for, once the other
        was read and compared (ingest/cold/, ingest/replica/) or this one's object was disposed of. Raises ObjectKept,
        and then nothing was removed; StoreRefused, StoreUnavailable.
        """

    def keep_until(self, name: str, until: datetime) -> Keeping:
        """Have the store refuse to delete an object before `until` (aware; rounded up to a second). Durable on return.

        It can only be lengthened, by nobody shortened: an earlier instant changes nothing. What is in force is
        returned. Mending keeps it. Raises ObjectMissing, StoreRefused, StoreUnavailable.
        """

    def hold(self, name: str) -> Keeping:
        """Have the store refuse to delete an object until `release`, whatever the day. Durable on return; again is no
        error. Raises ObjectMissing, StoreRefused, StoreUnavailable.
        """

    def release(self, name: str) -> Keeping:
        """End a hold; again, or where there was none, is no error. Raises as `hold`."""

    def keeping(self, name: str) -> Keeping:
        """What keeps an object now. Raises ObjectMissing, StoreRefused, StoreUnavailable."""

    def sweep_abandoned(self) -> int:
        """Remove what writers left that are no more, never what a living one has; how much that was.

        Raises StoreRefused, StoreUnavailable.
        """

    def require_working(self) -> None:
        """Return when the store can be read and written now; nothing is left behind by asking.

        Raises StoreFull, StoreRefused, StoreUnavailable, each by the kind that says what to do.
        """
