"""Docking stations whose cards are filled again as soon as they are empty, each a container with the real agent.

A container each for the address: by that the proxy chooses the node. The two first are of one unit, so that the same
file is a repeat there, and a recording of its own at the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from integrity.errors import EvidenceError
from integrity.keys import PublicKey
from integrity.receipt import open_receipt
from tests.compose.chaos.observed import Kept, Sent
from tests.compose.prepared import Clock
from tests.compose.stack import PROJECT, Stack
from tests.torture.files import Footage, PlannedFile

STATIONS = (("JIA", "10.89.77.21"), ("JIA", "10.89.77.22"), ("YI", "10.89.77.23"), ("YI", "10.89.77.24"))
"""Unit and address of each: by nginx's hash of it the first and the last are node b's, the others node a's."""
FILES_WAITING = 3
USER = 10001
_PREFIX = "liuhen-chaos-station"
_CONFIGURATION = """\
url = "https://proxy:8443"
station_token_file = "/station/token"
ca_file = "/station/authority.pem"
state = "/state"
folders = ["/card"]
wipe = true
poll_seconds = 0.5
settle_seconds = 0.5
"""


@dataclass(frozen=True)
class Received:
    """An agent has checked a receipt and keeps it."""

    station: int
    at: float
    name: str
    recording_id: str


class DockingStation:
    def __init__(self, number: int, token: str, stack: Stack, folder: Path, footage: Footage, clock: Clock) -> None:
        self.number, (self.unit, self._address) = number, STATIONS[number]
        self._stack, self._footage, self._clock = stack, footage, clock
        self._folder = folder / f"station-{number}"
        self.card, self._passing, self._state = (self._made(name) for name in ("card", "passing", "state"))
        settings = self._made("station")
        for name, content in (
            ("dock.toml", _CONFIGURATION),
            ("token", token),
            ("authority.pem", stack.authority.read_text()),
        ):
            self._write(settings / name, content.encode())
        self.docked: list[PlannedFile] = []
        self.received: list[Received] = []
        self.refused_at: list[float] = []
        self.complaints: list[str] = []
        self._agent: subprocess.Popen[str] | None = None
        self._listening: threading.Thread | None = None
        self._stopping = False

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True, mode=0o700)
        os.chown(folder, USER, USER)
        return folder

    def _write(self, path: Path, content: bytes) -> None:
        path.touch(0o600)
        path.write_bytes(content)
        os.chown(path, USER, USER)

    @property
    def _container(self) -> str:
        return f"{_PREFIX}-{self.number}"

    def fill(self, count: int = FILES_WAITING) -> None:
        """Files appear whole, as a camera's do once it has closed them."""
        for _ in range(count - len(self.waiting())):
            file = self._footage.plan_next()
            self._write(self._passing / file.name, self._footage.content(file))
            (self._passing / file.name).rename(self.card / file.name)
            self.docked.append(file)

    def waiting(self) -> list[str]:
        return sorted(entry.name for entry in self.card.iterdir())

    def start(self, on_receipt: Callable[[Received], None]) -> None:
        machine, mounts = self._stack.machine, (("card", "rw"), ("state", "rw"), ("station", "ro"))
        shared = (word for name, mode in mounts for word in ("--volume", f"{self._folder / name}:/{name}:{mode}"))
        argv = (
            *("podman", "run", "--rm", "--name", self._container, "--log-driver", "none"),
            *("--network", f"{PROJECT}_inside:ip={self._address}", "--memory", "512m"),
            *("--user", f"{USER}:{USER}", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *shared,
            *("localhost/liuhen", "dock", "--config", "/station/dock.toml", "--json"),
        )
        with (self._folder / "agent.log").open("ab") as log:
            self._agent = subprocess.Popen(
                argv, env=machine.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._listening = threading.Thread(target=self._listen, args=(on_receipt,), name=self._container)
        self._listening.start()

    def _listen(self, on_receipt: Callable[[Received], None]) -> None:
        assert self._agent is not None
        assert self._agent.stdout is not None
        with (self._folder / "agent.jsonl").open("a") as log:
            for line in self._agent.stdout:
                event = json.loads(line)
                if event["event"] == "progress":
                    continue
                now = self._clock.now()
                log.write(json.dumps({"at": round(now, 2), **event}, ensure_ascii=False) + "\n")
                log.flush()
                self._take(event, now, on_receipt)
        code = self._agent.wait()
        if not self._stopping:
            self.complaints.append(f"the agent of station {self.number} ended by itself with {code}")

    def _take(self, event: dict[str, Any], now: float, on_receipt: Callable[[Received], None]) -> None:
        if event["event"] == "retry":
            self.refused_at.append(now)
        elif event["event"] == "receipt":
            name = PurePosixPath(str(event["file"])).name  # without the label of its folder
            received = Received(self.number, now, name, str(event["recording_id"]))
            self.received.append(received)
            on_receipt(received)

    def stop(self) -> None:
        """In order; killed where that takes too long. Done again it changes nothing."""
        self._stopping = True
        self._stack.machine.podman("stop", "--ignore", "--time", "20", self._container, check=False)
        self._stack.machine.podman("rm", "--force", "--ignore", self._container, check=False)
        if self._listening is not None:
            self._listening.join()

    def sent(self) -> list[Sent]:
        """With what its card says now: what its agent has let go of is not there."""
        left = set(self.waiting())
        return [
            Sent(
                file.name,
                self.number,
                self.unit,
                self._footage.digest(file),
                len(self._footage.content(file)),
                file.name not in left,
            )
            for file in self.docked
        ]

    def kept(self, keys: Sequence[PublicKey], ledger_vkey: str) -> list[Kept]:
        return [self._opened(path, keys, ledger_vkey) for path in sorted(self._state.rglob("*.dsse.json"))]

    def _opened(self, path: Path, keys: Sequence[PublicKey], ledger_vkey: str) -> Kept:
        data = path.read_bytes()
        try:
            receipt = open_receipt(data, keys, ledger_vkey)
        except EvidenceError as error:
            return Kept(self.number, "", "", path.name, str(error))
        return Kept(self.number, receipt.sha256.hex, str(receipt.recording_id), receipt.upload_id)
