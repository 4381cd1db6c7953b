"""What stands in the archive at the moment somebody asks for its metrics: counts, ages and sizes, and nobody's name.

Each is read anew. What cannot be read is left out rather than told as it was: then `liuhen_check` says what is wrong.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.archive import Archive
from api.backup.moments import latest_backup
from api.http.readiness import OK, UNKNOWN, judge_readiness
from api.wal.standing import WalStanding
from ingest.cold.standing import read_cold_standing
from ingest.rendering.due import count_due, count_waiting_for_room
from ingest.replica.standing import read_replica_standing
from ingest.scrub.standing import read_standing
from ingest.stations.overview import count_alerts
from ingest.uploads.unknown import read_unknown
from storage.catalog.ledger import LedgerCheckpoint
from storage.catalog.object_looks import FINDINGS
from storage.catalog.recordings import STEPS_SET_ASIDE_BY, RecordingSetAside
from storage.catalog.uploads import IN_HAND, Upload
from storage.operating_figures import Figure, read_figures

BACKLOGS: Final = ("sealing", "copies_quick", "copies_slow", "copies_decode", "redaction", "linking", "ledger")
_SINGLE: Final = {
    "sealed_last_hour": "Recordings sealed within the last hour",
    "sealed_bytes_last_hour": "Bytes of these",
    "link_questions_open": "Recordings about whose case somebody is asked",
    "unlinked_last_day": "Recordings of the last 24 hours that the linker has looked at and that stand in no case",
    "time_stamp_age_seconds": "Since the time-stamping authority last stamped a recording",
}


def show_gauges(archive: Archive) -> bytes:
    """In the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(archive))
    return generate_latest(registry)


class _Collector:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def collect(self) -> Iterator[GaugeMetricFamily]:
        checks = judge_readiness(self._archive).checks
        outcomes = {name: float(outcome == OK) for name, outcome in checks.items() if outcome != UNKNOWN}
        yield _by("liuhen_check", "Whether this part is as it should be", "check", outcomes)
        yield from _of_staging(self._archive)
        yield from _of_disks(self._archive)
        yield from _of_wal(self._archive)
        if checks["database"] == OK:
            with suppress(SQLAlchemyError), self._archive.database.reading() as session:
                yield from [family for read in _FROM_CATALOG for family in read(session)]
                yield from list(_of_replica(session, self._archive.settings.replica_place))
                yield from list(_of_cold(session, self._archive.settings.cold_place))
                yield from list(_of_backups(session, self._archive))


def _of_uploads(session: Session) -> Iterator[GaugeMetricFamily]:
    count = select(Upload.state, func.count()).where(Upload.state.in_(IN_HAND)).group_by(Upload.state)
    waiting = {row[0]: row[1] for row in session.execute(count)}
    what = "Uploads to be sealed, and those that failed"
    yield _by("liuhen_uploads_waiting", what, "state", {state: waiting.get(state, 0) for state in IN_HAND})


def _of_copies(session: Session) -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily("liuhen_media_jobs_due", "Copies to be made", count_due(session))
    without_room = count_waiting_for_room(session)
    yield GaugeMetricFamily("liuhen_media_jobs_without_room", "Copies that wait for room on the disk", without_room)


def _of_set_aside(session: Session) -> Iterator[GaugeMetricFamily]:
    count = select(RecordingSetAside.step, func.count()).group_by(RecordingSetAside.step)
    failing = {row[0]: row[1] for row in session.execute(count)}
    what = "Recordings that a step of housekeeping could not get through with, and tries again by themselves"
    by_step = {step: failing.get(step, 0) for step in STEPS_SET_ASIDE_BY}
    yield _by("liuhen_recordings_set_aside", what, "step", by_step)


def _of_ledger(session: Session) -> Iterator[GaugeMetricFamily]:
    size = session.scalar(select(func.max(LedgerCheckpoint.size)))
    yield GaugeMetricFamily("liuhen_ledger_size", "Entries under the latest checkpoint", size or 0)


def _of_stations(session: Session) -> Iterator[GaugeMetricFamily]:
    what = "Stations that may upload, and those of them with an alert"
    yield _by("liuhen_stations", what, "which", count_alerts(session))


def _of_objects(session: Session) -> Iterator[GaugeMetricFamily]:
    objects = read_standing(session)
    lost = {found: objects.lost.get(found, 0) for found in FINDINGS}
    yield _by("liuhen_objects_lost", "Stored objects found not to be what was sealed", "found", lost)
    what = "Since the stored object was looked at whose last look is the oldest"
    yield GaugeMetricFamily("liuhen_scrub_oldest_look_seconds", what, _seconds_since(objects.oldest_look))


def _of_replica(session: Session, place: str | None) -> Iterator[GaugeMetricFamily]:
    """Without a replica nothing waits for one: all of them are 0."""
    standing = None if place is None else read_replica_standing(session, place)
    for name, what, value in (
        ("objects_waiting", "Stored objects that are not in the replica yet", standing and standing.waiting),
        ("oldest_waiting_seconds", "Since the oldest of these", standing and _seconds_since(standing.oldest_waiting)),
        ("objects_lost", "Copies in the replica found not to be whole", standing and standing.lost),
        (
            "failing_seconds",
            "Since the replica does not work; 0 while it does",
            standing and _seconds_since(standing.failing_since),
        ),
    ):
        yield GaugeMetricFamily(f"liuhen_replica_{name}", what, value or 0)


