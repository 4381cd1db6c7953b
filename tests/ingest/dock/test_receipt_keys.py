"""The archive's receipt key was changed: a station goes on by the word of the key that it pinned, and of no other."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.dock import errors
from integrity.keys import SigningKey
from integrity.succession import sign_succession


def change_key(archive: Any, former: SigningKey | None = None) -> SigningKey:
    """The archive signs with a new key from now on, in whose favour `former` (its own) stands back."""
    before, archive.receipt_key = archive.receipt_key, SigningKey.generate()
    known = archive.successions or []
    said = sign_succession(
        "test.example/ledger", "receipt", len(known) + 2, former or before, archive.receipt_key
    ).to_bytes()
    archive.successions = [*known, said]
    return before  # type: ignore[no-any-return]


def test_receipts_of_the_key_that_succeeded_the_pinned_one_are_believed(docking: Any, archive: Any) -> None:
    pinned = archive.token
    change_key(archive)
    change_key(archive)
    docking.write("a.mp4", b"x" * 100)
    (outcome,) = docking.run(credential=pinned, wipe=True).outcomes
    assert outcome.wiped, outcome.error
    assert not (docking.folder / "a.mp4").exists()


def test_a_key_that_changes_while_a_run_is_under_way_stops_nothing(docking: Any, archive: Any) -> None:
    """The receipt that was signed before counts as well as those after."""
    pinned, true, signed = archive.token, archive.receipt_for, []
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        docking.write(name, name.encode() * 100)

    def receipt_for(upload_id: str) -> bytes:
        envelope: bytes = true(upload_id)
        signed.append(archive.receipt_key.key_id)
        if len(signed) == 1:
            change_key(archive)
        return envelope

    archive.receipt_for = receipt_for
    first = docking.run(credential=pinned, parallel=1)
    assert first.complete, first.outcomes
    assert len(set(signed)) == 2
    # What is kept of that day holds in a later run as well, which asks for no receipt anew.
    assert docking.run(credential=pinned).complete
    assert len(signed) == 3


def test_a_key_from_a_file_is_followed_too(docking: Any, archive: Any) -> None:
    credential, handed_over = archive.token, archive.receipt_key.public
    docking.write("a.mp4", b"x" * 100)
    change_key(archive)
    assert docking.run(credential=credential, archive_key=handed_over).complete


def test_a_key_that_the_pinned_one_does_not_vouch_for_is_sent_nothing(docking: Any, archive: Any) -> None:
    pinned = archive.token
    docking.write("a.mp4", b"x" * 100)
    change_key(archive, former=SigningKey.generate())
    with pytest.raises(errors.ArchiveKeyDiffers):
        docking.run(credential=pinned, wipe=True)
    assert archive.uploads == {}
    assert (docking.folder / "a.mp4").exists()


@pytest.mark.parametrize("told", [None, [], [b"{}"], [b"\xff"]], ids=["none", "empty", "nonsense", "no text"])
def test_without_a_line_the_pin_stands_as_it_did(docking: Any, archive: Any, told: list[bytes] | None) -> None:
    pinned = archive.token
    docking.write("a.mp4", b"x" * 100)
    archive.receipt_key, archive.successions = SigningKey.generate(), told
    with pytest.raises(errors.ArchiveKeyDiffers):
        docking.run(credential=pinned, wipe=True)
    assert archive.uploads == {}


def test_a_key_before_the_pinned_one_removes_nothing(docking: Any, archive: Any) -> None:
    """It may be the reason why the station was given another."""
    stolen = change_key(archive)
    docking.write("a.mp4", b"x" * 100)
    pinned, true = archive.token, archive.receipt_for

    def forged(upload_id: str) -> bytes:
        present, archive.receipt_key = archive.receipt_key, stolen
        try:
            envelope: bytes = true(upload_id)
            return envelope
        finally:
            archive.receipt_key = present

    archive.receipt_for = forged
    (outcome,) = docking.run(credential=pinned, wipe=True).outcomes
    assert isinstance(outcome.error, errors.ReceiptRejected)
    assert (docking.folder / "a.mp4").exists()
