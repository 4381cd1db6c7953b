from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrity.errors import EntryTooLarge, MalformedEvidence, TileUnavailable
from integrity.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from integrity.tiles import (
    Bundle,
    Tile,
    bundle_path,
    decode_bundle,
    encode_bundle,
    grow_bundles,
    grow_hash_tiles,
    hash_reader,
    hashes_of_tile,
    parse_path,
    tile_path,
)
from tests.integrity.grown_files import files_of_growth, read_entry

LEAVES = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]


def written(sizes: list[int], leaves: list[bytes] = LEAVES) -> dict[str, bytes]:
    """The hash tiles of a ledger that grew through `sizes`; nothing is ever written twice."""
    files: dict[str, bytes] = {}
    for old_size, new_size in pairwise([0, *sizes]):
        grown = list(grow_hash_tiles(old_size, leaves[old_size:new_size], files.get))
        assert tuple(tile for tile, _ in grown) == files_of_growth(old_size, new_size).tiles
        for tile, content in grown:
            assert tile.path not in files
            assert len(content) == 32 * tile.width > 0
            files[tile.path] = content
    return files


@pytest.mark.parametrize(
    ("n", "path"),
    [
        (0, "tile/0/000"),
        (273, "tile/0/273"),
        (999, "tile/0/999"),
        (1000, "tile/0/x001/000"),
        (1_234_067, "tile/0/x001/x234/067"),
        (2**55, "tile/0/x036/x028/x797/x018/x963/968"),
    ],
)
def test_numbers_are_written_in_groups_of_three(n: int, path: str) -> None:
    assert tile_path(0, n) == path
    assert tile_path(0, n, 255) == f"{path}.p/255"
    assert bundle_path(n, 1) == path.replace("tile/0", "tile/entries") + ".p/1"


@given(st.integers(0, 7), st.integers(0, 2**60), st.integers(1, 256))
def test_paths_are_read_as_they_are_written(level: int, n: int, width: int) -> None:
    assert parse_path(tile_path(level, n, width)) == Tile(level, n, width)
    assert parse_path(bundle_path(n, width)) == Bundle(n, width)


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/1", "tile/0/0001", "tile/00/001", "tile/8/001", "tile/64/001", "tile/-1/001",
        "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/X001/002", "tile/0/001.p/0", "tile/0/001.p/256",
        "tile/0/001.p/257", "tile/0/001.p/01", "tile/0/001.p/", "tile/0/001/", "/tile/0/001", "tile/0/../0/001",
        "tile/0/001\n", "tile/data/001", "tile/0/٠٠١", "tile/entries/001.p/999", "checkpoint",
    ],
)  # fmt: skip
def test_another_path_names_nothing(path: str) -> None:
    with pytest.raises(MalformedEvidence):
        parse_path(path)


def test_no_path_for_what_no_tree_has() -> None:
    for make in (
        lambda: tile_path(8, 0),
        lambda: tile_path(-1, 0),
        lambda: tile_path(0, -1),
        lambda: tile_path(0, 0, 0),
        lambda: bundle_path(0, 257),
    ):
        with pytest.raises(ValueError, match=r"level|number|holds"):
            make()


def test_right_edge_of_70_000_leaves() -> None:
    growth = files_of_growth(0, 70_000)
    partial = [tile.path for tile in growth.tiles if tile.width < 256]
    assert partial == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
    full = [tile for tile in growth.tiles if tile.width == 256]
    assert full == [*(Tile(0, n) for n in range(273)), Tile(1, 0)]
    assert growth.bundles == (*(Bundle(n) for n in range(273)), Bundle(273, 112))


@pytest.mark.parametrize(
    ("old_size", "new_size", "paths"),
    [
        (0, 0, []),
        (5, 5, []),
        (0, 1, ["tile/0/000.p/1"]),
        (255, 256, ["tile/0/000", "tile/1/000.p/1"]),
        (256, 257, ["tile/0/001.p/1"]),
        (256, 512, ["tile/0/001", "tile/1/000.p/2"]),
        (65_535, 65_536, ["tile/0/255", "tile/1/000", "tile/2/000.p/1"]),
        (65_536, 65_537, ["tile/0/256.p/1"]),
    ],
)
def test_growth_writes_what_is_new_and_nothing_empty(old_size: int, new_size: int, paths: list[str]) -> None:
    assert [tile.path for tile in files_of_growth(old_size, new_size).tiles] == paths


