"""How a child says that it is ready: it writes its process id into the file it was given."""

from __future__ import annotations

import os
from pathlib import Path

from api.settings import Settings

READY_FILE_VARIABLE = "LIUHEN_READY_FILE"


def announce_ready(settings: Settings) -> None:
    """Tell whoever started this process that it does its work now. Nothing happens when nobody asked."""
    if settings.ready_file is None:
        return
    fresh = settings.ready_file.with_name(f".{settings.ready_file.name}.{os.getpid()}")
    fresh.write_text(str(os.getpid()), encoding="ascii")
    fresh.replace(settings.ready_file)


def has_announced(ready_file: Path, pid: int) -> bool:
    """Whether process `pid` said so, by its number or by the bare file; whoever launches it removes the file first."""
    try:
        return ready_file.read_text(encoding="ascii") in ("", str(pid))
    except FileNotFoundError:
        return False
