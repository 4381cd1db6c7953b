"""The measurement of the store in S3, small, on a real server: the bare client and ours, and nothing stays."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from api.bench.errors import BenchError, PeerFailed
from api.bench.storage import bucket
from api.bench.storage.bucket import measure_bucket
from api.bench.storage.minio_peer import BareClient
from api.bench.storage.sizes import StorageSizes
from storage.objects.s3 import S3Store
from storage.objects.s3_address import S3Address
from tests.ceph import Cluster

MIB = 1 << 20
SMALL = StorageSizes(object_bytes=20 * MIB + 12_345, spans=5, pairs=2)


@pytest.fixture
def address(ceph: Cluster) -> S3Address:
    return ceph.bucket(f"bench-{uuid.uuid4().hex}")


def test_both_sides_are_measured_and_nothing_stays(address: S3Address, tmp_path: Path) -> None:
    rows = measure_bucket(address, tmp_path, SMALL)
    assert [row.bar for row in rows] == [1.25, 1.25, 1.25, 2.0]
    for row in rows:
        assert row.ours is not None
        assert row.peer is not None
        assert row.ratio == pytest.approx(row.ours / row.peer)
    read_back, stored, *_ = rows
    assert (stored.ours or 0) < (read_back.ours or 0)
    assert list(S3Store(address).survey()) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["get_file", "get_span"])
def test_other_bytes_than_were_sent_are_no_measurement(
    call: str, address: S3Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BareClient, "get_file", lambda self, name, path: path.write_bytes(b"another"))
    if call == "get_span":
        monkeypatch.undo()
        monkeypatch.setattr(BareClient, "get_span", lambda self, name, offset, length: bytes(length))
    with pytest.raises(BenchError, match="is not what was sent"):
        measure_bucket(address, tmp_path, SMALL)
    assert list(S3Store(address).survey()) == [], "nothing stays of a run that ended early"


def test_what_the_bare_client_cannot_do_is_told_as_the_peers_failure(address: S3Address, tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match="fget_object"):
        BareClient(address).get_file(f"{bucket.PREFIX}none", tmp_path / "none")
