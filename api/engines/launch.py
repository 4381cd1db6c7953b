"""One child process: started in a session of its own, logged to a file, ended in steps that become sterner."""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api.engines.folders import make_private_folder
from api.engines.fork_request import ForkRequest
from api.engines.forked import ForkedProcess, ask_for_fork
from api.engines.process import ProcessIdentity, list_processes
from api.errors import NamespaceRefused

LOG_BYTES_KEPT = 8 << 20
LOG_FILES_KEPT = 3
# Of the standard library: in the supervisor it raises nothing where its terminal is gone.
log_lines = logging.getLogger(__name__)

_WRAPPER = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Fork:
    """Where the fork server listens, and which words of the command line its fork shall run."""

    server: Path
    words: tuple[str, ...]


@dataclass(frozen=True)
class Launch:
    """How to run one program, and how to end it.

    `stop_steps` are signals to the program itself, each with the seconds it gets; after the last one its whole
    session is killed. `death_signal` is what it gets from the kernel when we die without a word.
    """

    argv: tuple[str, ...]
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_steps: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    death_signal: signal.Signals = signal.SIGTERM
    pass_fds: tuple[int, ...] = ()
    without_root: bool = False
    fork: Fork | None = None
    """For a command of ours: have it forked instead, and run `argv` only where that cannot be."""


class Child:
    """A running program. Start it from a thread that lives as long as it shall: the kernel's parent is the thread."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._process = _spawn(launch)
        identity = ProcessIdentity.of(self._process.pid)
        assert identity is not None  # a child that we have not waited for keeps its entry, even when it has ended
        self.identity = identity

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_status(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within `seconds`."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def ask_to_stop(self) -> None:
        """The first of the stop steps, without waiting for it."""
        self._process.send_signal(self.launch.stop_steps[0][0])

    def stop(self) -> None:
        """End it, politely first; nothing of its session is left when this returns."""
        for number, seconds in self.launch.stop_steps:
            self._process.send_signal(number)  # does nothing once the process has been waited for
            if self.wait(seconds):
                break
        self.kill_session()

    def kill_session(self) -> None:
        """Kill what is left of it, and of what it started in its own session."""
        # No other session can have this number as long as somebody is in ours.
        for status in list_processes():
            if status.session_id == self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(status.pid, signal.SIGKILL)
        self._process.wait()


def _spawn(launch: Launch) -> subprocess.Popen[bytes] | ForkedProcess:
    make_private_folder(launch.log_path.parent)
    rotate_log(launch.log_path)
    log = os.open(launch.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if launch.fork is not None:
            # A fork server that has just died is started again, but nothing waits for that.
            try:
                return _fork(launch, launch.fork, log)
            except OSError as error:
                log_lines.warning("%s is run by its path, for it could not be forked: %s", launch.log_path.stem, error)
        return _execute(launch, log)
    finally:
        os.close(log)


def _fork(launch: Launch, fork: Fork, log: int) -> ForkedProcess:
    title = ("liuhen", *fork.words)
    request = ForkRequest(title, fork.words, launch.environment, launch.pass_fds, int(launch.death_signal))
    return ask_for_fork(fork.server, request, log)


def _execute(launch: Launch, log: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        wrapped_argv(launch.argv, launch.death_signal, without_root=launch.without_root),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=dict(launch.environment),
        # Python programs put their working folder on the import path: never one that others fill with files.
        cwd="/",
        pass_fds=launch.pass_fds,
        start_new_session=True,
    )


def wrapped_argv(argv: tuple[str, ...], death_signal: signal.Signals, *, without_root: bool) -> list[str]:
    """The command that becomes `argv` through child.py and ends with the calling thread."""
    inner_id = str(_inner_id()) if without_root and os.geteuid() == 0 else "-"
    wrapper = [sys.executable, "-I", "-S", str(_WRAPPER), str(os.getpid()), str(int(death_signal)), inner_id]
    return [*wrapper, "--", *argv]


def _inner_id() -> int:
    """An existing account other than root's: initdb looks its own up by number."""
    candidates = [entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not candidates:
        raise NamespaceRefused("no account other than root in /etc/passwd")
    return min(candidates)


def rotate_log(path: Path) -> None:
    """Set a log aside that has grown long: NAME.log.1 is the youngest of those kept."""
    try:
        if path.stat().st_size < LOG_BYTES_KEPT:
            return
    except FileNotFoundError:
        return
    for number in range(LOG_FILES_KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))


def log_tail(path: Path, lines: int = 12) -> list[str]:
    """The last lines of a log, for a message that has to explain why its program did not start."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            return file.read().decode("utf-8", errors="replace").splitlines()[-lines:]
    except OSError:
        return []
