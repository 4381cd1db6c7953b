"""One object on its way from one store into another: read whole, held against what was signed, and only then put."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ingest.objects.look import Look
from ingest.objects.stated import Stated
from storage.catalog.object_looks import WHOLE
from storage.errors import ObjectStoreError
from storage.objects.protocol import Keeping, ObjectStore, ObjectWriter, StoredObject

if TYPE_CHECKING:
    from types import TracebackType

AT_ONCE_BYTES: Final = 16 << 20
"""Read and written at one go: over a line of a megabyte a second it takes less than a lease."""


class Carriage:
    """Left off and gone on with as a look is. Nothing of it is seen in `target` before `commit`.

    `mends`: it takes the place of what stands there. `found` is of the source: None until it was read to its end.
    """

    def __init__(self, source: ObjectStore, target: ObjectStore, stated: Stated, *, mends: bool) -> None:
        self.stated = stated
        self._target, self._mends = target, mends
        self._look = Look(source, stated, sink=self._write)
        self._writer: ObjectWriter | None = None

    @property
    def found(self) -> str | None:
        return self._look.found

    @property
    def why(self) -> str | None:
        return self._look.why

    def go_on(self, at_most_bytes: int) -> int:
        """How many bytes were read: AT_ONCE_BYTES at most, so that leases are renewed meanwhile. What is wrong with the
        source is found; what is with the target, raised."""
        try:
            return self._look.go_on(min(at_most_bytes, AT_ONCE_BYTES))
        except _TargetFailed as failed:
            raise failed.error from failed

    def commit(self) -> StoredObject:
        """Make it visible. Raises ValueError unless the source is whole, ObjectExists, and what the target raises."""
        if self.found != WHOLE:
            raise ValueError("only what is whole is put anywhere")
        return self._begun().commit()

    def close(self) -> None:
        """Forget what was not committed. Again is no error."""
        self._look.close()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.abort()

    def _write(self, piece: memoryview) -> None:
        try:
            self._begun().write(piece)
        except ObjectStoreError as error:
            raise _TargetFailed(error) from error

    def _begun(self) -> ObjectWriter:
        if self._writer is None:
            begin = self._target.mend if self._mends else self._target.create
            self._writer = begin(self.stated.object_name, self.stated.size_bytes)
        return self._writer

    def __enter__(self) -> Carriage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _TargetFailed(Exception):
    """No ObjectStoreError, which a look would take for what it found."""

    def __init__(self, error: ObjectStoreError) -> None:
        super().__init__(str(error))
        self.error = error


def keep_likewise(target: ObjectStore, name: str, kept: Keeping, *, release: bool) -> None:
    """Have `target` keep an object as it is kept elsewhere; again changes nothing. `release`: also end a hold.

    Raises what the target raises.
    """
    there = target.keeping(name)
    if kept.until is not None and kept.until > datetime.now(UTC) and (there.until is None or there.until < kept.until):
        target.keep_until(name, kept.until)
    if kept.held and not there.held:
        target.hold(name)
    if release and there.held and not kept.held:
        target.release(name)
