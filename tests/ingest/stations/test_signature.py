"""Signed requests: the RFC's own example, another implementation's opinion, and everything an attacker may change."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import http_message_signatures
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ingest.stations.credential import PresentedCredential
from ingest.stations.errors import SignatureRefused, SignatureStale
from ingest.stations.signature import (
    ALLOWED_SKEW,
    check_age,
    check_content,
    content_digest,
    read_signature,
    sign_request,
    signature_base,
    verify_request,
)
from integrity.keys import SigningKey, load_public_key

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEY = SigningKey.generate()

# RFC 9421, appendix B.1.4 (the key), B.2 (the request) and B.2.6 (its signature).
RFC_PRIVATE = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
RFC_PUBLIC = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
RFC_REQUEST = PresentedCredential(
    "POST",
    "/foo?param=Value&Pet=dog",
    "example.com",
    {
        "host": "example.com",
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-digest": "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm"
        "+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        "content-length": "18",
    },
)
RFC_COVERED = ("date", "@method", "@path", "@authority", "content-type", "content-length")
RFC_PARAMETERS = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
RFC_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="


def upload(**changes: Any) -> PresentedCredential:
    headers = {
        "host": "archive.test",
        "upload-offset": "100",
        "content-length": "5",
        "content-type": "application/offset+octet-stream",
        "upload-checksum": "sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
    }
    return replace(PresentedCredential("PATCH", "/uploads/" + "a" * 32, "archive.test", headers), **changes)


def signed(request: PresentedCredential, key: SigningKey = KEY, created: datetime = NOW) -> PresentedCredential:
    return with_headers(request, **sign_request(request, key, created))


def with_headers(request: PresentedCredential, **headers: str | None) -> PresentedCredential:
    changed = {**request.headers, **{name.lower().replace("_", "-"): value for name, value in headers.items()}}
    return replace(request, headers={name: value for name, value in changed.items() if value is not None})


def check(request: PresentedCredential, key: SigningKey = KEY) -> None:
    signature = read_signature(request)
    assert signature is not None
    verify_request(request, signature, key.public)


def test_the_example_of_the_rfc_comes_out_byte_for_byte() -> None:
    base = signature_base(RFC_REQUEST, RFC_COVERED, RFC_PARAMETERS)
    assert base.decode() == (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n'
        f'"content-type": application/json\n"content-length": 18\n"@signature-params": {RFC_PARAMETERS}'
    )
    private = load_pem_private_key(RFC_PRIVATE, password=None)
    assert base64.b64encode(SigningKey(private).sign(base)).decode() == RFC_SIGNATURE  # type: ignore[arg-type]
    load_public_key(RFC_PUBLIC).verify(base64.b64decode(RFC_SIGNATURE), base, "the RFC's example")


def test_the_example_of_the_rfc_is_outside_the_profile_all_the_same() -> None:
    request = with_headers(
        RFC_REQUEST, signature_input=f"sig-b26={RFC_PARAMETERS}", signature=f"sig-b26=:{RFC_SIGNATURE}:"
    )
    with pytest.raises(SignatureRefused, match="not covered: @query, content-digest"):
        read_signature(request)


def test_what_is_signed_verifies_and_says_by_whom_and_when() -> None:
    request = signed(upload())
    signature = read_signature(request)
    assert signature is not None
    assert (signature.key_id, signature.created) == (KEY.key_id, NOW)
    verify_request(request, signature, KEY.public)
    assert read_signature(signed(upload())).nonce != signature.nonce  # type: ignore[union-attr]


def test_a_request_without_a_signature_has_none() -> None:
    assert read_signature(upload()) is None


class Resolver(http_message_signatures.HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> bytes:
        return KEY.private_pem()

    def resolve_public_key(self, key_id: str) -> bytes:
        return KEY.public.pem


def as_a_message(request: PresentedCredential) -> Any:
    """As the other implementation takes a request."""
    return SimpleNamespace(
        method=request.method, url=f"https://{request.authority}{request.target}", headers=dict(request.headers)
    )


@pytest.mark.parametrize("target", ["/uploads", "/api/v1/station-reports?a=1&b=%E7%95%99"])
def test_another_implementation_accepts_what_we_sign(target: str) -> None:
    request = with_headers(upload(target=target), **sign_request(upload(target=target), KEY, datetime.now(UTC)))
    verifier = http_message_signatures.HTTPMessageVerifier(
        signature_algorithm=http_message_signatures.algorithms.ED25519, key_resolver=Resolver()
    )
    message = as_a_message(request)
    message.headers = {name.title(): value for name, value in message.headers.items()}
    results = verifier.verify(message)
    assert [result.parameters["keyid"] for result in results] == [KEY.key_id]
    assert '"@method"' in results[0].covered_components


def test_we_accept_what_another_implementation_signs() -> None:
    signer = http_message_signatures.HTTPMessageSigner(
        signature_algorithm=http_message_signatures.algorithms.ED25519, key_resolver=Resolver()
    )
    message = as_a_message(upload())
    signer.sign(
        message,
        key_id=KEY.key_id,
        created=NOW,
        nonce="0123456789abcdef",
        label="theirs",
        covered_component_ids=["@method", "@authority", "@path", *sorted(set(upload().headers) - {"host"})],
    )
    request = with_headers(
        upload(),
        signature_input=message.headers["Signature-Input"],
        signature=message.headers["Signature"],
    )
    check(request)


@pytest.mark.parametrize(
    "tampered",
    [
        {"method": "DELETE"},
        {"target": "/uploads/" + "b" * 32},
        {"authority": "other.test"},
    ],
)
def test_another_request_is_not_what_was_signed(tampered: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused, match="not of this request"):
        check(replace(signed(upload()), **tampered))


@pytest.mark.parametrize("name", sorted(set(upload().headers) - {"host"}))
def test_a_header_that_was_changed_or_taken_away_is_seen(name: str) -> None:
    request = signed(upload())
    with pytest.raises(SignatureRefused, match="not of this request"):
        check(with_headers(request, **{name: request.headers[name] + "0"}))
    with pytest.raises(SignatureRefused, match=f"{name} is covered, but"):
        check(with_headers(request, **{name: None}))


@pytest.mark.parametrize("name", ["upload-length", "upload-metadata", "x-http-method-override", "content-digest"])
def test_a_header_that_was_added_is_seen(name: str) -> None:
    with pytest.raises(SignatureRefused, match=f"not covered: {name}"):
        check(with_headers(signed(upload()), **{name: "1"}))


def test_a_query_that_was_added_or_taken_away_is_seen() -> None:
    with pytest.raises(SignatureRefused, match="not covered: @query"):
        check(replace(signed(upload()), target=upload().target + "?x"))
    with pytest.raises(SignatureRefused, match="@query is covered, but"):
        check(replace(signed(upload(target="/uploads?x")), target="/uploads"))


def test_another_key_is_seen() -> None:
    with pytest.raises(SignatureRefused, match="not of this request"):
        check(signed(upload()), SigningKey.generate())


@pytest.mark.parametrize("change", ["created=1772600768", 'nonce="bbbbbbbbbbbbbbbbbbbb"'])
def test_neither_time_nor_nonce_can_be_replaced(change: str) -> None:
    request = signed(upload())
    name = change.partition("=")[0]
    stated = re.sub(rf';{name}=("[^"]*"|[0-9]+)', f";{change}", request.headers["signature-input"])
    assert stated != request.headers["signature-input"]
    with pytest.raises(SignatureRefused, match="not of this request"):
        check(with_headers(request, signature_input=stated))


@pytest.mark.parametrize(
    "stated",
    [
        "",
        "liuhen",
        "liuhen=()",
        'liuhen=("@method");created=1',
        'liuhen=("@method" "@authority" "@path" );created=1',
        'liuhen=("@method"  "@authority");created=1',
        'liuhen=("@method";req "@authority" "@path");created=1',
        'a=("@method");created=1, b=("@method");created=1',
        'liuhen=("@method" "@method" "@authority" "@path");created=1',
        "liuhen=(" + " ".join(['"@method"'] * 2000) + ")",
        "liuhen=(" + '"@method" ' * 30 + "!",
        "\x00",
    ],
)
def test_any_other_form_is_refused_and_soon(stated: str) -> None:
    request = signed(upload())
    with pytest.raises(SignatureRefused):
        read_signature(with_headers(request, signature_input=stated))


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (';alg="ed25519"', ';alg="hmac-sha256"'),
        (';alg="ed25519"', ";expires=9999999999"),
        (";created=", ";created=1;created="),
        (";created=[0-9]+", ""),
        (";created=[0-9]+", ";created=999999999999"),
        (";nonce=[^;]*", ""),
        (";nonce=[^;]*", ';nonce="short"'),
        (";keyid=[^;]*", ""),
        (";keyid=[^;]*", ';keyid="../../etc"'),
    ],
)
def test_parameters_outside_the_profile_are_refused(found: str, put: str) -> None:
    request = signed(upload())
    stated = re.sub(found, put, request.headers["signature-input"])
    assert stated != request.headers["signature-input"]
    with pytest.raises(SignatureRefused):
        read_signature(with_headers(request, signature_input=stated))


@pytest.mark.parametrize(
    "value", [None, "", "other=:AAAA:", "liuhen=:A:", "liuhen=:\xe9:", "liuhen=:AAAA", "liuhen=:AAAA:, b=:AAAA:"]
)
def test_a_signature_that_is_none_is_refused(value: str | None) -> None:
    with pytest.raises(SignatureRefused):
        check(with_headers(signed(upload()), signature=value))


def test_a_header_cannot_smuggle_a_line_into_what_is_signed() -> None:
    for value in ("1\nupload-length: 2", "中"):
        with pytest.raises(SignatureRefused, match="not plain ASCII"):
            sign_request(with_headers(upload(), upload_metadata=value), KEY, NOW)


def test_a_default_port_counts_as_none() -> None:
    check(replace(signed(upload()), authority="Archive.test:443"))
    with pytest.raises(SignatureRefused):
        check(replace(signed(upload()), authority="archive.test:8443"))


def test_its_age_is_told_from_the_server_s_clock() -> None:
    signature = read_signature(signed(upload()))
    assert signature is not None
    for offset in (-ALLOWED_SKEW, timedelta(0), ALLOWED_SKEW):
        check_age(signature, NOW + offset)
    for offset in (-ALLOWED_SKEW, ALLOWED_SKEW):
        with pytest.raises(SignatureStale) as caught:
            check_age(signature, NOW + offset * 1.01)
        assert caught.value.server_time == NOW + offset * 1.01


def test_a_body_is_bound_by_its_digest() -> None:
    body = b'{"hello": "world"}'
    # RFC 9530, appendix B.1, has this digest of these bytes with a line end.
    assert content_digest(body + b"\n") == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    check_content({"content-digest": content_digest(body)}, body)
    for headers in ({"content-digest": content_digest(body + b" ")}, {}):
        with pytest.raises(SignatureRefused):
            check_content(headers, body)
