"""Signs that nobody sees and a terminal or a browser obeys: controls, direction overrides, ends of lines.

What a stranger's file says of itself is shown to people: on a terminal ESC would clear the screen and CR LF would forge
lines of its own; an override turns a name about.
"""

from __future__ import annotations

import json
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_JOINERS = "\u200c\u200d"  # zero-width, but part of how some scripts and names are written


def is_hidden(sign: str) -> bool:
    """Controls, formats with direction overrides among them, lone surrogates, separators of lines and paragraphs."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and sign not in _JOINERS


def without_hidden(text: str) -> str:
    """As long as it was: each hidden sign became U+FFFD, and the rest can still be read."""
    if text.isprintable():
        return text
    return "".join(REPLACEMENT if is_hidden(sign) else sign for sign in text)


def escaped(text: str, but: str = "") -> str:
    """For a terminal: each hidden sign but those of `but` as JSON writes it (\\n, \\u001b), and nothing is lost."""
    if text.isprintable():
        return text
    return "".join(json.dumps(sign)[1:-1] if is_hidden(sign) and sign not in but else sign for sign in text)
