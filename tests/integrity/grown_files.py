"""What the files of a ledger have to be, worked out from its sizes alone, and its entries read back from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from integrity.tiles import TILE_WIDTH, Bundle, Fetch, Tile, decode_bundle


@dataclass(frozen=True, slots=True)
class GrownFiles:
    """Those that a growth has to write, each new: entry bundles, then hash tiles from the leaves up."""

    bundles: tuple[Bundle, ...]
    tiles: tuple[Tile, ...]


def files_of_growth(old_size: int, new_size: int) -> GrownFiles:
    """Never an empty one, and never one that is there already."""
    bundles = tuple(Bundle(n, width) for n, width in _files_of_row(old_size, new_size))
    tiles: list[Tile] = []
    level = 0
    while new_size > old_size:
        tiles += [Tile(level, n, width) for n, width in _files_of_row(old_size, new_size)]
        old_size, new_size, level = old_size // TILE_WIDTH, new_size // TILE_WIDTH, level + 1
    return GrownFiles(bundles, tuple(tiles))


def read_entry(index: int, size: int, fetch: Fetch) -> bytes:
    """Entry `index` of the ledger of `size`, as a monitor would read it."""
    number, offset = divmod(index, TILE_WIDTH)
    bundle = Bundle(number, min(TILE_WIDTH, size - number * TILE_WIDTH))
    data = fetch(bundle.path)
    assert data is not None, bundle.path
    return decode_bundle(data, bundle.width, bundle.path)[offset]


def _files_of_row(old_size: int, new_size: int) -> Iterator[tuple[int, int]]:
    """(number, width) of each file that a row growing from `old_size` to `new_size` items writes."""
    if new_size == old_size:
        return
    full_count, edge_width = divmod(new_size, TILE_WIDTH)
    for n in range(old_size // TILE_WIDTH, full_count):
        yield n, TILE_WIDTH
    if edge_width:
        yield full_count, edge_width
