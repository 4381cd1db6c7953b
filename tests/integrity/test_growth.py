"""A checkpoint that somebody kept, and what the ledger became: growth is proven, whatever was rewritten is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from integrity.checkpoint import Checkpoint, encode_vkey, sign_checkpoint
from integrity.errors import (
    CheckpointInvalid,
    EvidenceError,
    HistoryContradicted,
    MalformedEvidence,
    ProofInvalid,
    SignatureInvalid,
    TileUnavailable,
)
from integrity.growth import Grown, GrowthProof, check_growth, check_growth_by_tiles, parse_growth, prove_growth
from integrity.keys import SigningKey
from integrity.merkle import leaf_hash, root_of
from integrity.tiles import Tile, grow_hash_tiles

ORIGIN = "liuhen.test/ledger"
KEY = SigningKey.generate()
VKEY = encode_vkey(ORIGIN, KEY.public)
SIZES = (1, 2, 3, 7, 8, 255, 256, 257, 300, 512, 600)
LEDGER = tuple(leaf_hash(b"entry %d" % number) for number in range(600))


def signed(leaves: Sequence[bytes], key: SigningKey = KEY, origin: str = ORIGIN) -> bytes:
    return sign_checkpoint(Checkpoint(origin, len(leaves), root_of(leaves)), key)


def tiles_of(leaves: Sequence[bytes]) -> dict[str, bytes]:
    return {tile.path: content for tile, content in grow_hash_tiles(0, leaves, lambda _: None)}


def proven(old: Sequence[bytes], new: Sequence[bytes]) -> Grown:
    """By a proof that was read from its own bytes, and by tiles; they agree."""
    growth = parse_growth(prove_growth(len(old), signed(new), tiles_of(new).get).encode())
    grown = check_growth(signed(old), growth, VKEY)
    assert check_growth_by_tiles(signed(old), signed(new), tiles_of(new).get, VKEY) == grown
    return grown


@pytest.mark.parametrize("old_size", [0, *SIZES])
def test_from_every_size_to_every_later_one_it_is_proven(old_size: int) -> None:
    for new_size in (size for size in SIZES if size >= old_size):
        grown = proven(LEDGER[:old_size], LEDGER[:new_size])
        assert (grown.old.size, grown.new.size) == (old_size, new_size)


def changed(leaves: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return (*leaves[:100], leaf_hash(b"another"), *leaves[101:])


def removed(leaves: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return leaves[:100] + leaves[101:]


def inserted(leaves: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return (*leaves[:100], leaf_hash(b"one more"), *leaves[100:])


def exchanged(leaves: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return (*leaves[:100], leaves[101], leaves[100], *leaves[102:])


def begun_anew(leaves: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(leaf_hash(each) for each in leaves)


FORGERIES = (changed, removed, inserted, exchanged, begun_anew)


@pytest.mark.parametrize("old_size", [255, 256, 300, 512])
@pytest.mark.parametrize("forge", FORGERIES)
def test_a_history_rewritten_with_the_ledgers_own_key_is_found(
    forge: Callable[[tuple[bytes, ...]], tuple[bytes, ...]], old_size: int
) -> None:
    forged, kept = forge(LEDGER), signed(LEDGER[:old_size])
    with pytest.raises(HistoryContradicted) as caught:
        check_growth_by_tiles(kept, signed(forged), tiles_of(forged).get, VKEY)
    assert (caught.value.old_size, caught.value.new_size) == (old_size, len(forged))
    assert caught.value.expected == root_of(LEDGER[:old_size]).hex()
    assert caught.value.found == root_of(forged[:old_size]).hex()
    for hashes_from in (forged, LEDGER):
        hashes = prove_growth(old_size, signed(hashes_from), tiles_of(hashes_from).get).hashes
        with pytest.raises(ProofInvalid):
            check_growth(kept, GrowthProof(old_size, hashes, signed(forged)), VKEY)


@pytest.mark.parametrize("old_size", [100, 256, 300, 511])
def test_tiles_put_together_of_both_histories_prove_nothing(old_size: int) -> None:
    """Each tile that the root of before is read from is the true one, all the others lead to the forged root."""
    forged = changed(LEDGER) if old_size > 100 else (*LEDGER[:99], leaf_hash(b"another"), *LEDGER[100:])
    true = tiles_of(LEDGER)
    for path in tiles_of(forged):
        mixed = tiles_of(forged) | {path: true[path]}
        with pytest.raises((HistoryContradicted, ProofInvalid)):
            check_growth_by_tiles(signed(LEDGER[:old_size]), signed(forged), mixed.get, VKEY)
    leaves_true = tiles_of(forged) | {path: tile for path, tile in true.items() if path.startswith("tile/0/")}
    with pytest.raises((HistoryContradicted, ProofInvalid)):
        check_growth_by_tiles(signed(LEDGER[:old_size]), signed(forged), leaves_true.get, VKEY)


def test_two_over_as_many_entries_with_other_roots_need_no_proof_to_be_two_histories() -> None:
    forged = changed(LEDGER)
    for check in (
        lambda: check_growth(signed(LEDGER), GrowthProof(len(LEDGER), (), signed(forged)), VKEY),
        lambda: check_growth_by_tiles(signed(LEDGER), signed(forged), {}.get, VKEY),
    ):
        with pytest.raises(HistoryContradicted, match="signed two histories"):
            check()


def test_a_ledger_that_became_shorter_did_not_grow() -> None:
    growth = GrowthProof(300, (), signed(LEDGER[:299]))
    with pytest.raises(CheckpointInvalid, match="over 299 entries, the one that was kept over 300"):
        check_growth(signed(LEDGER[:300]), growth, VKEY)
    with pytest.raises(ProofInvalid):
        prove_growth(300, signed(LEDGER[:299]), tiles_of(LEDGER[:299]).get)


def test_neither_checkpoint_counts_without_the_pinned_key() -> None:
    other, tiles = SigningKey.generate(), tiles_of(LEDGER).get
    for key_of_old, key_of_new in ((KEY, other), (other, KEY), (other, other)):
        old, new = signed(LEDGER[:300], key_of_old), signed(LEDGER, key_of_new)
        with pytest.raises((CheckpointInvalid, SignatureInvalid)):
            check_growth(old, prove_growth(300, new, tiles), VKEY)
        with pytest.raises((CheckpointInvalid, SignatureInvalid)):
            check_growth_by_tiles(old, new, tiles, VKEY)
    elsewhere = signed(LEDGER, origin="other.test/ledger")
    with pytest.raises(CheckpointInvalid):
        check_growth(signed(LEDGER[:300]), prove_growth(300, elsewhere, tiles), VKEY)


def test_every_flipped_byte_of_a_growth_proof_is_found() -> None:
    data = prove_growth(300, signed(LEDGER), tiles_of(LEDGER).get).encode()
    kept = signed(LEDGER[:300])
    check_growth(kept, parse_growth(data), VKEY)
    for place in range(len(data)):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(EvidenceError):
            check_growth(kept, parse_growth(altered), VKEY)


def test_a_proof_of_another_size_names_both() -> None:
    growth = prove_growth(256, signed(LEDGER), tiles_of(LEDGER).get)
    with pytest.raises(MalformedEvidence, match="begins at 256 entries, the checkpoint that was kept is over 300"):
        check_growth(signed(LEDGER[:300]), growth, VKEY)


def test_hashes_too_many_and_too_few_prove_nothing() -> None:
    growth = prove_growth(300, signed(LEDGER), tiles_of(LEDGER).get)
    for hashes in (growth.hashes[:-1], growth.hashes[1:], (*growth.hashes, growth.hashes[-1]), ()):
        with pytest.raises(ProofInvalid):
            check_growth(signed(LEDGER[:300]), GrowthProof(300, hashes, growth.note), VKEY)


def test_a_growth_proof_is_laid_out_as_a_witness_reads_it() -> None:
    growth = prove_growth(3, signed(LEDGER[:4]), tiles_of(LEDGER[:4]).get)
    lines = growth.encode().decode().split("\n")
    assert lines[0] == "old 3"
    assert [len(line) for line in lines[1:4]] == [44, 44, 44]
    assert lines[4:7] == ["", ORIGIN, "4"]
    assert parse_growth(growth.encode()) == growth


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 3",
        b"old 3\n",
        b"old 03\n\nx",
        b"old -1\n\nx",
        b"old 9999999999999999999\n\nx",
        b"new 3\n\nx",
        b"old 3\r\n\r\nx",
        b"old 3 \n\nx",
        b"old 3\nnot base64\n\nx",
        "old ３\n\nx".encode(),
        b"old 3\n" + b"AAAA\n" * 64 + b"\nx",
    ],
)
def test_what_is_no_growth_proof_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedEvidence):
        parse_growth(data)


def test_a_tile_that_is_not_there_is_named() -> None:
    tiles = {path: tile for path, tile in tiles_of(LEDGER).items() if path != Tile(0, 1).path}
    with pytest.raises(TileUnavailable, match="tile/0/001"):
        check_growth_by_tiles(signed(LEDGER[:300]), signed(LEDGER), tiles.get, VKEY)
