"""The ledger as files: C2SP tlog-tiles. Hash tiles of up to 256 hashes, and bundles of up to 256 entries.

A hash tile at level L holds the hashes of complete subtrees of 256^L leaves. A tile at the right edge is partial and
has its width in its path, so no file ever changes: the next growth writes another, wider one beside it. Partial tiles
may be removed once the full one is there, so whoever misses a partial tile looks for the full one.

Source: c2sp.org/tlog-tiles. Nothing read here is authentic by itself: a proof built from tiles counts once it has been
verified against a signed checkpoint, and an entry once its leaf hash has.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from integrity.errors import EntryTooLarge, MalformedEvidence, TileUnavailable
from integrity.merkle import HASH_BYTES, ReadHash, root_of

TILE_WIDTH = 256
TILE_LEVELS = 8  # tree levels in one tile: 2^8 = 256
LARGEST_LEVEL = 63 // TILE_LEVELS
MOST_ENTRY_BYTES = 65_535

# Gives a file's bytes, or None where there is no such file. What else it raises passes through.
Fetch: TypeAlias = Callable[[str], bytes | None]

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Hash tile number `n` of `level`, holding `width` hashes."""

    level: int
    n: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it is, relative to the ledger's address."""
        return tile_path(self.level, self.n, self.width)


@dataclass(frozen=True, slots=True, order=True)
class Bundle:
    """Entry bundle number `n`, holding `width` entries."""

    n: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it is, relative to the ledger's address."""
        return bundle_path(self.n, self.width)


def tile_path(level: int, n: int, width: int = TILE_WIDTH) -> str:
    """`tile/<level>/<n>`, with `.p/<width>` for a partial tile. Raises ValueError for what no tree has."""
    if not 0 <= level <= LARGEST_LEVEL:
        raise ValueError(f"level {level} is not between 0 and {LARGEST_LEVEL}")
    return f"tile/{level}/{_number_path(n)}{_width_suffix(width)}"


def bundle_path(n: int, width: int = TILE_WIDTH) -> str:
    """`tile/entries/<n>`, with `.p/<width>` for a partial bundle."""
    return f"tile/entries/{_number_path(n)}{_width_suffix(width)}"


def parse_path(path: str) -> Tile | Bundle:
    """What a path names; the only spelling is that of `tile_path` and `bundle_path`. Raises MalformedEvidence."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedEvidence("tile path", f"{path[:120]!r} names no tile")
    n = int(match["number"].replace("x", "").replace("/", ""))
    width = TILE_WIDTH if match["width"] is None else int(match["width"])
    named = Bundle(n, width) if match["level"] == "entries" else Tile(int(match["level"]), n, width)
    try:
        spelled = named.path
    except ValueError as error:
        raise MalformedEvidence("tile path", f"{path!r}: {error}") from error
    if spelled != path:
        raise MalformedEvidence("tile path", f"{path!r} is spelled {spelled!r}")
    return named


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries one after the other, each behind its length as 16 bits, big-endian. Raises EntryTooLarge."""
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise ValueError(f"a bundle holds 1 to {TILE_WIDTH} entries, not {len(entries)}")
    for entry in entries:
        if len(entry) > MOST_ENTRY_BYTES:
            raise EntryTooLarge("ledger entry", f"{len(entry)} bytes, at most {MOST_ENTRY_BYTES} fit")
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def decode_bundle(data: bytes, count: int, what: str = "entry bundle") -> list[bytes]:
    """The entries of a bundle that holds `count`. Raises MalformedEvidence for fewer, more, or bytes left over."""
    entries: list[bytes] = []
    position = 0
    while position < len(data):
        if len(entries) == count:
            raise MalformedEvidence(what, f"{len(data) - position} bytes after its {count} entries")
        if position + 2 > len(data):
            raise MalformedEvidence(what, f"ends within the length of entry {len(entries)}")
        (length,) = struct.unpack_from(">H", data, position)
        position += 2
        if position + length > len(data):
            raise MalformedEvidence(what, f"ends within entry {len(entries)}")
        entries.append(data[position : position + length])
        position += length
    if len(entries) != count:
        raise MalformedEvidence(what, f"{len(entries)} entries, {count} expected")
    return entries


