"""Our own time stamp authority, judged by openssl and rfc3161-client, which nobody here wrote."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client.base import HashAlgorithm

from integrity.authority import DEFAULT_POLICY, Authority, create_authority
from integrity.authority_server import AuthorityServer, open_authority_server
from integrity.errors import KeyFileExists, KeyFileUnreadable, KeyFileUnsafe
from integrity.timestamp import request_timestamp
from integrity.timestamp_messages import parse_reply
from tests.servers import ServingThread

DATA = "执法记录".encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("authority") / "tsa"
    create_authority(made)
    return made


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority.load(folder)


def openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def request_of(**changes: object) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(DATA).digest()}
    return tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, **changes}).dump()


@contextmanager
def running(authority: Authority, address: str) -> Iterator[AuthorityServer]:
    server = open_authority_server(authority, address)
    with ServingThread(server):
        yield server


# The certificates


def test_tsa_certificate_is_for_time_stamping_alone(authority: Authority) -> None:
    extensions = authority.certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    allowed = {name for name, value in vars(usage.value).items() if value is True}
    assert (usage.critical, allowed) == (True, {"_digital_signature"})
    assert (purposes.critical, list(purposes.value)) == (True, [ExtendedKeyUsageOID.TIME_STAMPING])


def test_certificates_say_that_the_authority_is_not_independent(authority: Authority) -> None:
    assert "not independent" in authority.certificate.subject.rfc4514_string()
    assert "not independent" in authority.root.subject.rfc4514_string()


def test_private_keys_are_readable_by_their_owner_alone(folder: Path) -> None:
    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in ("root-key.pem", "tsa-key.pem")}
    assert modes == {"root-key.pem": 0o600, "tsa-key.pem": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_authority_is_never_written_over_another(folder: Path) -> None:
    before = (folder / "tsa-key.pem").read_bytes()
    with pytest.raises(KeyFileExists):
        create_authority(folder)
    assert (folder / "tsa-key.pem").read_bytes() == before


@pytest.mark.parametrize("survived_writes", range(5))
def test_crash_while_making_an_authority_leaves_none_and_the_next_one_cleans_up(
    tmp_path: Path, survived_writes: int
) -> None:
    # The process dies by SIGKILL in front of its n-th file, as it would at a power cut.
    script = f"""
