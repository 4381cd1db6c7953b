"""Sorted streams brought together, key by key: what each of them says of one thing. One key at a time is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final


class OutOfOrder(Exception):
    """A stream that is not sorted: whatever was concluded from it would be wrong."""

    def __init__(self, earlier: str, later: str) -> None:
        super().__init__(f"{later!r} came after {earlier!r}: a listing is not in the order of its names")


_END: Final = object()
Keyed = tuple[Iterable[Any], Callable[[Any], str]]
"""A stream and what it is sorted by, in the order of characters."""


def aligned(*streams: Keyed) -> Iterator[tuple[str, tuple[list[Any], ...]]]:
    """Each key of any stream once, in order, with what each stream has under it: mostly one item, or none.

    Raises OutOfOrder.
    """
    heads = [_Head(iter(stream), key) for stream, key in streams]
    while True:
        present = [head.key for head in heads if head.key is not None]
        if not present:
            return
        key = min(present)
        yield key, tuple(head.take(key) for head in heads)


class _Head:
    """A stream with its next item at hand. `key` is None at its end."""

    def __init__(self, items: Iterator[Any], key_of: Callable[[Any], str]) -> None:
        self._items, self._key_of = items, key_of
        self.key: str | None = ""
        self._item: Any = None
        self._advance()

    def take(self, key: str) -> list[Any]:
        taken = []
        while self.key == key:
            taken.append(self._item)
            self._advance()
        return taken

    def _advance(self) -> None:
        self._item = next(self._items, _END)
        if self._item is _END:
            self.key = None
            return
        key, earlier = self._key_of(self._item), self.key
        if earlier is not None and key < earlier:
            raise OutOfOrder(earlier, key)
        self.key = key
