"""Which receipts the agent believes: none that another key signed or that speaks of anything else than its file."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ingest.dock import errors
from integrity.checkpoint import encode_vkey
from integrity.keys import SigningKey


@pytest.mark.parametrize(
    "change",
    [
        {"upload_id": "0" * 32},
        {"size_bytes": 99},
        {"sha256": "other"},
        {"sm3": "other"},
        {"station_id": "other"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_receipt_that_speaks_of_something_else_removes_nothing(docking: Any, archive: Any, change: Any) -> None:
    from uuid import UUID

    from integrity.digest import Digest

    others = {
        "sha256": Digest.of("sha256", b"?"),
        "sm3": Digest.of("sm3", b"?"),
        "station_id": UUID(int=1),
    }
    docking.write("a.mp4", b"x" * 100)
    archive.change_receipt = lambda receipt: dataclasses.replace(
        receipt, **{name: others.get(name, value) for name, value in change.items()}
    )
    (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.ReceiptRejected)
    assert (docking.folder / "a.mp4").exists()


def test_receipt_by_another_key_removes_nothing(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x" * 100)
    honest = archive.receipt_key
    archive.receipt_for = lambda upload_id: _signed_by_other(archive, honest, upload_id)
    (outcome,) = docking.run(wipe=True).outcomes
    assert isinstance(outcome.error, errors.ReceiptRejected)
    assert "not pinned" in str(outcome.error)
    assert (docking.folder / "a.mp4").exists()


def _signed_by_other(archive: Any, honest: SigningKey, upload_id: str) -> bytes:
    archive.receipt_key = SigningKey.generate()
    try:
        envelope: bytes = type(archive).receipt_for(archive, upload_id)
        return envelope
    finally:
        archive.receipt_key = honest


def test_file_whose_object_the_archive_has_lost_is_sent_again_before_it_is_removed(docking: Any, archive: Any) -> None:
    path = docking.write("a.mp4", b"x" * 100)
    assert docking.run().complete
    (first,) = archive.uploads
    there_when_sent_again = []

    def lost(method: str, address: str) -> tuple[int, dict[str, str], bytes] | None:
        if method == "POST":
            there_when_sent_again.append(path.exists())
        return (410, {}, b"") if method == "GET" and address.endswith(f"{first}/receipt") else None

    archive.before = lost
    (outcome,) = docking.run(wipe=True).outcomes
    assert outcome.wiped
    assert outcome.receipt.upload_id != first
    assert there_when_sent_again == [True]
    assert len(archive.uploads) == 2


def test_every_flipped_byte_of_a_receipt_is_found(docking: Any, archive: Any) -> None:
    from ingest.dock.receipts import ReceiptTrust, check_receipt
    from ingest.dock.state import Phase, opened_state

    docking.write("a.mp4", b"x" * 100)
    docking.run()
    trust = ReceiptTrust((archive.receipt_key.public,), str(archive.station_id))
    with opened_state(docking.state) as state:
        (record,) = state.find_all(str(docking.folder), Phase.RECEIVED)
        envelope = state.read_receipt(record.upload_id)
    assert envelope is not None
    check_receipt(envelope, record, trust)
    for position in range(0, len(envelope), 7):
        changed = bytearray(envelope)
        changed[position] ^= 1
        with pytest.raises(errors.ReceiptRejected):
            check_receipt(bytes(changed), record, trust)


def test_checkpoint_by_another_ledger_is_found_when_its_key_is_known(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x" * 100)
    right = encode_vkey("test.example/ledger", archive.ledger_key.public)
    assert docking.run(ledger_vkey=right).complete
    docking.write("b.mp4", b"y" * 100)
    wrong = encode_vkey("test.example/ledger", SigningKey.generate().public)
    result = docking.run(ledger_vkey=wrong)
    assert {type(outcome.error) for outcome in result.outcomes} == {errors.ReceiptRejected}


def test_server_with_another_key_is_sent_nothing(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x")
    token = archive.token
    other = SigningKey.generate()
    pinned = dataclasses.replace(token, pinned_key_id=other.key_id)
    with pytest.raises(errors.ArchiveKeyDiffers):
        docking.run(credential=pinned)
    assert archive.uploads == {}


def test_key_from_a_file_overrides_the_pin(docking: Any, archive: Any) -> None:
    docking.write("a.mp4", b"x")
    pinned = dataclasses.replace(archive.token, pinned_key_id="0" * 64)
    assert docking.run(credential=pinned, archive_key=archive.receipt_key.public).complete
