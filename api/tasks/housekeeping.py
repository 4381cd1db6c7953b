"""The queue `housekeeping`: what comes due by itself. Each task is right again after any crash, and twice at once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any

import structlog
from sqlalchemy.orm import Session

from api.archive import Archive
from api.http.packages import sweep_packages
from api.review_keys import review_keys
from api.scrubbing import SteadyScrub
from api.tasks.app import celery_app, worker_archive
from api.tasks.judging import BATCH, judge_all_noted
from api.tasks.one_by_one import Step, do_some, go_through, try_again
from api.tasks.rules_in_force import rules_come_into_force
from casework.linking import linker
from casework.linking.looks import ask_for_another_look
from casework.linking.same_act import ask_about_regrouped
from casework.playback import sum_up_expired_windows
from casework.publication.pushing import push_due
from ingest.metadata import segments, sidecars
from ingest.sealing.given_up import remove_attempts_given_up
from ingest.sealing.trouble import release_superseded
from ingest.stations.authentication import forget_old_signatures
from ingest.stations.reports import forget_old_reports, judge_silence
from integrity.local_time import chinese_day
from retention.disposal import list_due
from retention.key_disposal import forget_disposed
from storage.set_aside import ATTACHING, GROUPING, LINKING

PUSHES = 20
SIDECARS = 1000
LATELY = timedelta(hours=6)

log = structlog.get_logger()


@celery_app.task(name="housekeeping.link_new")  # type: ignore[untyped-decorator]
def link_new() -> None:
    """Look for the cases of what was sealed lately, and of what new facts have touched."""
    link_all_due(worker_archive(), sealed_after=datetime.now(UTC) - LATELY)


@celery_app.task(name="housekeeping.link_left_behind")  # type: ignore[untyped-decorator]
def link_left_behind() -> None:
    """Of whatever age: what was restored, or sealed while no housekeeping ran for days."""
    link_all_due(worker_archive())


@celery_app.task(name="housekeeping.group_segments")  # type: ignore[untyped-decorator]
def group_new_segments() -> None:
    """Find the act of what was sealed lately and nobody has looked at yet."""
    group_all_segments(worker_archive(), sealed_after=datetime.now(UTC) - LATELY)


@celery_app.task(name="housekeeping.group_left_behind")  # type: ignore[untyped-decorator]
def group_left_behind() -> None:
    """Of whatever age: what was restored, or sealed while no housekeeping ran for days."""
    group_all_segments(worker_archive())


@celery_app.task(name="housekeeping.attach_sidecars")  # type: ignore[untyped-decorator]
def attach_new_sidecars() -> None:
    """Bring logs of positions to the recordings they lay beside."""
    attach_all_sidecars(worker_archive(), datetime.now(UTC))


@celery_app.task(name="housekeeping.sum_up_windows")  # type: ignore[untyped-decorator]
def sum_up_windows() -> None:
    """Enter what was really sent under the playback windows that are over."""
    sum_up_all_windows(worker_archive())


@celery_app.task(name="housekeeping.sweep_given_up")  # type: ignore[untyped-decorator]
def sweep_given_up() -> None:
    """Free what sealing had made, in store and catalog, of what will not be sealed."""
    sweep_left_behind(worker_archive())


@celery_app.task(name="housekeeping.list_disposal_due")  # type: ignore[untyped-decorator]
def list_disposal_due() -> None:
    """Bring the list of what may be appraised up to date. Nothing is removed."""
    archive = worker_archive()
    with archive.database.transaction() as session:
        list_due(session, chinese_day(datetime.now(UTC)))


@celery_app.task(name="housekeeping.forget_disposed_keys")  # type: ignore[untyped-decorator]
def forget_disposed_keys() -> None:
    """Destroy keys that the ledger says were destroyed, and that a crash left or a backup brought back."""
    archive = worker_archive()
    with archive.database.reading() as session:
        back = forget_disposed(session, archive.closed_key_store)
    if back:
        log.warning("keys that were destroyed were here again, and are destroyed anew", keys=back)


@celery_app.task(name="housekeeping.sweep_packages")  # type: ignore[untyped-decorator]
def sweep_made_packages() -> None:
    """Remove packages whose day is over: their footage lies there in the clear."""
    sweep_packages(worker_archive())


@celery_app.task(name="housekeeping.watch_stations")  # type: ignore[untyped-decorator]
def watch_stations() -> None:
    """Say which stations have fallen silent, and drop what stations said too long ago to matter."""
    look_after_stations(worker_archive(), datetime.now(UTC))


@celery_app.task(name="housekeeping.scrub")  # type: ignore[untyped-decorator]
def scrub() -> None:
    """Read on in the stored objects, as much as is allowed by now; what is begun goes on with the next wake-up."""
    worker_scrub().go_on()


@lru_cache(maxsize=1)
def worker_scrub() -> SteadyScrub:
    return SteadyScrub(worker_archive())


@celery_app.task(name="housekeeping.push_publications")  # type: ignore[untyped-decorator]
def push_publications() -> None:
    """Send what is due to the city's platform, where one is named."""
    push_all_due(worker_archive(), datetime.now(UTC))


