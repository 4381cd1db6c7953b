"""What is S3's own: versions, uploads left behind, refusals of a server, and how much memory a large object takes."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import minio.time
import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.objectlockconfig import DAYS, ObjectLockConfig

from storage.errors import (
    AccessKeyRefused,
    BucketRefused,
    BucketUnusable,
    CertificateRefused,
    ClockDiffers,
    ObjectMissing,
    ObjectStoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from storage.objects.protocol import ObjectWriter
from storage.objects.s3 import S3Store
from storage.objects.s3_address import Patience, S3Address
from storage.objects.s3_bucket import BegunUpload, S3Bucket, _instant
from storage.objects.s3_upload import part_bytes
from storage.objects.s3_versions import look_at
from tests.ceph import Cluster
from tests.ports import find_free_port
from tests.servers import tls_at_loopback

MIB = 1 << 20
LIFETIME_SECONDS = 5.0
OUTLIVED_SECONDS = LIFETIME_SECONDS + 1.5
"""The server says its time in whole seconds."""


@pytest.fixture(scope="module")
def address(ceph: Cluster) -> S3Address:
    return ceph.bucket(f"store-{uuid.uuid4().hex}")


@pytest.fixture(scope="module")
def stranger(ceph: Cluster, address: S3Address) -> Minio:
    """Somebody else who has the access key, and does as S3 lets him."""
    return Minio(
        ceph.url.removeprefix("http://"), address.access_key, address.secret_key, secure=False, region=address.region
    )


@pytest.fixture
def store(address: S3Address) -> S3Store:
    return S3Store(address)


def _put(stranger: Minio, address: S3Address, name: str, content: bytes) -> None:
    stranger._put_object(address.bucket, name, content)


def test_a_delete_marker_that_a_stranger_puts_hides_nothing(
    store: S3Store, address: S3Address, stranger: Minio
) -> None:
    stored = store.put("marked/a", b"bytes")
    stranger.remove_object(address.bucket, "marked/a")
    other = S3Store(address)
    assert other.stat("marked/a") == stored
    assert list(other.list("marked/")) == ["marked/a"]
    with other.open("marked/a") as reader:
        assert reader.read_span(0, 5) == b"bytes"
    other.delete("marked/a")
    assert S3Bucket(address).delete_markers("marked/a") == []


def test_a_version_that_a_stranger_puts_is_not_the_object_and_goes_with_it(
    store: S3Store, address: S3Address, stranger: Minio
) -> None:
    stored = store.put("later", b"bytes")
    _put(stranger, address, "later", b"other bytes")
    assert store.stat("later") == stored
    with S3Store(address).open("later") as reader:
        assert reader.read_span(0, reader.size_bytes) == b"bytes"
    assert store.put("later", b"bytes") == stored
    store.delete("later")
    assert look_at(S3Bucket(address), "later").versions == ()


def test_what_a_stranger_put_under_other_names_is_not_listed(
    store: S3Store, address: S3Address, stranger: Minio
) -> None:
    for name in ("foreign/A", "foreign/.hidden", "foreign/"):
        _put(stranger, address, name, b"x")
    store.put("foreign/ours", b"x")
    assert list(store.list("foreign/")) == ["foreign/ours"]


def test_what_is_kept_is_locked_in_compliance_mode(store: S3Store, address: S3Address, stranger: Minio) -> None:
    stored, until = store.put("locked", b"bytes"), datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    store.keep_until("locked", until)
    found = stranger._execute(
        "GET", address.bucket, "locked", query_params={"retention": "", "versionId": stored.version_id}
    )
    assert b"<Mode>COMPLIANCE</Mode>" in found.data
    with pytest.raises(Exception, match="AccessDenied"):
        stranger.remove_object(address.bucket, "locked", stored.version_id)


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("2027-05-30T16:00:00.000000000Z", 0),
        ("2027-05-30T16:00:00Z", 0),
        ("2027-05-30T16:00:00.000Z", 0),
        ("2027-05-30T16:00:00.000000001Z", 1),
    ],
)
def test_an_instant_is_understood_in_whatever_fractions_a_server_writes_it(text: str, second: int) -> None:
    assert _instant("a", text) == datetime(2027, 5, 30, 16, 0, second, tzinfo=UTC)


def test_an_instant_that_is_none_is_an_error(store: S3Store) -> None:
    with pytest.raises(StoreUnavailable, match="no instant"):
        _instant("a", "for ever")


def test_an_upload_that_a_killed_writer_left_is_swept_and_a_living_ones_is_not(address: S3Address) -> None:
    child = os.fork()
    if child == 0:
        try:
            S3Store(address).create("killed", 20 * MIB).write(bytes(9 * MIB))
            _wait_until_begun(address, 1)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    time.sleep(OUTLIVED_SECONDS)
    impatient = S3Store(address, lifetime=timedelta(seconds=LIFETIME_SECONDS), margin=timedelta(seconds=0))
    with impatient.create("alive", 9 * MIB) as writer:
        writer.write(bytes(9 * MIB))
        _wait_until_begun(address, 2)
        assert impatient.sweep_abandoned() == 1
        assert S3Store(address).sweep_abandoned() == 0
        assert [upload.name for upload in S3Bucket(address).begun_uploads()] == ["alive"]
        time.sleep(OUTLIVED_SECONDS)
        # A writer that is too slow ends by itself, before anybody sweeps.
        with pytest.raises(StoreUnavailable, match="begin it again"):
            writer.commit()
    assert list(S3Bucket(address).begun_uploads()) == []
    assert impatient.stat("alive") is None


def test_a_writer_whose_upload_was_aborted_says_that_it_has_to_begin_again(address: S3Address, store: S3Store) -> None:
    with store.create("aborted", 30 * MIB) as writer:
        writer.write(bytes(9 * MIB))
        (upload,) = _wait_until_begun(address, 1)
        S3Bucket(address).abort_upload(upload.name, upload.upload_id)
        with pytest.raises(StoreUnavailable):
            _end(writer, bytes(21 * MIB))
    assert store.stat("aborted") is None


def _wait_until_begun(address: S3Address, count: int) -> list[BegunUpload]:
    """Parts go by threads of their own, and the first of them begins the upload."""
    deadline = time.monotonic() + 60
    while len(begun := list(S3Bucket(address).begun_uploads())) < count:
        assert time.monotonic() < deadline, f"{len(begun)} uploads are begun, not {count}"
        time.sleep(0.02)
    assert len(begun) == count
    return begun


def _end(writer: ObjectWriter, rest: bytes) -> None:
    writer.write(rest)
    writer.commit()


def test_parts_are_as_long_as_ten_thousand_of_them_need_to_be() -> None:
    assert part_bytes(1) == part_bytes(64 << 30) == 8 * MIB
    assert part_bytes(5 << 40) * 10_000 >= 5 << 40
    assert part_bytes(None) * 10_000 > 150 << 30


@pytest.mark.parametrize("size_bytes", [8 * MIB, 16 * MIB, 24 * MIB + 1])
def test_an_object_that_ends_with_a_part_is_whole(store: S3Store, size_bytes: int) -> None:
    content = os.urandom(size_bytes)
    store.put(f"parts-{size_bytes}", content)
    with store.open(f"parts-{size_bytes}") as reader:
        assert reader.size_bytes == size_bytes
        assert reader.read_span(0, size_bytes) == content


def test_no_call_says_the_secret(address: S3Address) -> None:
    wrong = dataclasses.replace(address, secret_key="not-the-secret")
    assert "not-the-secret" not in repr(wrong)
    with pytest.raises(AccessKeyRefused) as refused:
        S3Store(wrong).put("a", b"")
    assert "not-the-secret" not in str(refused.value)
    assert address.access_key not in str(refused.value)


@pytest.mark.parametrize("wrong", [{"secret_key": "wrong"}, {"access_key": "nobody"}])
def test_a_wrong_key_is_told_from_a_refusal(address: S3Address, wrong: dict[str, str]) -> None:
    store = S3Store(dataclasses.replace(address, **wrong))
    for call in (lambda: store.stat("a"), lambda: store.put("a", b"x"), store.require_working, store.require_usable):
        with pytest.raises(AccessKeyRefused):
            call()


def test_a_clock_that_is_off_is_told_from_a_wrong_key(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = minio.time.utcnow
    with monkeypatch.context() as late:
        late.setattr(minio.time, "utcnow", lambda: now() - timedelta(hours=2))
        for call in (lambda: store.stat("a"), lambda: store.put("clock", b"x"), store.require_working):
            with pytest.raises(ClockDiffers, match="NTP"):
                call()
    store.put("clock", b"x")


def test_a_bucket_that_is_gone_and_a_server_that_is_away_are_told_apart(address: S3Address) -> None:
    with pytest.raises(BucketRefused):
        S3Store(dataclasses.replace(address, bucket="no-such-bucket")).stat("a")
    away = dataclasses.replace(
        address, url=f"http://127.0.0.1:{find_free_port()}", patience=Patience(1.0, 1.0, repeats=0)
    )
    with pytest.raises(StoreUnavailable):
        S3Store(away).stat("a")


def test_who_may_only_read_is_told_so_and_reads(ceph: Cluster, address: S3Address, store: S3Store) -> None:
    store.put("readable", b"bytes")
    ceph.admin("user", "create", "--uid=reader", "--display-name=reader", "--access-key=reader", "--secret-key=reader")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam:::user/reader"]},
                "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"],
                "Resource": [f"arn:aws:s3:::{address.bucket}", f"arn:aws:s3:::{address.bucket}/*"],
            }
        ],
    }
    client = Minio(
        ceph.url.removeprefix("http://"), address.access_key, address.secret_key, secure=False, region=address.region
    )
    client.set_bucket_policy(address.bucket, json.dumps(policy))
    reader = S3Store(dataclasses.replace(address, access_key="reader", secret_key="reader"))
    with reader.open("readable") as opened:
        assert opened.read_span(0, 5) == b"bytes"
    for call in (lambda: reader.put("new", b"x"), reader.require_working):
        with pytest.raises(StoreReadOnly):
            call()


def test_a_quota_that_is_used_up_is_a_full_store(ceph: Cluster) -> None:
    ceph.admin("user", "create", "--uid=small", "--display-name=small", "--access-key=small", "--secret-key=small")
    ceph.admin("quota", "set", "--quota-scope=user", "--uid=small", "--max-objects=2")
    ceph.admin("quota", "enable", "--quota-scope=user", "--uid=small")
    name = f"small-{uuid.uuid4().hex}"
    client = Minio(ceph.url.removeprefix("http://"), "small", "small", secure=False, region="us-east-1")
    client.make_bucket(name, object_lock=True)
    store = S3Store(S3Address(ceph.url, name, "us-east-1", "small", "small"))
    with pytest.raises(StoreFull):
        [store.put(f"n{number}", b"x") for number in range(10)]


def test_a_bucket_that_cannot_keep_evidence_is_refused_with_the_reason(ceph: Cluster, address: S3Address) -> None:
    S3Store(address).require_usable()
    plain = ceph.bucket(f"plain-{uuid.uuid4().hex}", lock=False)
    own = ceph.bucket(f"own-{uuid.uuid4().hex}")
    client = Minio(ceph.url.removeprefix("http://"), own.access_key, own.secret_key, secure=False, region=own.region)
    client.set_object_lock_config(own.bucket, ObjectLockConfig(COMPLIANCE, 1, DAYS))
    reasons = {
        "missing": dataclasses.replace(address, bucket="no-such-bucket"),
        "without-lock": plain,
        "locks-by-itself": own,
    }
    for reason, bucket in reasons.items():
        with pytest.raises(BucketUnusable) as unusable:
            S3Store(bucket).require_usable()
        assert unusable.value.reason == reason


@pytest.mark.parametrize("days", [-1, 1])
def test_a_certificate_that_does_not_hold_is_told_from_a_server_that_is_away(
    address: S3Address, tmp_path: Path, days: int
) -> None:
    """Expired, and of nobody whom the system trusts."""
    context, certificate = tls_at_loopback(tmp_path, days)
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            while True:
                connection, _ = server.accept()
                try:
                    context.wrap_socket(connection, server_side=True)
                except OSError:
                    connection.close()
        try:
            url = f"https://127.0.0.1:{server.getsockname()[1]}"
            trusted = certificate if days < 0 else None
            tls = dataclasses.replace(address, url=url, ca_file=trusted, patience=Patience(2.0, 2.0, repeats=0))
            with pytest.raises(CertificateRefused) as refused:
                S3Store(tls).stat("a")
            assert "LIUHEN_S3_CA_FILE" in str(refused.value)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


_PUTS_LARGE = """
import pickle, sys
from pathlib import Path
store = pickle.loads(bytes.fromhex(sys.argv[1]))
piece = memoryview(bytearray(1 << 20))
store.put("memory-warm", b"x")
status = Path("/proc/self/status")
peak = lambda: int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
before = peak()
with store.create("memory", 192 << 20) as writer:
    for _ in range(192):
        writer.write(piece)
    writer.commit()
