"""One process that has imported what the others need, and becomes each of them by forking.

Run as `python -P -m api.engines.fork_server SOCKET` by the supervisor, the only process that it serves. Importing costs
a second of a processor, and eight processes of an archive import much the same; a fork costs milliseconds, and its
memory is shared for as long as nobody writes to it (docs/decisions/0011-forked-processes.md).

It holds no secret: the address of a database comes with the request, which only the fork reads.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from api.engines.child import end_with_parent
from api.engines.fork_request import GO, HTTP, MOST_BYTES, MOST_DESCRIPTORS, ForkRequest, address_for
from api.engines.quiet import give_back_free_memory
from api.tasks.queues import QUEUES

# All that a process of `liuhen up` would import at its start or with its first task: those of HTTP, and the others.
FOR_HTTP = (
    *("api.cli.main", "api.cli.http", "api.archive", "api.engines.http_server", "api.engines.listener"),
    *("api.http.app", "api.logs", "api.pages.routes", "api.tasks.waking"),
    *("anyio._backends._asyncio", "uvicorn.lifespan.on", "uvicorn.loops.uvloop"),
)
FOR_OTHERS = (
    *(f"api.cli.{name}" for name in ("beat", "sequencer", "shipper", "tsa", "worker")),
    *sorted({queue.module for queue in QUEUES.values() if not queue.needs}),
    "api.tasks.relay",
    *("celery.app.amqp", "kombu.transport.redis", "integrity.authority_server"),
)
PRELOADED = (*FOR_HTTP, *FOR_OTHERS)


def main() -> None:
    request = import_and_fork(Path(sys.argv[1]))
    from api.cli.main import run

    sys.argv = ["liuhen", *request.words]
    sys.exit(run(list(request.words)))


def import_and_fork(path: Path) -> ForkRequest:
    """Import everything, then fork for our parent, who asks at the socket `path`. Returns in the forks alone.

    What HTTP takes comes first, and a process that has imported no more than that forks those: an HTTP process holds
    sixty-four uploads, and nothing that it has no use for.
    """
    from api.engines.readiness import announce_ready
    from api.settings import load_settings

    supervisor = os.getppid()
    _import(FOR_HTTP)
    importlib.import_module("api.http.app").own_framework()
    _settle()
    if (request := _serve_beside(address_for(path, (HTTP,)), supervisor)) is not None:
        return request
    _import(FOR_OTHERS)
    _settle()
    # Not before: who connects is not kept waiting, and does without.
    listener = listen(path)
    announce_ready(load_settings())
    return serve_forks(listener, supervisor)


def _serve_beside(path: Path, supervisor: int) -> ForkRequest | None:
    """A process of its own that forks for whoever asks at `path`, and ends with this one, as this one does with it.

    None here; what is asked for in its forks.
    """
    server = os.getpid()
    beside = os.fork()
    if beside == 0:
        end_with_parent(server, signal.SIGKILL)
        return serve_forks(listen(path), supervisor)

    def look(*_: object) -> None:
        if os.waitid(os.P_PID, beside, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            os._exit(1)  # whoever watches us starts both again

    signal.signal(signal.SIGCHLD, look)
    return None


def serve_forks(listener: socket.socket, supervisor: int) -> ForkRequest:
    """Fork whenever the process `supervisor` asks. Returns in the forks alone, with what each of them is to run.

    What is asked for is read by the fork: it holds addresses with passwords, which are not for the next one.
    """
    while True:
        connection, _ = listener.accept()
        with connection:
            if _peer_of(connection) != supervisor or not _fork_child_of(supervisor):
                continue
            listener.close()
            return _take_on(connection, supervisor)


def listen(path: Path) -> socket.socket:
    """A socket in a private folder, whose messages arrive whole."""
    passing = path.with_name(f".{path.name}")
    passing.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(passing))
    listener.listen()
    # Who finds it finds it listening.
    passing.rename(path)
    return listener


def _import(names: Sequence[str]) -> None:
    gc.disable()
    # What draws tracebacks for terminals, and colours sources in a hundred languages: eight MiB of each process, of
    # which none writes to a terminal.
    with _without("rich"):
        importlib.import_module("structlog")
    for name in names:
        importlib.import_module(name)


def _settle() -> None:
    """Garbage is collected once, at the end, and what is left never looked through again: so it stays shared."""
    gc.collect()
    gc.freeze()
    # Compiling and loading leave holes of a tenth of the memory, which each fork would have as its own.
    give_back_free_memory()
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        sys.exit("something that was imported runs threads, and they would not survive a fork")


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Who imports it meanwhile finds that it is not installed; who has to have it does so later."""
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _peer_of(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("=3i"))
    return int(struct.unpack("=3i", credentials)[0])


def _fork_child_of(supervisor: int) -> bool:
    """False here; True in a new process that is the supervisor's own child, waited for and ended by it like any other.

    Whose parent ends becomes the child of the nearest ancestor that asked for orphans (PR_SET_CHILD_SUBREAPER).
    """
    try:
        between = os.fork()
    except OSError:
        return False  # No memory, or no number, for another process: who asked hears that by the closed connection.
    if between:
        os.waitpid(between, 0)
        return False
    between = os.getpid()
    try:
        if os.fork():
            os._exit(0)
    except OSError:
        os._exit(1)
    while os.getppid() == between:
        time.sleep(0.0002)
    return True


def _take_on(connection: socket.socket, supervisor: int) -> ForkRequest:
    """In a fork: become what is asked for, as exec would have done it, and begin once the supervisor knows.

    Whatever goes wrong before that ends the fork, and the supervisor hears of it by the closed connection.
    """
    message, received, _, _ = socket.recv_fds(connection, MOST_BYTES, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    if not message:
        os._exit(1)
    request = ForkRequest.decode(message)
    end_with_parent(supervisor, request.death_signal)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Before it is known, as its watcher ends all that is in its session.
    os.setsid()
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    with _place(received, request.descriptors, connection) as moved:
        _show_as(request.title)
        try:
            moved.sendall(struct.pack("=i", os.getpid()))
            begins = moved.recv(len(GO)) == GO
        except OSError:
            begins = False
    # Nothing runs that the supervisor does not know of: it may have given up waiting.
    if not begins:
        os._exit(1)
    gc.enable()
    return request


def _place(received: list[int], numbers: tuple[int, ...], connection: socket.socket) -> socket.socket:
    """The log as output, nothing as input, the others at their numbers; returns the connection, out of their way."""
    spare = max((2, *numbers)) + 1
    moved = socket.socket(fileno=fcntl.fcntl(connection.fileno(), fcntl.F_DUPFD_CLOEXEC, spare))
    connection.close()
    log, *others = (fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, spare) for descriptor in received)
    _close(received)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, number)
    for source, number in zip(others, numbers, strict=True):
        os.dup2(source, number, inheritable=False)
    _close([each for each in (nothing, log, *others) if each > 2])
    return moved


def _show_as(title: tuple[str, ...]) -> None:
    """What `ps` shows instead of the server's own words, over which it is written, as much of it as has room."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])  # arg_start and arg_end of proc_pid_stat(5)
    room = end - start
    text = b"\0".join(word.encode() for word in title)[: room - 1]
    ctypes.memmove(start, text.ljust(room, b"\0"), room)


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


if __name__ == "__main__":
    main()
