"""The agent against the archive's own tus server: both killed in mid-transfer, and not a byte wrong."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrity.keys import create_signing_key

ROOT = Path(__file__).parents[3]
AGENT = [sys.executable, "-c", "import typer; from api.cli.dock import dock; typer.run(dock)"]


class Station:
    """A card, a token, the server's process and the agent's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        key = create_signing_key(folder / "key")
        pin = base64.urlsafe_b64encode(bytes.fromhex(key.key_id)).decode().rstrip("=")
        self.token = f"lhs1.{'s' * 43}.{pin}"
        (folder / "token").touch(0o600)
        (folder / "token").write_text(self.token)
        (folder / "card").mkdir()
        self.port = 0
        self.server: subprocess.Popen[str] | None = None

    def start_server(self) -> None:
        arguments = [str(self.folder), str(self.port), self.token, str(self.folder / "key")]
        self.server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("serving.py")), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self.server.stdout is not None
        self.port = int(self.server.stdout.readline())

    def kill_server(self) -> None:
        if self.server is not None:
            assert self.server.stdout is not None
            self.server.kill()
            self.server.wait(60)
            self.server.stdout.close()
            self.server = None

    @contextmanager
    def agent(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        command = [*AGENT, str(self.folder / "card"), "--station-token-file", str(self.folder / "token")]
        command += ["--url", f"http://127.0.0.1:{self.port}", "--state", str(self.folder / "notes"), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as agent:
            yield agent

    def finished(self) -> list[str]:
        return (self.folder / "finished").read_text().split()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path)
    station.start_server()
    yield station
    station.kill_server()


def _until(agent: subprocess.Popen[str], reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    assert agent.stdout is not None
    for line in agent.stdout:
        event: dict[str, Any] = json.loads(line)
        if reached(event):
            return event
    raise AssertionError("the agent ended first")


def test_both_killed_in_mid_transfer_and_every_file_finishes_once(station: Station) -> None:
    content = {f"{number}.mp4": os.urandom(4 << 20) for number in range(3)}
    for name, data in content.items():
        (station.folder / "card" / name).write_bytes(data)
    total_bytes = 3 * (4 << 20)

    with station.agent("--limit-rate", "6") as agent:
        at = _until(agent, lambda event: event.get("total_sent_bytes", 0) >= 0.3 * total_bytes)
        assert at["total_sent_bytes"] <= 0.8 * total_bytes
        agent.send_signal(signal.SIGKILL)

    with station.agent("--limit-rate", "6") as agent:
        resumed = _until(agent, lambda event: event["event"] == "upload")
        assert resumed["resumed"]
        assert resumed["offset"] > 0
        _until(agent, lambda event: event.get("total_acknowledged_bytes", 0) >= 0.5 * total_bytes)
        station.kill_server()
        _until(agent, lambda event: event["event"] == "retry")
        station.start_server()
        summary = _until(agent, lambda event: event["event"] == "summary")
    assert agent.returncode == 0
    assert (summary["received"], summary["left"]) == (3, 0)
    staged = [(station.folder / "staging" / f"{upload}.bin").read_bytes() for upload in station.finished()]
    assert sorted(staged) == sorted(content.values()), "each file once, to the byte"


def test_empty_file_stays_where_it_is_and_the_run_is_complete(station: Station) -> None:
    empty = station.folder / "card" / "empty.mp4"
    empty.write_bytes(b"")
    (station.folder / "card" / "good.mp4").write_bytes(b"x")
    with station.agent("--wipe") as agent:
        told = _until(agent, lambda event: event["event"] == "empty")
        summary = _until(agent, lambda event: event["event"] == "summary")
    assert agent.returncode == 0
    assert told["file"] == "empty.mp4"
    assert (summary["complete"], summary["received"], summary["left"]) == (True, 1, 0)
    assert summary["why_skipped"] == {"empty.mp4": "empty"}
    assert empty.exists()
    empty.write_bytes(b"now it holds something")
    with station.agent("--wipe") as agent:
        summary = _until(agent, lambda event: event["event"] == "summary")
    assert (summary["received"], summary["why_skipped"]) == (1, {})
    assert not empty.exists()


def test_revoked_station_is_told(station: Station) -> None:
    (station.folder / "card" / "a.mp4").write_bytes(b"x")
    mark, secret, pin = station.token.split(".")
    (station.folder / "token").write_text(".".join([mark, secret.replace("ss", "tt"), pin]))
    with station.agent() as agent:
        summary = _until(agent, lambda event: event["event"] == "summary")
    assert summary["stopped"]["kind"] == "StationRefused"
    assert agent.returncode == 1


def test_name_of_another_encoding_arrives_readable(station: Station) -> None:
    (station.folder / "card" / os.fsdecode("执法现场.mp4".encode("gb18030"))).write_bytes(b"x")
    with station.agent() as agent:
        _until(agent, lambda event: event["event"] == "summary")
    assert agent.returncode == 0
    (upload,) = json.loads((station.folder / "register.json").read_text())["uploads"].values()
    assert upload["claims"]["filename"] == "执法现场.mp4"
