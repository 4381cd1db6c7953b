"""How much room there is on a disk."""

from __future__ import annotations

import os
from pathlib import Path


def free_bytes(folder: Path) -> int:
    """What this process may still write to the disk that `folder` is on."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize
