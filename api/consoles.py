"""Where sentences and tables for people are printed: a terminal, or a file that somebody reads later."""

from __future__ import annotations

import sys

from rich.console import Console

_WIDTH_ELSEWHERE = 190
"""Where nobody knows how wide the paper is, digests and names should still stand on one line."""


def make_console() -> Console:
    """On standard output, as wide as its terminal, with nothing coloured by guess."""
    # What was recorded in any language is to be shown wherever this runs, also where the locale has no letters for it.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_ELSEWHERE)
