"""The ledger's files in the object store: tiles, bundles and signed checkpoints, each written once.

Partial tiles and checkpoints have their size in their names, so nothing is ever replaced.
"""

from __future__ import annotations

from collections.abc import Sequence

from integrity.checkpoint import Checkpoint, open_checkpoint
from integrity.tiles import grow_bundles, grow_hash_tiles
from storage.errors import ObjectMissing
from storage.objects.protocol import ObjectStore

PREFIX = "ledger/"
CHECKPOINTS = f"{PREFIX}checkpoints/"
SIZES_IN_FOLDER = 65_536
BEGUN_ANEW = f"{PREFIX}begun-anew"
"""Put there by a person: this store takes the place of one that is lost for good (docs/operating.md)."""


def checkpoint_name(size: int) -> str:
    """By folders, in the order of sizes, so that the latest is found without listing all there ever were."""
    return f"{_folder(size // SIZES_IN_FOLDER)}{size:020d}"


def _folder(number: int) -> str:
    return f"{CHECKPOINTS}{number:015d}/"


class LedgerFiles:
    """What the ledger has in the store. The latest checkpoint there, not PostgreSQL, says how long the ledger is."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def fetch(self, path: str) -> bytes | None:
        """The bytes of `tile/…`, or None; as integrity.tiles wants it."""
        try:
            with self.store.open(PREFIX + path) as reader:
                return reader.read_span(0, reader.size_bytes)
        except ObjectMissing:
            return None

    def grow(self, old_size: int, entries: Sequence[bytes], leaf_hashes: Sequence[bytes]) -> None:
        """Make entries durable as bundles and tiles. Doing it again writes the same bytes under the same names."""
        for bundle, content in grow_bundles(old_size, entries, self.fetch):
            self.store.put(PREFIX + bundle.path, content)
        for tile, content in grow_hash_tiles(old_size, leaf_hashes, self.fetch):
            self.store.put(PREFIX + tile.path, content)

    def has_checkpoint(self, size: int) -> bool:
        """Whether there is one over just so many entries."""
        return self.store.stat(checkpoint_name(size)) is not None

    def is_begun_anew(self) -> bool:
        """Whether somebody said that this store takes a lost one's place."""
        return self.store.stat(BEGUN_ANEW) is not None

    def publish_checkpoint(self, size: int, note: bytes) -> None:
        """Make a signed checkpoint durable; its tiles must be already."""
        self.store.put(checkpoint_name(size), note)

    def latest_checkpoint(self, vkey: str) -> tuple[Checkpoint, bytes] | None:
        """The longest signed checkpoint there is, opened with the ledger's own key, and its note."""
        latest = max(self.store.list(_folder(self._last_folder())), default=None)
        if latest is None:
            return None
        with self.store.open(latest) as reader:
            note = reader.read_span(0, reader.size_bytes)
        return open_checkpoint(note, vkey), note

    def _last_folder(self) -> int:
        """The number of the last folder with a checkpoint. None is passed over: a batch is smaller than a folder."""
        beyond = 1
        while self._has_folder(beyond):
            beyond *= 2
        last = beyond // 2
        while beyond - last > 1:
            middle = (last + beyond) // 2
            last, beyond = (middle, beyond) if self._has_folder(middle) else (last, middle)
        return last

    def _has_folder(self, number: int) -> bool:
        return next(iter(self.store.list(_folder(number))), None) is not None
