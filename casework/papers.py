"""Scanned papers and pictures that people hand in: what they may be, and how large."""

from __future__ import annotations

from typing import Final

MOST_PAPER_BYTES: Final = 4 << 20
_TYPES: Final = ((b"%PDF-", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


class PaperUnfit(ValueError):
    """`problem`: empty, too_large or type."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def media_type_of(content: bytes) -> str:
    """By its first bytes: what a name or a browser says of it is not asked. Raises PaperUnfit."""
    if not content:
        raise PaperUnfit("empty")
    if len(content) > MOST_PAPER_BYTES:
        raise PaperUnfit("too_large")
    for begins, media_type in _TYPES:
        if content.startswith(begins):
            return media_type
    raise PaperUnfit("type")
