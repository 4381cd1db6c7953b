"""A proxy in front: believed when it is named, ignored from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from api.http.app import create_app
from api.http.proxies import certificate_sha256
from api.settings import Settings, load_settings
from ingest.stations.codes import enrol_with_code, issue_station_code, register_station
from ingest.stations.keys import bind_certificate, replace_key
from integrity.keys import SigningKey
from storage.catalog.signin import SignInFailure
from storage.ledger.append import Actor

HEADER = "Client-Cert"
ADMIN = Actor.system("admin")


@pytest.fixture(scope="module")
def certificate() -> x509.Certificate:
    key, name = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "station")])
    now = datetime.now(UTC)
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=1))
    return unsigned.sign(key, None)


@pytest.fixture
def behind(served: Any, request: Any) -> Iterator[Any]:
    """The same archive, served by a process that trusts the proxies of the test's parameter."""
    settings = served.archive.settings.model_copy(
        update={"trusted_proxies": (ip_network(request.param),), "client_certificate_header": HEADER.lower()}
    )
    server = type(served._server)(create_app(replace(served.answering, settings=settings)))
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client
    server.close()


def forms_of(certificate: x509.Certificate) -> dict[str, str]:
    der = certificate.public_bytes(Encoding.DER)
    digest = hashlib.sha256(der).hexdigest()
    colons = ":".join(digest[start : start + 2] for start in range(0, 64, 2)).upper()
    pem = quote(certificate.public_bytes(Encoding.PEM).decode())
    return {"rfc9440": f":{base64.b64encode(der).decode()}:", "nginx": pem, "hex": digest, "openssl": colons}


def test_a_certificate_is_known_by_its_digest_however_the_proxy_writes_it(certificate: x509.Certificate) -> None:
    expected = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    assert [certificate_sha256(form.encode()) for form in forms_of(certificate).values()] == [expected] * 4
    for nonsense in ("", ":", "ab" * 20, ":!!:", ":AAA:", "-----BEGIN CERTIFICATE-----"):
        assert certificate_sha256(nonsense.encode()) is None


def sign_in(client: httpx.Client, **headers: str) -> None:
    form = {"sign_in_name": "nobody", "password": "not the password"}
    assert client.post("/api/v1/session", json=form, headers=headers).status_code == 401


def addresses_counted(served: Any) -> list[str]:
    with served.database.reading() as session:
        return list(session.scalars(select(SignInFailure.address).order_by(SignInFailure.id)))


@pytest.mark.parametrize("behind", ["127.0.0.0/8"], indirect=True)
def test_a_named_proxy_is_believed(served: Any, behind: httpx.Client, certificate: x509.Certificate) -> None:
    # The last address that is no proxy of ours: what stands before it anybody may have written.
    sign_in(behind, **{"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 127.0.0.2"})
    sign_in(behind, **{"X-Forwarded-For": "nonsense"})
    assert addresses_counted(served) == ["203.0.113.9", "127.0.0.1"]
    for scheme, secure in [("https", True), ("http", False), ("gopher", False)]:
        answer = behind.get("/language/en", headers={"X-Forwarded-Proto": scheme})
        assert ("Secure" in answer.headers["set-cookie"]) is secure

    unit = served.unit()
    administrator, station = served.signed_in(unit, "administrator"), served.station(unit)
    fingerprint = forms_of(certificate)["hex"]
    address = f"/api/v1/stations/{station.id}/certificate"
    assert administrator.post(address, json={"sha256": fingerprint}).json()["certificate_sha256"] == fingerprint
    bearer = {"Authorization": f"Bearer {station.token}"}
    receipt = f"/api/v1/uploads/{'0' * 32}/receipt"

    def status(*pairs: tuple[str, str]) -> int:
        return behind.get(receipt, headers=list(pairs)).status_code

    # 404: let in, and there is no such upload. Both are needed: neither the token nor the certificate will do alone.
    for form in forms_of(certificate).values():
        assert status((HEADER, form)) == 401
        assert status((HEADER, form), *bearer.items()) == 404
    creation = {"Tus-Resumable": "1.0.0", "Upload-Length": "20"}
    assert behind.post("/uploads", headers={**creation, HEADER: fingerprint}).status_code == 401
    assert behind.post("/uploads", headers={**creation, **bearer}).status_code == 401
    assert behind.post("/uploads", headers={**creation, **bearer, HEADER: fingerprint}).status_code == 201
    assert status(*bearer.items()) == 401
    assert status((HEADER, "ab" * 32), *bearer.items()) == 401
    assert status((HEADER, "ab" * 32)) == 401
    # Two of them: one is not the proxy's.
    assert status((HEADER, fingerprint), (HEADER, fingerprint)) == 401
    # The archive's other process trusts no proxy: there the header is nobody's word.
    assert served.caller().get(receipt, headers={HEADER: fingerprint}).status_code == 401
    other = served.station(unit)
    taken = administrator.post(f"/api/v1/stations/{other.id}/certificate", json={"sha256": fingerprint})
    assert taken.json()["type"] == "urn:liuhen:problem:taken"
    assert administrator.post(address, json={"sha256": None}).json()["certificate_sha256"] is None
    assert status(*bearer.items()) == 404


