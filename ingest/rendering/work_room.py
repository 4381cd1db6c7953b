"""Room on the disk that plaintexts are unpacked to: uploads, objects and the database may write to it as well."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.media.room import free_bytes
from ingest.rendering.errors import NoRoomToWork


@dataclass(frozen=True)
class WorkRoom:
    """The disk of `folder`; `reserve_bytes` of it are left to others whatever is to be made."""

    folder: Path
    reserve_bytes: int

    def require(self, needed_bytes: int) -> None:
        """Raises NoRoomToWork where that much does not fit now. Only a write itself can be sure of its room."""
        free = free_bytes(self.folder)
        if free < needed_bytes + self.reserve_bytes:
            raise NoRoomToWork(needed_bytes, free, self.reserve_bytes)
