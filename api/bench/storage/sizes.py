"""How much `liuhen bench storage` moves, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StorageSizes:
    """Bytes and counts. `pairs`: runs of ours and of the peer, in turn, over which medians are taken.

    A player who seeks asks for `range_bytes`, `ranges` times: eight megabytes are half a minute of film. One who plays
    on asks for `long_range_bytes` at once, as browsers do.
    """

    object_bytes: int = 1 << 30
    spans: int = 200
    film_bytes: int = 1 << 30
    players: int = 64
    ranges: int = 8
    range_bytes: int = 8 << 20
    long_range_bytes: int = 64 << 20
    node_files: int = 12
    node_file_bytes: int = 8 << 20
    backlogs: tuple[int, int] = (1_000, 100_000)
    leases: int = 100
    pairs: int = 3

    @property
    def needed_bytes(self) -> int:
        """Of the disk that is measured: plaintext, ciphertext or what was read of it, and a database."""
        return 3 * self.object_bytes + 3 * self.film_bytes + 3 * self.node_files * self.node_file_bytes + (1 << 30)


QUICK = StorageSizes(
    object_bytes=64 << 20,
    spans=40,
    film_bytes=128 << 20,
    ranges=2,
    range_bytes=1 << 20,
    long_range_bytes=2 << 20,
    node_files=4,
    backlogs=(200, 5_000),
    leases=50,
    pairs=1,
)
"""To try: nothing that is measured so counts."""
