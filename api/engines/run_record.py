"""What a run leaves in DATA/run: its addresses for other commands, its processes for the run after a crash."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from api.engines.folders import make_private_folder
from api.engines.process import ProcessIdentity, list_with_marker, wait_until_gone
from api.engines.roles import DatabaseAddresses
from api.errors import LeftoverAlive

INSTANCE_VARIABLE = "LIUHEN_INSTANCE"
_ADDRESSES = "addresses.json"
_PROCESSES = "processes.json"
_GRACE_SECONDS = 15.0


@dataclass(frozen=True)
class ArchiveAddresses:
    """Where everything of a running archive answers."""

    database: DatabaseAddresses
    broker: str
    tsa: tuple[str, ...]
    http: str


def publish_addresses(run_folder: Path, instance: str, addresses: ArchiveAddresses) -> None:
    _replace(run_folder / _ADDRESSES, {"instance": instance, **asdict(addresses)})


def read_addresses(run_folder: Path, instance: str) -> ArchiveAddresses | None:
    """What the run `instance` published; None as long as it has not, and for what another run left behind."""
    try:
        fields = json.loads((run_folder / _ADDRESSES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if fields["instance"] != instance:
        return None
    return ArchiveAddresses(
        DatabaseAddresses(**fields["database"]), fields["broker"], tuple(fields["tsa"]), fields["http"]
    )


class ProcessRecord:
    """The processes of one run, written down as they come, so that the next run can end what outlived a crash."""

    def __init__(self, run_folder: Path, instance: str) -> None:
        make_private_folder(run_folder)
        self._path = run_folder / _PROCESSES
        self._instance = instance
        self._processes: dict[str, tuple[ProcessIdentity, signal.Signals]] = {}
        self._write()

    @property
    def marker(self) -> Mapping[str, str]:
        """For the environment of every child: its own children inherit it, wherever they go."""
        return {INSTANCE_VARIABLE: self._instance}

    def add(self, name: str, process: ProcessIdentity, stop_signal: signal.Signals) -> None:
        self._processes[name] = (process, stop_signal)
        self._write()

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        processes = [
            {"name": name, **asdict(process), "signal": int(number)}
            for name, (process, number) in self._processes.items()
        ]
        _replace(self._path, {"instance": self._instance, "processes": processes})


def end_leftovers(run_folder: Path) -> None:
    """End what an earlier run left behind: exactly the processes it wrote down, and those that carry its mark.

    For the holder of the data folder's lock only. Raises LeftoverAlive when one does not end.
    """
    path = run_folder / _PROCESSES
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        fields = {"instance": None, "processes": []}
    recorded = [
        (ProcessIdentity(entry["pid"], entry["started_ticks"], entry["boot_id"]), signal.Signals(entry["signal"]))
        for entry in fields["processes"]
    ]
    for process, number in recorded:
        process.send(number)
    _kill_after([process for process, _ in recorded], _GRACE_SECONDS)
    if fields["instance"]:
        _kill_after(list_with_marker(f"{INSTANCE_VARIABLE}={fields['instance']}".encode()), 0.0)
    path.unlink(missing_ok=True)
    (run_folder / _ADDRESSES).unlink(missing_ok=True)


def withdraw_addresses(run_folder: Path) -> None:
    (run_folder / _ADDRESSES).unlink(missing_ok=True)


def _kill_after(processes: list[ProcessIdentity], seconds: float) -> None:
    alive = wait_until_gone(processes, seconds)
    for process in alive:
        process.send(signal.SIGKILL)
    for process in wait_until_gone(alive, 5.0):
        raise LeftoverAlive(process.pid, "liuhen")


def _replace(path: Path, fields: Mapping[str, object]) -> None:
    """Write a file that readers see whole or not at all. It need not outlive the machine: nothing in it does."""
    make_private_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(fields, file)
    fresh.replace(path)
