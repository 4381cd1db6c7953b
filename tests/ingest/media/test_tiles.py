"""Which moment each picture of a sprite is of: as it is laid out, and as it is read back from its row."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ingest.media.tiles import SpriteLayout, sprite_layout


@pytest.mark.parametrize(
    ("seconds", "tiles"), [(None, 1), (0.0, 1), (0.5, 1), (1.0, 1), (59.9, 59), (100, 100), (7200, 100)]
)
def test_the_grid_never_outgrows_its_hundred_tiles(seconds: float | None, tiles: int) -> None:
    layout = sprite_layout(seconds)
    assert layout.tiles == tiles
    assert layout.columns * layout.rows >= tiles


def test_a_layout_is_read_back_as_it_was_kept() -> None:
    for seconds in (0.5, 6, 61.5, 7200):
        layout = sprite_layout(seconds)
        assert SpriteLayout.of(json.loads(json.dumps(dataclasses.asdict(layout)))) == layout


@pytest.mark.parametrize(
    "changed",
    [
        {"tiles": 101},
        {"tiles": 0},
        {"columns": -1},
        {"columns": True},
        {"tile_width": "160"},
        {"rows": 10.0},
        {"interval_seconds": 0},
        {"interval_seconds": None},
        {"interval_seconds": float("nan")},
    ],
)
def test_what_is_no_layout_shows_nothing(changed: dict[str, Any]) -> None:
    assert SpriteLayout.of(dataclasses.asdict(sprite_layout(7200)) | changed) is None


def test_of_what_was_made_before_nobody_knows() -> None:
    assert SpriteLayout.of(None) is None
    assert SpriteLayout.of({}) is None
    assert SpriteLayout.of({"at_seconds": 1.0}) is None
