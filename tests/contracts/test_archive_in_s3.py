"""An archive whose objects are in S3: it seals, plays, verifies, says what is the matter, and goes on afterwards."""

from __future__ import annotations

import dataclasses
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from api.errors import StoreUnusable
from api.object_store import require_usable_store
from api.settings import Settings
from api.verification import verify_archive
from ingest.custody import seal_upload
from ingest.media.findings import Findings
from ingest.sealing.due import lease_due_upload
from integrity.local_time import end_of_day
from storage.errors import ObjectKept, ObjectStoreError, StoreUnavailable
from storage.objects.s3 import S3Store
from storage.objects.s3_address import Patience, S3Address
from tests.api.http.conftest import authority, findings, make_scene  # noqa: F401  fixtures of another folder
from tests.api.http.playback.viewing import consented
from tests.api.http.served import Served, ServedAuthority
from tests.ceph import ACCESS_KEY, SECRET_KEY, Cluster
from tests.faulty_proxy import PASS, REFUSED, SAYS, FaultyProxy


@pytest.fixture
def address(ceph: Cluster, proxy: FaultyProxy) -> S3Address:
    made = ceph.bucket(f"archive-{uuid.uuid4().hex}", url=proxy.url)
    return dataclasses.replace(made, patience=Patience(2.0, 10.0, repeats=0))


@pytest.fixture
def served(
    addresses: DatabaseAddresses,
    tmp_path: Path,
    authority: ServedAuthority,  # noqa: F811
    findings: Findings,  # noqa: F811
    address: S3Address,
) -> Iterator[Served]:
    served = Served(addresses, tmp_path, authority, findings, S3Store(address))
    yield served
    served.close()


def test_a_recording_is_sealed_into_s3_locked_played_and_verified(served: Served, proxy: FaultyProxy) -> None:
    scene = make_scene(served, os.urandom(3_000_000))
    consented(served, scene)
    store, name = served.archive.store, scene.recording.object_name
    assert scene.recording.retain_until is not None
    assert store.keeping(name).until == end_of_day(scene.recording.retain_until)
    with pytest.raises(ObjectKept):
        store.delete(name)
    proxy.asked.clear()
    for first, last in ((1_000_000, 2_100_000), (0, 0), (2_999_999, 2_999_999)):
        headers = {"Range": f"bytes={first}-{last}"}
        answer = scene.officer.get(f"/api/v1/recordings/{scene.recording.id}/original", headers=headers)
        assert answer.status_code == 206
        assert answer.content == scene.content[first : last + 1]
    # What it is was looked up before, its header was read before: each span is one request.
    assert len([path for _, path in proxy.asked if "originals" in path]) <= 3 + 2
    assert scene.officer.get(f"/api/v1/recordings/{scene.recording.id}/original").content == scene.content
    names = list(store.list("ledger/"))
    assert any(each.startswith("ledger/tile/") for each in names)
    assert any(each.startswith("ledger/checkpoints/") for each in names)
    assert served.caller().get("/ledger/checkpoint").status_code == 200
    report = verify_archive(served.archive)
    assert report.findings == ()
    assert report.counts["recordings"] == 1


def _but_the_ledger(fault: str, methods: str) -> Callable[[str, str], str]:
    """The sequencer, here a thread, would end; `liuhen up` starts it again."""
    return lambda method, path: fault if method in methods.split() and "ledger" not in path else PASS


MATTERS = [
    (REFUSED, "GET PUT POST", "StoreUnavailable"),
    (f"{SAYS}RequestTimeTooSkewed", "GET PUT POST", "ClockDiffers"),
    (f"{SAYS}InvalidAccessKeyId", "GET PUT POST", "AccessKeyRefused"),
    (f"{SAYS}AccessDenied", "PUT POST", "StoreReadOnly"),
    (f"{SAYS}AccessDenied", "GET PUT POST", "BucketRefused"),
    (f"{SAYS}QuotaExceeded", "PUT POST", "StoreFull"),
]


def test_what_is_the_matter_with_the_store_is_told_and_work_goes_on_when_it_passes(
    served: Served, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.object_store.TRIED_SECONDS", 0.0)
    who, station = served.caller(), served.station(served.unit())
    assert who.get("/readyz").json()["checks"]["store"] == "ok"
    served.stage(station, os.urandom(200_000))
    due = lease_due_upload(served.database, "test")
    assert due is not None
    with due.lease.renewed(served.database):
        for fault, methods, name in MATTERS:
            proxy.choose = _but_the_ledger(fault, methods)
            answer = who.get("/readyz")
            assert (answer.status_code, answer.json()["checks"]["store"]) == (503, name)
            with pytest.raises(ObjectStoreError) as error:
                seal_upload(due, served.custody)
            assert type(error.value).__name__ == name
        proxy.choose = lambda method, path: PASS
        assert who.get("/readyz").status_code == 200
        issued = seal_upload(due, served.custody)
    assert issued.upload_id == due.id


def test_a_receipt_waits_for_the_lock(served: Served, proxy: FaultyProxy) -> None:
    station = served.station(served.unit())
    upload_id = served.stage(station, b"evidence")
    due = lease_due_upload(served.database, "test")
    assert due is not None
    proxy.choose = lambda method, path: REFUSED if "retention" in path else PASS
    with pytest.raises(StoreUnavailable):
        seal_upload(due, served.custody)
    mine = served.caller(Authorization=f"Bearer {station.token}")
    assert mine.get(f"/api/v1/uploads/{upload_id}/receipt").status_code != 200
    proxy.choose = lambda method, path: PASS
    seal_upload(dataclasses.replace(due, state="sealed"), served.custody)
    (name,) = served.archive.store.list("originals/")
    assert served.archive.store.keeping(name).until is not None
    assert mine.get(f"/api/v1/uploads/{upload_id}/receipt").status_code == 200


def _settings(address: S3Address, folder: Path, **others: str) -> Settings:
    own = {
        "s3_url": address.url,
        "s3_bucket": address.bucket,
        "s3_access_key": ACCESS_KEY,
        "s3_secret_key": SECRET_KEY,
    }
    return Settings(data=folder, **(own | others))


def test_a_bucket_that_cannot_keep_evidence_is_refused_at_the_start(
    ceph: Cluster, address: S3Address, tmp_path: Path
) -> None:
    require_usable_store(_settings(address, tmp_path))
    plain = ceph.bucket(f"plain-{uuid.uuid4().hex}", lock=False)
    refusals = [
        (_settings(plain, tmp_path), "对象锁定", "Object Lock"),
        (_settings(address, tmp_path, s3_bucket="no-such-bucket"), "没有此存储桶", "no such bucket"),
        (_settings(address, tmp_path, s3_secret_key="wrong"), "LIUHEN_S3_SECRET_KEY", "refuses the access key"),
        (_settings(address, tmp_path, s3_url="http://127.0.0.1:9"), "无应答", "does not work at the moment"),
    ]
    for settings, chinese, english in refusals:
        with pytest.raises(StoreUnusable) as refused:
            require_usable_store(settings)
        assert refused.value.exit_code == 2
        assert chinese in refused.value.chinese
        assert english in refused.value.english
        assert SECRET_KEY not in str(refused.value)
