"""The docking station's agent as a process that can be watched, and killed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.demo.errors import ProgramFailed
from api.demo.programs import Programs, liuhen_argv
from api.engines.launch import log_tail

Event = Mapping[str, Any]
Watcher = Callable[["Agent", Event], None]


@dataclass(frozen=True)
class DockOrder:
    """What `liuhen dock` is asked to do. `mebibytes_a_second` 0 is no limit."""

    folder: Path
    station_file: Path
    url: str
    state: Path
    mebibytes_a_second: float = 0.0
    give_up_seconds: float = 180.0
    ca_file: Path | None = None

    def argv(self) -> tuple[str, ...]:
        options = ("--station-token-file", str(self.station_file), "--url", self.url, "--state", str(self.state))
        pace = (f"--limit-rate={self.mebibytes_a_second:.6f}", f"--give-up-after={self.give_up_seconds:.0f}")
        trusted = () if self.ca_file is None else ("--ca-file", str(self.ca_file))
        # After "--": a folder may be called anything.
        return liuhen_argv("dock", *options, *pace, *trusted, "--json", "--", str(self.folder))


class Agent:
    """A running `liuhen dock --json`."""

    def __init__(self, programs: Programs, order: DockOrder) -> None:
        self._programs = programs
        self._process = programs.start(order.argv(), subprocess.PIPE, "dock.log")

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> int:
        """SIGKILL; its exit status."""
        self._process.send_signal(signal.SIGKILL)
        return self._process.wait()

    def watch(self, watcher: Watcher) -> Event | None:
        """Tell `watcher` every event until the agent ends; its summary, or None when it was killed by then.

        Raises ProgramFailed when it ends without a summary by itself.
        """
        summary: Event | None = None
        with self._process:
            try:
                for event in self._events():
                    if event["event"] == "summary":
                        summary = event
                    watcher(self, event)
            except BaseException:
                self._process.terminate()
                raise
        if summary is None and self._process.returncode != -signal.SIGKILL:
            lines = log_tail(self._programs.log / "dock.log")
            raise ProgramFailed("liuhen dock", self._process.returncode, lines)
        return summary

    def _events(self) -> Iterator[Event]:
        assert self._process.stdout is not None
        with (self._programs.log / "dock.jsonl").open("ab") as log:
            for line in self._process.stdout:
                log.write(line)
                # The last line of an agent that was killed may be half a line.
                if line.endswith(b"\n"):
                    yield json.loads(line)