import os, signal
from pathlib import Path
from integrity import authority
write, count = authority.write_durably, 0
def dying(*arguments):
    global count
    if count == {survived_writes}:
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    write(*arguments)
authority.write_durably = dying
authority.create_authority(Path({str(tmp_path / "tsa")!r}))
"""
    died = subprocess.run([sys.executable, "-c", script], check=False, timeout=120, cwd=Path(__file__).parents[2])
    assert died.returncode == -signal.SIGKILL
    assert not (tmp_path / "tsa").exists()
    create_authority(tmp_path / "tsa")
    assert [path.name for path in tmp_path.iterdir()] == ["tsa"]


def test_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    create_authority(tmp_path / "tsa")
    (tmp_path / "tsa/tsa-key.pem").chmod(0o640)
    with pytest.raises(KeyFileUnsafe):
        Authority.load(tmp_path / "tsa")


@pytest.mark.parametrize("name", ["tsa-key.pem", "tsa.pem", "root.pem"])
def test_file_of_another_authority_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    create_authority(tmp_path / "tsa")
    (tmp_path / "tsa" / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(KeyFileUnreadable):
        Authority.load(tmp_path / "tsa")


@pytest.mark.parametrize("name", ["tsa-key.pem", "tsa.pem", "root.pem", "authority.json"])
@pytest.mark.parametrize("content", [None, b"", b"\xff not a key"])
def test_missing_or_broken_file_is_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    create_authority(tmp_path / "tsa")
    broken = tmp_path / "tsa" / name
    broken.write_bytes(content) if content is not None else broken.unlink()
    with pytest.raises(KeyFileUnreadable, match=name):
        Authority.load(tmp_path / "tsa")


# What it answers


@pytest.mark.parametrize("hash_option", ["-sha256", "-sha384", "-sha512"])
@pytest.mark.parametrize("with_certificate", [True, False])
def test_openssl_accepts_the_reply_to_its_own_request(
    folder: Path, authority: Authority, tmp_path: Path, hash_option: str, with_certificate: bool
) -> None:
    (tmp_path / "data").write_bytes(DATA)
    wish = ["-cert"] if with_certificate else []
    asked = openssl("ts", "-query", "-data", tmp_path / "data", hash_option, *wish, "-out", tmp_path / "q.tsq")
    assert asked.returncode == 0, asked.stderr
    (tmp_path / "r.tsr").write_bytes(authority.answer((tmp_path / "q.tsq").read_bytes()))
    hint = [] if with_certificate else ["-untrusted", folder / "tsa.pem"]
    verify = ["ts", "-verify", "-in", tmp_path / "r.tsr", "-CAfile", folder / "root.pem", *hint]
    for reference in (["-queryfile", tmp_path / "q.tsq"], ["-data", tmp_path / "data"]):
        verified = openssl(*verify, *reference)
        assert verified.returncode == 0, verified.stderr


def test_openssl_accepts_a_token_at_its_own_time_after_the_certificate_has_expired(
    folder: Path, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "r.tsr").write_bytes(authority.answer(request_of(cert_req=True)))
    verify = ["ts", "-verify", "-in", tmp_path / "r.tsr", "-data", tmp_path / "data", "-CAfile", folder / "root.pem"]
    gen_time = parse_reply((tmp_path / "r.tsr").read_bytes()).info.gen_time
    decades_later = gen_time + timedelta(days=20 * 365)
    assert openssl(*verify, "-attime", int(gen_time.timestamp())).returncode == 0
    assert "expired" in openssl(*verify, "-attime", int(decades_later.timestamp())).stderr


@pytest.mark.parametrize("with_certificate", [True, False])
def test_rfc3161_client_accepts_the_reply_to_its_own_request(authority: Authority, with_certificate: bool) -> None:
    builder = TimestampRequestBuilder().data(DATA).hash_algorithm(HashAlgorithm.SHA512)
    request = builder.cert_request(cert_request=with_certificate).build()
    reply = decode_timestamp_response(authority.answer(request.as_bytes()))
    verifier = VerifierBuilder.from_request(request).tsa_certificate(authority.certificate)
    assert verifier.add_root_certificate(authority.root).build().verify_message(reply, DATA)
    assert len(reply.signed_data.certificates) == int(with_certificate)


def test_nonce_is_echoed_and_left_out_when_not_sent(authority: Authority) -> None:
    nonce = secrets.randbits(64)
    assert parse_reply(authority.answer(request_of(nonce=nonce))).info.nonce == nonce
    assert parse_reply(authority.answer(request_of())).info.nonce is None


def test_serial_numbers_do_not_repeat_and_fit_the_standard(authority: Authority) -> None:
    serials = {parse_reply(authority.answer(request_of())).info.serial for _ in range(50)}
    assert len(serials) == 50
    assert all(0 < serial < 2**160 for serial in serials)


def test_own_policy_may_be_asked_for(authority: Authority) -> None:
    assert parse_reply(authority.answer(request_of(req_policy=DEFAULT_POLICY))).info.policy == DEFAULT_POLICY


def test_policy_of_the_unit_is_kept(tmp_path: Path) -> None:
    create_authority(tmp_path / "tsa", policy="1.3.6.1.4.1.32473.7")
    reply = Authority.load(tmp_path / "tsa").answer(request_of())
    assert parse_reply(reply).info.policy == "1.3.6.1.4.1.32473.7"


def imprint(algorithm: str, digest: bytes) -> dict[str, object]:
    return {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest}


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"message_imprint": imprint("sha1", bytes(20))}, "bad_alg"),
        ({"message_imprint": imprint("md5", bytes(16))}, "bad_alg"),
        ({"message_imprint": imprint("1.2.3.4.5", bytes(32))}, "bad_alg"),
        ({"message_imprint": imprint("sha256", bytes(31))}, "bad_data_format"),
        ({"message_imprint": imprint("sha512", bytes(32))}, "bad_data_format"),
        ({"version": "v2"}, "bad_data_format"),
        ({"req_policy": "1.3.6.1.4.1.32473.7"}, "unaccepted_policy"),
        ({"extensions": [{"extn_id": "1.2.3.4", "extn_value": b"x"}]}, "unaccepted_extensions"),
    ],
)
def test_what_cannot_be_granted_is_refused_with_its_code(
    authority: Authority, tmp_path: Path, changes: dict[str, object], failure: str
) -> None:
    reply = authority.answer(request_of(**changes))
    parsed = parse_reply(reply)
    assert (parsed.status, parsed.info) == (2, None)
    assert failure in parsed.reason
    # Other readers understand the refusal too: its status, and that there is no token.
    (tmp_path / "refusal.tsr").write_bytes(reply)
    assert "Status: Rejected" in openssl("ts", "-reply", "-in", tmp_path / "refusal.tsr", "-text").stdout
    assert decode_timestamp_response(reply).status == 2


def test_every_damaged_request_has_a_reply(authority: Authority) -> None:
    whole = request_of(nonce=2**63, cert_req=True, req_policy=DEFAULT_POLICY)
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [whole[:i] + bytes([whole[i] ^ mask]) + whole[i + 1 :] for i in range(len(whole)) for mask in (1, 0x80)]
    damaged += [
        whole + b"\x00",
        b"",
        b"\x30\x80",
        b"\x30\x84\xff\xff\xff\xff",
        os.urandom(2000),
        b"\x30\x82\x10\x00" * 900,
    ]
    statuses = {parse_reply(authority.answer(request)).status for request in damaged}
    assert statuses == {0, 2}
    assert all(parse_reply(authority.answer(whole[:length])).status == 2 for length in range(len(whole)))


@pytest.mark.parametrize("years", [-1, 16])
def test_clock_outside_the_certificate_gives_no_token(authority: Authority, years: int) -> None:
    wrong = replace(authority, clock=lambda: datetime.now(UTC) + timedelta(days=365 * years))
    parsed = parse_reply(wrong.answer(request_of()))
    assert (parsed.status, parsed.info) == (2, None)
    assert "time_not_available" in parsed.reason


# Its process


def post(server: AuthorityServer, body: bytes, length: str | None) -> bytes:
    address = server.server_address
    with socket.create_connection(address[:2], timeout=60) as connection:
        header = f"Content-Length: {length}\r\n" if length is not None else ""
        connection.sendall(f"POST / HTTP/1.0\r\n{header}\r\n".encode() + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_server_says_when_it_is_well(authority: Authority) -> None:
    with running(authority, "127.0.0.1:0") as server:
        with urllib.request.urlopen(f"{server.url}healthz", timeout=60) as answer:
            assert answer.status == 200
        assert b" 404 " in post(server, b"", None).replace(b" 411 ", b" 404 ")


def test_server_stamps_over_tcp_and_over_a_socket_of_its_user_alone(authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with running(authority, "127.0.0.1:0") as by_port, running(authority, str(path)) as by_path:
        assert request_timestamp(by_port.url, DATA, 5).policy == DEFAULT_POLICY
        assert request_timestamp(by_path.url, DATA, 5).policy == DEFAULT_POLICY
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("length", "status"), [(None, b" 411 "), ("-1", b" 411 "), ("x", b" 411 "), ("1000000000", b" 413 ")]
)
def test_server_refuses_bodies_without_a_sane_length(authority: Authority, length: str | None, status: bytes) -> None:
    with running(authority, "127.0.0.1:0") as server:
        assert status in post(server, b"", length).splitlines()[0]
        assert request_timestamp(server.url, DATA, 5).serial


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:80", "127.0.0.1", "127.0.0.1:http"])
def test_server_binds_to_this_machine_only(authority: Authority, address: str) -> None:
    with pytest.raises(ValueError, match=r"loopback|address"):
        open_authority_server(authority, address)


def test_socket_left_by_a_killed_server_is_replaced_and_a_living_one_is_not(
    authority: Authority, tmp_path: Path
) -> None:
    path = str(tmp_path / "s")
    open_authority_server(authority, path).socket.close()
    with running(authority, path) as server:
        with pytest.raises(OSError, match="in use"):
            open_authority_server(authority, path)
        assert request_timestamp(server.url, DATA, 5).serial


def test_too_long_a_socket_path_is_explained(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="at most 107"):
        open_authority_server(authority, str(tmp_path / ("x" * 120)))
