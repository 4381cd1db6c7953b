"""The archive under torture: the real `liuhen up` on a small staging disk, with stations that never stop docking."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.commands import Ran, run_here
from tests.ports import find_free_port
from tests.torture.files import Footage, PlannedFile
from tests.torture.proxy import BadLink
from tests.torture.up import clock_environment

READY_SECONDS = 600.0
"""How slow a start may be says nothing of what was lost; only that it ends does."""
READY_LINE = "留痕已就绪".encode()
STAGING_BYTES = 64 << 20
FOLDER = Path(__file__).parent


class Engines:
    """`liuhen up` through up.py, and each of its processes by name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.control = folder, folder / "data", folder / "control"
        for each in (self.data, self.control):
            each.mkdir(mode=0o700)
        self.port = find_free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")},
            "LIUHEN_DATA": str(self.data),
            "LIUHEN_BIND": f"127.0.0.1:{self.port}",
            "LIUHEN_CUSTODY_WORKERS": "3",
            "LIUHEN_DISK_RESERVE": "64KiB",
            # As unfinished uploads: what a killed database forgets of its promises goes before settle.py looks.
            "LIUHEN_UPLOAD_LONGEST_DAYS": "3",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._mount_staging()

    def _mount_staging(self) -> None:
        """A disk of its own for staging, small enough to fill; it goes with the mount namespace of this run."""
        staging = self.data / "staging"
        staging.mkdir(mode=0o700)
        options = f"size={STAGING_BYTES},mode=0700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(staging)], check=True)

    def start(self) -> None:
        """Return once the supervisor says that all is up: until then what is done to its parts is done to a start."""
        with (self.folder / "up.log").open("ab") as log:
            began_at = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(FOLDER / "up.py"), str(self.control)],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while READY_LINE not in (self.folder / "up.log").read_bytes()[began_at:]:
            self.require_running()
            if time.monotonic() > deadline:
                raise SystemExit(f"liuhen up does not start:\n{self._tail()}")
            time.sleep(0.2)

    def require_running(self) -> None:
        """Raises SystemExit when the supervisor has ended: it outlives whatever is done to its parts."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise SystemExit(f"liuhen up has ended with {self._process.returncode}:\n{self._tail()}")

    def _tail(self) -> str:
        return (self.folder / "up.log").read_text(errors="replace")[-3000:]

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def wait_until_ready(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self._answers():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(120)

    def kill_all(self) -> None:
        """The supervisor first, so that it starts nothing again, then all that it had.

        As a cgroup is killed: nobody has a child any more from when the killing begins. One that is born amid it would
        be nobody's, and bwrap's waits for a word of its dead parent for ever.
        """
        assert self._process is not None
        below = stopped_with_all_below(self._process.pid)
        self._process.kill()
        for pid in below:
            kill(pid)
        self._process.wait()

    def pid_of(self, name: str) -> int | None:
        """Of the supervisor's child of that name, as it wrote it down; None while there is none."""
        try:
            fields = json.loads((self.data / "run" / "processes.json").read_text())
        except (OSError, ValueError):
            return None
        pids = [int(entry["pid"]) for entry in fields["processes"] if entry["name"] == name]
        return pids[0] if pids and state_of(pids[0]) not in (None, "Z") else None

    def children_of(self, name: str) -> list[int]:
        pid = self.pid_of(name)
        return [] if pid is None else children(pid)

    def run(self, *arguments: str, check: bool = True) -> Ran:
        """A command beside the archive, in this process."""
        done = run_here(self.environment, *arguments)
        if check and done.code:
            raise SystemExit(f"liuhen {' '.join(arguments)}: {done.stdout}\n{done.stderr}")
        return done

    def admin(self, *arguments: str) -> Any:
        return json.loads(self.run("admin", *arguments, "--json").stdout)


