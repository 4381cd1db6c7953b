"""What ends a reader that a file leads on and on. By itself, since a photograph's reader imports little."""

from __future__ import annotations


class ReadingTooMuch(Exception):
    """The file makes its reader go on for longer than any recorder's does."""
