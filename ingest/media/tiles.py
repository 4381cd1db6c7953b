"""Which moment of a film each picture of its sprite is of: written as it is made, read wherever it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

TILE_WIDTH, TILE_HEIGHT, COLUMNS, MOST_TILES = 160, 90, 10, 100
SHORTEST_TILE_SECONDS: Final = 1.0


@dataclass(frozen=True)
class SpriteLayout:
    """Tile n, counted row by row, shows the picture at n × interval_seconds. Widths and heights are in pixels."""

    columns: int
    rows: int
    tiles: int
    tile_width: int
    tile_height: int
    interval_seconds: float

    @classmethod
    def of(cls, facts: Mapping[str, Any] | None) -> SpriteLayout | None:
        """As a rendition's facts have it; None where they do not say it: of what was made before they were kept."""
        said: list[Any] = [(facts or {}).get(each.name) for each in fields(cls)]
        *counts, interval = said
        if not all(type(count) is int and count > 0 for count in counts):
            return None
        if type(interval) not in (int, float) or not interval > 0:
            return None
        layout = cls(*said)
        return layout if layout.tiles <= layout.columns * layout.rows else None


def sprite_layout(duration_seconds: float | None) -> SpriteLayout:
    """A tile a second, or a hundred of a longer film."""
    duration = max(duration_seconds or 0.0, 0.04)
    interval = max(duration / MOST_TILES, SHORTEST_TILE_SECONDS if duration > SHORTEST_TILE_SECONDS else duration)
    tiles = max(1, min(MOST_TILES, int(duration / interval + 1e-6)))
    columns = min(COLUMNS, tiles)
    return SpriteLayout(columns, -(-tiles // columns), tiles, TILE_WIDTH, TILE_HEIGHT, round(interval, 6))