def test_content_of_70_000_leaves() -> None:
    files = written([70_000])
    assert len(files) == 273 + 1 + 1 + 1 + 1
    assert files["tile/0/273.p/112"] == b"".join(LEAVES[273 * 256 :])
    level_1 = [root_of(LEAVES[start : start + 256]) for start in range(0, 273 * 256, 256)]
    assert files["tile/1/000"] == b"".join(level_1[:256])
    assert files["tile/1/001.p/17"] == b"".join(level_1[256:])
    assert files["tile/2/000.p/1"] == root_of(level_1[:256])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 1500), min_size=1, max_size=8))
def test_growth_in_steps_ends_with_the_tiles_of_one_growth(sizes: list[int]) -> None:
    sizes = sorted(sizes)
    files = written(sizes)
    at_once = written(sizes[-1:])
    assert at_once.items() <= files.items()
    assert tree_root(sizes[-1], hash_reader(sizes[-1], files.get)) == root_of(LEAVES[: sizes[-1]])


def test_every_size_of_the_past_is_proved_from_tiles() -> None:
    sizes = [1, 3, 200, 256, 300, 511, 512, 513, 1000]
    files = written(sizes)
    newest = hash_reader(1000, files.get)
    new_root = root_of(LEAVES[:1000])
    for size in sizes:
        root = root_of(LEAVES[:size])
        read_hash = hash_reader(size, files.get)
        assert tree_root(size, read_hash) == root
        verify_consistency(size, 1000, consistency_proof(size, 1000, newest), root, new_root)
        for index in {0, size // 2, size - 1}:
            verify_inclusion(LEAVES[index], index, size, inclusion_proof(index, size, read_hash), root)


def test_proofs_at_three_levels_of_tiles() -> None:
    files = written([65_536, 70_000])
    root = root_of(LEAVES)
    read_hash = hash_reader(70_000, files.get)
    for index in (0, 255, 256, 65_535, 65_536, 69_888, 69_999):
        verify_inclusion(LEAVES[index], index, 70_000, inclusion_proof(index, 70_000, read_hash), root)
    proof = consistency_proof(65_536, 70_000, read_hash)
    verify_consistency(65_536, 70_000, proof, root_of(LEAVES[:65_536]), root)


def test_full_tile_stands_in_for_a_partial_one_that_was_removed() -> None:
    files = written([300, 600])
    entries = [str(number).encode() for number in range(600)]
    for old_size, new_size in ((0, 300), (300, 600)):
        files |= {each.path: data for each, data in grow_bundles(old_size, entries[old_size:new_size], files.get)}
    del files["tile/0/001.p/44"], files["tile/1/000.p/1"], files["tile/entries/001.p/44"]
    read_hash = hash_reader(300, files.get)
    with pytest.raises(TileUnavailable, match=r"tile/1/000\.p/1"):
        tree_root(300, read_hash)  # the level above has no full tile yet
    files["tile/1/000.p/1"] = files["tile/1/000.p/2"][:32]
    assert tree_root(300, hash_reader(300, files.get)) == root_of(LEAVES[:300])
    grown = dict(grow_bundles(300, entries[300:600], files.get))
    assert decode_bundle(grown[Bundle(1)], 256) == entries[256:512]
    more = list(grow_hash_tiles(300, LEAVES[300:600], files.get))
    assert dict(more)[Tile(0, 1)] == b"".join(LEAVES[256:512])


def test_missing_tile_is_named() -> None:
    with pytest.raises(TileUnavailable) as caught:
        hash_reader(300, lambda path: None)(0, 299)
    assert caught.value.path == "tile/0/001.p/44"
    with pytest.raises(TileUnavailable, match=r"tile/entries/000\.p/5"):
        list(grow_bundles(5, [b"5"], lambda path: None))
    with pytest.raises(TileUnavailable):
        list(grow_hash_tiles(300, LEAVES[300:301], lambda path: None))


def test_errors_of_the_store_are_not_swallowed() -> None:
    def broken(path: str) -> bytes:
        raise ConnectionError(path)

    with pytest.raises(ConnectionError):
        hash_reader(300, broken)(0, 0)


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(64)])
def test_tile_of_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedEvidence, match=r"tile/0/000\.p/1"):
        hash_reader(1, lambda path: data)(0, 0)


