"""What readers and writers of every store have in common, beside the contract (protocol.py)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from storage.errors import SpanOutside


class SpanReader(ABC):
    """A reader that knows how to fill memory; see ObjectReader."""

    def __init__(self, name: str, size_bytes: int) -> None:
        self.name, self.size_bytes = name, size_bytes

    @abstractmethod
    def read_into(self, offset: int, buffer: memoryview) -> int: ...

    @abstractmethod
    def close(self) -> None: ...

    def read_at_hand(self, offset: int, buffer: memoryview) -> bool:
        """Nothing is, unless a store knows better."""
        self.require_inside(offset, len(buffer))
        return False

    def read_span(self, offset: int, length: int) -> bytes:
        self.require_inside(offset, length)
        buffer = bytearray(length)
        with memoryview(buffer) as view:
            self.read_into(offset, view)
        return bytes(buffer)

    def require_inside(self, offset: int, length: int) -> None:
        """Raises SpanOutside."""
        if offset < 0 or length < 0 or offset + length > self.size_bytes:
            raise SpanOutside(self.name, offset, length, self.size_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AbortingWriter(ABC):
    """A writer that leaves nothing behind where its block ends without `commit`; see ObjectWriter."""

    @abstractmethod
    def abort(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()
