"""The ledger's files against how long the database says that it is: which of the two is older, and what is missing.

Nothing of a tile is read: which tiles there have to be follows from the ledger's length, and how long each is from its
width. So many were listed, or else each is asked for, to name what is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlalchemy.orm import Session

from api.reconciling.scene import Scene, ask
from api.reconciling.suspicions import Suspicions
from integrity.errors import MalformedEvidence
from integrity.merkle import HASH_BYTES
from integrity.tiles import LARGEST_LEVEL, TILE_WIDTH, Bundle, Tile, bundle_path, parse_path, tile_path
from storage.ledger.files import BEGUN_ANEW, CHECKPOINTS, PREFIX, checkpoint_name
from storage.objects.protocol import Listed

_BITS: Final = TILE_WIDTH.bit_length() - 1
_ENTRIES: Final = -1
"""The level of bundles, beside those of hashes."""


class LedgerFound:
    """Told of each file as it is listed. `size`: of the database's latest checkpoint before the listing began."""

    def __init__(self, size: int, suspicions: Suspicions) -> None:
        self.size = size
        self._suspicions = suspicions
        self._whole: Counter[int] = Counter()
        self._last_leaf = self._last_checkpoint = 0
        self._last_known_and_stored = 0
        self._begun_anew = False
        self._latest = size

    def takes(self, listed: Listed) -> bool:
        """Whether it is a file of the ledger's that no row names: all but its checkpoints."""
        if listed.name == BEGUN_ANEW:
            self._begun_anew = True
            return True
        try:
            named = parse_path(listed.name.removeprefix(PREFIX)) if listed.name.startswith(PREFIX) else None
        except MalformedEvidence:
            return False
        if named is None:
            return False
        self._note_file(named, listed)
        return True

    def note_checkpoint(self, name: str, *, is_stored: bool, is_known: bool) -> None:
        """Of any name; what is no checkpoint's is left out."""
        if not is_stored or not name.startswith(CHECKPOINTS):
            return
        size = _size_of(name)
        if size is not None:
            self._last_checkpoint = max(self._last_checkpoint, size)
            if is_known:
                self._last_known_and_stored = max(self._last_known_and_stored, size)

    def settle(self, scene: Scene) -> None:
        """Say which side is older, and which files are missing. Before anything else is looked at again."""
        with scene.archive.database.reading(snapshot=True) as session:
            self._latest, sequenced = _lengths(session)
        stored = max(self._last_leaf, self._last_checkpoint)
        if stored > sequenced:
            scene.database_is_older = True
            scene.found("database_older", "ledger", database_entries=sequenced, store_entries=stored)
        elif self._last_checkpoint > self._latest:
            name = checkpoint_name(self._last_checkpoint)
            scene.found("checkpoint_unrecorded", name, database_checkpoint=self._latest)
        if self._latest and not scene.archive.ledger_files.has_checkpoint(self._latest):
            there = self._last_known_and_stored
            scene.found("store_older", "ledger", database_checkpoint=self._latest, store_checkpoint=there)
        for path in self._missing(scene):
            scene.found("ledger_file_missing", PREFIX + path)
        self._tell_sizes(scene)

    def tell_checkpoint(self, scene: Scene, name: str, code: str) -> None:
        """A checkpoint of which rows and store say different things, now as before."""
        size = _size_of(name)
        if size is None:
            scene.found("object_unknown", name)
        elif code == "object_without_row":
            if size < self._latest:
                scene.found("checkpoint_unknown", name)
        elif code in ("object_missing", "object_only_in_replica"):
            if size != self._latest:
                scene.found("checkpoint_before_anew" if self._begun_anew else "checkpoint_missing", name)
        elif code == "several_versions":
            scene.found(code, name)
        else:
            scene.found("ledger_file_size_differs", name)

    def _note_file(self, named: Tile | Bundle, listed: Listed) -> None:
        level = named.level if isinstance(named, Tile) else _ENTRIES
        if named.width == TILE_WIDTH and named.n < _whole_tiles(self.size, level):
            self._whole[level] += 1
        if level <= 0:
            self._last_leaf = max(self._last_leaf, named.n * TILE_WIDTH + named.width)
        if isinstance(named, Tile) and listed.size_bytes != named.width * HASH_BYTES:
            self._suspicions.note(name=listed.name, size_bytes=named.width * HASH_BYTES)

    def _missing(self, scene: Scene) -> Iterator[str]:
        files = scene.archive.store
        for level in range(_ENTRIES, LARGEST_LEVEL + 1):
            expected = _whole_tiles(self.size, level)
            if self._whole[level] < expected:
                for n in range(expected):
                    path = _path(level, n, TILE_WIDTH)
                    if files.stat(PREFIX + path) is None:
                        yield path
            width = (self.size >> (_BITS * max(level, 0))) % TILE_WIDTH
            # At the edge: the partial file, or the whole one that took its place meanwhile.
            edges = [_path(level, expected, width), _path(level, expected, TILE_WIDTH)] if width else []
            if edges and all(files.stat(PREFIX + path) is None for path in edges):
                yield edges[0]

    def _tell_sizes(self, scene: Scene) -> None:
        for batch in self._suspicions.batches():
            for each in batch:
                found = scene.archive.store.stat(each["name"])
                if found is not None and found.size_bytes != each["size_bytes"]:
                    facts = {"recorded_bytes": each["size_bytes"], "stored_bytes": found.size_bytes}
                    scene.found("ledger_file_size_differs", each["name"], **facts)


def latest_size(session: Session) -> int:
    return _lengths(session)[0]


def _lengths(session: Session) -> tuple[int, int]:
    """Of the latest checkpoint, and of what has a place."""
    (row,) = ask(
        session,
        "SELECT coalesce((SELECT max(size) FROM ledger_checkpoint), 0) AS signed,"
        " coalesce((SELECT max(index) + 1 FROM ledger_sequence), 0) AS placed",
    )
    return row.signed, row.placed


def _whole_tiles(size: int, level: int) -> int:
    return size >> (_BITS * (max(level, 0) + 1))


def _path(level: int, n: int, width: int) -> str:
    return bundle_path(n, width) if level == _ENTRIES else tile_path(level, n, width)


def _size_of(name: str) -> int | None:
    """Only as `checkpoint_name` spells it."""
    last = name.rpartition("/")[2]
    size = int(last) if last.isascii() and last.isdigit() else None
    return size if size is not None and checkpoint_name(size) == name else None
