"""Uploads that could not be sealed: listed with their reason, tried again, given up; each an entry, the quota right."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from api.cli.admin_people import OPERATOR
from api.cli.admin_uploads import list_unknown_files, list_uploads, release, retry
from api.tasks.housekeeping import sweep_left_behind
from api.tasks.staging import sweep_staged
from ingest.lanes import seal_next
from ingest.sealing.errors import UploadNotInTrouble
from ingest.sealing.trouble import STUCK_ATTEMPTS, retry_upload
from retention.errors import ReasonUnusable
from storage.catalog.ledger import LedgerOpening
from storage.catalog.uploads import StationLoad, Upload

CONTENT = b"no video at all, but evidence"


def fail_one(sealing: Any) -> str:
    """Staged bytes that are not there any more: sealing stops."""
    upload_id: str = sealing.stage(CONTENT, "a.mp4")
    sealing.staging.bytes_path(upload_id).rename(sealing.staging.folder / "elsewhere")
    assert seal_next(sealing.custody, sealing.staging, "test")
    return upload_id


def row(sealing: Any, upload_id: str) -> Upload:
    with sealing.archive.database.reading() as session:
        return session.get_one(Upload, upload_id)


def waiting_bytes(sealing: Any) -> int:
    with sealing.archive.database.reading() as session:
        return session.get_one(StationLoad, sealing.station_id).waiting_bytes


def change(sealing: Any, upload_id: str, **values: Any) -> None:
    with sealing.archive.database.transaction() as session:
        session.execute(update(Upload).where(Upload.id == upload_id).values(**values))


def decide(sealing: Any, deed: Callable[..., dict[str, object]], *words: str) -> dict[str, object]:
    with sealing.archive.database.transaction() as session:
        return deed(sealing.archive, session, *words)


def test_a_failed_upload_is_listed_keeps_its_room_and_is_sealed_once_its_cause_is_gone(sealing: Any) -> None:
    upload_id = fail_one(sealing)
    assert waiting_bytes(sealing) == len(CONTENT)
    (listed,) = decide(sealing, list_uploads)
    assert (listed["upload_id"], listed["state"], listed["failure_code"]) == (upload_id, "failed", "StagedFileMissing")
    assert (listed["filename"], listed["declared_length"], listed["staged_bytes"]) == ("a.mp4", len(CONTENT), None)
    assert "restore it" in str(listed["failure_detail"])
    (sealing.staging.folder / "elsewhere").rename(sealing.staging.bytes_path(upload_id))
    assert decide(sealing, retry, upload_id)["state"] == "finished"
    assert waiting_bytes(sealing) == len(CONTENT)
    assert seal_next(sealing.custody, sealing.staging, "test")
    assert row(sealing, upload_id).state == "receipted"
    assert waiting_bytes(sealing) == 0
    assert decide(sealing, list_uploads) == []
    assert sealing.entries("upload.retried") == 1
    with pytest.raises(UploadNotInTrouble):
        decide(sealing, retry, upload_id)


def test_staged_files_without_an_upload_are_listed_with_the_day_until_which_they_are_kept(sealing: Any) -> None:
    sealing.stage(CONTENT, "a.mp4")
    path = sealing.staging.bytes_path("c" * 32)
    path.write_bytes(CONTENT)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert list_unknown_files(sealing.archive) == [
        {
            "upload_id": "c" * 32,
            "staged_bytes": len(CONTENT),
            "changed_at": "2023-11-14T22:13:20.000000Z",
            "kept_until": "2023-12-14T22:13:20.000000Z",
            "path": str(path),
        }
    ]


def test_a_released_upload_is_over_with_its_reason_sealed_away_and_its_bytes_swept(sealing: Any) -> None:
    upload_id = sealing.stage(CONTENT, "a.mp4")
    change(sealing, upload_id, state="failed", failure_code="ClaimedDigestDiffers", failure_detail="other bytes")
    assert waiting_bytes(sealing) == len(CONTENT)
    for reason in ("", "  ", "with\x00nul"):
        with pytest.raises(ReasonUnusable):
            decide(sealing, release, upload_id, reason)
    assert decide(sealing, release, upload_id, "工作站已重新上传")["state"] == "terminated"
    assert waiting_bytes(sealing) == 0
    assert decide(sealing, list_uploads) == []
    with sealing.archive.database.reading() as session:
        opening = session.scalars(select(LedgerOpening).where(LedgerOpening.value == "工作站已重新上传")).one()
    assert opening.name == "reason"
    assert sealing.entries("upload.released") == 1
    for undone in (lambda: decide(sealing, release, upload_id, "再次"), lambda: decide(sealing, retry, upload_id)):
        with pytest.raises(UploadNotInTrouble):
            undone()
    # The command removes the bytes; had it been killed before, the sweep does, once they are an hour old.
    sweep_staged(sealing.archive)
    assert sealing.staging.bytes_path(upload_id).exists()
    hour_ago = sealing.staging.bytes_path(upload_id).stat().st_mtime - 3700
    os.utime(sealing.staging.bytes_path(upload_id), (hour_ago, hour_ago))
    sweep_staged(sealing.archive)
    assert not sealing.staging.bytes_path(upload_id).exists()


def differ(sealing: Any, content: bytes, filename: str = "a.mp4", **claims: str) -> str:
    """As from a card that was read wrong once."""
    upload_id: str = sealing.stage(content, filename, **claims)
    sealing.staging.bytes_path(upload_id).write_bytes(content[::-1])
    assert seal_next(sealing.custody, sealing.staging, "test")
    assert (row(sealing, upload_id).state, row(sealing, upload_id).failure_code) == ("failed", "ClaimedDigestDiffers")
    return upload_id


def test_what_came_with_other_bytes_is_given_up_by_itself_once_the_claimed_ones_have_their_receipt(
    sealing: Any,
) -> None:
    """A bad card reader would else take all of its station's room, until somebody comes."""
    twice, otherwise, missing = (
        [differ(sealing, CONTENT) for _ in range(2)],
        differ(sealing, b"other"),
        fail_one(sealing),
    )
    sweep_left_behind(sealing.archive)
    assert {row(sealing, each).state for each in twice} == {"failed"}, "its station has to send it anew"
    sealing.seal(CONTENT, "a.mp4")
    sweep_left_behind(sealing.archive)
    assert {row(sealing, each).state for each in twice} == {"terminated"}
    assert {row(sealing, each).state for each in (otherwise, missing)} == {"failed"}
    assert waiting_bytes(sealing) == len(b"other") + len(CONTENT)
    with sealing.archive.database.reading() as session:
        openings = session.scalars(select(LedgerOpening.value).where(LedgerOpening.name == "reason")).all()
    assert len(openings) == sealing.entries("upload.released") == 2
    assert all("同一文件已由其另一次上传收讫" in each for each in openings)
    sweep_left_behind(sealing.archive)
    assert sealing.entries("upload.released") == 2


