"""How much a watching agent has found since it began: each file once, however often its card comes and goes.

What the listener adds up from the events (progress.py, Tally) counts in the same way, so that all is sent when the two
are equal.
"""

from __future__ import annotations

from ingest.dock.received import LastReceived

FileKey = tuple[str, str]
"""The source's id, and the path below it."""

LooksLike = tuple[int, int]
"""Size and time of change; what differs in them is another file of the name."""


class Found:
    """Not locked: its owner is."""

    def __init__(self) -> None:
        self._waiting: dict[FileKey, LooksLike] = {}
        self._received: LastReceived[FileKey, LooksLike] = LastReceived()
        self._files = self._size_bytes = 0
        self.received = 0

    @property
    def totals(self) -> tuple[int, int]:
        """Files, and bytes."""
        return self._files, self._size_bytes

    def take(self, key: FileKey, looks_like: LooksLike) -> None:
        """Its turn has come, for the first time or again."""
        if self._received.holds(key, looks_like):
            return
        self._drop(key)
        self._waiting[key] = looks_like
        self._files += 1
        self._size_bytes += looks_like[0]

    def receive(self, key: FileKey) -> None:
        """The archive has it. One that its card does not let go of, or that is back, was received once."""
        looks_like = self._waiting.pop(key, None)
        if looks_like is not None:
            self._received.note(key, looks_like)
            self.received += 1

    def wiped(self, key: FileKey) -> None:
        """It is no longer there, and was received: whatever has its name next is another file."""
        self._received.forget(key)

    def keep_only(self, source_id: str, names: set[str]) -> None:
        """What else was found on the source is not there now: of what was not received there is no more to do. What was
        received counts on, and not again should it be back.
        """
        for key in [key for key in self._waiting if key[0] == source_id and key[1] not in names]:
            self._drop(key)

    def left_on(self, source_id: str) -> int:
        """How many files of the source are not received yet."""
        return sum(key[0] == source_id for key in self._waiting)

    def _drop(self, key: FileKey) -> None:
        looks_like = self._waiting.pop(key, None)
        if looks_like is not None:
            self._files -= 1
            self._size_bytes -= looks_like[0]
