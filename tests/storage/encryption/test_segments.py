"""Segments against Tink itself, in both directions, and against whoever alters them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
import tink
from hypothesis import given, settings
from hypothesis import strategies as st
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from storage.encryption.segments import (
    HEADER_BYTES,
    PLAINTEXT_SEGMENT_BYTES,
    SEGMENT_BYTES,
    TAG_BYTES,
    SegmentCipher,
    SegmentReader,
    ciphertext_size,
    encrypt,
    plaintext_size,
    plaintext_sizes,
)
from storage.errors import DecryptionFailed, SpanOutside
from storage.objects.folder import FolderReader, FolderStore
from tests.storage.encryption.spans import decrypt_span

FIRST_BYTES = PLAINTEXT_SEGMENT_BYTES - HEADER_BYTES
BOUNDARIES = [FIRST_BYTES, FIRST_BYTES + PLAINTEXT_SEGMENT_BYTES, FIRST_BYTES + 2 * PLAINTEXT_SEGMENT_BYTES]
SIZES = [0, 1, 15, 16, 4096, *(edge + step for edge in BOUNDARIES for step in (-1, 0, 1))]
LARGE_BYTES = BOUNDARIES[2] + 12_345
AAD = b"6f1c1f6e-1f6e-4f6e-9f6e-000000000001"
KEY = bytes(range(32))
NAME = "recordings/original"
CONTENT = os.urandom(LARGE_BYTES)


@pytest.fixture(scope="session")
def tink_primitive() -> streaming_aead.StreamingAead:
    """Tink's own AES256_GCM_HKDF_1MB with KEY and the RAW prefix."""
    streaming_aead.register()
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        version=0,
        key_value=KEY,
        params=aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
            ciphertext_segment_size=SEGMENT_BYTES, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
        ),
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=tink_pb2.KeyData(
            type_url="type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
            value=key.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC,
        ),
        status=tink_pb2.ENABLED,
        key_id=1,
        output_prefix_type=tink_pb2.RAW,
    )
    handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


def _sealed(plaintext: bytes) -> bytes:
    return encrypt(KEY, os.urandom(32), os.urandom(7), AAD, plaintext)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


@pytest.fixture
def large(store: FolderStore) -> FolderReader:
    store.put(NAME, _sealed(CONTENT))
    return store.open(NAME)


def _span(reader: FolderReader, offset: int, length: int, aad: bytes = AAD, key: bytes = KEY) -> bytes:
    return b"".join(decrypt_span(reader, key, aad, offset, length))


@pytest.mark.parametrize("size_bytes", SIZES)
def test_tink_opens_what_we_sealed(tink_primitive: streaming_aead.StreamingAead, size_bytes: int) -> None:
    sealed = _sealed(CONTENT[:size_bytes])
    assert len(sealed) == ciphertext_size(size_bytes)
    with tink_primitive.new_decrypting_stream(io.BytesIO(sealed), AAD) as opened:
        assert opened.read() == CONTENT[:size_bytes]


@pytest.mark.parametrize("size_bytes", SIZES)
def test_we_open_what_tink_sealed(
    tink_primitive: streaming_aead.StreamingAead, store: FolderStore, size_bytes: int
) -> None:
    target = io.BytesIO()
    with tink_primitive.new_encrypting_stream(_KeptOpen(target), AAD) as sealing:
        sealing.write(CONTENT[:size_bytes])
    store.put(NAME, target.getvalue())
    with store.open(NAME) as reader:
        assert plaintext_size(reader.size_bytes) == size_bytes
        assert _span(reader, 0, size_bytes) == CONTENT[:size_bytes]


class _KeptOpen(io.RawIOBase):
    """Tink closes what it wrote to; this lets us look at it afterwards."""

    def __init__(self, target: io.BytesIO) -> None:
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._target.write(data)


EDGES = [0, 1, *(edge + step for edge in BOUNDARIES for step in (-1, 0, 1)), LARGE_BYTES - 1, LARGE_BYTES]


@pytest.mark.parametrize("offset", EDGES)
def test_spans_from_and_to_every_edge_are_the_plaintext(large: FolderReader, offset: int) -> None:
    for end in EDGES:
        if end >= offset:
            assert _span(large, offset, end - offset) == CONTENT[offset:end]


