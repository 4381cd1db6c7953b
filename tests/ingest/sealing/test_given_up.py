"""What sealing had stored of an upload goes when the upload is given up, whatever is killed; no evidence does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from api.cli.admin_uploads import release
from api.tasks.housekeeping import sweep_left_behind
from api.verification import verify_archive
from ingest.lanes import seal_next
from ingest.sealing.errors import TimestampDelayed
from ingest.sealing.trouble import STUCK_ATTEMPTS
from storage.catalog.recordings import CustodyAttempt
from storage.catalog.uploads import Upload
from storage.errors import StoreUnavailable
from tests.ingest.custody.failures import lose_it

CONTENT = b"no video at all, but evidence"


def store_one(sealing: Any, content: bytes = CONTENT) -> str:
    """Stored, but without a time stamp, again and again."""

    def no_token(data: bytes) -> Any:
        raise TimestampDelayed("an upload", "the time-stamping authority", "it is away")

    upload_id: str = sealing.stage(content, "a.mp4")
    assert seal_next(replace(sealing.custody, request_token=no_token), sealing.staging, "test")
    change(sealing, upload_id, attempts=STUCK_ATTEMPTS)
    assert len(originals(sealing)) == len(attempts(sealing))
    return upload_id


def change(sealing: Any, upload_id: str, **values: Any) -> None:
    with sealing.archive.database.transaction() as session:
        session.execute(update(Upload).where(Upload.id == upload_id).values(**values))


def give_up(sealing: Any, upload_id: str) -> None:
    with sealing.archive.database.transaction() as session:
        release(sealing.archive, session, upload_id, "工作站已重新上传")


def originals(sealing: Any) -> list[str]:
    return list(sealing.archive.store.list("originals/"))


def attempts(sealing: Any) -> list[str]:
    with sealing.archive.database.reading() as session:
        return list(session.scalars(select(CustodyAttempt.upload_id)))


def orphans(sealing: Any) -> list[str]:
    report = verify_archive(sealing.archive, 0)
    return [finding.subject for finding in report.findings if finding.code == "object_orphaned"]


def test_the_command_leaves_neither_ciphertext_nor_key(sealing: Any, commands: Any) -> None:
    upload_id = store_one(sealing)
    commands("admin", "upload", "release", upload_id, "--reason", "工作站已重新上传")
    assert (originals(sealing), attempts(sealing)) == ([], [])
    assert not sealing.staging.bytes_path(upload_id).exists()


def test_what_a_killed_command_left_is_named_and_swept(sealing: Any) -> None:
    upload_id = store_one(sealing)
    (name,) = originals(sealing)
    assert orphans(sealing) == []
    give_up(sealing, upload_id)
    assert orphans(sealing) == [name]
    sweep_left_behind(sealing.archive)
    assert (originals(sealing), attempts(sealing), orphans(sealing)) == ([], [], [])
    sweep_left_behind(sealing.archive)


def test_a_sweep_that_is_killed_between_object_and_row_is_made_good(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id, delete = store_one(sealing), sealing.archive.store.delete
    give_up(sealing, upload_id)

    def delete_and_die(name: str) -> None:
        delete(name)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(type(sealing.archive.store), "delete", lambda store, name: delete_and_die(name))
        with pytest.raises(SystemExit):
            sweep_left_behind(sealing.archive)
    assert (originals(sealing), attempts(sealing)) == ([], [upload_id])
    sweep_left_behind(sealing.archive)
    assert attempts(sealing) == []


def test_what_the_store_does_not_remove_keeps_nothing_of_others_and_no_transaction_open(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn, other = (store_one(sealing, CONTENT + each) for each in (b"1", b"2"))
    for upload_id in (stubborn, other):
        give_up(sealing, upload_id)
    with sealing.archive.database.reading() as session:
        kept = session.scalars(select(CustodyAttempt.object_name).where(CustodyAttempt.upload_id == stubborn)).one()
    store, swept, under_way = type(sealing.archive.store), [], []
    delete = store.delete

    def refuse_one(self: Any, name: str) -> None:
        under_way.append(sealing.archive.database.engine.pool.checkedout())
        if name == kept:
            raise StoreUnavailable(name, "it answered too late")
        delete(self, name)

    with monkeypatch.context() as patched, capture_logs() as said:
        patched.setattr(store, "delete", refuse_one)
        patched.setattr(store, "sweep_abandoned", lambda self: swept.append(self) or 0)
        sweep_left_behind(sealing.archive)
    assert (originals(sealing), attempts(sealing)) == ([kept], [stubborn])
    assert (under_way, len(swept)) == ([0, 0], 1)
    assert [each["upload"] for each in said if each["event"] == "custody.given_up_stays"] == [stubborn]
    sweep_left_behind(sealing.archive)
    assert (originals(sealing), attempts(sealing), orphans(sealing)) == ([], [], [])


def test_a_worker_that_lost_its_lease_is_waited_for(sealing: Any) -> None:
    """He may be stopped between fixing the plaintext and showing the object."""
    upload_id = store_one(sealing)
    change(sealing, upload_id, leased_by="stopped", leased_until=func.now() - timedelta(minutes=1))
    give_up(sealing, upload_id)
    sweep_left_behind(sealing.archive)
    assert attempts(sealing) == [upload_id]
    change(sealing, upload_id, leased_until=func.now() - timedelta(hours=2))
    sweep_left_behind(sealing.archive)
    assert (originals(sealing), attempts(sealing)) == ([], [])


def test_no_sweep_touches_what_is_a_recording_whatever_its_upload_says(sealing: Any) -> None:
    recording = sealing.seal(CONTENT)
    with sealing.archive.database.transaction() as session:
        session.execute(update(Upload).values(state="terminated"))
    sweep_left_behind(sealing.archive)
    assert originals(sealing) == [recording.object_name]
    assert len(attempts(sealing)) == 1


@pytest.mark.parametrize("state", ["finished", "failed", "sealed", "terminated"])
def test_the_database_gives_no_attempt_away_that_may_be_needed(sealing: Any, addresses: Any, state: str) -> None:
    recording = sealing.seal(CONTENT)
    with sealing.archive.database.transaction() as session:
        session.execute(update(Upload).values(state=state))
    with psycopg.connect(addresses.worker) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("DELETE FROM custody_attempt WHERE recording_id = %s", [recording.id])


def let_hours_pass(sealing: Any, hours: float) -> None:
    with sealing.archive.database.transaction() as session:
        ago = CustodyAttempt.superseded_at - timedelta(hours=hours)
        session.execute(update(CustodyAttempt).values(superseded_at=ago))


def test_the_attempt_of_a_file_that_was_sealed_before_goes_with_its_key_and_what_came_late_under_its_name(
    sealing: Any,
) -> None:
    first = sealing.seal(CONTENT)
    again = sealing.stage(CONTENT, "again.mp4")
    assert seal_next(sealing.custody, sealing.staging, "test")
    sweep_left_behind(sealing.archive)
    assert again in attempts(sealing), "whoever was stopped amid it may still store something"
    with sealing.archive.database.reading() as session:
        name = session.scalars(select(CustodyAttempt.object_name).where(CustodyAttempt.upload_id == again)).one()
    sealing.archive.store.put(name, b"stored too late")
    assert len(originals(sealing)) == 2
    let_hours_pass(sealing, 1.1)
    sweep_left_behind(sealing.archive)
    assert originals(sealing) == [first.object_name]
    assert again not in attempts(sealing)
    assert len(attempts(sealing)) == 1
    assert verify_archive(sealing.archive).findings == ()
    # What came first is still mended from what comes once more, by its own attempt.
    lose_it(sealing.settings.data / "objects" / first.object_name)
    sealing.stage(CONTENT, "once more.mp4")
    assert seal_next(sealing.custody, sealing.staging, "test")
    assert originals(sealing) == [first.object_name]


def test_an_attempt_that_was_superseded_while_the_clock_was_far_ahead_goes(sealing: Any) -> None:
    sealing.seal(CONTENT)
    sealing.stage(CONTENT, "again.mp4")
    assert seal_next(sealing.custody, sealing.staging, "test")
    let_hours_pass(sealing, -24 * 400)
    sweep_left_behind(sealing.archive)
    assert len(attempts(sealing)) == 1
