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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ingest.media.errors import SandboxFailed
from ingest.media.process_group import DYING_SECONDS, own_group, processor_seconds_of, wait_for_group
from ingest.media.room import free_bytes
from ingest.media.sandbox import Confined, Job, Limits, Watch
from ingest.media.stops import Stop

STDERR_TAIL_BYTES = 16 << 10
LOOK_EVERY_SECONDS = 0.1
# Asked of the whole machine's processes each time, so not more often; what is shorter is not asked about at all.
ACCOUNT_EVERY_SECONDS = 0.25
# The tools get this environment and no other: nothing of the worker's, where a password may be.
TOOL_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True)
class Ended:
    """What was seen of the child: its own exit code as Popen has it, and what it wrote on the status descriptor."""

    return_code: int
    status: bytes
    stopped: Stop | None
    stdout: bytes
    stderr_tail: str
    elapsed_seconds: float
    processor_seconds: float

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
            processor_seconds=self.processor_seconds,
        )


def supervise(command_for: Callable[[int], Sequence[str]], job: Job, keep: tuple[int, ...] = ()) -> Ended:
    """Run `command_for(status descriptor)` to its end, or kill it at the first limit of the job that it breaks.

    Returns only when every process that held the pipes is gone, also when something is raised meanwhile.
    `keep` are further descriptors the child inherits."""
    status_read, status_write = os.pipe()
    try:
        child = Child(list(command_for(status_write)), (status_write, *keep), job.watch, job.niceness)
    except BaseException:
        os.close(status_read)
        raise
    finally:
        os.close(status_write)
    with child, os.fdopen(status_read, "rb") as status:
        stopped = child.watch(job.limits, job.out)
        if job.out is not None:
            stopped = sweep(job.out) or stopped or broken_output_limit(job.out, job.limits)
        spent = child.account.spent_by(child.elapsed())
        return Ended(
            child.reap(), status.read(), stopped, bytes(child.stdout), child.stderr_text(), child.elapsed(), spent
        )


class Child:
    """One process group, read through its pipes; leaving the context kills whatever is left of it."""

    def __init__(
        self, command: list[str], descriptors: tuple[int, ...], listener: Watch | None = None, niceness: int = 0
    ) -> None:
        self.started = time.monotonic()
        self.listener = listener
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
        self.account = ProcessorAccount(self.process.pid, listener)
        self.niceness = niceness
        self.end: int | None = None
        self.waiting: selectors.BaseSelector | None = None
        try:
            self.take_hold()
        except BaseException:  # No descriptor is left for it, say: nobody would look after what runs already.
            self.close()
            raise

    def take_hold(self) -> None:
        self.give_way()
        self.end = os.pidfd_open(self.process.pid)
        self.waiting = selectors.DefaultSelector()
        self.waiting.register(self.end, selectors.EVENT_READ, None)
        for pipe, sink in ((self.process.stdout, self.stdout), (self.process.stderr, self.stderr)):
            assert pipe is not None
            self.waiting.register(pipe, selectors.EVENT_READ, sink)

    def give_way(self) -> None:
        """Asked again at each look: what is being forked at that instant has its parent's former priority, and is not
        in the group yet."""
        if self.niceness:
            own = os.getpriority(os.PRIO_PROCESS, 0)
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PGRP, self.process.pid, own + self.niceness)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Kill what is left of the group, wait for its end and let go of every descriptor."""
        try:
            self.kill()
            self.process.wait()
            wait_for_group(self.process.pid)
        finally:
            self.let_go()

    def let_go(self) -> None:
        if self.waiting is not None:
            self.waiting.close()
        if self.end is not None:
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

    def watch(self, limits: Limits, out: Path | None) -> Stop | None:
        """Read until nobody holds the pipes and the leader has ended; the reason when it had to be killed."""
        stopped: Stop | None = None
        dying_since = 0.0
        assert self.waiting is not None
        while self.waiting.get_map():
            self.give_way()
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
        assert self.waiting is not None
        for key, _ in self.waiting.select(LOOK_EVERY_SECONDS):
            # The leader's end is seen without reaping it: its number stays ours until kill() can no longer be wanted.
            piece = b"" if key.data is None else os.read(key.fd, 1 << 16)
            if not piece:
                self.waiting.unregister(key.fileobj)
            elif not discard:
                key.data.extend(piece)
                if key.data is self.stderr and self.listener is not None:
                    self.listener.take(piece)
        if len(self.stderr) > 4 * STDERR_TAIL_BYTES:
            del self.stderr[:-STDERR_TAIL_BYTES]

    def broken_limit(self, limits: Limits, out: Path | None) -> Stop | None:
        if len(self.stdout) > limits.stdout_bytes:
            return Stop.STDOUT
        if self.elapsed() > limits.deadline_seconds:
            return Stop.DEADLINE
        broken = self.account.broken_limit(limits, self.elapsed())
        return broken if broken or out is None else broken_output_limit(out, limits)

    def reap(self) -> int:
        return self.process.wait()


class ProcessorAccount:
    """What a group has spent of the processors, and what of it since the last time that it got on."""

    def __init__(self, group: int, watch: Watch | None) -> None:
        self.group, self.watch = group, watch
        self.looked_at, self.spent, self.spent_when_it_got_on, self.progress = 0.0, 0.0, 0.0, 0

    def spent_by(self, elapsed_seconds: float) -> float:
        """What it was seen to have spent; of the moment since the last look, in which it ended, all that passed."""
        return self.spent + max(0.0, elapsed_seconds - self.looked_at)

    def broken_limit(self, limits: Limits, elapsed_seconds: float) -> Stop | None:
        if limits.processor_seconds is None or elapsed_seconds - self.looked_at < ACCOUNT_EVERY_SECONDS:
            return None
        self.looked_at = elapsed_seconds
        self.spent = spent = max(self.spent, processor_seconds_of(self.group))
        if spent > limits.processor_seconds:
            return Stop.PROCESSOR
        if self.watch is None or limits.idle_processor_seconds is None:
            return None
        progress = self.watch.progress()
        if progress > self.progress:
            self.progress, self.spent_when_it_got_on = progress, spent
        return Stop.STALLED if spent - self.spent_when_it_got_on > limits.idle_processor_seconds else None


def broken_output_limit(out: Path, limits: Limits) -> Stop | None:
    """RLIMIT_FSIZE bounds one file; this bounds them all, a moment later. Folders cannot be made inside."""
    size_bytes, files = 0, 0
    for entry in list(os.scandir(out)):
        files += 1
        try:
            size_bytes += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:  # It may go between the two calls.
            continue
    if files > limits.output_files:
        return Stop.FILES
    # The kernel lets a file grow to the limit exactly, so reaching it is breaking it.
    if size_bytes >= limits.output_bytes:
        return Stop.OUTPUT
    return Stop.ROOM if limits.least_free_bytes and free_bytes(out) < limits.least_free_bytes else None


def sweep(out: Path) -> Stop | None:
    """Remove whatever is not a plain file: a link left here would lead our own reading somewhere else.

    The filter of system calls forbids making one; this is for the day when it is not there."""
    found = None
    for entry in list(os.scandir(out)):
        facts = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
            continue
        found = Stop.FILE_TYPE
        if stat.S_ISDIR(facts.st_mode):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
    return found