def test_pieces_are_as_small_as_asked_for_and_stay_valid(large: FolderReader) -> None:
    pieces = list(decrypt_span(large, KEY, AAD, 5, 3_000_000, piece_bytes=100_000))
    assert max(map(len, pieces)) == 100_000
    assert b"".join(pieces) == CONTENT[5:3_000_005]
    assert all(piece.readonly for piece in pieces)


def test_a_range_reads_no_segment_that_it_does_not_need(large: FolderReader, monkeypatch: pytest.MonkeyPatch) -> None:
    spans_read = []
    read_into = large.read_into

    def record(offset: int, buffer: memoryview) -> int:
        spans_read.append((offset, len(buffer)))
        return read_into(offset, buffer)

    monkeypatch.setattr(large, "read_into", record)
    assert _span(large, BOUNDARIES[0] - 1, 2) == CONTENT[BOUNDARIES[0] - 1 : BOUNDARIES[0] + 1]
    assert spans_read == [
        (0, HEADER_BYTES),
        (HEADER_BYTES, SEGMENT_BYTES - HEADER_BYTES),
        (SEGMENT_BYTES, SEGMENT_BYTES),
    ]


def test_whoever_may_not_wait_is_told_before_each_segment_that_is_not_at_hand(
    large: FolderReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_at_hand = large.read_at_hand
    waits_for = {0, 2 * SEGMENT_BYTES}
    monkeypatch.setattr(
        large, "read_at_hand", lambda offset, buffer: offset & -1024 not in waits_for and read_at_hand(offset, buffer)
    )
    pieces = list(SegmentReader(large, KEY, AAD).pieces(0, LARGE_BYTES, SEGMENT_BYTES, told=True))
    assert [len(piece) == 0 for piece in pieces] == [True, False, False, True, False, False]
    assert b"".join(pieces) == CONTENT
    assert [*SegmentReader(large, KEY, AAD).pieces(0, 0, SEGMENT_BYTES, told=True)] == []


@pytest.mark.parametrize(("offset", "length"), [(0, LARGE_BYTES + 1), (LARGE_BYTES, 1), (-1, 1), (1, -1)])
def test_a_span_past_the_plaintext_is_refused_before_anything_is_given_out(
    large: FolderReader, offset: int, length: int
) -> None:
    with pytest.raises(SpanOutside) as outside:
        decrypt_span(large, KEY, AAD, offset, length)
    assert outside.value.size_bytes == LARGE_BYTES


@given(st.integers(0, 1 << 45))
def test_sizes_at_rest_and_in_the_clear_are_inverse(size_bytes: int) -> None:
    assert plaintext_size(ciphertext_size(size_bytes)) == size_bytes


@given(st.integers(0, 5 << 20))
@settings(max_examples=50)
def test_the_plaintext_is_cut_where_the_sealed_segments_end(size_bytes: int) -> None:
    sizes = list(plaintext_sizes(size_bytes))
    assert sum(sizes) == size_bytes
    at_rest = [HEADER_BYTES + sizes[0] + TAG_BYTES, *(size + TAG_BYTES for size in sizes[1:])]
    assert at_rest[:-1] == [SEGMENT_BYTES] * (len(sizes) - 1)
    assert sum(at_rest) == ciphertext_size(size_bytes)


@pytest.mark.parametrize("impossible", [0, 39, 55, SEGMENT_BYTES + 1, SEGMENT_BYTES + 16, 2 * SEGMENT_BYTES + 16])
def test_a_size_no_sealed_file_can_have_is_refused(store: FolderStore, impossible: int) -> None:
    with pytest.raises(ValueError, match=str(impossible)):
        plaintext_size(impossible)
    store.put(NAME, _sealed(CONTENT)[:impossible])
    with store.open(NAME) as reader, pytest.raises(DecryptionFailed) as failed:
        decrypt_span(reader, KEY, AAD, 0, 0)
    assert failed.value.object_name == NAME


@pytest.mark.parametrize("position", range(HEADER_BYTES))
def test_each_flipped_byte_of_the_header_shows(store: FolderStore, position: int) -> None:
    _require_failure(store, _flipped(_sealed(CONTENT[:100]), position), segment=0)


@pytest.mark.parametrize("segment", range(4))
@pytest.mark.parametrize("place", ["first", "middle", "last byte of the tag"])
def test_a_flipped_byte_shows_in_its_segment_and_the_others_still_open(
    store: FolderStore, segment: int, place: str
) -> None:
    sealed = _sealed(CONTENT)
    start, end = max(HEADER_BYTES, segment * SEGMENT_BYTES), min((segment + 1) * SEGMENT_BYTES, len(sealed))
    position = {"first": start, "middle": (start + end) // 2}.get(place, end - 1)
    _require_failure(store, _flipped(sealed, position), segment=segment)
    with store.open(NAME) as reader:
        other = 0 if segment else BOUNDARIES[0]
        assert _span(reader, other, 1000) == CONTENT[other : other + 1000]


@pytest.mark.parametrize("segments_left", [1, 2, 3])
def test_truncation_at_a_segment_boundary_shows_in_what_is_then_last(store: FolderStore, segments_left: int) -> None:
    _require_failure(store, _sealed(CONTENT)[: segments_left * SEGMENT_BYTES], segment=segments_left - 1)


def test_a_pinned_size_shows_truncation_to_a_reader_of_the_beginning(store: FolderStore) -> None:
    sealed = _sealed(CONTENT)
    store.put(NAME, sealed[: 2 * SEGMENT_BYTES])
    with store.open(NAME) as reader:
        assert _span(reader, 0, 10) == CONTENT[:10]
        with pytest.raises(DecryptionFailed, match=str(len(sealed))):
            decrypt_span(reader, KEY, AAD, 0, 10, pinned_bytes=len(sealed))


def test_swapped_segments_show(store: FolderStore) -> None:
    sealed = _sealed(CONTENT)
    one, two = sealed[SEGMENT_BYTES : 2 * SEGMENT_BYTES], sealed[2 * SEGMENT_BYTES : 3 * SEGMENT_BYTES]
    swapped = sealed[:SEGMENT_BYTES] + two + one + sealed[3 * SEGMENT_BYTES :]
    _require_failure(store, swapped, segment=1)


def test_a_segment_from_another_file_under_the_same_key_shows(store: FolderStore) -> None:
    ours, other = _sealed(CONTENT), _sealed(CONTENT)
    mixed = ours[:SEGMENT_BYTES] + other[SEGMENT_BYTES : 2 * SEGMENT_BYTES] + ours[2 * SEGMENT_BYTES :]
    _require_failure(store, mixed, segment=1)


def test_another_recordings_id_or_key_opens_nothing(large: FolderReader) -> None:
    with pytest.raises(DecryptionFailed):
        _span(large, 0, 1, aad=b"another recording")
    with pytest.raises(DecryptionFailed):
        _span(large, 0, 1, key=bytes(32))


def test_no_byte_of_an_altered_segment_is_given_out(store: FolderStore) -> None:
    store.put(NAME, _flipped(_sealed(CONTENT), SEGMENT_BYTES + 1))
    received = io.BytesIO()
    with store.open(NAME) as reader, pytest.raises(DecryptionFailed):
        received.writelines(decrypt_span(reader, KEY, AAD, 0, LARGE_BYTES))
    assert received.getvalue() == CONTENT[:FIRST_BYTES]


@pytest.mark.parametrize(("key", "salt", "prefix"), [(31, 32, 7), (32, 31, 7), (32, 32, 8)])
def test_key_material_of_the_wrong_length_is_refused(key: int, salt: int, prefix: int) -> None:
    with pytest.raises(ValueError, match="bytes long"):
        SegmentCipher(bytes(key), bytes(salt), bytes(prefix), AAD)


def _flipped(sealed: bytes, position: int) -> bytes:
    return sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]


def _require_failure(store: FolderStore, altered: bytes, segment: int) -> None:
    store.put(NAME, altered)
    with store.open(NAME) as reader, pytest.raises(DecryptionFailed) as failed:
        list(decrypt_span(reader, KEY, AAD, 0, plaintext_size(len(altered))))
    assert (failed.value.object_name, failed.value.segment) == (NAME, segment)
    assert NAME in str(failed.value)
