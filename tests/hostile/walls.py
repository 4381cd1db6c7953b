"""The hostile set through a sandbox, task by task: what came out, how long it took, who was called."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest.media.errors import RenditionFailed
from ingest.media.probe import probe_media
from ingest.media.recovery import make_recovery
from ingest.media.renditions import RenditionMade
from ingest.media.runner import MediaRunner
from ingest.media.stops import Stop
from ingest.rendering import make
from tests.hostile.files import CANARY

MAKERS = (make_recovery, *make.MAKERS.values())


@dataclass(frozen=True)
class Suffered:
    """One file through one sandbox. `leaked` counts the canary's bytes in anything that came out."""

    name: str
    state: str
    reason: str
    made: tuple[str, ...]
    longest_seconds: float
    seconds: float
    leaked: int


@dataclass
class Listener:
    """Counts whoever connects, by TCP, or sends, by UDP, to a port of this machine."""

    callers: int = 0
    port: int = 0
    sockets: list[socket.socket] = field(default_factory=list)

    def listen(self) -> None:
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", self.port))
        self.sockets = [tcp, udp]

        def take_a_call() -> None:
            caller, _ = tcp.accept()
            caller.close()

        threading.Thread(target=self._count, args=(take_a_call,), daemon=True).start()
        threading.Thread(target=self._count, args=(partial(udp.recv, 1),), daemon=True).start()

    def _count(self, wait: Callable[[], object]) -> None:
        while True:
            try:
                wait()
            except OSError:
                return
            self.callers += 1


@contextmanager
def listener() -> Iterator[Listener]:
    listening = Listener()
    listening.listen()
    try:
        # It must be seen to hear: a deaf one would report no caller of anything.
        socket.create_connection(("127.0.0.1", listening.port)).close()
        until = time.monotonic() + 5
        while listening.callers == 0 and time.monotonic() < until:
            time.sleep(0.01)
        assert listening.callers == 1
        listening.callers = 0
        yield listening
    finally:
        for one in listening.sockets:
            one.close()


def suffer(path: Path, runner: MediaRunner) -> Suffered:
    """Everything the archive does with a file's media, each step in a folder of its own, and what it left behind; like
    the archive, it ends at the first limit that is broken."""
    made, leaked, begun = list[str](), 0, time.monotonic()
    found = probe_media(path, runner)
    taken = [time.monotonic() - begun]
    leaked += repr(found).encode("utf-8", "backslashreplace").count(CANARY) * len(CANARY)
    with TemporaryDirectory(prefix="hostile-") as folder:
        for maker in MAKERS:
            out = Path(folder) / maker.__name__
            out.mkdir()
            begun, broken = time.monotonic(), False
            try:
                outcome = maker(path, found, out, runner)
                made += [outcome.name] if isinstance(outcome, RenditionMade) else []
            except RenditionFailed as error:
                made.append(f"{error.name}: {error.reason}")
                leaked += error.stderr_tail.encode().count(CANARY) * len(CANARY)
                broken = (stop := Stop.of(error.reason)) is not None and stop.is_limit
            taken.append(time.monotonic() - begun)
            if broken:
                break
        for left in Path(folder).rglob("*"):
            leaked += left.read_bytes().count(CANARY) * len(CANARY) if left.is_file() else 0
    reason = found.reasons[0].code if found.reasons else ""
    return Suffered(path.name, found.state, reason, tuple(made), max(taken), sum(taken), leaked)
