"""The mark that is drawn into a copy that leaves: who got it, when, under which grant; as a picture to lay over it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import manimgx_fonts_cjk

from ingest.media.encoding import WIDEST

if TYPE_CHECKING:
    from PIL import Image, ImageFont

FACE: Final = "Noto Sans CJK SC"
"""Names are Chinese: a face without them would draw boxes."""
MOST_FACES: Final = 32
APART_X: Final = 560
APART_Y: Final = 170
LETTER: Final = 26
LINE: Final = LETTER + 8
TURN_DEGREES: Final = 20


def draw_mark(lines: Sequence[str]) -> Image.Image:
    """RGBA, WIDEST pixels each way, transparent but for the lines, again and again, so that no cut-out is without.

    Light letters with a dark rim: they are seen on day and night alike."""
    from PIL import Image, ImageDraw  # only where a mark is drawn: whoever answers requests does without

    # Drawn on a larger sheet, which is turned and then cut: its corners are full, too.
    side = int(WIDEST * 1.5)
    sheet = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen, font = ImageDraw.Draw(sheet), _font()
    for row, y in enumerate(range(0, side, APART_Y)):
        for x in range(-(row % 2) * APART_X // 2, side, APART_X):
            for number, line in enumerate(lines):
                place = x, y + number * LINE
                pen.text(place, line, (255, 255, 255, 104), font, stroke_width=2, stroke_fill=(0, 0, 0, 84))
    cut = (side - WIDEST) // 2
    return sheet.rotate(TURN_DEGREES, Image.Resampling.BILINEAR).crop((cut, cut, cut + WIDEST, cut + WIDEST))


def as_pam(picture: Image.Image) -> bytes:
    """A Portable Arbitrary Map (Netpbm): what every ffmpeg reads. That of the wheel has no zlib, and so no PNG."""
    width, height = picture.size
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    return head.encode("ascii") + picture.convert("RGBA").tobytes()


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    (path,) = Path(manimgx_fonts_cjk.__file__).parent.glob("*.ttc")
    for index in range(MOST_FACES):
        font = ImageFont.truetype(str(path), LETTER, index)
        if font.getname()[0] == FACE:
            return font
    raise LookupError(f"{path} holds no {FACE}")
