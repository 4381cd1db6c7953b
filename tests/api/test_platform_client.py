"""The city's platform over HTTP: whatever it does is told within a bounded time, and the token goes nowhere else."""

from __future__ import annotations

import gzip
import ssl
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from api.platform_client import HttpPlatform
from casework.publication.pushing import Message, Told
from tests.platform_receiver import (
    Answer,
    Receiver,
    breaks_off,
    drips,
    goes_on_and_on,
    resets,
    says,
    says_nothing,
    speaks_something_else,
    takes,
)
from tests.ports import find_free_port

MESSAGE = Message(uuid.uuid4(), uuid.uuid4(), uuid.uuid4(), {"party": "张某某"})


@contextmanager
def listening(*answers: Answer, **named: Any) -> Iterator[Receiver]:
    receiver = Receiver(*answers, **named)
    try:
        yield receiver
    finally:
        receiver.close()


def test_a_message_is_one_request_and_its_receipt_is_told() -> None:
    with listening(takes("CQ-7")) as receiver:
        assert receiver.platform().send(MESSAGE) == Told(receipt="CQ-7")
        receiver.platform(token=None).send(MESSAGE)
    first, second = receiver.asked
    assert (first.path, first.body) == (f"/v1/publications/{MESSAGE.publication_id}", {"party": "张某某"})
    assert first.is_whole
    assert first.headers["idempotency-key"] == f'"{MESSAGE.step_id}"'
    assert (first.headers["authorization"], "authorization" in second.headers) == ("Bearer geheim", False)
    assert "geheim" not in repr(receiver.platform())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says(503, b"busy", retry_after="120"), Told(problem="status", detail="HTTP 503: busy", wait_seconds=120)),
        (says(503, b"", retry_after="Sun, 29 Nov 2026 08:00:00 GMT"), Told(problem="status", detail="HTTP 503")),
        (says(401, b"who?"), Told(problem="status", detail="HTTP 401: who?")),
        (says(404), Told(problem="status", detail="HTTP 404")),
        (says(422, "缺少字段\n x\0".encode()), Told(problem="status", detail="HTTP 422: 缺少字段 x", refused=True)),
        (says(409), Told(problem="status", detail="HTTP 409", refused=True)),
        (says(500, b"x" * 5000), Told(problem="status", detail="HTTP 500: " + "x" * 200)),
        (says(200, b"<html>sign in</html>"), Told(problem="no_receipt", detail="HTTP 200")),
        (says(200, b"[" * 60_000), Told(problem="no_receipt", detail="HTTP 200")),
        (says(204), Told(problem="no_receipt", detail="HTTP 204")),
        (says(200, b'{"receipt": ""}'), Told(problem="no_receipt", detail="HTTP 200")),
        (says(200, b'{"receipt": 7}'), Told(problem="no_receipt", detail="HTTP 200")),
        (takes("x" * 201), Told(problem="no_receipt", detail="HTTP 201")),
        (says(200, gzip.compress(b'{"receipt": "1"}')), Told(problem="no_receipt", detail="HTTP 200")),
        (says(200, b"x" * 70_000), Told(problem="too_long")),
        (goes_on_and_on, Told(problem="too_long")),
        (resets, Told(problem="unreachable", detail="ReadError")),
        (breaks_off, Told(problem="unreachable", detail="RemoteProtocolError")),
        (speaks_something_else, Told(problem="unreachable", detail="RemoteProtocolError")),
    ],
)
def test_whatever_goes_wrong_is_told_and_nothing_is_raised(answer: Answer, told: Told) -> None:
    with listening(answer) as receiver:
        assert receiver.platform().send(MESSAGE) == told


@pytest.mark.parametrize("answer", [says_nothing, drips])
def test_a_platform_that_keeps_it_waiting_is_left(answer: Answer) -> None:
    began = time.monotonic()
    with listening(answer) as receiver:
        assert receiver.platform(timeout_seconds=0.5).send(MESSAGE) == Told(problem="no_answer")
        assert time.monotonic() - began < 5


def test_nobody_there_is_told() -> None:
    nobody = HttpPlatform(f"http://127.0.0.1:{find_free_port()}", "geheim")
    assert nobody.send(MESSAGE) == Told(problem="unreachable", detail="ConnectError")
    assert HttpPlatform("http://[::1", "geheim").send(MESSAGE).problem == "unreachable"


def test_a_redirect_is_not_followed() -> None:
    with listening(takes()) as elsewhere, listening(says(307, b"", location=elsewhere.url)) as receiver:
        assert receiver.platform().send(MESSAGE) == Told(problem="status", detail="HTTP 307")
    assert elsewhere.asked == []


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(takes("direct")) as receiver, listening(takes("by a proxy")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert receiver.platform().send(MESSAGE).receipt == "direct"


@pytest.mark.parametrize("token", ["geheim-1", "geheim\r\nX-More: 1", "geheim密"])
def test_the_token_is_in_nothing_that_is_told(token: str) -> None:
    """Neither where the platform repeats it, nor where the library names the header that it will not send."""
    with listening(says(403, f"bad token {token}".encode())) as receiver:
        told = receiver.platform(token=token).send(MESSAGE)
    assert told.problem in ("status", "unreachable")
    assert "geheim" not in repr(told)


def own_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate that is its own root."""
    key, name = generate_private_key(SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "platform")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    certificate, private = folder / "platform.pem", folder / "platform.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context, certificate


def test_a_certificate_has_to_hold_against_the_roots_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, root = own_certificate(tmp_path)
    with listening(takes("sealed"), tls=context) as receiver:
        told = receiver.platform().send(MESSAGE)
        assert (told.problem, told.receipt) == ("untrusted", None)
        assert receiver.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(root))
        assert receiver.platform().send(MESSAGE).receipt == "sealed"
