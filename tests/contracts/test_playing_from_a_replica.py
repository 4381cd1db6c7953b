"""Footage of a folder that rots is played from the copy in S3, in the middle of an answer too."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from ingest.media.findings import Findings
from ingest.replica.mark import Replica
from storage.objects.s3 import S3Store
from tests.api.http.conftest import authority, findings, make_scene  # noqa: F401  fixtures of another folder
from tests.api.http.playback.viewing import consented, original
from tests.api.http.served import Served, ServedAuthority
from tests.ceph import Cluster


@pytest.fixture
def served(
    addresses: DatabaseAddresses,
    tmp_path: Path,
    authority: ServedAuthority,  # noqa: F811
    findings: Findings,  # noqa: F811
) -> Iterator[Served]:
    served = Served(addresses, tmp_path, authority, findings)
    yield served
    served.close()


def test_what_rots_in_the_folder_is_played_from_the_bucket(served: Served, ceph: Cluster) -> None:
    scene = make_scene(served, os.urandom(5_000_000))
    consented(served, scene)
    path = served.archive.settings.data / "objects" / scene.recording.object_name
    whole, second = path.read_bytes(), S3Store(ceph.bucket(f"second-{uuid.uuid4().hex}"))
    second.put(scene.recording.object_name, whole)
    vars(served.answering)["replica"] = Replica(second, str(second.address))
    path.chmod(0o600)
    for position in (0, 20, 41, 1 << 20, 3 << 20, len(whole) - 1):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert scene.officer.get(original(scene)).content == scene.content
    path.unlink()
    assert scene.officer.get(original(scene)).content == scene.content
    path.write_bytes(whole)
    ceph.stop_gateway()
    try:
        assert scene.officer.get(original(scene)).content == scene.content, "what is whole never waits for it"
    finally:
        ceph.start_gateway()