def hashes_of_tile(data: bytes, width: int, what: str = "hash tile") -> list[bytes]:
    """The hashes of a tile that holds `width`. Raises MalformedEvidence for any other length."""
    if len(data) != width * HASH_BYTES:
        raise MalformedEvidence(what, f"{len(data)} bytes, {width} hashes have {width * HASH_BYTES}")
    return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]


def grow_hash_tiles(old_size: int, leaf_hashes: Sequence[bytes], fetch: Fetch) -> Iterator[tuple[Tile, bytes]]:
    """The hash tiles that appending `leaf_hashes` to a ledger of `old_size` writes, with their content.

    Reads only the partial tiles on the old right edge. Only full tiles are hashed upward: a partial one would give a
    hash that the next growth makes wrong. Raises TileUnavailable or MalformedEvidence when the old edge is not there.
    """
    row, row_size, level = list(leaf_hashes), old_size, 0
    while row:
        first, edge_width = divmod(row_size, TILE_WIDTH)
        if edge_width:
            row = _fetch_tile(fetch, Tile(level, first, edge_width)) + row
        parents: list[bytes] = []
        for number, start in enumerate(range(0, len(row), TILE_WIDTH)):
            hashes = row[start : start + TILE_WIDTH]
            yield Tile(level, first + number, len(hashes)), b"".join(hashes)
            if len(hashes) == TILE_WIDTH:
                parents.append(root_of(hashes))
        row, row_size, level = parents, first, level + 1


def grow_bundles(old_size: int, entries: Sequence[bytes], fetch: Fetch) -> Iterator[tuple[Bundle, bytes]]:
    """The bundles that appending `entries` to a ledger of `old_size` writes, as `grow_hash_tiles` does for hashes."""
    first, edge_width = divmod(old_size, TILE_WIDTH)
    row = list(entries)
    if row and edge_width:
        row = _fetch_bundle(fetch, Bundle(first, edge_width)) + row
    for number, start in enumerate(range(0, len(row), TILE_WIDTH)):
        held = row[start : start + TILE_WIDTH]
        yield Bundle(first + number, len(held)), encode_bundle(held)


def hash_reader(size: int, fetch: Fetch) -> ReadHash:
    """A `read_hash(level, n)` for the ledger of `size` entries, for the proofs of merkle.py. Remembers some tiles.

    It raises TileUnavailable, MalformedEvidence, or ValueError for a subtree that is not complete at that size.
    """
    fetch_tile = lru_cache(maxsize=64)(lambda tile: _fetch_tile(fetch, tile))

    def read_hash(level: int, n: int) -> bytes:
        if level < 0 or n < 0 or (n + 1) << level > size:
            raise ValueError(f"subtree {n} of level {level} is not complete in a ledger of {size}")
        tile_level, rest = divmod(level, TILE_LEVELS)
        number, offset = divmod(n << rest, TILE_WIDTH)
        held = min(TILE_WIDTH, (size >> (TILE_LEVELS * tile_level)) - number * TILE_WIDTH)
        return root_of(fetch_tile(Tile(tile_level, number, held))[offset : offset + (1 << rest)])

    return read_hash


def _fetch_tile(fetch: Fetch, tile: Tile) -> list[bytes]:
    """Its hashes; the beginning of the full tile where the partial one has been removed."""
    data = fetch(tile.path)
    if data is not None:
        return hashes_of_tile(data, tile.width, tile.path)
    full = Tile(tile.level, tile.n)
    data = fetch(full.path) if tile.width < TILE_WIDTH else None
    if data is None:
        raise TileUnavailable(tile.path)
    return hashes_of_tile(data, TILE_WIDTH, full.path)[: tile.width]


def _fetch_bundle(fetch: Fetch, bundle: Bundle) -> list[bytes]:
    """Its entries; the first of the full bundle where the partial one has been removed."""
    data = fetch(bundle.path)
    if data is not None:
        return decode_bundle(data, bundle.width, bundle.path)
    full = Bundle(bundle.n)
    data = fetch(full.path) if bundle.width < TILE_WIDTH else None
    if data is None:
        raise TileUnavailable(bundle.path)
    return decode_bundle(data, TILE_WIDTH, full.path)[: bundle.width]


def _number_path(n: int) -> str:
    """1234067 → x001/x234/067."""
    if n < 0:
        raise ValueError(f"there is no tile number {n}")
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def _width_suffix(width: int) -> str:
    if not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"a tile holds 1 to {TILE_WIDTH}, not {width}")
    return "" if width == TILE_WIDTH else f".p/{width}"
