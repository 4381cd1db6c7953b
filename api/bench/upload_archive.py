"""Our side of the measurement of uploads: the whole archive as `liuhen up` runs it, on the disk that is measured."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text, update

from api.bench.errors import BenchError
from api.demo.archive_process import RunningArchive, running_archive
from api.demo.programs import Programs
from api.engines.process import ProcessIdentity, list_processes
from api.tasks.queues import QUEUES
from ingest.uploads.staging import Staging
from storage.catalog.uploads import OWED_RECEIPT, Upload
from storage.database import Database

# As much as the largest run has under way, and all that `drop` gives up: what a station may is not what is measured.
_SETTINGS = {
    "LIUHEN_UPLOADS_WAITING": str(1 << 40),
    "LIUHEN_UPLOADS_AT_ONCE": "100000",
    "LIUHEN_UPLOADS_TERMINATED": "10000000",
}
_TRIES_TO_STOP = 20
_STANDS_SECONDS = 0.2
_IDLE_IN_TRANSACTION = text(
    "SELECT pid, state_change FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
    " AND state LIKE 'idle in transaction%'"
)


@dataclass(frozen=True)
class MeasuredArchive:
    """A running archive with a station's token."""

    running: RunningArchive
    database: Database
    token: str

    @property
    def port(self) -> int:
        return int(self.running.url.rpartition(":")[2])

    @contextmanager
    def sealing_stopped(self) -> Iterator[None]:
        """Sealing and copying may lag behind uploads: their workers stand still, so that each is measured alone.

        Raises BenchError when they cannot be stopped between two transactions. A transaction that stands still with its
        worker would keep every row version since then from being cleared away, and slow down all that is measured.
        """
        workers = self._processes(*(queue.process for queue in QUEUES.values() if queue.needs_root))
        try:
            for _ in range(_TRIES_TO_STOP):
                for worker in workers:
                    worker.send(signal.SIGSTOP)
                if not self._transactions_that_stand():
                    break
                for worker in workers:
                    worker.send(signal.SIGCONT)
                time.sleep(0.05)
            else:
                raise BenchError("sealing could not be stopped: a transaction is open all the time")
            yield
        finally:
            for worker in workers:
                worker.send(signal.SIGCONT)

    def _transactions_that_stand(self) -> set[tuple[Any, ...]]:
        """Of the role that workers have: those that are idle, and the same a moment later."""
        before = self._idle_in_transaction()
        if before:
            time.sleep(_STANDS_SECONDS)
        return before and before & self._idle_in_transaction()

    def _idle_in_transaction(self) -> set[tuple[Any, ...]]:
        with self.database.reading() as session:
            return {(row.pid, row.state_change) for row in session.execute(_IDLE_IN_TRANSACTION)}

    def http_peak_mib(self) -> float:
        """The most that any HTTP process ever held resident."""
        return max(
            int(line.split()[1]) / 1024
            for process in self.running.http_processes()
            for line in Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
            if line.startswith("VmHWM:")
        )

    def drop(self, *states: str) -> None:
        """Give up what was sent for the measure's sake, and free its room."""
        with self.database.transaction() as session:
            ended = update(Upload).where(Upload.state.in_(states)).values(state="terminated")
            dropped = session.scalars(ended.returning(Upload.id)).all()
        Staging(self.running.data / "staging").remove_all(dropped)

    def count(self, *states: str) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Upload).where(Upload.state.in_(states))) or 0

    def wait_until_sealed(self, patience_seconds: float) -> float:
        """Seconds until nothing waits for its receipt. Raises BenchError when it does not come to an end."""
        started = time.monotonic()
        while self.count(*OWED_RECEIPT):
            if time.monotonic() - started > patience_seconds:
                raise BenchError(f"{self.count(*OWED_RECEIPT)} uploads still wait to be sealed")
            time.sleep(0.1)
        if failed := self.count("failed"):
            raise BenchError(f"{failed} uploads could not be sealed")
        return time.monotonic() - started

    def _processes(self, *names: str) -> list[ProcessIdentity]:
        fields = json.loads((self.running.data / "run" / "processes.json").read_text("utf-8"))
        family = {each["pid"] for each in fields["processes"] if each["name"] in names}
        every, grown = list(list_processes()), True
        while grown:
            below = {each.pid for each in every if each.parent_pid in family} - family
            family, grown = family | below, bool(below)
        return [identity for pid in family if (identity := ProcessIdentity.of(pid)) is not None]


@contextmanager
def measured_archive(folder: Path) -> Iterator[MeasuredArchive]:
    """Started with a fresh data folder in `folder`, and ended with the block."""
    log = folder / "log"
    log.mkdir()
    programs = Programs(folder / "data", log, _SETTINGS)
    with running_archive(programs) as running:
        token = programs.liuhen("admin", "station", "enrol", "bench", "--json").json()["token"]
        addresses = json.loads((running.data / "run" / "addresses.json").read_text("utf-8"))
        database = Database(addresses["database"]["worker"], pool_size=2, application_name="liuhen-bench")
        try:
            yield MeasuredArchive(running, database, token)
        finally:
            database.close()
