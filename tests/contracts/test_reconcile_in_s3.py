"""`liuhen reconcile` on an archive whose objects are in a real S3 server with versions, Object Lock and a replica."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.engines.roles import DatabaseAddresses
from api.reconciling.codes import MISMATCH
from api.reconciling.run import reconcile
from api.reconciling.scene import Told
from ingest.media.findings import Findings
from storage.catalog.recordings import Recording
from storage.objects.s3 import S3Store
from storage.objects.s3_bucket import MENDS
from tests.api.http.conftest import authority, findings, make_scene  # noqa: F401  fixtures of another folder
from tests.api.http.served import Served, ServedAuthority
from tests.api.tampering import as_superuser, changed
from tests.ceph import Cluster


@pytest.fixture
def served(
    addresses: DatabaseAddresses,
    tmp_path: Path,
    authority: ServedAuthority,  # noqa: F811
    findings: Findings,  # noqa: F811
    ceph: Cluster,
) -> Iterator[Served]:
    store = S3Store(ceph.bucket(f"reconciled-{uuid.uuid4().hex}"))
    served = Served(addresses, tmp_path, authority, findings, store)
    yield served
    served.close()


def found(served: Served) -> set[tuple[str, str]]:
    """Mismatches: what is staged still of a sealed upload, which nobody sweeps here, is none."""
    told: list[Told] = []
    reconcile(served.archive, told.append, sleep=lambda seconds: None)
    return {(each.code.name, each.subject) for each in told if each.code.severity == MISMATCH}


def test_versions_and_objects_in_a_bucket_are_told_as_what_they_are(
    served: Served, server: Any, addresses: DatabaseAddresses
) -> None:
    scene = make_scene(served, os.urandom(300_000))
    store = served.archive.store
    assert isinstance(store, S3Store)
    with served.database.reading() as session:
        row = session.scalars(select(Recording).where(Recording.id == scene.recording.id)).one()
    name = row.object_name
    assert found(served) == set()
    with as_superuser(server, addresses) as superuser:
        with changed(superuser, "recording", "UPDATE recording SET object_version = 'another'"):
            assert found(served) == {("version_differs", name)}
        with changed(superuser, "recording", f"UPDATE recording SET object_name = '{name}-moved'"):
            assert found(served) == {("object_missing", f"{name}-moved"), ("object_unknown", name)}
    over = store._bucket.put(name, b"a stranger's", {})
    assert found(served) == {("several_versions", name)}
    store._bucket.remove(name, over)
    assert found(served) == set()
    strange = store._bucket.put("Strange Name", b"?", {})
    assert found(served) == {("object_unknown", "Strange Name")}
    store._bucket.remove("Strange Name", strange)
    with store.open(name) as reader, store.mend(name, reader.size_bytes) as writer:
        writer.write(reader.read_span(0, reader.size_bytes))
        writer.commit()
    assert found(served) == set(), f"what was healed has another version, which says so ({MENDS})"
    cut = store._bucket.put(name, b"cut off", {MENDS: "1"})
    assert found(served) == {("size_differs", name)}
    store._bucket.remove(name, cut)
    assert found(served) == set()