@pytest.mark.parametrize("behind", ["127.0.0.0/8"], indirect=True)
def test_a_certificate_alone_does_until_a_key_is_enrolled(
    served: Any, behind: httpx.Client, certificate: x509.Certificate
) -> None:
    unit, now = served.unit(), datetime.now(UTC)
    fingerprint = forms_of(certificate)["hex"]
    with served.database.transaction() as session:
        station = register_station(session, ADMIN, unit.id, "只凭证书")
        bind_certificate(session, ADMIN, station.id, bytes.fromhex(fingerprint))
        station_id = station.id
    receipt, alone = f"/api/v1/uploads/{'0' * 32}/receipt", {HEADER: fingerprint}
    creation = {"Tus-Resumable": "1.0.0", "Upload-Length": "20", **alone}
    assert behind.get(receipt, headers=alone).status_code == 404
    assert behind.post("/uploads", headers=creation).status_code == 201
    with served.database.transaction() as session:
        code, _ = issue_station_code(session, ADMIN, station_id, now, timedelta(hours=1))
    assert behind.get(receipt, headers=alone).status_code == 404  # shown, but not used yet
    key = SigningKey.generate()
    with served.database.transaction() as session:
        enrol_with_code(session, code, key.public, now)
    assert behind.get(receipt, headers=alone).status_code == 401
    assert behind.post("/uploads", headers=creation).status_code == 401
    with served.database.transaction() as session:
        replace_key(session, station_id, key.key_id, SigningKey.generate().public, now)
    assert behind.get(receipt, headers=alone).status_code == 401


@pytest.mark.parametrize("behind", ["10.0.0.0/8"], indirect=True)
def test_whoever_is_not_named_is_not_believed(served: Any, behind: httpx.Client, certificate: x509.Certificate) -> None:
    sign_in(behind, **{"X-Forwarded-For": "203.0.113.9"})
    assert addresses_counted(served) == ["127.0.0.1"]
    assert "Secure" not in behind.get("/language/en", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    unit = served.unit()
    administrator, station = served.signed_in(unit, "administrator"), served.station(unit)
    fingerprint = forms_of(certificate)["hex"]
    administrator.post(f"/api/v1/stations/{station.id}/certificate", json={"sha256": fingerprint})
    headers = {HEADER: fingerprint, "Authorization": f"Bearer {station.token}"}
    assert behind.get(f"/api/v1/uploads/{'0' * 32}/receipt", headers=headers).status_code == 401
    creation = {"Tus-Resumable": "1.0.0", "Upload-Length": "20", **headers}
    assert behind.post("/uploads", headers=creation).status_code == 401


def test_the_settings_name_proxies_as_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/28 fd00::/8")
    monkeypatch.setenv("LIUHEN_CLIENT_CERTIFICATE_HEADER", "Client-Cert")
    settings = load_settings()
    assert settings.trusted_proxies == (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/28"), ip_network("fd00::/8"))
    assert settings.client_certificate_header == "client-cert"
    assert Settings().trusted_proxies == settings.trusted_proxies
