"""Asking for time stamps and checking them, against real servers: ours, and some that misbehave."""

from __future__ import annotations

import hashlib
import http.server
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp

from integrity.authority import DEFAULT_POLICY, Authority, create_authority
from integrity.digest import Digest
from integrity.errors import AuthorityUnreachable, EvidenceError, TimestampInvalid, TimestampRefused
from integrity.timestamp import (
    TimestampToken,
    TimestampTrust,
    certificate_fingerprint,
    read_timestamp,
    request_timestamp,
    verify_timestamp,
)
from integrity.timestamp_messages import encode_refusal, encode_request, parse_request
from tests.servers import ServingThread

DATA = b"a DSSE file"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return create_authority(tmp_path_factory.mktemp("authority") / "tsa")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return create_authority(tmp_path_factory.mktemp("stranger") / "tsa")


def trust_of(*authorities: Authority) -> TimestampTrust:
    fingerprints = tuple(each.fingerprint for each in authorities)
    return TimestampTrust(tuple(each.root for each in authorities), fingerprints, DEFAULT_POLICY)


def stamp(authority: Authority, data: bytes = DATA) -> bytes:
    return authority.answer(encode_request(hashlib.sha256(data).digest(), nonce=7))


Answer = Callable[[bytes], tuple[int, bytes]]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A real HTTP server that answers as told, and the URL it is at."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    with ServingThread(server):
        yield f"http://127.0.0.1:{server.server_address[1]}/tsa?kind=rfc3161"


# Asking


def test_granted_token_carries_time_serial_and_policy(authority: Authority) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with answering(lambda request: (200, authority.answer(request))) as url:
        token = request_timestamp(url, DATA, 5)
    assert before <= token.gen_time <= datetime.now(UTC)
    assert token == read_timestamp(token.der) == verify_timestamp(token.der, DATA, trust_of(authority))
    assert token.policy == DEFAULT_POLICY


def test_request_asks_for_certificate_and_sends_a_fresh_nonce_and_the_sha256_of_the_data(authority: Authority) -> None:
    seen = []
    with answering(lambda request: (200, (seen.append(request), authority.answer(request))[1])) as url:
        for _ in range(3):
            request_timestamp(url, DATA, 5)
    requests = [parse_request(request) for request in seen]
    assert len({request.nonce for request in requests}) == 3
    for request in requests:
        assert request.wants_certificate
        assert (request.imprint_algorithm, request.imprint) == ("sha256", hashlib.sha256(DATA).digest())


def test_refusal_is_reported_with_status_and_reason() -> None:
    refusal = encode_refusal("time_not_available", "the clock is being set")
    with answering(lambda request: (200, refusal)) as url, pytest.raises(TimestampRefused) as caught:
        request_timestamp(url, DATA, 5)
    assert (caught.value.url, caught.value.status) == (url, 2)
    assert "the clock is being set" in caught.value.reason
    assert "time_not_available" in caught.value.reason


def test_reply_over_other_data_is_refused(authority: Authority) -> None:
    def stamp_other(request: bytes) -> tuple[int, bytes]:
        return 200, authority.answer(encode_request(bytes(32), parse_request(request).nonce))

    with answering(stamp_other) as url, pytest.raises(TimestampInvalid, match="other data"):
        request_timestamp(url, DATA, 5)


def test_old_reply_played_again_is_refused(authority: Authority) -> None:
    recorded = stamp(authority)
    with answering(lambda request: (200, recorded)) as url, pytest.raises(TimestampInvalid, match="nonce"):
        request_timestamp(url, DATA, 5)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"down"),
        (302, b""),
        (404, b"<html>"),
        (200, b""),
        (200, b"<html>no authority here</html>"),
        (200, b"\x30" * 4000),
        (200, bytes(2 << 20)),
    ],
)
def test_what_is_no_rfc3161_reply_counts_as_unreachable(status: int, body: bytes) -> None:
    with answering(lambda request: (status, body)) as url, pytest.raises(AuthorityUnreachable) as caught:
        request_timestamp(url, DATA, 5)
    assert caught.value.url == url


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "unix:///nowhere/tsa.sock", "ftp://host/", "tsa.example", "", "http://[::1", "unix:"]
)
def test_address_that_nobody_answers_at_is_named(url: str) -> None:
    with pytest.raises(AuthorityUnreachable) as caught:
        request_timestamp(url, DATA, 1)
    assert caught.value.url == url


def test_silent_authority_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(AuthorityUnreachable, match=r"within 0\.3 s"):
            request_timestamp(f"http://127.0.0.1:{silent.getsockname()[1]}/", DATA, 0.3)


