"""Answers to everybody, kept for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

KEPT_SECONDS: Final = 2.0
MOST_KEPT: Final = 500
Made = tuple[bytes, str]
"""A body and its media type."""


@dataclass
class KeptAnswers:
    """Answers of the last moment by address and language, so that very many readers cost no more than a few."""

    answers: dict[tuple[str, str], tuple[float, Made]] = field(default_factory=dict)

    def get(self, key: tuple[str, str], make: Callable[[], Made]) -> Made:
        now, kept = time.monotonic(), self.answers.get(key)
        if kept is not None and now - kept[0] < KEPT_SECONDS:
            return kept[1]
        made = make()
        if len(self.answers) >= MOST_KEPT:
            self.answers.clear()
        self.answers[key] = (now, made)
        return made
