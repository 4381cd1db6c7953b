"""How much a watching agent has found since it began: each file once, however often its card comes and goes.

What the listener adds up from the events (progress.py, Tally) counts in the same way, so that all is sent when the two
are equal.
"""

from __future__ import annotations

from dataclasses import dataclass

FileKey = tuple[str, str]
"""The source's id, and the path below it."""


@dataclass(slots=True)
class _Version:
    """`looks_like`: size and time of change; what differs in them is another file of the name."""

    looks_like: tuple[int, int]
    is_received: bool = False


class Found:
    """Not locked: its owner is."""

    def __init__(self) -> None:
        self._files: dict[FileKey, _Version] = {}
        self._over_files = self._over_bytes = 0
        self.received = 0

    @property
    def totals(self) -> tuple[int, int]:
        """Files, and bytes."""
        here = self._files.values()
        return self._over_files + len(here), self._over_bytes + sum(version.looks_like[0] for version in here)

    def take(self, key: FileKey, looks_like: tuple[int, int]) -> None:
        """Its turn has come, for the first time or again."""
        known = self._files.get(key)
        if known is not None and known.looks_like == looks_like:
            return
        if known is not None and known.is_received:
            self.wiped(key)
        self._files[key] = _Version(looks_like)

    def receive(self, key: FileKey) -> None:
        """The archive has it. One that its card does not let go of, or that is back, was received once."""
        version = self._files.get(key)
        if version is not None and not version.is_received:
            version.is_received = True
            self.received += 1

    def wiped(self, key: FileKey) -> None:
        """It is no longer there, and was received: whatever has its name next is another file."""
        version = self._files.pop(key, None)
        if version is not None:
            self._over_files += 1
            self._over_bytes += version.looks_like[0]

    def keep_only(self, source_id: str, names: set[str]) -> None:
        """What else was found on the source is not there now: of what was not received there is no more to do. What was
        received counts on, and not again should it be back.
        """
        for key, version in list(self._files.items()):
            if key[0] == source_id and key[1] not in names and not version.is_received:
                del self._files[key]

    def left_on(self, source_id: str) -> int:
        """How many files of the source are not received yet."""
        return sum(key[0] == source_id and not version.is_received for key, version in self._files.items())