def _of_cold(session: Session, place: str | None) -> Iterator[GaugeMetricFamily]:
    """Without a cold place nothing lies there: all of them are 0."""
    standing = None if place is None else read_cold_standing(session, place)
    for name, what, value in (
        ("objects", "Originals that lie in the cold place alone", standing and standing.cold),
        ("bytes", "Bytes of these", standing and standing.cold_bytes),
        ("moving", "Originals that are to be moved there", standing and standing.moving),
        ("recalls_waiting", "Originals that were asked for and are not in the store yet", standing and standing.wanted),
        (
            "oldest_recall_seconds",
            "Since the first of these was asked for",
            standing and _seconds_since(standing.oldest_wanted),
        ),
        (
            "failing_seconds",
            "Since the cold place does not work; 0 while it does",
            standing and _seconds_since(standing.failing_since),
        ),
    ):
        yield GaugeMetricFamily(f"liuhen_cold_{name}", what, value or 0)


def _of_figures(session: Session) -> Iterator[GaugeMetricFamily]:
    figures = read_figures(session)
    waiting, oldest = _labelled(figures, "backlog"), _labelled(figures, "backlog_oldest_seconds")
    what = "What waits to be worked on"
    yield _by("liuhen_backlog", what, "queue", {queue: waiting.get(queue, 0) for queue in BACKLOGS})
    what = "Since the oldest of what waits came"
    yield _by("liuhen_backlog_oldest_seconds", what, "queue", {queue: oldest.get(queue, 0) for queue in BACKLOGS})
    what = "From the last byte to the seal, of recordings sealed within the last hour"
    yield _by("liuhen_seal_seconds", what, "quantile", _labelled(figures, "seal_seconds"))
    for figure in figures:
        if figure.name in _SINGLE:
            yield GaugeMetricFamily(f"liuhen_{figure.name}", _SINGLE[figure.name], figure.value)


_FROM_CATALOG: Final[tuple[Callable[[Session], Iterable[GaugeMetricFamily]], ...]] = (
    _of_uploads,
    _of_copies,
    _of_set_aside,
    _of_ledger,
    _of_stations,
    _of_objects,
    _of_figures,
)


def _of_staging(archive: Archive) -> Iterator[GaugeMetricFamily]:
    unknown = read_unknown(archive.staging_folder)
    what = "Staged files that the catalog does not know"
    yield GaugeMetricFamily("liuhen_staged_files_unknown", what, unknown.files)
    what = "Bytes of these that take room on the disk"
    yield GaugeMetricFamily("liuhen_staged_bytes_unknown", what, unknown.size_bytes)


def _of_disks(archive: Archive) -> Iterator[GaugeMetricFamily]:
    """Of the disks here; how much room a bucket has, its server knows."""
    places = {"data": archive.settings.data, "staging": archive.staging_folder}
    free: dict[str, float] = {}
    size: dict[str, float] = {}
    for place, folder in places.items():
        with suppress(OSError):
            usage = shutil.disk_usage(folder)
            free[place], size[place] = usage.free, usage.total
    yield _by("liuhen_disk_free_bytes", "Room on the disk of this folder that anybody may take", "place", free)
    yield _by("liuhen_disk_size_bytes", "Size of the disk of this folder", "place", size)


def _of_backups(session: Session, archive: Archive) -> Iterator[GaugeMetricFamily]:
    """Nothing where there never was one."""
    latest = latest_backup(session, archive.settings.data)
    if latest is not None:
        what = "Since the latest backup was begun that is whole"
        yield GaugeMetricFamily("liuhen_backup_age_seconds", what, _seconds_since(latest))


def _of_wal(archive: Archive) -> Iterator[GaugeMetricFamily]:
    """Where none is shipped nothing waits to be: all of them are 0."""
    standing = None if archive.settings.wal_folder is None else WalStanding.read(archive.settings.data)
    for name, what, value in (
        (
            "age_seconds",
            "Since the instant up to which the write-ahead log is shipped",
            standing and _seconds_since(standing.at),
        ),
        ("held_bytes", "Bytes of the write-ahead log that wait here to be shipped", standing and standing.held_bytes),
        ("room_bytes", "So many more may wait before log is given up", standing and standing.room_bytes),
    ):
        yield GaugeMetricFamily(f"liuhen_wal_{name}", what, value or 0)


def _labelled(figures: Iterable[Figure], name: str) -> dict[str, float]:
    return {figure.label: figure.value for figure in figures if figure.name == name}


def _by(name: str, what: str, label: str, values: dict[str, float] | dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family


def _seconds_since(instant: datetime | None) -> float:
    return 0.0 if instant is None else max(0.0, (datetime.now(UTC) - instant).total_seconds())
