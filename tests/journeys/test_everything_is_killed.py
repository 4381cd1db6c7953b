"""SIGKILL of worker, API, broker and database in turn while a station uploads: everything ends sealed, once each."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.journeys.running import LIUHEN, RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
FILES, FILE_BYTES = 8, 6 << 20
VICTIMS = {
    "custody worker": ("worker", "custody"),
    "http": ("api.cli.main", "http"),
    "broker": ("valkey",),
    "database": ("postgres", "-D"),
    "sequencer": ("api.cli.main", "sequencer"),
    "time stamps": ("api.cli.main", "tsa"),
}


def make_card(folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    source = random.Random(7)
    contents = {f"AB0000{n}_000123_2026010109300{n}.MP4": source.randbytes(FILE_BYTES + n) for n in range(FILES)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return contents


def test_everything_is_killed_and_each_file_is_sealed_once(archive: RunningArchive, tmp_path: Path) -> None:
    contents = make_card(tmp_path / "card")
    token = archive.enrol("killed")
    command = [LIUHEN, "dock", str(tmp_path / "card"), "--station-token-file", str(token), "--url", archive.url]
    command += ["--state", str(tmp_path / "state"), "--limit-rate", "2.5", "--json", "--wipe"]
    with (tmp_path / "dock.jsonl").open("w") as events:
        agent = subprocess.Popen(command, env=archive.environment, stdout=events, stderr=subprocess.STDOUT)
    try:
        killed = kill_in_turn(archive, agent)
        assert set(killed) == set(VICTIMS), f"the upload was over before all were killed: {killed}"
        assert agent.wait(240) == 0, (tmp_path / "dock.jsonl").read_text()[-3000:]
    finally:
        if agent.poll() is None:
            agent.kill()
            agent.wait()
    assert not list((tmp_path / "card").iterdir()), "each file had a receipt, so each was wiped"
    assert_sealed_once(archive, contents)


def kill_in_turn(archive: RunningArchive, agent: subprocess.Popen[bytes]) -> list[str]:
    killed = []
    for name, words in VICTIMS.items():
        time.sleep(1.0)
        for pid in wait_for_victims(archive, words):
            if agent.poll() is not None:
                return killed
            os.kill(pid, signal.SIGKILL)
            if name not in killed:
                killed.append(name)
    return killed


def wait_for_victims(archive: RunningArchive, words: tuple[str, ...]) -> list[int]:
    """One that fell with its neighbour is on its way back: it is waited for, so that it can be killed too."""
    deadline = time.monotonic() + 15
    while not (victims := archive.processes(*words)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return victims


def assert_sealed_once(archive: RunningArchive, contents: dict[str, bytes]) -> None:
    wanted = sorted(hashlib.sha256(content).hexdigest() for content in contents.values())
    address = archive.admin("database")["app"]
    with psycopg.connect(address) as connection:
        sealed = connection.execute("SELECT encode(sha256, 'hex') FROM recording ORDER BY 1").fetchall()
        receipts = connection.execute("SELECT count(*) FROM receipt").fetchone()
        entries = connection.execute(
            "SELECT count(*), count(DISTINCT subject_id) FROM ledger_entry WHERE action = 'recording.sealed'"
        ).fetchone()
    assert [row[0] for row in sealed] == wanted
    assert receipts == (FILES,)
    assert entries == (FILES, FILES)
    found = archive.run("verify", "--json", check=False)
    assert found.returncode == 0, json.dumps(json.loads(found.stdout), ensure_ascii=False)[:3000]
