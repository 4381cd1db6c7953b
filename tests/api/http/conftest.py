"""An archive served by a real HTTP server, and a scene in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.runner import open_runner
from integrity.authority import create_authority
from integrity.authority_server import open_authority_server
from storage.catalog.casework import Case
from storage.catalog.organisation import Unit
from storage.catalog.recordings import Recording
from tests.api.http.served import Caller, Served, ServedAuthority
from tests.servers import ServingThread


@pytest.fixture(scope="session")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """What the tools say of bytes that are no media: asked once, for all recordings of these tests are such."""
    path = tmp_path_factory.mktemp("findings") / "noise"
    path.write_bytes(b"no video at all, but evidence")
    return probe_media(path, open_runner(os.environ.get("PATH", "")))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedAuthority]:
    folder = tmp_path_factory.mktemp("tsa") / "tsa"
    server = open_authority_server(create_authority(folder), "127.0.0.1:0")
    with ServingThread(server):
        yield ServedAuthority(folder, server.url)


@pytest.fixture
def served(
    addresses: DatabaseAddresses, tmp_path: Path, authority: ServedAuthority, findings: Findings
) -> Iterator[Served]:
    served = Served(addresses, tmp_path, authority, findings)
    yield served
    served.close()


@dataclass(frozen=True)
class Scene:
    """One unit with an officer and a supervisor, a recording in a case, and no grant yet."""

    unit: Unit
    officer: Caller
    supervisor: Caller
    case: Case
    recording: Recording
    content: bytes


@pytest.fixture
def scene(served: Served) -> Scene:
    return make_scene(served, os.urandom(3_000_000))


@pytest.fixture
def scene_of(served: Served) -> Callable[[bytes], Scene]:
    """A scene around bytes of the test's choice."""
    return lambda content: make_scene(served, content)


def make_scene(served: Served, content: bytes) -> Scene:
    unit = served.unit()
    officer, supervisor = served.signed_in(unit, "officer"), served.signed_in(unit, "supervisor")
    recording = served.seal(served.station(unit), content, "AB00001_000123_20260101093000.MP4")
    case = served.case(officer.person)
    served.link(recording, case, officer.person)
    return Scene(unit, officer, supervisor, case, recording, content)
