"""What can be counted without naming anybody. Each process counts for itself, under its own process id."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import func, select

from ingest.rendering.due import count_due, count_waiting_for_room
from ingest.replica.standing import read_replica_standing
from ingest.scrub.standing import read_standing
from ingest.stations.overview import count_alerts
from ingest.uploads.request import AsgiApplication, Receive, Scope, Send
from ingest.uploads.unknown import read_unknown
from storage.catalog.ledger import LedgerCheckpoint
from storage.catalog.object_looks import FINDINGS
from storage.catalog.uploads import IN_HAND, Upload
from storage.database import Database

SECONDS = (0.005, 0.02, 0.1, 0.5, 2, 10)


class Metrics:
    """Counters of this process, and gauges that are read from the catalog when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        process = str(os.getpid())
        self.anonymous_refusals = Counter(
            "liuhen_anonymous_refusals",
            "Requests refused because nobody was signed in",
            ["process"],
            registry=self.registry,
        ).labels(process)
        self._seconds = Histogram(
            "liuhen_http_seconds",
            "Time until a response began",
            ["process", "method", "route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._uploads = Gauge(
            "liuhen_uploads_waiting", "Uploads to be sealed, and those that failed", ["state"], registry=self.registry
        )
        self._jobs = Gauge("liuhen_media_jobs_due", "Copies to be made", registry=self.registry)
        self._without_room = Gauge(
            "liuhen_media_jobs_without_room", "Copies that wait for room on the disk", registry=self.registry
        )
        self._ledger = Gauge("liuhen_ledger_size", "Entries under the latest checkpoint", registry=self.registry)
        self._stations = Gauge(
            "liuhen_stations",
            "Stations that may upload, and those of them with an alert",
            ["which"],
            registry=self.registry,
        )
        self._unknown_files = Gauge(
            "liuhen_staged_files_unknown", "Staged files that the catalog does not know", registry=self.registry
        )
        self._unknown_bytes = Gauge(
            "liuhen_staged_bytes_unknown", "Bytes of these that take room on the disk", registry=self.registry
        )
        self._lost = Gauge(
            "liuhen_objects_lost", "Stored objects found not to be what was sealed", ["found"], registry=self.registry
        )
        self._oldest_look = Gauge(
            "liuhen_scrub_oldest_look_seconds",
            "Since the stored object was looked at whose last look is the oldest",
            registry=self.registry,
        )
        self._not_copied = Gauge(
            "liuhen_replica_objects_waiting", "Stored objects that are not in the replica yet", registry=self.registry
        )
        self._oldest_not_copied = Gauge(
            "liuhen_replica_oldest_waiting_seconds", "Since the oldest of these was recorded", registry=self.registry
        )
        self._copies_lost = Gauge(
            "liuhen_replica_objects_lost", "Copies in the replica found not to be whole", registry=self.registry
        )
        self._replica_failing = Gauge(
            "liuhen_replica_failing_seconds", "Since the replica does not work; 0 while it does", registry=self.registry
        )
        self._process = process

    def note_response(self, method: str, route: str, status: int, seconds: float) -> None:
        self._seconds.labels(self._process, method, route, f"{status // 100}xx").observe(seconds)

    def look_at(self, database: Database, staging_folder: Path, replica_place: str | None = None) -> None:
        """Bring the gauges up to date. Without a replica nothing waits for one: its gauges stay 0."""
        count = select(Upload.state, func.count()).where(Upload.state.in_(IN_HAND)).group_by(Upload.state)
        with database.reading() as session:
            waiting = {row[0]: row[1] for row in session.execute(count)}
            due = count_due(session)
            without_room = count_waiting_for_room(session)
            size = session.scalar(select(func.max(LedgerCheckpoint.size)))
            stations = count_alerts(session)
            objects = read_standing(session)
            replica = None if replica_place is None else read_replica_standing(session, replica_place)
        unknown = read_unknown(staging_folder)
        self._unknown_files.set(unknown.files)
        self._unknown_bytes.set(unknown.size_bytes)
        for found in FINDINGS:
            self._lost.labels(found).set(objects.lost.get(found, 0))
        oldest = objects.oldest_look
        self._oldest_look.set(_seconds_since(oldest))
        if replica is not None:
            self._not_copied.set(replica.waiting)
            self._oldest_not_copied.set(_seconds_since(replica.oldest_waiting))
            self._copies_lost.set(replica.lost)
            self._replica_failing.set(_seconds_since(replica.failing_since))
        for state in IN_HAND:
            self._uploads.labels(state).set(waiting.get(state, 0))
        self._jobs.set(due)
        self._without_room.set(without_room)
        self._ledger.set(size or 0)
        for which, number in stations.items():
            self._stations.labels(which).set(number)


def _seconds_since(instant: datetime | None) -> float:
    return 0.0 if instant is None else max(0.0, (datetime.now(UTC) - instant).total_seconds())


def with_measuring(application: AsgiApplication, metrics: Metrics) -> AsgiApplication:
    """`application`, with the time of each response noted under its route, never under its address."""

    async def measured(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        started = time.perf_counter()

        async def send_and_note(message: Any) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                metrics.note_response(scope["method"], _route_of(scope), message["status"], seconds)
            await send(message)

        await application(scope, receive, send_and_note)

    return measured


def _route_of(scope: Scope) -> str:
    """The address with names in the place of what varies: there are only so many of them, and none names anything."""
    if "endpoint" not in scope:
        return "none"
    route: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        route = route.replace(f"/{value}", f"/{{{name}}}", 1)
    return route
