"""What is noted of the latest backup in a data folder: of a box, whose log goes on from it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from integrity.durable_files import PRIVATE, replace_durably
from integrity.fields import format_instant

_NAME = "last-backup.json"


def note_backup(data: Path, made_at: datetime, stream: str = "") -> None:
    """A backup begun at `made_at` is whole and verified, and `stream` of write-ahead log goes on from it. Raises
    OSError."""
    said = {"made_at": format_instant(made_at), "stream": stream}
    replace_durably(data / _NAME, json.dumps(said).encode() + b"\n", PRIVATE)


def noted_backup(data: Path) -> datetime | None:
    """None where there never was one, or nobody can say."""
    try:
        return datetime.fromisoformat(json.loads((data / _NAME).read_bytes())["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def latest_stream(data: Path) -> str:
    """Of write-ahead log that goes on from the latest backup; "" where none does."""
    try:
        return str(json.loads((data / _NAME).read_bytes()).get("stream", ""))
    except (OSError, ValueError, AttributeError):
        return ""
