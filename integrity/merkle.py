"""Merkle trees as in RFC 6962 section 2.1 and RFC 9162 section 2.1: SHA-256, leaves under 0x00, nodes under 0x01.

A tree of any size is made of complete subtrees of 2^level leaves; `read_hash(level, n)` gives the hash of number n of
those. Proofs are built from such hashes alone, so the builder never needs the leaves, and checked from nothing at all.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from integrity.errors import ProofInvalid

if TYPE_CHECKING:
    from typing_extensions import Buffer

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"

ReadHash: TypeAlias = Callable[[int, int], bytes]


def leaf_hash(data: Buffer) -> bytes:
    """Hash of a leaf holding `data`."""
    hasher = hashlib.sha256(LEAF_PREFIX)
    hasher.update(data)
    return hasher.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of the node above `left` and `right`."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


class MerkleAccumulator:
    """Grows a tree leaf by leaf and knows its root, in memory of O(log size): the roots of its complete subtrees.

    Not safe for two threads at once.
    """

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes] = []

    @property
    def size(self) -> int:
        """Number of leaves so far."""
        return self._size

    def append_leaf_hash(self, leaf: bytes) -> None:
        """Add the next leaf, given by its hash."""
        carried = leaf
        level_bits = self._size
        while level_bits & 1:
            carried = node_hash(self._peaks.pop(), carried)
            level_bits >>= 1
        self._peaks.append(carried)
        self._size += 1

    def root(self) -> bytes:
        """Root of the tree so far; more leaves may follow."""
        return _fold_right(self._peaks)


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root of the tree over these leaves."""
    tree = MerkleAccumulator()
    for leaf in leaf_hashes:
        tree.append_leaf_hash(leaf)
    return tree.root()


def tree_root(size: int, read_hash: ReadHash) -> bytes:
    """Root of the first `size` leaves, from the hashes of complete subtrees."""
    return _range_root(0, size, read_hash)


def inclusion_proof(index: int, size: int, read_hash: ReadHash) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `size` leaves, from the leaf upward (RFC 9162 section 2.1.3.1).

    Raises ProofInvalid when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ProofInvalid("inclusion", f"there is no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, read_hash))
            end = middle
        else:
            path.append(_range_root(start, middle, read_hash))
            start = middle
    return path[::-1]


def consistency_proof(old_size: int, new_size: int, read_hash: ReadHash) -> list[bytes]:
    """Proof that the tree of `new_size` only appended to that of `old_size` (RFC 9162 section 2.1.4.1).

    Empty for `old_size` 0 and for equal sizes. Raises ProofInvalid when the tree would shrink.
    """
    if not 0 <= old_size <= new_size:
        raise ProofInvalid("consistency", f"a tree of {old_size} does not grow into one of {new_size}")
    if old_size in (0, new_size):
        return []
    path: list[bytes] = []
    start, end, whole_is_known = 0, new_size, True
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_range_root(middle, end, read_hash))
            end = middle
        else:
            path.append(_range_root(start, middle, read_hash))
            start, whole_is_known = middle, False
    if not whole_is_known:
        path.append(_range_root(start, end, read_hash))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that leaf hash `leaf` is number `index` of the tree of `size` under `root` (RFC 9162 section 2.1.3.2).

    Raises ProofInvalid.
    """
    if not 0 <= index < size:
        raise ProofInvalid("inclusion", f"there is no leaf {index} in a tree of {size}")
    _require_hashes("inclusion", (leaf, root, *proof))
    position, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofInvalid("inclusion", f"{len(proof)} hashes are more than a tree of {size} needs")
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            position, last = _skip_missing_nodes(position, last)
        else:
            computed = node_hash(computed, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofInvalid("inclusion", f"{len(proof)} hashes are fewer than a tree of {size} needs")
    _require_root("inclusion", f"leaf {index} of {size}", root, computed)


def verify_consistency(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree under `new_root` begins with the one under `old_root` (RFC 9162 section 2.1.4.2).

    Raises ProofInvalid.
    """
    if not 0 <= old_size <= new_size:
        raise ProofInvalid("consistency", f"a tree of {old_size} does not grow into one of {new_size}")
    _require_hashes("consistency", (old_root, new_root, *proof))
    if old_size in (0, new_size):
        _verify_trivial_consistency(old_size, new_size, proof, old_root, new_root)
        return
    # A power of two is itself a node of the new tree, so its root is not repeated in the proof.
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        raise ProofInvalid("consistency", f"no hashes for the growth from {old_size} to {new_size}")
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_computed = new_computed = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofInvalid("consistency", f"{len(proof)} hashes are more than the growth to {new_size} needs")
        if position & 1 or position == last:
            old_computed = node_hash(sibling, old_computed)
            new_computed = node_hash(sibling, new_computed)
            position, last = _skip_missing_nodes(position, last)
        else:
            new_computed = node_hash(new_computed, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofInvalid("consistency", f"{len(proof)} hashes are fewer than the growth to {new_size} needs")
    _require_root("consistency", f"tree of {old_size}", old_root, old_computed)
    _require_root("consistency", f"tree of {new_size}", new_root, new_computed)


def _verify_trivial_consistency(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    if proof:
        raise ProofInvalid(
            "consistency", f"the growth from {old_size} to {new_size} needs no hashes, {len(proof)} given"
        )
    if old_size == 0:
        _require_root("consistency", "tree of 0", old_root, EMPTY_ROOT)
    if new_size == 0:
        _require_root("consistency", "tree of 0", new_root, EMPTY_ROOT)
    if old_size == new_size:
        _require_root("consistency", f"tree of {new_size}", old_root, new_root)


def _skip_missing_nodes(position: int, last: int) -> tuple[int, int]:
    """Climb past the levels at which the right edge has no sibling and therefore no hash in the proof."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _require_root(kind: str, what: str, expected: bytes, found: bytes) -> None:
    if not hmac.compare_digest(expected, found):
        raise ProofInvalid(kind, f"{what} leads to root {found.hex()}, not {expected.hex()}")


def _require_hashes(kind: str, hashes: Iterable[bytes]) -> None:
    for number, value in enumerate(hashes):
        if len(value) != HASH_BYTES:
            raise ProofInvalid(kind, f"hash {number} has {len(value)} bytes, not {HASH_BYTES}")


def _split(count: int) -> int:
    """Largest power of two smaller than `count` (at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_root(start: int, end: int, read_hash: ReadHash) -> bytes:
    """Root over leaves [start, end), where `start` is a multiple of the largest complete subtree within."""
    subtrees: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        subtrees.append(read_hash(level, start >> level))
        start += 1 << level
    return _fold_right(subtrees)


def _fold_right(subtrees: Sequence[bytes]) -> bytes:
    """Root over complete subtrees of falling size."""
    if not subtrees:
        return EMPTY_ROOT
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = node_hash(left, root)
    return root
