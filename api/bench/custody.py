"""An archive's whole custody for a measurement: PostgreSQL with its durability on, sequencer and time stamps as
processes of their own, the real pipeline in this one.

    python -m api.bench.custody FILE      seal FILE as a custody worker and print the KiB it held resident at most
"""

from __future__ import annotations

import os
import secrets
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from api.archive import Archive, open_archive
from api.bench.errors import BenchError
from api.bench.plain_archive import NOT_ELSEWHERE, plain_settings
from api.engines.folders import socket_folder
from api.engines.launch import Child, log_tail
from api.engines.plan import own_process
from api.engines.preparing import announce_public_keys, create_keys
from api.engines.running import running_database
from api.engines.watched import ChildSpec
from api.settings import Settings, load_settings
from api.tasks.custody import open_custody
from ingest.lanes import seal_next
from ingest.uploads.staging import Staging
from storage.catalog.organisation import Unit
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload

READY_SECONDS = 60.0


@dataclass(frozen=True)
class RunningCustody:
    """An archive that seals. Its data folder is on the disk that is measured."""

    settings: Settings
    archive: Archive

    def stage(self, source: Path, staging: Staging | None = None) -> str:
        """A finished upload of these bytes, by a unit of its own: one unit seals the same bytes only once.

        `staging`: of an ingest node; without one, the archive's own.
        """
        upload_id, now = uuid.uuid4().hex, datetime.now(UTC)
        staging = staging or self.archive.staging
        os.link(source, staging.bytes_path(upload_id))
        with self.archive.database.transaction() as session:
            unit_id, station_id = _add_station(session)
            session.add(
                Upload(
                    id=upload_id,
                    station_id=station_id,
                    unit_id=unit_id,
                    declared_length=source.stat().st_size,
                    claims={"filename": source.name},
                    state="finished",
                    node=staging.node,
                    expires_at=now + timedelta(days=1),
                    finished_at=now,
                )
            )
        return upload_id

    def seal(self, source: Path) -> None:
        """From the finished upload to the durable receipt, as a worker does it. Raises BenchError without a receipt."""
        upload_id = self.stage(source)
        seal_next(open_custody(self.archive), self.archive.staging, "bench")
        with self.archive.database.reading() as session:
            row = session.get_one(Upload, upload_id)
            if row.state != "receipted":
                raise BenchError(f"the upload is {row.state} and not receipted: {row.failure_detail}")


@contextmanager
def running_custody(folder: Path) -> Iterator[RunningCustody]:
    """Everything custody needs, on the disk of `folder`; all of it ends with the block."""
    settings = plain_settings(folder / "data")
    with ExitStack() as undo:
        undo.callback(_remove_sockets, settings)
        addresses = undo.enter_context(running_database(settings, "bench"))
        settings = settings.model_copy(
            update={
                "database_worker_url": addresses.worker,
                "tsa_urls": (f"unix://{socket_folder(settings.data)}/tsa.sock",),
            }
        )
        create_keys(plain_settings(settings.data))
        announce_public_keys(settings, addresses)
        sequencer = {**NOT_ELSEWHERE, "LIUHEN_DATABASE_SEQUENCER_URL": addresses.sequencer}
        socket_path = str(socket_folder(settings.data) / "tsa.sock")
        for spec in (
            own_process(settings, "sequencer", "账本定序", "sequencer", "sequencer", environment=sequencer),
            own_process(
                settings, "tsa", "时间戳服务", "time stamps", "tsa", "--address", socket_path, environment=NOT_ELSEWHERE
            ),
        ):
            undo.enter_context(running_child(spec))
        archive = open_archive(settings, process="liuhen-bench")
        undo.callback(archive.database.close)
        yield RunningCustody(settings, archive)


def _remove_sockets(settings: Settings) -> None:
    """None outlives the measurement, and neither does the folder that stands in for a path too long for them."""
    folder = socket_folder(settings.data)
    for path in folder.glob("*.sock"):
        path.unlink(missing_ok=True)
    if folder != settings.run_folder:
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def running_child(spec: ChildSpec) -> Iterator[None]:
    """A process of ours, from when it does its work to its end. Raises BenchError when it never does."""
    spec.prepare()
    child = Child(spec.launch())
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not spec.is_ready(child.pid):
            if child.exit_status() is not None or time.monotonic() >= deadline:
                raise BenchError(f"{spec.name} did not start: {' | '.join(log_tail(child.launch.log_path, 3))}")
            time.sleep(0.02)
        yield
    finally:
        child.stop()


def _add_station(session: Session) -> tuple[uuid.UUID, uuid.UUID]:
    unit = Unit(id=uuid.uuid4(), name="bench", code=secrets.token_hex(8))
    session.add(unit)
    session.flush()
    station = Station(id=uuid.uuid4(), unit_id=unit.id, name=secrets.token_hex(8), token_hash=secrets.token_bytes(32))
    session.add(station)
    session.flush()
    return unit.id, station.id


def _print_own_peak(source: Path) -> None:
    settings = load_settings()
    RunningCustody(settings, open_archive(settings, process="liuhen-bench-worker")).seal(source)
    # Not ru_maxrss: across exec it keeps the peak of the process that started this one.
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    print(next(line.split()[1] for line in status if line.startswith("VmHWM:")))


if __name__ == "__main__":
    _print_own_peak(Path(sys.argv[1]))