def test_what_another_file_of_the_station_is_the_claimed_one_of_is_left_to_a_person(sealing: Any) -> None:
    """A client that claims one digest for all its files would else lose the acknowledged bytes of the others."""
    claimed = {"sha256": hashlib.sha256(CONTENT).hexdigest()}
    theirs = {
        differ(sealing, CONTENT, "b.mp4"): CONTENT,
        differ(sealing, longer := CONTENT + b"and more", **claimed): longer,
        differ(sealing, CONTENT, device="DEV-7"): CONTENT,
        differ(sealing, CONTENT, ""): CONTENT,
    }
    sealing.seal(CONTENT, "a.mp4")
    sealing.seal(CONTENT, "")
    sweep_left_behind(sealing.archive)
    assert {row(sealing, each).state for each in theirs} == {"failed"}
    assert all(sealing.staging.bytes_path(each).read_bytes() == content[::-1] for each, content in theirs.items())


def test_another_station_s_receipt_gives_up_nothing(sealing: Any) -> None:
    differing = differ(sealing, CONTENT)
    sealing.go_to_new_unit("江南大队", "JN")
    sealing.seal(CONTENT, "a.mp4")
    sweep_left_behind(sealing.archive)
    assert row(sealing, differing).state == "failed"


def test_what_was_put_off_again_and_again_is_stuck_and_a_retry_ends_its_pause(sealing: Any) -> None:
    upload_id, pause = sealing.stage(CONTENT, "a.mp4"), func.now() + timedelta(minutes=5)
    change(sealing, upload_id, attempts=STUCK_ATTEMPTS - 1, leased_until=pause, failure_detail="no token")
    assert decide(sealing, list_uploads) == []
    change(sealing, upload_id, attempts=STUCK_ATTEMPTS)
    (listed,) = decide(sealing, list_uploads)
    assert (listed["state"], listed["attempts"], listed["failure_detail"]) == ("finished", STUCK_ATTEMPTS, "no token")
    assert not seal_next(sealing.custody, sealing.staging, "test")
    decide(sealing, retry, upload_id)
    assert seal_next(sealing.custody, sealing.staging, "test")
    assert row(sealing, upload_id).state == "receipted"


@pytest.mark.parametrize("state", ["open", "finished", "receipted", "terminated"])
def test_what_is_in_no_trouble_is_left_alone(sealing: Any, state: str) -> None:
    upload_id = sealing.stage(CONTENT, "a.mp4")
    change(sealing, upload_id, state=state)
    for deed, words in ((retry, ()), (release, ("原因",))):
        with pytest.raises(UploadNotInTrouble) as refused:
            decide(sealing, deed, upload_id, *words)
        assert refused.value.state == state
    assert row(sealing, upload_id).state == state


def test_what_is_being_sealed_or_sealed_is_not_given_up(sealing: Any) -> None:
    upload_id = sealing.stage(CONTENT, "a.mp4")
    busy = {"leased_by": "worker", "leased_until": func.now() + timedelta(minutes=1)}
    change(sealing, upload_id, attempts=STUCK_ATTEMPTS, **busy)
    with pytest.raises(UploadNotInTrouble):
        decide(sealing, release, upload_id, "原因")
    with sealing.archive.database.transaction() as session:
        assert retry_upload(session, OPERATOR, upload_id).leased_by == "worker"
    change(sealing, upload_id, state="sealed", attempts=STUCK_ATTEMPTS, leased_by=None, leased_until=None)
    with pytest.raises(UploadNotInTrouble):
        decide(sealing, release, upload_id, "原因")


def test_a_lease_that_binds_no_worker_binds_nobody(sealing: Any) -> None:
    """Written while the database's clock was ahead: workers pass it over, so a person may decide."""
    upload_id = sealing.stage(CONTENT, "a.mp4")
    ahead = {"leased_by": "worker", "leased_until": func.now() + timedelta(days=1)}
    change(sealing, upload_id, attempts=STUCK_ATTEMPTS, **ahead)
    assert decide(sealing, release, upload_id, "原因")["state"] == "terminated"


def test_an_unknown_upload_is_said_to_be_unknown(sealing: Any) -> None:
    with pytest.raises(UploadNotInTrouble, match="unknown"):
        decide(sealing, retry, "0" * 32)
