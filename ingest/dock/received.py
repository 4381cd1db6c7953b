"""What an agent that stays remembers of what was received, so that a card that comes back is not counted again.

It stays for years, and cards with it: of more files than any rack of cards holds at once, the oldest are forgotten.
"""

from __future__ import annotations

from typing import Generic, TypeVar

_Key = TypeVar("_Key")
_Version = TypeVar("_Version")
MOST_REMEMBERED = 50_000


class LastReceived(Generic[_Key, _Version]):
    """The versions received last, one a key. Not locked: its owner is."""

    def __init__(self) -> None:
        self._versions: dict[_Key, _Version] = {}  # The oldest first.

    def note(self, key: _Key, version: _Version) -> bool:
        """It was received, or is again; whether that is news."""
        is_news = self._versions.pop(key, None) != version
        self._versions[key] = version
        if len(self._versions) > MOST_REMEMBERED:
            del self._versions[next(iter(self._versions))]
        return is_news

    def holds(self, key: _Key, version: _Version) -> bool:
        """Whether it was received, as far as that is remembered."""
        return self._versions.get(key) == version

    def forget(self, key: _Key) -> None:
        """It is no longer there: whatever has its name next is another."""
        self._versions.pop(key, None)
