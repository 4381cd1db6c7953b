"""Waiting for what the archive does by itself, by asking it again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from api.demo.errors import TookTooLong

FoundT = TypeVar("FoundT")
_PAUSE_SECONDS = 0.25


def wait_for(ask: Callable[[], FoundT | None], chinese: str, english: str, seconds: float) -> FoundT:
    """The first answer of `ask` that is not None. Raises TookTooLong."""
    deadline = time.monotonic() + seconds
    while True:
        found = ask()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise TookTooLong(chinese, english, seconds)
        time.sleep(_PAUSE_SECONDS)
