from __future__ import annotations

import dataclasses
import os
import uuid
from pathlib import Path

import pytest

from storage.errors import DecryptionFailed, ObjectMissing, SpanOutside
from storage.key_errors import KeyMissing
from storage.keystore import KeyStore, WrappedKey, create_key_store
from storage.objects.folder import FolderStore
from storage.sealed_object import AtRest, aad_of, open_sealed
from storage.sealing import SealingPlan, write_sealed

CONTENT = os.urandom((3 << 20) + 5)


@dataclasses.dataclass(frozen=True)
class Kept:
    store: FolderStore
    keys: KeyStore
    at_rest: AtRest


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    (tmp_path / "source").write_bytes(CONTENT)
    create_key_store(tmp_path / "keys")
    store, keys, recording_id = FolderStore(tmp_path / "objects"), KeyStore(tmp_path / "keys"), uuid.uuid4()
    plan = SealingPlan.fresh("originals/a", aad_of(recording_id))
    stored = write_sealed(tmp_path / "source", store, plan).stored
    wrapped = keys.wrap_data_key(uuid.uuid4(), "2030-01", plan.data_key)
    return Kept(store, keys, AtRest(recording_id, plan.object_name, stored.size_bytes, wrapped))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_plaintext_comes_back_whole_and_in_parts(kept: Kept) -> None:
    with open_sealed(kept.store, kept.keys, kept.at_rest) as plaintext:
        assert b"".join(plaintext.pieces(0, len(CONTENT), 1 << 20)) == CONTENT
        assert b"".join(plaintext.pieces(1 << 20, 100, 7)) == CONTENT[1 << 20 : (1 << 20) + 100]
        with pytest.raises(SpanOutside):
            plaintext.pieces(1, len(CONTENT), 1 << 20)


def test_what_was_sealed_as_another_does_not_open(kept: Kept) -> None:
    other = dataclasses.replace(kept.at_rest, id=uuid.uuid4())
    with open_sealed(kept.store, kept.keys, other) as plaintext, pytest.raises(DecryptionFailed):
        next(plaintext.pieces(0, 1, 1))


def test_an_object_of_another_size_than_recorded_is_not_opened_and_not_left_open(kept: Kept) -> None:
    before = open_files()
    with pytest.raises(DecryptionFailed, match="were sealed"):
        open_sealed(kept.store, kept.keys, dataclasses.replace(kept.at_rest, size_bytes=kept.at_rest.size_bytes + 1))
    assert open_files() == before


def test_without_object_or_key_the_error_names_which(kept: Kept) -> None:
    with pytest.raises(ObjectMissing):
        open_sealed(kept.store, kept.keys, dataclasses.replace(kept.at_rest, object_name="originals/b"))
    gone = WrappedKey(f"{uuid.uuid4()}.2030-01.000001-{'0' * 16}", kept.at_rest.wrapped_key.wrapped)
    with pytest.raises(KeyMissing):
        open_sealed(kept.store, kept.keys, dataclasses.replace(kept.at_rest, wrapped_key=gone))


@pytest.fixture
def copies(kept: Kept, tmp_path: Path) -> FolderStore:
    """A second store that has the object."""
    copies = FolderStore(tmp_path / "copies")
    with kept.store.open(kept.at_rest.object_name) as reader:
        copies.put(kept.at_rest.object_name, reader.read_span(0, reader.size_bytes))
    return copies


def rot(store: FolderStore, name: str, position: int | None) -> None:
    """One bit there is another; None: the end is gone."""
    path = store.root / name
    content = bytearray(path.read_bytes())
    if position is None:
        del content[-1:]
    else:
        content[position] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


@pytest.mark.parametrize("position", [0, 8, 40, 1 << 20, (2 << 20) + 7, -1, None])
def test_what_the_store_lost_comes_from_the_copy_whole(kept: Kept, copies: FolderStore, position: int | None) -> None:
    rot(kept.store, kept.at_rest.object_name, position)
    before = open_files()
    with open_sealed(kept.store, kept.keys, kept.at_rest, copies) as plaintext:
        assert b"".join(plaintext.pieces_of_either(0, len(CONTENT), 1 << 18)) == CONTENT
        assert b"".join(plaintext.pieces_of_either(5, 70_000, 1 << 18)) == CONTENT[5:70_005]
    assert open_files() == before


def test_an_object_that_is_gone_comes_from_the_copy(kept: Kept, copies: FolderStore) -> None:
    kept.store.delete(kept.at_rest.object_name)
    with open_sealed(kept.store, kept.keys, kept.at_rest, copies) as plaintext:
        assert b"".join(plaintext.pieces_of_either(0, len(CONTENT), 1 << 20)) == CONTENT
    with pytest.raises(ObjectMissing):
        open_sealed(kept.store, kept.keys, kept.at_rest)


@pytest.mark.parametrize("position", [None, (1 << 20) + 1])
def test_a_copy_that_is_lost_too_gives_nothing_either(kept: Kept, copies: FolderStore, position: int | None) -> None:
    rot(kept.store, kept.at_rest.object_name, (1 << 20) + 1)
    rot(copies, kept.at_rest.object_name, position)
    with open_sealed(kept.store, kept.keys, kept.at_rest, copies) as plaintext:
        pieces = plaintext.pieces_of_either(0, len(CONTENT), 1 << 20)
        with pytest.raises(DecryptionFailed):
            b"".join(pieces)


def test_where_neither_opens_it_is_the_first_stores_error_that_is_told(kept: Kept, copies: FolderStore) -> None:
    rot(kept.store, kept.at_rest.object_name, None)
    copies.delete(kept.at_rest.object_name)
    with pytest.raises(DecryptionFailed, match="were sealed"):
        open_sealed(kept.store, kept.keys, kept.at_rest, copies)
