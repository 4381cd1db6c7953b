"""A whole archive as its users have it: `liuhen up` in a process of its own, other commands beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.commands import run_here
from tests.ports import find_free_port

READY_SECONDS = 120.0
LIUHEN = str(Path(sys.executable).with_name("liuhen"))


class RunningArchive:
    """`liuhen up` over one data folder, which may be ended and started again."""

    def __init__(self, folder: Path, ready_seconds: float = READY_SECONDS, **settings: str) -> None:
        self.folder = folder
        self.ready_seconds = ready_seconds
        self.data = folder / "data"
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")},
            "LIUHEN_DATA": str(self.data),
            "LIUHEN_BIND": f"127.0.0.1:{self.port}",
            **settings,
        }
        self.process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> None:
        with (self.folder / "up.log").open("a") as log:
            self.process = subprocess.Popen(
                [LIUHEN, "up", *options],
                env=self.environment,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        try:
            self.wait_until_ready(self.process)
        except BaseException:  # What nobody waits for any more must not run on.
            self.stop()
            raise

    def wait_until_ready(self, process: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + self.ready_seconds
        while not self.is_ready():
            assert process.poll() is None, (self.folder / "up.log").read_text()
            assert time.monotonic() < deadline, (self.folder / "up.log").read_text()
            time.sleep(0.1)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A `liuhen` command beside the running archive."""
        done = subprocess.run([LIUHEN, *arguments], env=self.environment, capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    def admin(self, *arguments: str) -> Any:
        """A command of `liuhen admin` beside the running archive, in this process."""
        done = run_here(self.environment, "admin", *arguments, "--json")
        assert done.code == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def people(self, unit: str, code: str, people: dict[str, tuple[str, ...]]) -> dict[str, str]:
        """A new unit's people, each `sign_in_name: (role, name, *options)`, and their random passwords.

        Sign-in names are of the whole archive, and which journeys share one is the runner's to decide: a name
        taken by another module fails here whatever ran before, so each begins with what is its unit's alone.
        """
        self.admin("unit", "create", unit, "--code", code)
        made = {}
        for sign_in_name, (role, name, *more) in people.items():
            words = ("--role", role, "--name", name, "--sign-in-name", sign_in_name, "--unit", code, *more)
            made[sign_in_name] = str(self.admin("person", "create", *words)["password"])
        return made

    def client(self, token: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )

    def enrol(self, name: str, *options: str) -> Path:
        """The token file of a new station."""
        path = self.folder / f"{name}.token"
        path.write_text(json.dumps(self.admin("station", "enrol", name, *options)))
        path.chmod(0o600)
        return path

    def processes(self, *words: str) -> list[int]:
        """Living processes under `liuhen up` whose program or command line holds each of the words.

        By descent, because a server may write over its own environment and name.
        """
        assert self.process is not None
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                command = " ".join([child.exe(), *child.cmdline()])
            except psutil.Error:
                continue
            if all(word in command for word in words):
                found.append(child.pid)
        return found
