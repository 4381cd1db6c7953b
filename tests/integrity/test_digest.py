from __future__ import annotations

import hashlib
import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity import digest
from integrity.digest import (
    CHUNK_BYTES,
    ChunkLeaves,
    ContentHasher,
    Digest,
    digest_stream,
    new_sha256,
    new_sm3,
    require_digest,
)
from integrity.errors import DigestMismatch, MalformedEvidence
from integrity.merkle import EMPTY_ROOT

# GB/T 32905-2016, appendix A.
SM3_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
SM3_ABCD_16_TIMES = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def naive_root(content: bytes) -> bytes:
    """RFC 6962 section 2.1, by its definition."""

    def tree(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return hashlib.sha256(b"\x00" + leaves[0]).digest()
        half = 1
        while half * 2 < len(leaves):
            half *= 2
        return hashlib.sha256(b"\x01" + tree(leaves[:half]) + tree(leaves[half:])).digest()

    chunks = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
    return tree(chunks) if chunks else hashlib.sha256(b"").digest()


def test_sm3_gives_the_standards_own_values() -> None:
    assert Digest.of("sm3", b"abc").hex == SM3_ABC
    assert Digest.of("sm3", b"abcd" * 16).hex == SM3_ABCD_16_TIMES


def test_sm3_is_the_same_where_python_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_sm3(name: str) -> object:
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(digest.hashlib, "new", without_sm3)
    fallback = new_sm3()
    fallback.update(memoryview(b"ab"))
    fallback.update(bytearray(b"c"))
    assert type(fallback).__module__ == "integrity.digest"
    assert fallback.digest().hex() == SM3_ABC


@pytest.mark.parametrize(
    "size_bytes",
    [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17, 5 * CHUNK_BYTES],
)
@pytest.mark.parametrize("piece_bytes", [65_537, CHUNK_BYTES, 3 * CHUNK_BYTES])
def test_stream_is_digested_alike_in_pieces_of_any_size(size_bytes: int, piece_bytes: int) -> None:
    content = hashlib.shake_128(b"footage").digest(size_bytes)
    found = digest_stream(content[start : start + piece_bytes] for start in range(0, size_bytes, piece_bytes))
    assert found.size_bytes == size_bytes
    assert found.sha256.value == hashlib.sha256(content).digest()
    assert found.sm3 == Digest.of("sm3", content)
    assert found.chunk_root == naive_root(content)


@given(st.lists(st.integers(0, 700_000), max_size=8))
def test_odd_pieces_give_the_root_of_the_whole(piece_sizes: list[int]) -> None:
    content = b"\xa5" * sum(piece_sizes)
    leaves = ChunkLeaves()
    position = 0
    for size in piece_sizes:
        leaves.update(memoryview(content)[position : position + size])
        position += size
    assert leaves.size_bytes == len(content)
    assert leaves.root() == naive_root(content)


def test_empty_recording_has_the_empty_root() -> None:
    assert digest_stream([]).chunk_root == EMPTY_ROOT


def test_parts_used_apart_agree_with_the_one_pass() -> None:
    content = b"0123456789abcdef" * 100_000
    sha256, sm3, leaves, whole = new_sha256(), new_sm3(), ChunkLeaves(), ContentHasher()
    for part in (sha256, sm3, leaves, whole):
        part.update(content)
    found = whole.finish()
    assert (found.sha256.value, found.sm3.value) == (sha256.digest(), sm3.digest())
    assert found.chunk_root == leaves.root()


def test_any_buffer_can_be_digested_and_is_let_go() -> None:
    with mmap.mmap(-1, 8192) as page:
        page[:5] = b"piece"
        expected = hashlib.sha256(bytes(page)).digest()
        hasher = ContentHasher()
        hasher.update(page)
        assert hasher.finish().sha256.value == expected
    # Leaving the block closes the map: it would raise BufferError if a view of it were still held.


@pytest.mark.parametrize("text", ["", "AA" * 32, "aa" * 31, "aa" * 33, " " + "a" * 63, "0x" + "a" * 62, "ａ" * 64])
def test_digest_text_other_than_64_lower_case_digits_is_refused(text: str) -> None:
    with pytest.raises(MalformedEvidence):
        Digest.parse("sha256", text)


def test_unknown_algorithm_is_refused() -> None:
    for make in (lambda: Digest.parse("md5", "00" * 32), lambda: Digest.of("md5", b""), lambda: Digest("md5", b"")):  # type: ignore[arg-type]
        with pytest.raises(MalformedEvidence, match="md5"):
            make()


def test_digests_of_two_algorithms_are_never_the_same() -> None:
    assert Digest("sha256", bytes(32)) != Digest("sm3", bytes(32))
    with pytest.raises(DigestMismatch):
        require_digest("a.mp4", Digest("sha256", bytes(32)), Digest("sm3", bytes(32)))


def test_require_digest_names_path_and_both_digests() -> None:
    expected, found = Digest.of("sha256", b"sealed"), Digest.of("sha256", b"changed")
    require_digest("a.mp4", expected, expected)
    with pytest.raises(DigestMismatch) as caught:
        require_digest("a.mp4", expected, found)
    assert (caught.value.path, caught.value.expected, caught.value.found) == ("a.mp4", expected.hex, found.hex)