def test_tile_says_its_hashes() -> None:
    assert hashes_of_tile(LEAVES[0] + LEAVES[1], 2) == LEAVES[:2]


@pytest.mark.parametrize(("level", "n"), [(0, 5), (1, 2), (3, 0), (0, -1), (-1, 0), (2, 1)])
def test_incomplete_subtree_has_no_hash(level: int, n: int) -> None:
    with pytest.raises(ValueError, match="not complete"):
        hash_reader(5, written([5]).get)(level, n)


def test_every_flipped_byte_of_a_tile_on_the_path_breaks_the_proof() -> None:
    files = written([300])
    root = root_of(LEAVES[:300])
    for position in range(0, 44 * 32, 7):
        changed = bytearray(files["tile/0/001.p/44"])
        changed[position] ^= 1
        tampered = {**files, "tile/0/001.p/44": bytes(changed)}
        assert tree_root(300, hash_reader(300, tampered.get)) != root


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


def test_bundle_is_laid_out_to_the_byte() -> None:
    assert encode_bundle([b"ab", b"", b"c" * 258]) == b"\x00\x02ab\x00\x00\x01\x02" + b"c" * 258
    assert decode_bundle(encode_bundle([b"x" * 65_535]), 1) == [b"x" * 65_535]


def test_entry_that_does_not_fit_is_refused() -> None:
    with pytest.raises(EntryTooLarge, match="65536 bytes"):
        encode_bundle([bytes(65_536)])


@pytest.mark.parametrize("count", [0, 257])
def test_bundle_is_never_empty_nor_too_wide(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        encode_bundle([b"x"] * count)


def test_cut_lengthened_or_miscounted_bundle_is_refused() -> None:
    bundle = encode_bundle([b"first", b"second", b"third"])
    for cut in range(len(bundle)):
        with pytest.raises(MalformedEvidence, match=r"entries/000\.p/3"):
            decode_bundle(bundle[:cut], 3, "tile/entries/000.p/3")
    for data, count in ((bundle + b"\0", 3), (bundle, 2), (bundle, 4), (b"", 1)):
        with pytest.raises(MalformedEvidence):
            decode_bundle(data, count)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_bundles_grow_as_their_tiles_do(sizes: list[int]) -> None:
    entries = [f"entry {number}".encode() for number in range(700)]
    files: dict[str, bytes] = {}
    for old_size, new_size in pairwise([0, *sorted(sizes)]):
        grown = list(grow_bundles(old_size, entries[old_size:new_size], files.get))
        assert tuple(bundle for bundle, _ in grown) == files_of_growth(old_size, new_size).bundles
        assert files.keys().isdisjoint(bundle.path for bundle, _ in grown)
        files |= {bundle.path: content for bundle, content in grown}
    size = max(sizes)
    assert [read_entry(index, size, files.get) for index in range(size)] == entries[:size]


def test_entry_read_back_leads_to_the_signed_root() -> None:
    entries = [f"entry {number}".encode() for number in range(600)]
    leaves = [leaf_hash(entry) for entry in entries]
    files = written([600], leaves) | {each.path: data for each, data in grow_bundles(0, entries, lambda path: None)}
    proof = inclusion_proof(517, 600, hash_reader(600, files.get))
    verify_inclusion(leaf_hash(read_entry(517, 600, files.get)), 517, 600, proof, root_of(leaves))
