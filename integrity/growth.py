"""That a ledger only grew (只增不改): from a checkpoint that somebody kept to a later one, by a consistency proof.

A growth proof (增长证明) is a text, the body of a witness's `add-checkpoint` request (c2sp.org/tlog-witness):

    old <size>\\n                  how many entries the earlier checkpoint is over
    <base64 of a hash>\\n          each of the proof, none to 63 (RFC 9162 section 2.1.4)
    \\n
    <the later checkpoint>        a signed note (checkpoint.py)

Nothing in it is believed: both checkpoints are opened with the key that was pinned, and the proof has to lead from the
root of the one to that of the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from integrity.checkpoint import LARGEST_SIZE, Checkpoint, open_checkpoint, parse_note
from integrity.dsse import decode_base64, encode_base64
from integrity.errors import CheckpointInvalid, HistoryContradicted, MalformedEvidence
from integrity.merkle import consistency_proof, tree_root, verify_consistency
from integrity.tiles import Fetch, hash_reader

MOST_HASHES = 63
BEGINNING = b"old "
_WHAT = "growth proof"
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class GrowthProof:
    """From `old_size` entries to the checkpoint in `note`, whose signature nobody has looked at yet."""

    old_size: int
    hashes: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        lines = "".join(f"{encode_base64(each)}\n" for each in self.hashes)
        return f"old {self.old_size}\n{lines}\n".encode() + self.note


@dataclass(frozen=True, slots=True)
class Grown:
    """Two checkpoints by the ledger's key: what `old` is over is how what `new` is over begins."""

    old: Checkpoint
    new: Checkpoint


def parse_growth(data: bytes) -> GrowthProof:
    """A growth proof taken apart, nothing checked. Raises MalformedEvidence."""
    head, separator, note = data.partition(b"\n\n")
    if not separator:
        raise MalformedEvidence(_WHAT, "no empty line before the checkpoint")
    try:
        first, *hashes = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedEvidence(_WHAT, f"not ASCII at byte {error.start}") from error
    match = _OLD.fullmatch(first)
    if match is None or int(match[1]) > LARGEST_SIZE:
        raise MalformedEvidence(_WHAT, f"{first[:40]!r} is not `old` and a size")
    if len(hashes) > MOST_HASHES:
        raise MalformedEvidence(_WHAT, f"{len(hashes)} hashes, at most {MOST_HASHES} are read")
    return GrowthProof(int(match[1]), tuple(decode_base64(each, f"{_WHAT}: hash") for each in hashes), note)


def prove_growth(old_size: int, note: bytes, fetch: Fetch) -> GrowthProof:
    """For the checkpoint in `note`, out of the ledger's tiles.

    Raises ProofInvalid when it is over fewer entries than `old_size`, TileUnavailable or MalformedEvidence.
    """
    checkpoint, _ = parse_note(note)
    read_hash = hash_reader(checkpoint.size, fetch)
    return GrowthProof(old_size, tuple(consistency_proof(old_size, checkpoint.size, read_hash)), note)


def check_growth(old_note: bytes, growth: GrowthProof, vkey: str) -> Grown:
    """What a proof leads from and to, once it holds.

    Raises what open_checkpoint does, MalformedEvidence for a proof from another size, ProofInvalid,
    CheckpointInvalid for a later checkpoint that is over fewer entries, HistoryContradicted.
    """
    grown = _open_both(old_note, growth.note, vkey)
    if growth.old_size != grown.old.size:
        raise MalformedEvidence(
            _WHAT, f"it begins at {growth.old_size} entries, the checkpoint that was kept is over {grown.old.size}"
        )
    verify_consistency(grown.old.size, grown.new.size, growth.hashes, grown.old.root, grown.new.root)
    return grown


def check_growth_by_tiles(old_note: bytes, note: bytes, fetch: Fetch, vkey: str) -> Grown:
    """The same without a proof, from tiles, which need not be believed either. They say more where it does not hold:
    when they lead to the later checkpoint and to another root of before, its key signed two histories.

    Raises as check_growth, TileUnavailable.
    """
    grown = _open_both(old_note, note, vkey)
    old, new = grown.old, grown.new
    if old.size in (0, new.size):
        return grown
    read_hash = hash_reader(new.size, fetch)
    # What the tiles say of then: with this proof it is what the later root is over, whatever the earlier one says.
    begins_with = tree_root(old.size, read_hash)
    verify_consistency(old.size, new.size, consistency_proof(old.size, new.size, read_hash), begins_with, new.root)
    if begins_with != old.root:
        raise HistoryContradicted(old.origin, old.size, new.size, old.root.hex(), begins_with.hex())
    return grown


def _open_both(old_note: bytes, note: bytes, vkey: str) -> Grown:
    old, new = open_checkpoint(old_note, vkey), open_checkpoint(note, vkey)
    if new.size < old.size:
        raise CheckpointInvalid(new.origin, f"it is over {new.size} entries, the one that was kept over {old.size}")
    if new.size == old.size and new.root != old.root:
        raise HistoryContradicted(old.origin, old.size, new.size, old.root.hex(), new.root.hex())
    return Grown(old, new)
