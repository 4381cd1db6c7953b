"""A worker that is asked to end amid its work: it ends soon and quietly, and what it had is done, or another's."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from api.engines.roles import DatabaseAddresses
from api.engines.valkey import EmbeddedValkey
from api.media_tools import media_runner
from storage.catalog.recordings import MediaJob
from storage.catalog.uploads import Upload

PATIENCE_SECONDS = 120.0
PROGRAM = (sys.executable, "-P", "-m", "api.cli.main")


def film(sealing: Any, folder: Path) -> bytes:
    """It takes long enough to encode, and no browser plays it as it is."""
    path = folder / "film.avi"
    ffmpeg = str(media_runner(sealing.settings).tools.ffmpeg.program.path)
    source = ("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=5")
    subprocess.run([ffmpeg, "-v", "error", *source, "-c:v", "mpeg4", "-q:v", "9", str(path)], check=True)
    again = folder / "films.avi"
    subprocess.run([ffmpeg, "-v", "error", "-stream_loop", "11", "-i", str(path), "-c", "copy", str(again)], check=True)
    return again.read_bytes()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    valkey = EmbeddedValkey(tmp_path / "v", tmp_path / "valkey.log")
    valkey.prepare()
    server = subprocess.Popen(valkey.launch().argv, stdout=subprocess.DEVNULL)
    try:
        wait_for(valkey.is_ready)
        yield valkey
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def wait_for(reached: Any) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.1)


def environment_of(sealing: Any, addresses: DatabaseAddresses, broker: EmbeddedValkey) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "LIUHEN_DATA": str(sealing.settings.data),
        "LIUHEN_DATABASE_WORKER_URL": addresses.worker,
        "LIUHEN_TSA_URLS": sealing.settings.tsa_urls[0],
        "LIUHEN_BROKER_URL": broker.address,
    }


def proxy_of(sealing: Any) -> MediaJob:
    with sealing.archive.database.reading() as session:
        job: MediaJob = session.scalars(select(MediaJob).where(MediaJob.kind == "proxy")).one()
        return job


def tools_under(process: int) -> list[psutil.Process]:
    return [each for each in psutil.Process(process).children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("asked", [(signal.SIGTERM, signal.SIGQUIT), (signal.SIGINT, signal.SIGINT, signal.SIGINT)])
def test_a_worker_that_is_ended_amid_a_film_is_quiet_and_its_work_is_free_at_once(
    sealing: Any, addresses: DatabaseAddresses, broker: EmbeddedValkey, tmp_path: Path, asked: tuple[signal.Signals]
) -> None:
    sealing.seal(film(sealing, tmp_path), "AB00001_000123_20260101093000.avi")
    environment = environment_of(sealing, addresses, broker)
    with (tmp_path / "log").open("wb") as log:
        media = subprocess.Popen([*PROGRAM, "worker", "media", "encoding"], env=environment, stdout=log, stderr=log)
        beat = subprocess.Popen([*PROGRAM, "beat"], env=environment, stdout=subprocess.DEVNULL, stderr=log)
    try:
        wait_for(lambda: proxy_of(sealing).lane == "slow" and proxy_of(sealing).leased_by and tools_under(media.pid))
        time.sleep(1.0)
        tools = tools_under(media.pid)
        assert tools
        for number in asked:
            media.send_signal(number)
            time.sleep(0.5)
        media.wait(PATIENCE_SECONDS)
        _, alive = psutil.wait_procs(tools, timeout=PATIENCE_SECONDS)
        assert alive == []
    finally:
        for process in (beat, media):
            process.kill()
            process.wait()
    job = proxy_of(sealing)
    assert (job.state, job.attempts, job.deferrals, job.leased_by, job.outcome) == ("due", 0, 0, None, None)
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said, said
    assert "media.failed" not in said
    assert list(sealing.archive.work_folder.glob("*/*")) == []


def count(sealing: Any, *conditions: Any) -> int:
    with sealing.archive.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Upload).where(*conditions)) or 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("processes", [1, 2])
def test_a_custody_worker_ends_however_much_comes_in(
    sealing: Any, addresses: DatabaseAddresses, broker: EmbeddedValkey, tmp_path: Path, processes: int
) -> None:
    """Something is always due: what it has in hand it finishes, and the rest another will seal."""
    environment, ended = environment_of(sealing, addresses, broker), threading.Event()

    def bring_more() -> None:
        number = 0
        while not ended.wait(0.02):
            while count(sealing, Upload.state == "finished") < 25:
                sealing.stage(f"evidence {number}".encode(), f"{number}.jpg")
                number += 1

    with (tmp_path / "log").open("wb") as log:
        arguments = ("worker", "custody", "--processes", str(processes))
        custody = subprocess.Popen([*PROGRAM, *arguments], env=environment, stdout=log, stderr=log)
        beat = subprocess.Popen([*PROGRAM, "beat"], env=environment, stdout=subprocess.DEVNULL, stderr=log)
    bringing = threading.Thread(target=bring_more)
    bringing.start()
    try:
        wait_for(lambda: count(sealing, Upload.state == "receipted") > 2)
        custody.send_signal(signal.SIGTERM)
        assert custody.wait(PATIENCE_SECONDS) == 0
    finally:
        ended.set()
        bringing.join(PATIENCE_SECONDS)
        for process in (beat, custody):
            process.kill()
            process.wait()
    assert count(sealing, Upload.leased_by.is_not(None)) == 0
    assert count(sealing, Upload.state == "finished", Upload.attempts == 0) >= 20
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said, said
