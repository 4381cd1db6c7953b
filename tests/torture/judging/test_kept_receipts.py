"""What the agents keep: receipts that are edited, gone, doubled, or of something else."""

from __future__ import annotations

import shutil

from tests.torture.judging.tortured import FIRST, SECOND, Tortured, put_back


def test_a_kept_receipt_that_was_edited_is_wrong_and_one_too_few(tortured: Tortured) -> None:
    path = tortured.envelope(SECOND, repeat=False)
    with put_back(path) as content:
        path.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
        found = tortured.judge()
    assert any(path.name in line for line in found.wrong)
    assert any("1 receipts too few" in line for line in found.lost)


def test_a_receipt_that_no_agent_keeps_is_lost(tortured: Tortured) -> None:
    path = tortured.envelope(FIRST, repeat=True)
    with put_back(path):
        path.unlink()
        found = tortured.judge()
    assert any("1 receipts too few" in line for line in found.lost)
    assert (found.doubled, found.wrong) == ([], [])


def test_a_receipt_that_is_kept_twice_is_doubled(tortured: Tortured) -> None:
    again = tortured.station.folder / "again.dsse.json"
    shutil.copy(tortured.envelope(SECOND, repeat=False), again)
    try:
        found = tortured.judge()
    finally:
        again.unlink()
    assert any("1 receipts too many" in line for line in found.doubled)


def test_a_kept_receipt_of_another_recording_is_wrong(tortured: Tortured) -> None:
    """The archive's rows say that the upload became something else than its receipt does."""
    upload_id = tortured.envelope(SECOND, repeat=False).name.removesuffix(".dsse.json")
    move = "UPDATE upload SET recording_id = %s WHERE id = %s"
    tortured.superuser.execute(move, (tortured.recording(FIRST).id, upload_id))
    try:
        found = tortured.judge()
    finally:
        tortured.superuser.execute(move, (tortured.recording(SECOND).id, upload_id))
    assert any("receipt of another upload" in line for line in found.wrong)
