"""The supervisor's side of the fork server: ask for a process, and watch it as one would a program."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
from pathlib import Path

from api.engines.fork_request import GO, ForkRequest

# It takes milliseconds, or a part of a second on a machine that is very busy.
ANSWER_SECONDS = 5.0
_CREDENTIALS = "=3i"


class ForkedProcess:
    """A child of ours that the fork server made, with as much of subprocess.Popen's ways as its watchers use."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        if self.returncode is None:
            self._note(os.WNOHANG)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status. Raises subprocess.TimeoutExpired when it still runs after `timeout` seconds."""
        if timeout is not None and self.poll() is None:
            descriptor = os.pidfd_open(self.pid)
            try:
                if not select.select([descriptor], [], [], max(0.0, timeout))[0]:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout)
            finally:
                os.close(descriptor)
        if self.returncode is None:
            self._note(0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Does nothing once it has been waited for: the number may be another's by then."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _note(self, options: int) -> None:
        try:
            pid, status = os.waitpid(self.pid, options)
        except ChildProcessError:
            # Somebody waited for it; how it ended is lost.
            self.returncode = 0
            return
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status)


def ask_for_fork(server: Path, request: ForkRequest, log: int) -> ForkedProcess:
    """A process that runs what is asked for, by the server that listens at `server`. Raises OSError when none does.

    A server that does not answer is killed, so that nobody waits for it again: whoever watches it starts another one.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(server))
        socket.send_fds(connection, [request.encode()], [log, *request.descriptors])
        try:
            answer = connection.recv(struct.calcsize("=i"))
        except TimeoutError:
            _kill_peer(connection)
            raise
        if not answer:
            raise ConnectionResetError("the fork ended before it was known")
        pid = int(struct.unpack("=i", answer)[0])
        connection.sendall(GO)
    return ForkedProcess(pid)


def _kill_peer(connection: socket.socket) -> None:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_CREDENTIALS))
    with contextlib.suppress(ProcessLookupError):
        os.kill(struct.unpack(_CREDENTIALS, credentials)[0], signal.SIGKILL)
