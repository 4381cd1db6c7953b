from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrity.errors import ProofInvalid
from integrity.merkle import (
    EMPTY_ROOT,
    MerkleAccumulator,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

# The leaves and values that Certificate Transparency implementations share (RFC 6962).
CT_LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION_0_OF_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
CT_CONSISTENCY_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]

LEAVES = [leaf_hash(f"entry {number}".encode()) for number in range(70)]


def split(count: int) -> int:
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, by its definition, over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = split(len(leaves))
    return hashlib.sha256(b"\x01" + naive_root(leaves[:half]) + naive_root(leaves[half:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    half = split(len(leaves))
    if index < half:
        return [*naive_path(index, leaves[:half]), naive_root(leaves[half:])]
    return [*naive_path(index - half, leaves[half:]), naive_root(leaves[:half])]


def naive_proof(old_size: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old_size == len(leaves):
        return [] if whole else [naive_root(leaves)]
    half = split(len(leaves))
    if old_size <= half:
        return [*naive_proof(old_size, leaves[:half], whole), naive_root(leaves[half:])]
    return [*naive_proof(old_size - half, leaves[half:], False), naive_root(leaves[:half])]


def reader(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    def read_hash(level: int, n: int) -> bytes:
        start, end = n << level, (n + 1) << level
        assert end <= len(leaves), "asked for a subtree that is not complete"
        return naive_root(leaves[start:end])

    return read_hash


def test_known_roots() -> None:
    tree = MerkleAccumulator()
    assert tree.root() == EMPTY_ROOT
    for number, leaf in enumerate(CT_LEAVES):
        tree.append_leaf_hash(leaf_hash(leaf))
        assert tree.size == number + 1
        assert tree.root().hex() == CT_ROOTS[number]


def test_known_proofs() -> None:
    read_hash = reader([leaf_hash(leaf) for leaf in CT_LEAVES])
    assert [step.hex() for step in inclusion_proof(0, 8, read_hash)] == CT_INCLUSION_0_OF_8
    assert [step.hex() for step in consistency_proof(6, 8, read_hash)] == CT_CONSISTENCY_6_TO_8


def test_accumulator_holds_one_hash_for_each_bit_of_its_size() -> None:
    tree = MerkleAccumulator()
    for number in range(1, 5000):
        tree.append_leaf_hash(bytes(32))
        assert len(tree._peaks) == number.bit_count()


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_roots_and_inclusion_proofs_are_those_of_the_definition(size: int) -> None:
    leaves, read_hash = LEAVES[:size], reader(LEAVES[:size])
    root = naive_root(leaves)
    assert root_of(leaves) == root
    assert tree_root(size, read_hash) == root
    for index in range(size):
        proof = inclusion_proof(index, size, read_hash)
        assert proof == naive_path(index, leaves)
        verify_inclusion(leaves[index], index, size, proof, root)


@pytest.mark.parametrize("new_size", range(1, len(LEAVES) + 1, 3))
def test_consistency_proofs_are_those_of_the_definition(new_size: int) -> None:
    leaves, read_hash = LEAVES[:new_size], reader(LEAVES[:new_size])
    new_root = naive_root(leaves)
    for old_size in range(1, new_size + 1):
        proof = consistency_proof(old_size, new_size, read_hash)
        assert proof == naive_proof(old_size, leaves)
        verify_consistency(old_size, new_size, proof, naive_root(leaves[:old_size]), new_root)


def test_an_empty_tree_grows_into_any() -> None:
    root = naive_root(LEAVES[:5])
    assert consistency_proof(0, 5, reader(LEAVES)) == []
    verify_consistency(0, 5, [], EMPTY_ROOT, root)
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    with pytest.raises(ProofInvalid):
        verify_consistency(0, 5, [], root, root)
    with pytest.raises(ProofInvalid):
        verify_consistency(0, 0, [], EMPTY_ROOT, root)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_inclusion_of_anything_else_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, reader(LEAVES))
    root = naive_root(LEAVES[:size])
    other_index = data.draw(st.integers(0, size - 1).filter(lambda other: other != index) if size > 1 else st.just(1))
    for leaf, at, of, steps, to in (
        (LEAVES[index - 1] if size > 1 else leaf_hash(b"other"), index, size, proof, root),
        (LEAVES[index], other_index, size, proof, root),
        (LEAVES[index], index, size, [*proof, root], root),
        (LEAVES[index], index, size, [EMPTY_ROOT, *proof], root),
        (LEAVES[index], index, size, proof, EMPTY_ROOT),
        (LEAVES[index], size, size, proof, root),
        (LEAVES[index], -1, size, proof, root),
        *(
            [(LEAVES[index], index, size, proof[1:], root), (LEAVES[index], index, size, proof[:-1], root)]
            if proof
            else []
        ),
    ):
        with pytest.raises(ProofInvalid):
            verify_inclusion(leaf, at, of, steps, to)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_growth_from_anything_else_is_refused(data: st.DataObject) -> None:
    new_size = data.draw(st.integers(2, len(LEAVES)))
    old_size = data.draw(st.integers(1, new_size - 1))
    proof = consistency_proof(old_size, new_size, reader(LEAVES))
    old_root, new_root = naive_root(LEAVES[:old_size]), naive_root(LEAVES[:new_size])
    flipped = data.draw(st.integers(0, len(proof) - 1))
    for old, new, steps, before, after in (
        (old_size, new_size, proof, EMPTY_ROOT, new_root),
        (old_size, new_size, proof, old_root, EMPTY_ROOT),
        (old_size, new_size, proof[:-1], old_root, new_root),
        (old_size, new_size, [*proof, new_root], old_root, new_root),
        (old_size, new_size, [*proof[:flipped], EMPTY_ROOT, *proof[flipped + 1 :]], old_root, new_root),
        (new_size, old_size, proof, new_root, old_root),
        (old_size, old_size, [], old_root, new_root),
        (-1, new_size, proof, old_root, new_root),
    ):
        with pytest.raises(ProofInvalid):
            verify_consistency(old, new, steps, before, after)


def test_every_flipped_byte_of_a_proof_is_found() -> None:
    size, index = 13, 6
    proof, root = inclusion_proof(index, size, reader(LEAVES)), naive_root(LEAVES[:size])
    old_root = naive_root(LEAVES[:7])
    growth = consistency_proof(7, size, reader(LEAVES))
    for steps, verify in (
        (proof, lambda tampered: verify_inclusion(LEAVES[index], index, size, tampered, root)),
        (growth, lambda tampered: verify_consistency(7, size, tampered, old_root, root)),
    ):
        for number, step in enumerate(steps):
            for position in range(len(step)):
                changed = bytearray(step)
                changed[position] ^= 1
                with pytest.raises(ProofInvalid):
                    verify([*steps[:number], bytes(changed), *steps[number + 1 :]])


def test_hashes_of_another_length_are_refused_before_they_are_hashed() -> None:
    # 31 + 33 bytes hash like 32 + 32: a proof must not be able to move the border.
    left, right = LEAVES[0], LEAVES[1]
    root = naive_root([left, right])
    with pytest.raises(ProofInvalid, match="33 bytes"):
        verify_inclusion(left + right[:1], 0, 2, [right[1:]], root)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ProofInvalid):
        inclusion_proof(index, size, reader(LEAVES))


def test_there_is_no_proof_for_a_shrinking_tree() -> None:
    with pytest.raises(ProofInvalid):
        consistency_proof(5, 4, reader(LEAVES))