def push_all_due(archive: Archive, now: datetime) -> int:
    """How many the platform took: of more than PUSHES the rest is for the next wake-up, and the queue's other work."""
    if archive.settings.push_url is None:
        return 0
    from api.platform_client import HttpPlatform  # What speaks HTTP is loaded where somebody listens.

    platform = HttpPlatform(archive.settings.push_url, archive.settings.push_token)
    return push_due(archive.database.transaction, platform, review_keys(archive.keyring), now, PUSHES)


def link_all_due(archive: Archive, sealed_after: datetime | None = None) -> None:
    """Until nothing is due; then what is known of each is judged.

    What nobody has looked at yet is found among what was sealed after `sealed_after`, or (None) among all there is.
    """
    step = Step(LINKING, partial(linker.find_due, sealed_after=sealed_after), linker.find_due_still, linker.look_at)
    go_through(archive.database, step, BATCH)
    judge_all_due(archive, datetime.now(UTC))


def judge_all_due(archive: Archive, now: datetime) -> None:
    """Until nothing is due. A version of rules whose day has come is entered first."""
    rules_come_into_force(archive.database, now)
    judge_all_noted(archive.database)


def group_all_segments(archive: Archive, sealed_after: datetime | None = None) -> None:
    """Until nothing is due of what was sealed after `sealed_after`, or (None) of all."""

    def group(session: Session, new: Sequence[Any]) -> None:
        gap, regrouped = archive.settings.segment_gap_seconds, partial(ask_about_regrouped, session)
        segments.group_new(session, new, gap, regrouped)

    step = Step(GROUPING, partial(segments.take_new, sealed_after=sealed_after), segments.take_new_still, group)
    go_through(archive.database, step, BATCH)


def attach_all_sidecars(archive: Archive, now: datetime) -> int:
    """Of the last day's; how many there were. Those that found nothing are looked at again by the next run."""
    attached: list[uuid.UUID] = []

    def attach(session: Session, waiting: Sequence[Any]) -> None:
        found = sidecars.attach_waiting(session, waiting, now)
        if found:
            ask_for_another_look(session, because="sidecar", recordings=found)
        attached.extend(found)

    step = Step(
        ATTACHING,
        lambda session, most: sidecars.take_waiting(session, now, most),
        lambda session, log_id: sidecars.take_waiting_still(session, now, log_id),
        attach,
    )
    do_some(archive.database, step, SIDECARS)
    try_again(archive.database, step)
    return len(attached)


def sum_up_all_windows(archive: Archive) -> None:
    """One transaction a batch, until none that is over is left."""
    summed_up = BATCH
    while summed_up == BATCH:
        with archive.database.transaction() as session:
            summed_up = sum_up_expired_windows(session, datetime.now(UTC), BATCH)


def sweep_left_behind(archive: Archive) -> None:
    """Give up what has come another way, remove attempts of uploads that were given up, and what a crash kept a store
    from removing.

    Staged files are looked after where they are (staging.py).
    """
    with archive.database.transaction() as session:
        release_superseded(session)
    remove_attempts_given_up(archive.database, archive.store)
    archive.store.sweep_abandoned()


def look_after_stations(archive: Archive, now: datetime) -> None:
    settings = archive.settings
    with archive.database.transaction() as session:
        judge_silence(session, now, timedelta(hours=settings.station_silent_hours))
    with archive.database.transaction() as session:
        forget_old_signatures(session, now)
        forget_old_reports(session, now - timedelta(days=settings.station_history_days))
