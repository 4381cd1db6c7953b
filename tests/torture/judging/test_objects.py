"""Stored objects that are gone, altered, or nobody's."""

from __future__ import annotations

from pathlib import Path

from storage.catalog.recordings import CustodyAttempt
from storage.keystore import WrappedKey
from storage.sealed_object import aad_of
from storage.sealing import SealingPlan, write_sealed
from tests.torture.judge import (
    Judgement,
)
from tests.torture.judging.tortured import FIRST, Tortured, put_back


def test_an_object_that_is_gone_is_lost(tortured: Tortured) -> None:
    with put_back(tortured.object_path()):
        tortured.object_path().unlink()
        found = tortured.judge()
    assert any("does not open" in line for line in found.lost)
    assert f"no object {tortured.recording().object_name}" in found.lost


def test_an_object_with_a_flipped_byte_is_lost(tortured: Tortured) -> None:
    path = tortured.object_path()
    with put_back(path) as content:
        path.unlink()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        found = tortured.judge()
    assert any("does not open" in line for line in found.lost)


def test_an_object_that_opens_to_other_bytes_is_wrong(tortured: Tortured, tmp_path: Path) -> None:
    """Encrypted as the first was, under its own key: only its plaintext is another."""
    recording, archive = tortured.recording(), tortured.sealing.archive
    with archive.database.reading() as session:
        attempt = session.get_one(CustodyAttempt, recording.id)
    key = archive.key_store.unwrap_data_key(WrappedKey(recording.kek_id, recording.wrapped_data_key))
    other = tmp_path / "other"
    other.write_bytes(bytes(reversed(FIRST)))
    plan = SealingPlan(recording.object_name, key, attempt.salt, attempt.nonce_prefix, aad_of(recording.id))
    with put_back(tortured.object_path()):
        tortured.object_path().unlink()
        write_sealed(other, archive.store, plan)
        found = tortured.judge()
    assert found.wrong == [f"recording {recording.id} opens to other bytes"]


def test_an_object_that_nobody_knows_is_wrong(tortured: Tortured) -> None:
    store = tortured.sealing.archive.store
    store.put("originals/2026/01/extra", b"whose?")
    try:
        found = tortured.judge()
    finally:
        store.delete("originals/2026/01/extra")
    assert found == Judgement(3, wrong=["object that nobody knows: originals/2026/01/extra"])
