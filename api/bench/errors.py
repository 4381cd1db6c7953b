"""Why a measurement could not be made.

BenchError
├── RoomMissing     the folder's disk has too little room for the run
├── PeerMissing     a tool of the peer is not installed
└── PeerFailed      a step of the peer ended with an error
"""

from __future__ import annotations


class BenchError(Exception):
    """A measurement could not be made; no figure was invented in its place."""


class RoomMissing(BenchError):
    def __init__(self, folder: str, needed_bytes: int, free_bytes: int) -> None:
        needed, free = needed_bytes / (1 << 30), free_bytes / (1 << 30)
        super().__init__(
            f"{folder} has {free:.1f} GiB free, the run needs {needed:.1f}; name a folder on a larger disk"
        )
        self.folder = folder
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


class PeerMissing(BenchError):
    def __init__(self, tool: str, package: str) -> None:
        super().__init__(f"the peer needs {tool}; on Debian: apt install {package}")
        self.tool = tool


class PeerFailed(BenchError):
    def __init__(self, step: str, status: int, message: str) -> None:
        super().__init__(f"the peer's step {step!r} ended with {status}: {message.strip() or 'it said nothing'}")
        self.step = step
        self.status = status
