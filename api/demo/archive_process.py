"""The archive as one sees it from outside: `liuhen up` started, its HTTP processes killed, its end watched."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.demo.errors import CheckFailed, ProgramFailed, TookTooLong, require
from api.demo.programs import Programs, liuhen_argv
from api.engines.launch import log_tail
from api.engines.process import ProcessIdentity, list_processes, list_with_marker, read_boot_id, wait_until_gone

READY = "留痕已就绪 / ready: "
_START_SECONDS = 120.0
_STOP_SECONDS = 90.0
_PAUSE_SECONDS = 0.05
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class ArchiveElsewhere:
    """One that others run, at `url`. `ca_file`: who issued its certificate, where not everybody trusts them."""

    url: str
    ca_file: Path | None = None


@dataclass(frozen=True)
class RunningArchive:
    """`family` is every process it has ever recorded while we looked."""

    process: subprocess.Popen[bytes]
    data: Path
    log_path: Path
    url: str
    ca_file: Path | None = None

    def http_processes(self) -> list[ProcessIdentity]:
        """Those that serve HTTP now, as `liuhen up` recorded them."""
        fields = json.loads((self.data / "run" / "processes.json").read_text(encoding="utf-8"))
        return [
            ProcessIdentity(each["pid"], each["started_ticks"], each["boot_id"])
            for each in fields["processes"]
            if each["name"].startswith("http")
        ]

    def kill_http(self) -> list[ProcessIdentity]:
        """SIGKILL every HTTP process; returns once none of them runs. What was killed."""
        processes = [process for process in self.http_processes() if process.is_alive()]
        require(bool(processes), "有 HTTP 进程可供终止", "there is an HTTP process to kill")
        for process in processes:
            process.send(signal.SIGKILL)
        require(not wait_until_gone(processes, 10), "HTTP 进程已被强行终止", "the HTTP processes are dead")
        return processes

    def wait_for_http(self, killed: list[ProcessIdentity]) -> list[ProcessIdentity]:
        """Other HTTP processes than those killed, once each of them runs and the address answers."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            now = [process for process in self.http_processes() if process not in killed and process.is_alive()]
            if len(now) == len(killed) and self.answers():
                return now
            time.sleep(_PAUSE_SECONDS)
        raise TookTooLong("HTTP 进程重新启动", "HTTP processes start again", _START_SECONDS)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2.0, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def running_archive(programs: Programs) -> Iterator[RunningArchive]:
    """`liuhen up`, from its start to the end of its last process.

    Raises ProgramFailed when it does not start; after the block CheckFailed when it leaves anything behind.
    """
    log_path = programs.log / "up.log"
    with log_path.open("ab") as log:
        process = programs.start(liuhen_argv("up"), log, "up.log")
    try:
        yield RunningArchive(process, programs.data, log_path, _wait_until_ready(process, log_path))
    except BaseException:
        _end(process)
        raise
    instance = json.loads((programs.data / "liuhen.lock").read_text(encoding="utf-8"))["instance"]
    code = _end(process)
    require(code == 0, f"档案系统正常结束（退出码 {code}）", f"the archive ends in good order (exit code {code})")
    left = list_with_marker(f"LIUHEN_INSTANCE={instance}".encode())
    require(not left, f"没有遗留进程（{_pids(left)}）", f"no process is left ({_pids(left)})")
    require(not (programs.data / "liuhen.lock").exists(), "没有遗留锁文件", "no lock is left")


def adopt_orphans() -> None:
    """From now on what our children leave behind becomes our child, so that nothing ends up unseen with init."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans() -> list[int]:
    """Kill every process below us that still runs, and say which those were."""
    left = [status for status in list_processes() if status.parent_pid == os.getpid()]
    for status in left:
        ProcessIdentity(status.pid, status.started_ticks, read_boot_id()).send(signal.SIGKILL)
    return [status.pid for status in left]


def _wait_until_ready(process: subprocess.Popen[bytes], log_path: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for line in log_path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
        if process.poll() is not None:
            raise ProgramFailed("liuhen up", process.returncode, log_tail(log_path, 12))
        time.sleep(_PAUSE_SECONDS)
    raise TookTooLong("档案系统启动", "the archive starts", _START_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> int:
    """TERM, and KILL when that does not help: its children then end with it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            raise CheckFailed(
                f"档案系统在 {_STOP_SECONDS:.0f} 秒内没有结束",
                f"the archive did not end within {_STOP_SECONDS:.0f} s",
            ) from error
    return process.returncode


def _pids(processes: list[ProcessIdentity]) -> str:
    return ", ".join(str(process.pid) for process in processes) or "-"
