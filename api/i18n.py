"""Chinese first, English beside. Message ids are the Chinese sentences; English comes from api/locale/en.po.

The catalog is compiled in memory at start, so that no generated file has to be kept or shipped.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
LOCALE_FOLDER = Path(__file__).parent / "locale"
Translate = Callable[[str], str]


@lru_cache(maxsize=len(LANGUAGES))
def translator(language: str) -> Translate:
    """The function that pages and problems call `_`. Chinese gives each message back as it is."""
    if language != "en":
        return _unchanged
    with (LOCALE_FOLDER / "en.po").open("rb") as file:
        catalog = read_po(file, locale="en")
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext


def mark(message: str) -> str:
    """Marks a message for the English catalog; a page translates it when it shows it."""
    return message


def _unchanged(message: str) -> str:
    return message


def choose_language(cookie: str | None, accept_language: str | None) -> str:
    """What somebody chose, else what the browser prefers between our two, else Chinese."""
    if cookie in LANGUAGES:
        return str(cookie)
    for wanted, _quality in sorted(_preferences(accept_language or ""), key=lambda item: -item[1]):
        if wanted.split("-")[0] in LANGUAGES:
            return wanted.split("-")[0]
    return "zh"


def _preferences(header: str) -> list[tuple[str, float]]:
    found = []
    for part in header.lower().split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            found.append((tag, float(quality) if quality else 1.0))
        except ValueError:
            continue
    return found