with store.open("memory") as reader:
    reader.expect(0, reader.size_bytes)
    for offset in range(0, reader.size_bytes, 1 << 20):
        reader.read_into(offset, piece)
print((peak() - before) // 1024)
"""


def test_a_large_object_takes_the_memory_of_a_few_parts(store: S3Store) -> None:
    import pickle

    command = [sys.executable, "-c", _PUTS_LARGE, pickle.dumps(store).hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) < 64


def test_an_object_that_is_deleted_behind_an_open_reader_is_missing_not_short(store: S3Store) -> None:
    store.put("deleted", bytes(5000))
    with store.open("deleted") as reader:
        S3Store(store.address).delete("deleted")
        with pytest.raises(ObjectMissing):
            reader.read_span(1000, 2000)
    with pytest.raises(ObjectMissing):
        store.open("deleted")


def test_errors_are_the_stores_own(address: S3Address) -> None:
    """Something answers that is no S3 server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            while True:
                connection, _ = server.accept()
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        try:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            store = S3Store(dataclasses.replace(address, url=url, patience=Patience(1.0, 1.0, repeats=0)))
            calls = [
                lambda: store.stat("a"),
                lambda: store.put("a", b"x"),
                lambda: list(store.list()),
                lambda: store.keeping("a"),
                lambda: store.delete("a"),
                store.require_working,
                store.require_usable,
                store.sweep_abandoned,
            ]
            for call in calls:
                with pytest.raises(ObjectStoreError):
                    call()
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
