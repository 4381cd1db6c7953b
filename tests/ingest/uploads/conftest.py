"""A tus server in a process of its own, a plain client, and raw sockets for what no client would send."""

from __future__ import annotations

import base64
import contextlib
import http.client
import importlib.util
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ingest.uploads.errors import UploadGone
from ingest.uploads.staging import Staging

SERVING = Path(__file__).with_name("serving.py")
GIBIBYTE = 1 << 30
PATIENCE_SECONDS = 60
"""With a machine that is busy: nothing here is late before."""


def _serving() -> Any:
    spec = importlib.util.spec_from_file_location("serving", SERVING)
    assert spec is not None
    assert spec.loader is not None
    serving = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(serving)
    return serving


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def offset(self) -> int:
        return int(self.headers["upload-offset"])

    @property
    def path(self) -> str:
        """Of the upload that was created."""
        return urlsplit(self.headers["location"]).path

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.body)


@dataclass
class TusServer:
    """A running server process over a folder that it may share with others and that outlives it."""

    folder: Path
    setup: dict[str, Any]
    command: list[str] = field(default_factory=lambda: [sys.executable])
    process: subprocess.Popen[str] | None = None
    port: int = 0

    def start(self) -> TusServer:
        self.process = subprocess.Popen(
            [*self.command, str(SERVING), json.dumps(self.setup)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server did not start"
        self.port = int(line)
        return self

    def kill(self) -> None:
        """SIGKILL, as a power cut would look to the next process."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE_SECONDS)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    # What is on the disk, and in the register's file.

    @property
    def staging(self) -> Staging:
        return Staging(Path(self.setup["staging"]), self.setup.get("node", ""))

    def staged(self, upload_id: str) -> bytes:
        path = self.staging.bytes_path(upload_id)
        return path.read_bytes() if path.exists() else b""

    def is_held(self, path: str) -> bool:
        """Whether a request has the upload for itself: the moment from which a newer one takes it over."""
        try:
            held = self.staging.hold_if_idle(path.rpartition("/")[2])
        except UploadGone:  # nobody has begun it
            return False
        if held is not None:
            held.release()
        return held is None

    def recorded(self, upload_id: str) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            while (record := self.staging.read_offset(upload_id)) is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        except UploadGone:  # nothing ever was
            return 0
        return record.offset

    def finishes(self, path: str) -> int:
        """How many times the upload was handed on."""
        log = Path(self.setup["finished"])
        return log.read_text().count(path.rpartition("/")[2]) if log.exists() else 0

    def state(self, upload_id: str) -> str:
        return json.loads(Path(self.setup["register"]).read_text())["uploads"][upload_id]["state"]

    @property
    def register(self) -> Any:
        """The same register that the server uses, for the sweeps that housekeeping runs elsewhere."""
        return _serving().FileRegister(Path(self.setup["register"]))

    def change_register(self, change: Callable[[dict[str, Any]], object]) -> None:
        with _serving().locked_register(Path(self.setup["register"])) as content:
            change(content)

    # HTTP.

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"", token: str | None = "t1"
    ) -> Reply:
        """One request. A header given as an empty string is left out, so a test can take a default away."""
        defaults = {"Tus-Resumable": "1.0.0", **({"Authorization": f"Bearer {token}"} if token else {})}
        sent = {name: value for name, value in {**defaults, **(headers or {})}.items() if value}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, sent)
            return _reply(connection.getresponse())
        finally:
            connection.close()

    def create(self, length: int, headers: dict[str, str] | None = None, token: str = "t1", body: bytes = b"") -> str:
        """The path of a new upload."""
        reply = self.request("POST", "/uploads", {"Upload-Length": str(length), **(headers or {})}, body, token)
        assert reply.status == 201, reply
        return reply.path

    def patch(
        self, path: str, offset: int, body: bytes, headers: dict[str, str] | None = None, token: str | None = "t1"
    ) -> Reply:
        content = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        return self.request("PATCH", path, {**content, **(headers or {})}, body, token)

    def head(self, path: str, token: str | None = "t1") -> Reply:
        return self.request("HEAD", path, token=token)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)

    def begin_patch(
        self, path: str, offset: int, size: int | None, headers: dict[str, str] | None = None, first: bytes = b""
    ) -> socket.socket:
        """A PATCH whose body the test sends by hand: `size` bytes, or chunked when None. `first` goes with its head."""
        framing = {"Transfer-Encoding": "chunked"} if size is None else {"Content-Length": str(size)}
        lines = {
            "Host": "test",
            "Tus-Resumable": "1.0.0",
            "Authorization": "Bearer t1",
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            **framing,
            **(headers or {}),
        }
        connection = self.connect()
        head = f"PATCH {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(head.encode("latin-1") + b"\r\n" + first)
        return connection


class Wire:
    """Reading replies from raw sockets, and waiting for what other processes do."""

    @staticmethod
    def reply(connection: socket.socket, method: str = "PATCH") -> Reply:
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return _reply(response)

    @staticmethod
    def has_been_read(connection: socket.socket) -> bool:
        """Whether the server has taken all that was sent: nothing of it waits in the kernel (proc_net_tcp(5))."""
        own, peer = (f":{port:04X}" for port in (connection.getsockname()[1], connection.getpeername()[1]))
        rows = [line.split()[1:5] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        sent = [queues.split(":")[0] for here, there, _, queues in rows if (here[-5:], there[-5:]) == (own, peer)]
        unread = [queues.split(":")[1] for here, there, _, queues in rows if (here[-5:], there[-5:]) == (peer, own)]
        return [int(queue, 16) for queue in (*sent, *unread)] == [0, 0]

    @staticmethod
    def chunk(data: bytes) -> bytes:
        return f"{len(data):x}\r\n".encode() + data + b"\r\n"

    @staticmethod
    def metadata(**values: str | bytes) -> str:
        def encoded(value: str | bytes) -> str:
            return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()

        return ",".join(f"{key} {encoded(value)}" for key, value in values.items())

    @staticmethod
    def eventually(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.02)


def _reply(response: http.client.HTTPResponse) -> Reply:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, response.read())


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., TusServer]]:
    """Servers over one folder with one register: `start_server(limits={…}, stations={token: {…}}, **setup)`."""
    yield from _starting(tmp_path)


@pytest.fixture(scope="module")
def tus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TusServer]:
    """One server with the usual limits for all tests of a module that leave it as it was."""
    starting = _starting(tmp_path_factory.mktemp("uploads"))
    yield next(starting)()
    with contextlib.suppress(StopIteration):
        next(starting)


def _starting(folder: Path) -> Iterator[Callable[..., TusServer]]:
    servers: list[TusServer] = []

    def start(
        limits: dict[str, Any] | None = None,
        stations: dict[str, dict[str, int]] | None = None,
        command: list[str] | None = None,
        **setup: Any,
    ) -> TusServer:
        register = folder / "register.json"
        if not register.exists():
            _write_register(register, stations or {})
        places = {name: str(folder / name) for name in ("staging", "finished")}
        whole = {**places, "register": str(register), "limits": limits or {}, **setup}
        tus = TusServer(folder, whole, command or [sys.executable])
        servers.append(tus)
        return tus.start()

    yield start
    for tus in servers:
        tus.kill()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Callable[[int], list[str]]:
    """The start of a command that runs Python with the staging folder on a tmpfs of so many bytes, half of it taken."""

    def command(size_bytes: int) -> list[str]:
        staging = tmp_path / "staging"
        staging.mkdir(exist_ok=True)
        script = (
            f"mount -t tmpfs -o size={size_bytes},mode=700 none '{staging}' && "
            f"head -c {size_bytes // 2} /dev/zero > '{staging}/ballast' && exec '{sys.executable}' \"$@\""
        )
        unshare = shutil.which("unshare")
        if unshare is None or subprocess.run([unshare, "-rm", "true"], check=False, capture_output=True).returncode:
            pytest.skip("no user namespace may be made here; the file size limit tests the same path")
        return [unshare, "-rm", "sh", "-c", script, "sh"]

    return command


def _write_register(path: Path, stations: dict[str, dict[str, int]]) -> None:
    known: dict[str, dict[str, Any]] = {"t1": {}, "t2": {}, **stations}
    rows = {
        token: {"id": str(uuid.uuid4()), "max_uploads": 10_000, "max_waiting_bytes": 1000 * GIBIBYTE, **limits}
        for token, limits in known.items()
    }
    path.write_text(json.dumps({"stations": rows, "uploads": {}}))
