"""A small archive to dock at: real HTTP, real tus, real receipts, and switches for everything that can go wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from ingest.dock import patience
from ingest.dock.agent import DockPlan, DockResult, dock_folder
from ingest.dock.events import Event
from ingest.dock.pacing import RateSchedule
from ingest.dock.token import StationToken
from integrity.checkpoint import Checkpoint, sign_checkpoint
from integrity.digest import Digest, digest_stream
from integrity.keys import SigningKey
from integrity.merkle import leaf_hash
from integrity.receipt import Receipt, sign_receipt
from integrity.succession import write_lines
from tests.ingest.dock.watching import Watching


@dataclass
class Upload:
    size_bytes: int
    metadata: dict[str, str]
    content: bytearray = field(default_factory=bytearray)
    polls: int = 0
    writer: object = None
    creation_key: str | None = None

    def take(self, writer: object) -> int:
        """Whoever wrote before writes no more, though its bytes may still be on their way. The offset from then on."""
        with _ONE_WRITES:
            self.writer = writer
            return len(self.content)

    def write(self, writer: object, block: bytes) -> bool:
        with _ONE_WRITES:
            if self.writer is not writer:
                return False
            self.content += block
            return True


_ONE_WRITES = threading.Lock()


def write_receipt(
    upload_id: str, station_id: UUID, original_name: str, content: bytes, ledger_key: SigningKey
) -> Receipt:
    """A receipt for `content` whose proof leads to a ledger of one entry."""
    digests = digest_stream([content])
    leaf = leaf_hash(upload_id.encode())
    note = sign_checkpoint(Checkpoint("test.example/ledger", 1, leaf), ledger_key)
    return Receipt(
        upload_id=upload_id,
        station_id=station_id,
        recording_id=uuid4(),
        original_name=original_name,
        size_bytes=digests.size_bytes,
        sha256=digests.sha256,
        sm3=digests.sm3,
        manifest_sha256=Digest.of("sha256", b"manifest"),
        token_time=datetime(2026, 1, 1, tzinfo=UTC),
        ledger_index=0,
        leaf_hash=leaf,
        inclusion_proof=(),
        checkpoint=note.decode(),
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
        repeat=False,
    )


@dataclass
class SmallArchive:
    """`before(method, path)` may answer in the archive's place: (status, headers, body), or None to let it happen."""

    receipt_key: SigningKey = field(default_factory=SigningKey.generate)
    ledger_key: SigningKey = field(default_factory=SigningKey.generate)
    successions: list[bytes] | None = None  # None: of a release that knew of none
    station_id: UUID = field(default_factory=uuid4)
    uploads: dict[str, Upload] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[str, str], tuple[int, dict[str, str], bytes] | None] = lambda *_: None
    creations_unanswered: int = 0  # the next POSTs open what they ask for, and nobody hears of it
    cut_after_bytes: int | None = None  # the next PATCH is cut when so many bytes of it arrived
    seconds_a_block: float = 0.0
    polls_before_receipt: int = 1
    change_receipt: Callable[[Receipt], Receipt] = lambda receipt: receipt
    custody_failure: str | None = None
    custody_failure_code: str = "StoredBytesDiffer"
    node: str = ""
    secret: str = "s" * 43
    port: int = 0
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> StationToken:
        pin = base64.urlsafe_b64encode(bytes.fromhex(self.receipt_key.key_id)).decode().rstrip("=")
        return StationToken(f"lhs1.{self.secret}.{pin}", self.receipt_key.key_id, str(self.station_id))

    def start(self) -> None:
        archive = self

        class Handler(_Handler):
            pass

        Handler.archive = archive
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """As a crash would: the listener is gone and every connection is cut."""
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()
        for connection in list(_Handler.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.server = None

    def wait_until_all_hung_up(self) -> None:
        """Until what a killed agent had sent was read to its end."""
        until = time.monotonic() + 60
        while _Handler.connections:
            assert time.monotonic() < until, "somebody is still connected"
            time.sleep(0.01)

    def sealed_names(self) -> list[str]:
        return sorted(
            upload.metadata["filename"]
            for upload in self.uploads.values()
            if len(upload.content) == upload.size_bytes
            and hashlib.sha256(upload.content).hexdigest() == upload.metadata["sha256"]
        )

    def receipt_for(self, upload_id: str) -> bytes:
        upload = self.uploads[upload_id]
        name, content = upload.metadata["filename"], bytes(upload.content)
        receipt = write_receipt(upload_id, self.station_id, name, content, self.ledger_key)
        return sign_receipt(self.change_receipt(receipt), self.receipt_key).to_bytes()


class _Handler(BaseHTTPRequestHandler):
    archive: SmallArchive
    connections: ClassVar[set[socket.socket]] = set()
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connections.add(self.connection)

    def finish(self) -> None:
        self.connections.discard(self.connection)
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.dispatch
        raise AttributeError(name)

    def dispatch(self) -> None:
        archive = self.archive
        if self.path == "/api/v1/station-reports":  # Comes when it comes: nothing that a test counts or refuses.
            archive.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(200, {}, json.dumps({"server_time": datetime.now(UTC).isoformat()}).encode())
            return
        archive.requests.append((self.command, self.path))
        early = archive.before(self.command, self.path)
        # The key is public, and asked for before anything is known of who answers: no credential may come with it.
        expected = None if self.path.startswith("/api/v1/keys/") else f"Bearer lhs1.{archive.secret}"
        if _without_pin(self.headers.get("Authorization")) != expected:
            early = (401, {}, b'{"detail": "unknown credential"}')
        try:
            if early is not None:
                self.close_connection = True
                self.answer(*early)
            else:
                getattr(self, f"handle_{self.command.lower()}")()
        except OSError:
            self.close_connection = True

    def handle_post(self) -> None:
        pairs = (pair.split(" ") for pair in self.headers["Upload-Metadata"].split(","))
        metadata = {key: base64.b64decode(value).decode("utf-8", "backslashreplace") for key, value in pairs}
        key = self.headers["Idempotency-Key"]
        opened = self.archive.uploads.items()
        before = [upload_id for upload_id, each in opened if key is not None and each.creation_key == key]
        upload_id = before[0] if before else uuid4().hex
        if not before:
            length = int(self.headers["Upload-Length"])
            self.archive.uploads[upload_id] = Upload(length, metadata, creation_key=key)
        if self.archive.creations_unanswered:
            self.archive.creations_unanswered -= 1
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        node = self.archive.node
        self.answer(201, {"Location": f"/uploads/{node}/{upload_id}" if node else f"/uploads/{upload_id}"})

    def handle_head(self) -> None:
        upload = self.find()
        if upload:
            self.answer(200, {"Upload-Offset": str(upload.take(None)), "Upload-Length": str(upload.size_bytes)})

    def handle_delete(self) -> None:
        if self.find():
            del self.archive.uploads[self.path.rpartition("/")[2]]
            self.answer(204)

    def handle_patch(self) -> None:
        upload = self.find()
        if not upload:
            return
        if int(self.headers["Upload-Offset"]) != upload.take(self):
            self.close_connection = True
            self.answer(409)
            return
        left = int(self.headers["Content-Length"])
        cut, self.archive.cut_after_bytes = self.archive.cut_after_bytes, None
        if cut is not None:
            upload.content += self.rfile.read(min(cut, left))
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        while left:
            block = self.rfile.read(min(65536, left))
            if not block or not upload.write(self, block):
                self.close_connection = True
                return
            left -= len(block)
            time.sleep(self.archive.seconds_a_block)
        self.answer(204, {"Upload-Offset": str(len(upload.content))})

    def handle_get(self) -> None:
        if self.path == "/api/v1/keys/receipt":
            self.answer(200, {}, self.archive.receipt_key.public.pem)
            return
        if self.path == "/api/v1/keys/receipt/successions":
            known = self.archive.successions
            self.answer(404 if known is None else 200, {}, write_lines(known or ()))
            return
        upload = self.find(self.path.split("/")[4])
        if not upload:
            return
        upload.polls += 1
        if self.archive.custody_failure is not None:
            problem = {"detail": self.archive.custody_failure, "failure": self.archive.custody_failure_code}
            self.answer(409, {}, json.dumps(problem).encode())
        elif len(upload.content) < upload.size_bytes:
            self.answer(202, {"Retry-After": "0"}, b'{"state": "open"}')
        elif upload.polls <= self.archive.polls_before_receipt:
            self.answer(202, {"Retry-After": "0"}, b'{"state": "finished"}')
        elif hashlib.sha256(upload.content).hexdigest() != upload.metadata["sha256"]:
            problem = {"detail": "another SHA-256 than was claimed", "failure": "ClaimedDigestDiffers"}
            self.answer(409, {}, json.dumps(problem).encode())
        else:
            self.answer(200, {}, self.archive.receipt_for(self.path.split("/")[4]))

    def find(self, upload_id: str | None = None) -> Upload | None:
        upload = self.archive.uploads.get(upload_id or self.path.rpartition("/")[2])
        if upload is None:
            self.close_connection = True
            self.answer(404)
        return upload


def _without_pin(authorization: str | None) -> str | None:
    """What the archive knows a token by: the pin is for the station."""
    return None if authorization is None else authorization.rpartition(".")[0]


@pytest.fixture
def archive() -> Iterator[SmallArchive]:
    archive = SmallArchive()
    archive.start()
    yield archive
    if archive.server is not None:
        archive.stop()


@dataclass
class Docking:
    """Runs the agent on one folder; `events` are those of the last run."""

    archive: SmallArchive
    folder: Path
    state: Path
    events: list[Event] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def run(self, **changes: Any) -> DockResult:
        options: dict[str, Any] = {
            "url": self.archive.url,
            "credential": self.archive.token,
            "state_folder": self.state,
            "give_up_seconds": 10.0,
        }
        self.events.clear()
        if "bytes_per_second" in changes:
            changes["rates"] = RateSchedule(otherwise=changes.pop("bytes_per_second"))
        folder, tell = changes.pop("folder", self.folder), changes.pop("tell", self.events.append)
        return dock_folder(DockPlan(**{**options, **changes}), folder, tell, self.stop)

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def docking(archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docking:
    # An archive over the network is asked no sooner for a receipt; this one would only be waited for, in every run.
    monkeypatch.setattr(patience, "_SHORTEST_ASKED_PAUSE_SECONDS", 0.02)
    folder = tmp_path / "card"
    folder.mkdir()
    return Docking(archive, folder, tmp_path / "notes")


@pytest.fixture
def watching(archive: SmallArchive, tmp_path: Path) -> Watching:
    return Watching(archive, tmp_path)