class Station:
    """A docking station with a folder that is filled again as soon as its agent has emptied it."""

    def __init__(
        self, number: int, unit: str, token: str | None, engines: Engines, link: BadLink, footage: Footage
    ) -> None:
        """Without a token it enrols a key of its own, and its agent watches the folder and never ends by itself."""
        self.number, self.unit = number, unit
        self._engines, self._link, self._footage = engines, link, footage
        base = engines.folder / f"station-{number}"
        self.card, self.state, self._passing = base / "card", base / "state", base / "passing"
        for folder in (self.card, self._passing):
            folder.mkdir(parents=True)
        self._order = self._as_watcher(base) if token is None else self._with_token(base / "token", token)
        self.docked: list[PlannedFile] = []
        self.starts = 0
        self._agent: subprocess.Popen[bytes] | None = None

    def _with_token(self, path: Path, token: str) -> list[str]:
        path.touch(0o600)
        path.write_text(token)
        path.chmod(0o600)
        options = ["--station-token-file", str(path), "--url", self._link.url, "--state", str(self.state)]
        return ["dock", str(self.card), *options, "--give-up-after", "120", "--json", "--wipe"]

    def _as_watcher(self, base: Path) -> list[str]:
        key, config = base / "station.key", base / "dock.toml"
        shown = self._engines.admin("station", "code", f"采集站{self.number}", "--unit", self.unit)
        said = ["--key-file", str(key), "--code", shown["code"], "--receipt-key", shown["receipt_key"]]
        self._engines.run("dock", "enrol", "--server", self._link.url, *said)
        words = {"url": self._link.url, "station_key_file": str(key), "state": str(self.state)}
        named = "".join(f"{name} = {json.dumps(value)}\n" for name, value in words.items())
        config.write_text(f"{named}folders = [{json.dumps(str(self.card))}]\nwipe = true\n", "utf-8")
        return ["dock", "--config", str(config), "--json"]

    def fill(self, count: int) -> None:
        """Files appear whole, as a camera's do once it has closed them."""
        while len(self.waiting()) < count:
            file = self._footage.plan_next()
            passing = self._passing / file.name
            passing.write_bytes(self._footage.content(file))
            passing.rename(self.card / file.name)
            self.docked.append(file)

    def waiting(self) -> list[str]:
        return sorted(entry.name for entry in self.card.iterdir())

    def keep_agent(self) -> None:
        """Start the agent again when it has ended, however it ended, as long as there is something to dock."""
        if self._agent is not None and self._agent.poll() is None:
            return
        self._agent = None
        if self.waiting():
            self._start_agent()

    @property
    def agent_pid(self) -> int | None:
        return self._agent.pid if self._agent is not None and self._agent.poll() is None else None

    def end_agent(self) -> None:
        if self._agent is not None:
            self._agent.kill()
            self._agent.wait()
            self._agent = None

    def receipts(self) -> list[Path]:
        return sorted(self.state.rglob("*.dsse.json"))

    def _start_agent(self) -> None:
        self.starts += 1
        argv = [sys.executable, "-P", str(FOLDER / "entry.py"), str(self._engines.control), *self._order]
        clock = clock_environment(self._engines.control, "agent")
        with (self.card.parent / "agent.log").open("ab") as log:
            self._agent = subprocess.Popen(argv, env={**self._engines.environment, **clock}, stdout=log, stderr=log)


def kill(pid: int) -> bool:
    """Whether it was there to be killed."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def state_of(pid: int) -> str | None:
    """As ps shows it: T is stopped, Z only waits for its parent; None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2]


def children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def stopped_with_all_below(pid: int) -> list[int]:
    """Its descendants, every one of them stopped as it is: whoever is to stop makes no new process before it does."""
    stopped: list[int] = []
    more = [pid]
    while more:
        for each in more:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)
        stopped += more
        more = [each for each in descendants(pid) if each not in stopped]
    return stopped[1:]


def descendants(pid: int) -> list[int]:
    below = children(pid)
    return below + [further for each in below for further in descendants(each)]
