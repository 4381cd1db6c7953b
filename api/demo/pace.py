"""How fast the agent may send, when it is killed, and when the archive: all counted in bytes.

A kill is worth something only in the middle, so each comes between a fifth and four fifths of the bytes. Rates are
chosen from the size, so that a few kilobytes and many gigabytes alike leave seconds to aim in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UPLOAD_SECONDS = 6.0
EARLIEST, LATEST = 0.20, 0.80
AGENT_DIES_AT, ARCHIVE_DIES_AT = 0.30, 0.55
_MEBIBYTE = 1 << 20
# Below this the archive itself gives up on a sender (LIUHEN_UPLOAD_RATE).
_LEAST_BYTES_A_SECOND = 8 << 10
_SLOWEST_SEALING_BYTES_A_SECOND = 20 << 20
_DURABLE = 0.20
_DURABLE_OR_NOT = 0.15


def choose_rate(size_bytes: int) -> float:
    """MiB a second for `liuhen dock --limit-rate`."""
    return max(size_bytes / UPLOAD_SECONDS, _LEAST_BYTES_A_SECOND) / _MEBIBYTE


def choose_patience(size_bytes: int) -> float:
    """Seconds without progress before the agent gives up: the archive reads a file several times before its receipt."""
    return 180.0 + size_bytes / _SLOWEST_SEALING_BYTES_A_SECOND


@dataclass
class Tally:
    """What the agents of one story have told so far, over restarts: bytes sent and bytes acknowledged, by file."""

    sizes: Mapping[str, int]
    sent: dict[str, int] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)

    def take(self, event: Mapping[str, Any]) -> None:
        """Count one JSON line of the agent in."""
        name = str(event.get("file"))
        if event["event"] == "upload":
            self.sent[name] = self.acknowledged[name] = event["offset"]
        elif event["event"] == "progress":
            self.sent[name], self.acknowledged[name] = event["sent_bytes"], event["acknowledged_bytes"]
        elif event["event"] in ("uploaded", "receipt"):
            self.sent[name] = self.acknowledged[name] = event["size_bytes"]

    @property
    def sent_part(self) -> float:
        """Of all bytes, those that have left the agent."""
        return self._part_of(self.sent)

    def is_due(self, part: float) -> bool:
        """Whether a kill that is meant to come at `part` comes now.

        Where it can be had, some bytes are durable by then, so that there is an offset to go on from; pieces of a small
        upload are acknowledged late, and then it does not wait.
        """
        durable = self._part_of(self.acknowledged) >= _DURABLE
        later = part + (0.0 if durable else _DURABLE_OR_NOT)
        return max(EARLIEST, later) <= self.sent_part < LATEST

    def under_way(self) -> dict[str, int]:
        """Acknowledged bytes of each file that is begun and not all there."""
        return {name: count for name, count in self.acknowledged.items() if count < self.sizes[name]}

    def _part_of(self, counts: Mapping[str, int]) -> float:
        return sum(counts.values()) / sum(self.sizes.values())
