"""Two ingest nodes as a city has them: each with HTTP, a staging folder and workers of its own, real processes all of
them, over one database, one store and one broker."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from celery import Celery
from sqlalchemy import select

from api.engines.launch import Child
from api.engines.roles import DatabaseAddresses
from api.engines.valkey import EmbeddedValkey
from ingest.stations.enrolment import enrol_station
from ingest.uploads.staging import Staging
from storage.catalog.recordings import Recording
from storage.catalog.uploads import Upload
from tests.api.sealing_archive import OPERATOR
from tests.ports import find_free_port

NAMES = ("jb-1", "jb-2")
PATIENCE_SECONDS = 300.0
"""With a machine that is busy: nothing here is late before."""
MIB = 1 << 20
OCTETS = "application/offset+octet-stream"


def eventually(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@dataclass
class Process:
    command: list[str]
    environment: dict[str, str]
    folder: Path
    _running: subprocess.Popen[bytes] | None = None

    @property
    def _ready(self) -> Path:
        return self.folder / f"ready-{'-'.join(self.command)}"

    @property
    def _log(self) -> Path:
        return self.folder / f"{'-'.join(self.command)}.log"

    def start(self) -> None:
        self._ready.unlink(missing_ok=True)
        words = [sys.executable, "-P", "-m", "api.cli.main", "--verbose", *self.command]
        with self._log.open("ab") as end:
            environment = {**self.environment, "LIUHEN_READY_FILE": str(self._ready)}
            self._running = subprocess.Popen(words, env=environment, stdout=end, stderr=end)

    def await_ready(self) -> None:
        running = self._running
        assert running is not None
        eventually(lambda: self._ready.exists() or running.poll() is not None, f"{self.command} is not ready")
        assert running.poll() is None, self._log.read_text()[-3000:]

    def kill(self) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGKILL)
            self._running.wait(30)
            self._running = None


@dataclass
class Node:
    name: str
    staging: Path
    http: Process
    worker: Process
    port: int
    token: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"}
        address = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False)

    def create(self, length: int, key: str | None = None) -> str:
        named = {"Idempotency-Key": key} if key else {}
        answer = self.client.post("/uploads", headers={"Upload-Length": str(length), **named})
        assert answer.status_code == 201, answer.text
        return httpx.URL(answer.headers["location"]).path

    def patch(self, path: str, offset: int, content: bytes) -> httpx.Response:
        return self.client.patch(path, content=content, headers={"Content-Type": OCTETS, "Upload-Offset": str(offset)})

    def head(self, path: str) -> httpx.Response:
        return self.client.head(path)

    def staged(self) -> set[str]:
        return {path.name for path in self.staging.iterdir()}


@dataclass
class City:
    nodes: tuple[Node, Node]
    broker: str

    def wake(self, task: str, queue: str) -> None:
        """Now, and not when the beat does."""
        with Celery(broker=self.broker) as sender:
            sender.send_task(task, queue=queue)


@pytest.fixture
def city(sealing: Any, addresses: DatabaseAddresses, tmp_path: Path) -> Iterator[City]:
    with ExitStack() as undo:
        sockets = Path(tempfile.mkdtemp(prefix="liuhen-nodes-"))
        undo.callback(shutil.rmtree, sockets, ignore_errors=True)
        valkey = EmbeddedValkey(sockets, tmp_path / "valkey.log")
        valkey.prepare()
        broker = Child(valkey.launch())
        undo.callback(broker.stop)
        eventually(valkey.is_ready, "no broker")
        plain = {
            "PATH": os.environ["PATH"],
            "LIUHEN_DATA": str(sealing.settings.data),
            "LIUHEN_BROKER_URL": valkey.address,
            "LIUHEN_TSA_URLS": sealing.settings.tsa_urls[0],
            "LIUHEN_DATABASE_WORKER_URL": addresses.worker,
        }
        with sealing.archive.database.transaction() as session:
            key = sealing.archive.keyring.public_key("receipt")
            token = enrol_station(session, OPERATOR, sealing.unit.id, "二号站", key)

        processes: list[Process] = []

        def process(*command: str, folder: Path, **environment: str) -> Process:
            folder.mkdir(exist_ok=True)
            one = Process(list(command), {**plain, **environment}, folder)
            undo.callback(one.kill)
            one.start()
            processes.append(one)
            return one

        def node(name: str) -> Node:
            folder, port = tmp_path / name, find_free_port()
            named = {"LIUHEN_STAGING_FOLDER": str(folder / "staging"), "LIUHEN_NODE": name}
            served = {**named, "LIUHEN_DATABASE_URL": addresses.app, "LIUHEN_BIND": f"127.0.0.1:{port}"}
            http = process("http", folder=folder, **served)
            worker = process("worker", "custody", "staging", folder=folder, **named)
            return Node(name, folder / "staging", http, worker, port, token)

        both = (node(NAMES[0]), node(NAMES[1]))
        process("beat", folder=tmp_path / "beat", LIUHEN_NODES=",".join(NAMES))
        for one in processes:
            one.await_ready()
        for each in both:
            undo.callback(each.client.close)
        yield City(both, valkey.address)


def row(sealing: Any, path: str) -> Upload:
    with sealing.archive.database.reading() as session:
        return session.get_one(Upload, path.rpartition("/")[2])


def is_receipted(sealing: Any, path: str) -> bool:
    return row(sealing, path).state == "receipted"


def sealed_sha256(sealing: Any, path: str) -> str:
    with sealing.archive.database.reading() as session:
        wanted = select(Recording).join(Upload, Upload.recording_id == Recording.id)
        recording = session.scalars(wanted.where(Upload.id == path.rpartition("/")[2])).one()
        return recording.sha256.hex()


@pytest.mark.timeout(900)
def test_two_nodes_take_and_seal_each_its_own_through_kills_and_wrong_turns(sealing: Any, city: City) -> None:
    first, second = city.nodes
    contents = {node.name: os.urandom(3 * MIB + number) for number, node in enumerate(city.nodes)}
    paths = {node.name: node.create(len(contents[node.name]), f"{node.name}-0123456789abcdef") for node in city.nodes}
    assert [path.split("/")[2] for path in paths.values()] == list(NAMES)

    # A piece to each; then to the other one, which takes nothing and says where to.
    for node, other in ((first, second), (second, first)):
        path, content = paths[node.name], contents[node.name]
        assert node.patch(path, 0, content[:MIB]).status_code == 204
        before = other.staged()
        for refused in (other.patch(path, MIB, content[MIB:]), other.head(path), other.client.delete(path)):
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert other.patch(path, MIB, content[MIB:]).json()["node"] == node.name
        assert other.staged() == before
        again = other.create(len(content), f"{node.name}-0123456789abcdef")
        assert again == path
        assert node.head(path).headers["upload-offset"] == str(MIB)

    # The second goes on while all of the first is dead; of the first nothing is sealed, swept or given up.
    path, content = paths[first.name], contents[first.name]
    cut = httpx.Client(base_url=first.client.base_url, headers=first.client.headers, timeout=60, trust_env=False)

    def half() -> Iterator[bytes]:
        yield content[MIB : 2 * MIB]
        first.http.kill()
        first.worker.kill()
        yield content[2 * MIB :]

    with cut, pytest.raises(httpx.TransportError):
        cut.patch(path, content=half(), headers={"Content-Type": OCTETS, "Upload-Offset": str(MIB)})
    other_path, other_content = paths[second.name], contents[second.name]
    assert second.patch(other_path, MIB, other_content[MIB:]).status_code == 204
    eventually(lambda: is_receipted(sealing, other_path), "the second node does not seal")
    assert sealed_sha256(sealing, other_path) == hashlib.sha256(other_content).hexdigest()
    assert row(sealing, path).state == "open"
    assert second.head(path).status_code == 503
    receipt = f"/api/v1/uploads/{other_path.rpartition('/')[2]}/receipt"
    assert second.client.get(receipt).status_code == 200

    # It comes back, and goes on where it was.
    for process in (first.http, first.worker):
        process.start()
    for process in (first.http, first.worker):
        process.await_ready()
    offset = int(first.head(path).headers["upload-offset"])
    assert offset >= MIB
    assert first.patch(path, offset, content[offset:]).status_code == 204
    eventually(lambda: is_receipted(sealing, path), "the first node does not seal")
    assert sealed_sha256(sealing, path) == hashlib.sha256(content).hexdigest()
    assert first.client.get(receipt).status_code == 200  # of the other's upload: any node answers
    assert second.head(path).headers["upload-offset"] == str(len(content))
    eventually(lambda: not any(name.endswith(".bin") for name in first.staged() | second.staged()), "bytes stay")

    # What a crash kept from its finish, its node's sweep finds by the beat's word, and nobody else's.
    lost = first.create(2 * MIB)
    assert first.patch(lost, 0, content[:MIB]).status_code == 204
    complete_without_finish(first.staging, lost, content[MIB : 2 * MIB])
    eventually(lambda: is_receipted(sealing, lost), "the sweep of its node does not find it")
    assert sealed_sha256(sealing, lost) == hashlib.sha256(content[: 2 * MIB]).hexdigest()


def complete_without_finish(folder: Path, path: str, rest: bytes) -> None:
    """As a kill between the last offset and the row leaves it."""
    with Staging(folder).take_ticket(path.rpartition("/")[2]) as held:
        eventually(held.try_lock, "it is held")
        held.open_bytes(len(rest))
        held.append([rest])
        held.keep()


@pytest.mark.timeout(900)
def test_a_nodes_readiness_and_metrics_speak_of_its_own_staging(city: City) -> None:
    first, second = city.nodes
    (first.staging / ("a" * 32 + ".bin")).write_bytes(b"x" * 4096)
    for node in city.nodes:
        city.wake("staging.sweep", f"staging.sweep@{node.name}")
    told = "liuhen_staged_files_unknown 1.0"
    eventually(lambda: told in first.client.get("/metrics").text, "the sweep of its node does not tell")
    assert first.client.get("/readyz").json()["checks"]["staging"] == "StagedBytesUnknown"
    assert "liuhen_staged_files_unknown 0.0" in second.client.get("/metrics").text
    assert second.client.get("/readyz").json()["checks"]["staging"] == "ok"
