"""The ledger's files against what its entries make of them, at every width at which one was ever written."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.verification.findings import Findings
from integrity.merkle import root_of
from integrity.tiles import TILE_WIDTH, Fetch, bundle_path, encode_bundle, tile_path


@dataclass
class _Edge:
    """The tile being filled at one level: its hashes so far, and the widths at which it was written on the way."""

    number: int = 0
    hashes: list[bytes] = field(default_factory=list)
    widths: set[int] = field(default_factory=set)

    def next(self) -> _Edge:
        return _Edge(self.number + 1)


class FileAudit:
    """Takes the leaves in order; a tile is looked at as soon as it is full, so one a level is in memory."""

    def __init__(self, findings: Findings, fetch: Fetch) -> None:
        self._findings, self._fetch = findings, fetch
        self._edges: list[_Edge] = [_Edge()]
        self._entries: list[bytes | None] = []
        self._sizes_ahead: list[int] = []

    def note_size(self, size: int) -> None:
        """A checkpoint was signed over `size` entries, so files up to there were written at their widths of then."""
        self._sizes_ahead.append(size)

    def append(self, index: int, leaf: bytes, entry: bytes | None) -> None:
        """The entry at `index`; sizes up to and with it have been noted."""
        self._entries.append(entry)
        self._edges[0].hashes.append(leaf)
        for size in self._sizes_ahead:
            self._note_widths(size)
        self._sizes_ahead.clear()
        if len(self._edges[0].hashes) == TILE_WIDTH:
            self._close(0)

    def finish(self) -> None:
        """Look at the partial tiles on the right edge."""
        for level in range(len(self._edges)):
            if self._edges[level].hashes:
                self._look_at_tile(level)
        if self._entries:
            self._look_at_bundle()

    def _note_widths(self, size: int) -> None:
        level = 0
        while size:
            width = size % TILE_WIDTH
            if width:
                self._edge(level).widths.add(width)
            size, level = size // TILE_WIDTH, level + 1

    def _close(self, level: int) -> None:
        edge = self._edge(level)
        edge.widths.add(TILE_WIDTH)
        self._look_at_tile(level)
        if level == 0:
            self._look_at_bundle()
            self._entries.clear()
        self._edges[level] = edge.next()
        above = self._edge(level + 1)
        above.hashes.append(root_of(edge.hashes))
        if len(above.hashes) == TILE_WIDTH:
            self._close(level + 1)

    def _edge(self, level: int) -> _Edge:
        while len(self._edges) <= level:
            self._edges.append(_Edge())
        return self._edges[level]

    def _look_at_tile(self, level: int) -> None:
        edge = self._edges[level]
        for width in sorted(edge.widths):
            content = b"".join(edge.hashes[:width])
            self._compare("tile", tile_path(level, edge.number, width), content, width == max(edge.widths))

    def _look_at_bundle(self) -> None:
        edge = self._edges[0]
        for width in sorted(edge.widths):
            held = [entry for entry in self._entries[:width] if entry is not None]
            # Where no place has the entry any more, nothing is left to compare the bundle with.
            content = encode_bundle(held) if len(held) == width else None
            self._compare("bundle", bundle_path(edge.number, width), content, width == max(edge.widths))

    def _compare(self, what: str, path: str, expected: bytes | None, widest: bool) -> None:
        found = self._fetch(path)
        if found is None:
            self._findings.add(f"{what}_missing" if widest else "old_tile_missing", f"ledger/{path}")
        elif found != expected:
            self._findings.add(f"{what}_differs", f"ledger/{path}")
