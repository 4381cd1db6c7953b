"""Both queues hold what they work on by the same lease: renewed while they work, and whoever lost it writes nothing."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

import api.tasks.media
import ingest.lease
from api.tasks.media import open_rendering, render_next
from ingest.custody import seal_upload
from ingest.lease import MOST_AHEAD, given_back
from ingest.media.recovery import KIND as RECOVERY
from ingest.rendering.due import DueRenditions, hand_over, lease_due_renditions, settle
from ingest.rendering.ending import MOST_ATTEMPTS
from ingest.rendering.ending import put_off as put_off_rendition
from ingest.rendering.make import MAKERS, make_due_renditions
from ingest.sealing.due import DueUpload, lease_due_upload, put_off, stop_upload
from ingest.sealing.errors import AttemptHeldElsewhere, StagedFileMissing
from retention.classes import lengthen_class
from storage.catalog.recordings import RENDITION_KINDS, MediaJob, Recording, Rendition
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.errors import StoreUnavailable
from storage.sealed_object import aad_of
from storage.sealing import SealingPlan, write_sealed

LeaseDue = Callable[[Database, str], DueUpload | DueRenditions | None]


def stage_one(sealing: Any) -> DueUpload:
    sealing.stage(b"no video at all, but evidence", "a.mp4")
    due = lease_due_upload(sealing.archive.database, "test")
    assert due is not None
    return due


def seal_one(sealing: Any, content: bytes = b"no video at all, but evidence") -> DueRenditions:
    sealing.seal(content)
    due = lease_due_renditions(sealing.archive.database, "test")
    assert due is not None
    return due


def rows(sealing: Any, table: Any) -> list[Any]:
    with sealing.archive.database.reading() as session:
        return list(session.scalars(select(table)))


def give_to_another(sealing: Any, table: Any) -> None:
    """As when the holder was cut off from the database for longer than a lease."""
    with sealing.archive.database.transaction() as session:
        session.execute(update(table).values(leased_by="another", leased_until=func.now() + timedelta(minutes=1)))


def let_run_out(database: Database, due: Any) -> None:
    """Its time is over now, however long it was: a busy machine cannot be trusted to renew within less than seconds."""
    with database.transaction() as session:
        assert due.lease.write(session, leased_until=func.now() - timedelta(seconds=1))


def wait_until_renewed(database: Database, due: Any) -> None:
    until = time.monotonic() + 60
    held = select(due.lease.table.id).where(due.lease.held, due.lease.table.leased_until > func.now())
    while not renewed(database, held):
        assert time.monotonic() < until, "it was not renewed"
        time.sleep(0.02)


def renewed(database: Database, held: Any) -> bool:
    with database.reading() as session:
        return session.scalars(held).first() is not None


@pytest.mark.parametrize(("take", "lease_due"), [(stage_one, lease_due_upload), (seal_one, lease_due_renditions)])
def test_a_lease_outlasts_its_time_while_its_holder_works_and_not_after(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, take: Callable[[Any], Any], lease_due: LeaseDue
) -> None:
    monkeypatch.setattr(ingest.lease, "RENEWALS_PER_LEASE", ingest.lease.LEASE / timedelta(seconds=0.05))
    database, due = sealing.archive.database, take(sealing)
    with due.lease.renewed(database):
        let_run_out(database, due)
        wait_until_renewed(database, due)
        assert lease_due(database, "another") is None
    let_run_out(database, due)
    time.sleep(0.2)
    followed = lease_due(database, "another")
    assert followed is not None
    assert followed.worker == "another"


@pytest.mark.parametrize("step", ["probe", "read_claims", "request_token"])
def test_a_sealing_worker_that_lost_its_lease_records_nothing(sealing: Any, step: str) -> None:
    upload, whole = stage_one(sealing), getattr(sealing.custody, step)

    def lose(*arguments: Any) -> Any:
        give_to_another(sealing, Upload)
        return whole(*arguments)

    with pytest.raises(AttemptHeldElsewhere):
        seal_upload(upload, replace(sealing.custody, **{step: lose}))
    assert rows(sealing, Recording) == []
    assert sealing.entries("recording.sealed") == 0
    put_off(sealing.archive.database, upload, "it lost it")
    stop_upload(sealing.archive.database, upload, StagedFileMissing(upload.id, Path("gone")))
    (row,) = rows(sealing, Upload)
    assert (row.leased_by, row.state, row.failure_detail) == ("another", "finished", None)
    assert sealing.entries("upload.failed") == 0


def test_a_media_worker_that_lost_its_lease_records_nothing_and_leaves_no_object(sealing: Any, tmp_path: Path) -> None:
    due = seal_one(sealing, sealing.clip(tmp_path))
    give_to_another(sealing, MediaJob)
    make_due_renditions(due, open_rendering(sealing.archive))
    settle(sealing.archive.database, due, "poster", "nothing")
    put_off_rendition(sealing.archive.database, due, "it lost it")
    hand_over(sealing.archive.database, due)
    assert rows(sealing, Rendition) == []
    assert list(sealing.archive.store.list("renditions/")) == []
    assert {(job.state, job.leased_by, job.outcome) for job in rows(sealing, MediaJob)} == {("due", "another", None)}


def test_a_media_worker_that_lost_its_lease_leaves_what_another_stores(sealing: Any, tmp_path: Path) -> None:
    """The other has stored its copy and not yet recorded it: nobody refers to the object, and it is no orphan."""
    due, store = seal_one(sealing, sealing.clip(tmp_path)), sealing.archive.store
    plan = SealingPlan.fresh(f"renditions/{due.recording_id}/poster-{uuid.uuid4().hex}", aad_of(uuid.uuid4()))
    (tmp_path / "poster").write_bytes(b"what another worker has made")
    write_sealed(tmp_path / "poster", store, plan)
    give_to_another(sealing, MediaJob)
    make_due_renditions(due, open_rendering(sealing.archive))
    assert list(store.list("renditions/")) == [plan.object_name]


def test_an_orphan_of_a_run_that_crashed_is_removed_by_who_holds_the_lease(sealing: Any, tmp_path: Path) -> None:
    due, store = seal_one(sealing, sealing.clip(tmp_path)), sealing.archive.store
    plan = SealingPlan.fresh(f"renditions/{due.recording_id}/poster-{uuid.uuid4().hex}", aad_of(uuid.uuid4()))
    (tmp_path / "poster").write_bytes(b"stored, and its worker died")
    write_sealed(tmp_path / "poster", store, plan)
    make_due_renditions(due, open_rendering(sealing.archive))
    assert plan.object_name not in list(store.list("renditions/"))
    assert {made.object_name for made in rows(sealing, Rendition)} == set(store.list("renditions/"))


def test_a_rendition_made_while_the_keeping_was_lengthened_has_its_key_under_the_later_month(
    sealing: Any, tmp_path: Path
) -> None:
    due, archive = seal_one(sealing, sealing.clip(tmp_path)), sealing.archive
    with archive.database.transaction() as session:
        supervisor = sealing.people["supervisor"]
        lengthen_class(session, supervisor, due.recording_id, "permanent", "行政诉讼", archive.key_store)
    make_due_renditions(due, open_rendering(archive))
    (recording,) = rows(sealing, Recording)
    assert recording.kek_id != due.wrapped_key.kek_id
    assert {made.kek_id for made in rows(sealing, Rendition)} == {recording.kek_id}
    assert {job.state for job in rows(sealing, MediaJob) if job.kind != "decode"} <= {"done", "nothing"}


def test_there_is_a_maker_for_each_kind_of_rendition() -> None:
    assert {RECOVERY, *MAKERS} == set(RENDITION_KINDS)


@pytest.mark.parametrize(("take", "table"), [(stage_one, Upload), (seal_one, MediaJob)])
def test_a_lease_from_when_the_clock_was_a_day_ahead_holds_nobody_up(
    sealing: Any, take: Callable[[Any], Any], table: Any
) -> None:
    take(sealing)
    lease_due = lease_due_upload if table is Upload else lease_due_renditions
    with sealing.archive.database.transaction() as session:
        session.execute(update(table).values(leased_until=func.now() + timedelta(minutes=5)))
    assert lease_due(sealing.archive.database, "next") is None
    with sealing.archive.database.transaction() as session:
        session.execute(update(table).values(leased_until=func.now() + timedelta(days=1)))
    assert lease_due(sealing.archive.database, "next") is not None


@pytest.mark.parametrize(
    ("error", "state"),
    [(StoreUnavailable("originals/a", "gone"), "due"), (ValueError("what the file holds"), "failed")],
)
def test_a_copy_is_given_up_for_what_its_file_does_and_not_for_failures_of_ours(
    sealing: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str
) -> None:
    sealing.seal(b"no video at all, but evidence")
    rendering = open_rendering(sealing.archive)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(api.tasks.media, "make_due_renditions", fail)
    for _ in range(MOST_ATTEMPTS + 2):
        with sealing.archive.database.transaction() as session:
            session.execute(update(MediaJob).values(leased_until=None))
        render_next(rendering, "test")
    assert {job.state for job in rows(sealing, MediaJob) if job.kind != "decode"} == {state}


def test_a_lease_is_lost_only_where_another_has_it_and_what_was_given_back_is_renewed_no_more(sealing: Any) -> None:
    """The look at whether it is still held may come between the last copy and the end of the work: nothing is amiss."""
    due, database = seal_one(sealing), sealing.archive.database
    with capture_logs() as said:
        assert due.lease._renew(database)
        settle(database, due, "poster", "not_media")
        assert due.lease._renew(database)
        hand_over(database, due)
        assert not due.lease._renew(database)
        slow = lease_due_renditions(database, "slow one", "slow")
        assert slow is not None
        assert not due.lease._renew(database)
    assert said == []
    give_to_another(sealing, MediaJob)
    with capture_logs() as said:
        assert not slow.lease._renew(database)
    assert [(each["event"], each["log_level"], each["taken_by"]) for each in said] == [
        ("lease.lost", "warning", "another")
    ]


def test_no_pause_is_as_long_as_what_counts_as_a_clock_s_mistake() -> None:
    with pytest.raises(ValueError, match="no pause reaches"):
        given_back(MOST_AHEAD)
