"""A file of random bytes to seal or to send, made before anything is measured."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_BLOCK_BYTES = 1 << 20


def make_random_file(path: Path, size_bytes: int) -> Path:
    """Durable, and in the page cache: reading it then reads no disk."""
    with path.open("wb") as file:
        for start in range(0, size_bytes, _BLOCK_BYTES):
            file.write(secrets.token_bytes(min(_BLOCK_BYTES, size_bytes - start)))
        file.flush()
        os.fsync(file.fileno())
    return path
