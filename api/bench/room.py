"""Whether a disk has room for a measurement."""

from __future__ import annotations

import shutil
from pathlib import Path

from api.bench.errors import RoomMissing


def require_room(folder: Path, needed_bytes: int) -> None:
    """Raises RoomMissing."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise RoomMissing(str(folder), needed_bytes, free_bytes)
