"""`liuhen up` beside a second store, as a person runs it: filled by a worker of its own, whatever is killed, and healed
from; and what is none is refused."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.engines.roles import DatabaseAddresses
from tests.api.cli.test_up import READY_SECONDS, Archive, archive, command, environment, kill_child

pytestmark = pytest.mark.journey
CONTENT = b"no picture, but evidence\n" * 100_000


@pytest.fixture
def named(sealing: Any, addresses: DatabaseAddresses, tmp_path: Path) -> dict[str, str]:
    """The settings of an archive on the database of `sealing`, with a replica."""
    return {
        "LIUHEN_DATABASE_URL": addresses.app,
        "LIUHEN_DATABASE_OWNER_URL": addresses.owner,
        "LIUHEN_DATABASE_WORKER_URL": addresses.worker,
        "LIUHEN_DATABASE_SEQUENCER_URL": addresses.sequencer,
        "LIUHEN_REPLICA_FOLDER": str(tmp_path / "second"),
    }


def await_that(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ready_word(running: Archive) -> str:
    url = running.lines[-1].split("ready: ")[1].split()[0]
    with urllib.request.urlopen(f"{url}/readyz") as answer:
        return str(json.load(answer)["checks"].get("replica"))


def test_a_full_archive_is_copied_while_it_runs_and_heals_what_it_loses(
    sealing: Any, named: dict[str, str], tmp_path: Path
) -> None:
    data, second = sealing.settings.data, tmp_path / "second"
    recordings = [sealing.seal(CONTENT + bytes([number])) for number in range(4)]
    sealing.settle()
    sealing.end_sequencing()
    with archive(data, **named) as running:
        kill_child("worker-replica", running)
        for each in recordings:
            await_that((second / each.object_name).exists)
            assert (second / each.object_name).read_bytes() == (data / "objects" / each.object_name).read_bytes()
        await_that(lambda: ready_word(running) == "ok")
        lost = data / "objects" / recordings[0].object_name
        lost.unlink()
        words = command("scrub", "--recording", str(recordings[0].id))
        done = subprocess.run(words, env=environment(data, **named), capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, done.stderr
        assert '"event": "healed"' in done.stdout
        assert lost.read_bytes() == (second / recordings[0].object_name).read_bytes()


def refusal(data: Path, **more: str) -> str:
    given = environment(data, **more)
    done = subprocess.run(command("up"), env=given, capture_output=True, text=True, cwd="/", timeout=READY_SECONDS)
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_a_replica_that_is_none_is_refused_before_anything_starts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert "one place" in refusal(data, LIUHEN_REPLICA_FOLDER=str(data / "objects" / "copies"))
    assert "not set" in refusal(data, LIUHEN_REPLICA_S3_URL="http://127.0.0.1:9")
    assert not (data / "keys").exists()