def test_dripping_authority_is_given_up_after_the_timeout() -> None:
    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            # Without end: whoever counts from each byte anew never gives up.
            with suppress(OSError):
                while True:
                    time.sleep(0.05)
                    connection.sendall(b"\x30")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        with pytest.raises(AuthorityUnreachable, match=r"within 0\.5 s"):
            request_timestamp(f"http://127.0.0.1:{listener.getsockname()[1]}/", DATA, 0.5)
        thread.join()


# Checking


def test_token_over_other_data_does_not_hold(authority: Authority) -> None:
    with pytest.raises(TimestampInvalid, match=r"manifest/1\.tsr"):
        verify_timestamp(stamp(authority), b"other", trust_of(authority), "manifest/1.tsr")


def test_token_of_an_authority_that_is_not_pinned_does_not_hold(authority: Authority, stranger: Authority) -> None:
    with pytest.raises(TimestampInvalid, match="not pinned"):
        verify_timestamp(stamp(stranger), DATA, trust_of(authority))


def test_pinned_certificate_under_a_root_that_is_not_pinned_does_not_hold(
    authority: Authority, stranger: Authority
) -> None:
    trust = replace(trust_of(authority), tsa_fingerprints=(stranger.fingerprint,))
    with pytest.raises(TimestampInvalid):
        verify_timestamp(stamp(stranger), DATA, trust)


def test_certificate_that_is_not_pinned_under_a_pinned_root_does_not_hold(authority: Authority) -> None:
    trust = replace(trust_of(authority), tsa_fingerprints=(Digest("sha256", bytes(32)),))
    with pytest.raises(TimestampInvalid, match="not pinned"):
        verify_timestamp(stamp(authority), DATA, trust)


def test_token_under_another_policy_does_not_hold(authority: Authority) -> None:
    with pytest.raises(TimestampInvalid, match=r"[Pp]olicy"):
        verify_timestamp(stamp(authority), DATA, replace(trust_of(authority), policy="1.2.3.4"))


def test_two_authorities_can_be_pinned_side_by_side(authority: Authority, stranger: Authority) -> None:
    both = trust_of(authority, stranger)
    for each in (authority, stranger):
        assert verify_timestamp(stamp(each), DATA, both).policy == DEFAULT_POLICY


def test_token_outlives_its_certificate_because_it_is_judged_at_its_own_time(authority: Authority) -> None:
    near_the_end = authority.certificate.not_valid_after_utc - timedelta(hours=1)
    token = verify_timestamp(stamp(replace(authority, clock=lambda: near_the_end)), DATA, trust_of(authority))
    assert token.gen_time == near_the_end


def test_refusal_kept_in_place_of_a_token_does_not_hold(authority: Authority) -> None:
    with pytest.raises(TimestampInvalid, match="refusal"):
        verify_timestamp(encode_refusal("bad_alg", "no"), DATA, trust_of(authority))


def test_token_without_its_certificate_does_not_hold(authority: Authority) -> None:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(DATA).digest()}
    bare = authority.answer(tsp.TimeStampReq({"version": "v1", "message_imprint": imprint}).dump())
    with pytest.raises(TimestampInvalid, match="0 certificates"):
        verify_timestamp(bare, DATA, trust_of(authority))


def test_no_flipped_byte_of_a_token_makes_it_say_something_else(authority: Authority) -> None:
    """Bytes that nothing signs (the reply's status words, say) may flip unseen; what the token says may not change."""
    der = stamp(authority)
    said = read_timestamp(der)
    found = 0
    for position in range(len(der)):
        damaged = der[:position] + bytes([der[position] ^ 0x01]) + der[position + 1 :]
        try:
            still: TimestampToken = verify_timestamp(damaged, DATA, trust_of(authority))
        except TimestampInvalid:
            found += 1
            continue
        assert (still.gen_time, still.serial, still.policy) == (said.gen_time, said.serial, said.policy), position
    assert found > 0.9 * len(der)


@pytest.mark.parametrize("der", [b"", b"\x00", b"\x30\x03\x02\x01\x00", b"\x30\x80\x00\x00", b"{}" * 500])
def test_bytes_that_are_no_reply_are_an_error_of_ours(authority: Authority, der: bytes) -> None:
    with pytest.raises(EvidenceError):
        verify_timestamp(der, DATA, trust_of(authority))


def test_fingerprint_is_the_one_openssl_prints(tmp_path: Path) -> None:
    made = create_authority(tmp_path / "tsa")
    command = ["openssl", "x509", "-in", str(tmp_path / "tsa/tsa.pem"), "-noout", "-fingerprint", "-sha256"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert printed.strip().partition("=")[2].replace(":", "").lower() == certificate_fingerprint(made.certificate).hex
