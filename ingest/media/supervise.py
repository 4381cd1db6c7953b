"""Running one child under a deadline, with bounded output, and leaving nothing of it behind."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from ingest.errors import SandboxFailed
from ingest.media.sandbox import Confined, Limits

STDERR_TAIL_BYTES = 16 << 10
LOOK_EVERY_SECONDS = 0.1
# SIGKILL of the group and the end of the pid namespace take effect at once; this is for a machine under load.
DYING_SECONDS = 10.0
# The tools get this environment and no other: nothing of the worker's, where a password may be.
TOOL_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True)
class Ended:
    """What was seen of the child: its own exit code as Popen has it, and what it wrote on the status descriptor."""

    return_code: int
    status: bytes
    stopped: str | None
    stdout: bytes
    stderr_tail: str
    elapsed_seconds: float

    def as_confined(self, sandbox: str, exit_code: int | None) -> Confined:
        """A negative exit code is a signal's number, as subprocess writes it."""
        ended_by = None if exit_code is None or exit_code >= 0 else -exit_code
        regular = None if ended_by or self.stopped else exit_code
        return Confined(
            sandbox=sandbox,
            exit_code=regular,
            signal=None if self.stopped else ended_by,
            stopped=self.stopped,
            stdout=self.stdout,
            stderr_tail=self.stderr_tail,
            elapsed_seconds=self.elapsed_seconds,
        )


def supervise(
    command_for: Callable[[int], Sequence[str]], limits: Limits, out: Path | None, keep: tuple[int, ...] = ()
) -> Ended:
    """Run `command_for(status descriptor)` to its end, or kill it at the first limit it breaks.

    Returns only when every process that held the pipes is gone, also when something is raised meanwhile.
    `keep` are further descriptors the child inherits."""
    status_read, status_write = os.pipe()
    try:
        child = Child(list(command_for(status_write)), (status_write, *keep))
    except BaseException:
        os.close(status_read)
        raise
    finally:
        os.close(status_write)
    with child, os.fdopen(status_read, "rb") as status:
        stopped = child.watch(limits, out)
        if out is not None:
            stopped = sweep(out) or stopped or broken_output_limit(out, limits)
        return Ended(child.reap(), status.read(), stopped, bytes(child.stdout), child.stderr_text(), child.elapsed())


def own_group() -> dict[str, Any]:
    """Popen's words for a process group of its own.

    In the worker's session, whose share of the processors it then lives on (sched(7), autogroup); but where that has a
    terminal in a session of its own, so that the tool has none to write into.
    """
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return {"process_group": 0}
    return {"start_new_session": True}


class Child:
    """One process group, read through its pipes; leaving the context kills whatever is left of it."""

    def __init__(self, command: list[str], descriptors: tuple[int, ...]) -> None:
        self.started = time.monotonic()
        self.stdout, self.stderr = bytearray(), bytearray()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env=TOOL_ENVIRONMENT,
            pass_fds=descriptors,
            **own_group(),
        )
        self.end = os.pidfd_open(self.process.pid)
        self.waiting = selectors.DefaultSelector()
        self.waiting.register(self.end, selectors.EVENT_READ, None)
        for pipe, sink in ((self.process.stdout, self.stdout), (self.process.stderr, self.stderr)):
            assert pipe is not None
            self.waiting.register(pipe, selectors.EVENT_READ, sink)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        self.process.wait()
        wait_for_group(self.process.pid)
        self.waiting.close()
        os.close(self.end)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def stderr_text(self) -> str:
        return self.stderr[-STDERR_TAIL_BYTES:].decode("utf-8", "replace")

    def kill(self) -> None:
        """Before the leader is reaped, so the group's number cannot belong to anybody else yet."""
        if self.process.returncode is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def watch(self, limits: Limits, out: Path | None) -> str | None:
        """Read until nobody holds the pipes and the leader has ended; the reason when it had to be killed."""
        stopped: str | None = None
        dying_since = 0.0
        while self.waiting.get_map():
            self.read_some(stopped is not None)
            if stopped is None:
                stopped = self.broken_limit(limits, out)
                dying_since = time.monotonic()
                if stopped is not None:
                    self.kill()
            elif time.monotonic() - dying_since > DYING_SECONDS:
                raise SandboxFailed("running", "a process outlived SIGKILL of its group; see `ps` for its descendants")
        return stopped

    def read_some(self, discard: bool) -> None:
        for key, _ in self.waiting.select(LOOK_EVERY_SECONDS):
            # The leader's end is seen without reaping it: its number stays ours until kill() can no longer be wanted.
            piece = b"" if key.data is None else os.read(key.fd, 1 << 16)
            if not piece:
                self.waiting.unregister(key.fileobj)
            elif not discard:
                key.data.extend(piece)
        if len(self.stderr) > 4 * STDERR_TAIL_BYTES:
            del self.stderr[:-STDERR_TAIL_BYTES]

    def broken_limit(self, limits: Limits, out: Path | None) -> str | None:
        if len(self.stdout) > limits.stdout_bytes:
            return "stdout"
        if self.elapsed() > limits.deadline_seconds:
            return "deadline"
        return None if out is None else broken_output_limit(out, limits)

    def reap(self) -> int:
        return self.process.wait()


def wait_for_group(group: int) -> None:
    """Until nobody is left of a group that was killed: SIGKILL is sent at once and takes effect a moment later.

    The tool may have closed its pipes, so their end of file alone does not tell; leaving the group it cannot. Its
    number is not given to anybody else while a member lives."""
    until = time.monotonic() + DYING_SECONDS
    while has_living_member(group):
        if time.monotonic() > until:
            raise SandboxFailed("running", f"process group {group} outlived SIGKILL; see `ps -o pid,pgid,stat,args`")
        time.sleep(0.001)


def has_living_member(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # Dead but not reaped counts as well above, and a container's first process may never reap.
    return any(is_alive_in(group, name) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208 - names are all that is wanted


def is_alive_in(group: int, process: str) -> bool:
    """proc_pid_stat(5): after the name in parentheses come the state, the parent and the process group.

    Asked of every process of the machine after every file, hence without a Path and without text.
    """
    try:
        descriptor = os.open(f"/proc/{process}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            said = os.read(descriptor, 4096)
        finally:
            os.close(descriptor)
        state, _, member_of, _ = said.rpartition(b")")[2].split(None, 3)
    except (OSError, ValueError):
        return False
    return int(member_of) == group and state not in b"ZX"


def broken_output_limit(out: Path, limits: Limits) -> str | None:
    """RLIMIT_FSIZE bounds one file; this bounds them all, a moment later. Folders cannot be made inside."""
    size_bytes, files = 0, 0
    for entry in list(os.scandir(out)):
        files += 1
        try:
            size_bytes += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:  # It may go between the two calls.
            continue
    if files > limits.output_files:
        return "files"
    # The kernel lets a file grow to the limit exactly, so reaching it is breaking it.
    return "output" if size_bytes >= limits.output_bytes else None


def sweep(out: Path) -> str | None:
    """Remove whatever is not a plain file: a link left here would lead our own reading somewhere else.

    The filter of system calls forbids making one; this is for the day when it is not there."""
    found = None
    for entry in list(os.scandir(out)):
        facts = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
            continue
        found = "file type"
        if stat.S_ISDIR(facts.st_mode):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
    return found
