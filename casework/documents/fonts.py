"""The font of documents, from a package of fonts: none of the system's, so that documents are the same everywhere."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import manimgx_fonts_cjk

FACE: Final = "Noto Sans CJK SC"
PACKAGE: Final = "manimgx-fonts-cjk"
_FULL_NAME: Final = 1
"""The name record that holds the family: OpenType, table `name`, name id 1."""


def font_folder() -> Path:
    """The folder with the one collection that typst takes the face from."""
    return Path(manimgx_fonts_cjk.__file__).parent


@cache
def font_version() -> str:
    return f"{PACKAGE}-{version(PACKAGE)}"


@cache
def printable_signs() -> frozenset[int]:
    """Every code point that the face has a picture of."""
    from fontTools.ttLib import TTCollection  # only where a document is drawn

    (path,) = font_folder().glob("*.ttc")
    with TTCollection(str(path), lazy=True) as collection:
        for font in collection.fonts:
            if str(font["name"].getDebugName(_FULL_NAME)).startswith(FACE):
                return frozenset(font.getBestCmap())
    raise LookupError(f"{path} holds no {FACE}")
