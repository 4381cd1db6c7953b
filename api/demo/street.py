"""A street to patrol, drawn: what the demo's body camera films, so that it looks like a beat and not like a test."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw

# Drawn at this height and scaled: positions below are in these units.
_HEIGHT = 360
_WIDTH = 2 * 640
_PAVEMENT, _ROAD = 236, 290
_WALLS = ((176, 164, 148), (150, 158, 168), (186, 150, 132), (142, 150, 134), (168, 168, 160))
_AWNINGS = ((178, 62, 54), (46, 110, 92), (58, 92, 150), (196, 140, 52))
_COATS = ((52, 60, 76), (110, 70, 64), (70, 92, 70), (96, 88, 112))


def draw_street(width: int, height: int) -> Image.Image:
    """A panorama whose ends meet, meant to be about 3.5 times as wide as high. The same each time."""
    chance = random.Random(20260101)
    picture = Image.new("RGB", (_WIDTH, _HEIGHT), (186, 204, 220))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, _PAVEMENT, _WIDTH, _ROAD), fill=(168, 164, 156))
    pen.rectangle((0, _ROAD, _WIDTH, _HEIGHT), fill=(86, 88, 92))
    for left in range(0, _WIDTH, 80):
        pen.rectangle((left, 322, left + 40, 327), fill=(226, 222, 206))
    for number, left in enumerate(range(0, _WIDTH, 128)):
        _draw_house(pen, chance, number, left)
    for number in range(11):
        _draw_person(pen, chance, left=20 + number * 116 + chance.randrange(40))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _draw_house(pen: ImageDraw.ImageDraw, chance: random.Random, number: int, left: int) -> None:
    top = chance.randrange(20, 90)
    pen.rectangle((left, top, left + 127, _PAVEMENT), fill=_WALLS[number % len(_WALLS)])
    for row in range(top + 14, 150, 34):
        for column in range(left + 12, left + 110, 28):
            pen.rectangle((column, row, column + 16, row + 20), fill=chance.choice([(92, 112, 132), (214, 202, 150)]))
    pen.rectangle((left + 8, 178, left + 120, _PAVEMENT), fill=(74, 70, 66))
    pen.polygon(
        [(left + 4, 178), (left + 124, 178), (left + 118, 196), (left + 10, 196)], fill=_AWNINGS[number % len(_AWNINGS)]
    )


def _draw_person(pen: ImageDraw.ImageDraw, chance: random.Random, left: int) -> None:
    feet = chance.randrange(258, 286)
    coat = chance.choice(_COATS)
    pen.rectangle((left + 2, feet - 26, left + 6, feet), fill=(40, 42, 48))
    pen.rectangle((left + 9, feet - 26, left + 13, feet), fill=(40, 42, 48))
    pen.rounded_rectangle((left, feet - 58, left + 15, feet - 24), 4, fill=coat)
    pen.ellipse((left + 2, feet - 73, left + 13, feet - 59), fill=(206, 172, 146))
