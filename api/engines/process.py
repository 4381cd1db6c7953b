"""Which process is which: a pid alone is reused, a pid with its start time and the machine's boot is not."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessStatus:
    """The fields of proc_pid_stat(5) that matter here; `started_ticks` counts from boot."""

    pid: int
    state: str
    parent_pid: int
    session_id: int
    started_ticks: int

    @classmethod
    def read(cls, pid: int) -> ProcessStatus | None:
        try:
            text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # The command name stands in parentheses and may hold any character: what follows the last one is plain.
        fields = text[text.rindex(")") + 2 :].split()
        return cls(pid, fields[0], int(fields[1]), int(fields[3]), int(fields[19]))


@dataclass(frozen=True)
class ProcessIdentity:
    """One process for all time, as far as this machine is concerned."""

    pid: int
    started_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        status = ProcessStatus.read(pid)
        return None if status is None else cls(pid, status.started_ticks, read_boot_id())

    def is_alive(self) -> bool:
        """Whether it still runs; a zombie, which only waits for its parent, does not."""
        status = ProcessStatus.read(self.pid)
        return (
            status is not None
            and status.state not in "ZX"
            and status.started_ticks == self.started_ticks
            and self.boot_id == read_boot_id()
        )

    def send(self, number: signal.Signals) -> None:
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def read_boot_id() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def list_processes(*, including_ended: bool = False) -> Iterator[ProcessStatus]:
    """Every process visible to us that still runs; on demand also those that only wait for their parent."""
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            status = ProcessStatus.read(int(entry.name))
            if status is not None and (including_ended or status.state not in "ZX"):
                yield status


def list_in_folder(folder: Path, program: Path) -> list[ProcessIdentity]:
    """Processes that run `program` with `folder` as their working folder: PostgreSQL stays inside its data folder."""
    found = []
    for status in list_processes():
        process = _PROC / str(status.pid)
        try:
            inside = process.joinpath("cwd").samefile(folder) and process.joinpath("exe").samefile(program)
        except OSError:  # ended meanwhile, or somebody else's
            continue
        if inside:
            found.append(ProcessIdentity(status.pid, status.started_ticks, read_boot_id()))
    return found


def list_with_marker(marker: bytes) -> list[ProcessIdentity]:
    """Processes whose initial environment holds `marker` (NAME=VALUE): the heirs of one run, however far removed."""
    found = []
    for status in list_processes():
        try:
            environment = (_PROC / str(status.pid) / "environ").read_bytes()
        except OSError:
            continue
        if marker in environment.split(b"\0") and status.pid != os.getpid():
            found.append(ProcessIdentity(status.pid, status.started_ticks, read_boot_id()))
    return found


def wait_until_gone(processes: list[ProcessIdentity], seconds: float) -> list[ProcessIdentity]:
    """Those that still run when `seconds` are over; returns early when none does."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if process.is_alive()]:
        if time.monotonic() >= deadline:
            break
        time.sleep(0.02)
    return alive
