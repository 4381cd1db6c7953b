"""Signatures over requests: a strict profile of RFC 9421 with Ed25519 (docs/decisions/0007-station-signatures.md).

    Signature-Input: liuhen=("@method" "@authority" "@path" …);created=1618884473;nonce="…";keyid="…";alg="ed25519"
    Signature: liuhen=:…:

One signature a request. It covers method, authority, path and query, and whichever of COVERED_WHEN_PRESENT the request
has, so that nothing that steers an upload can be changed or added. Pure functions: who may use which key, and whether a
nonce was seen before, is for their callers (ingest/stations/authentication.py).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingest.stations.credential import PresentedCredential
from ingest.stations.errors import SignatureRefused, SignatureStale
from integrity.errors import SignatureInvalid
from integrity.keys import PublicKey, SigningKey

ALLOWED_SKEW = timedelta(minutes=5)
"""How far `created` may be from the server's clock, either way."""

COVERED_ALWAYS = ("@method", "@authority", "@path")
COVERED_WHEN_PRESENT = (
    "content-digest", "content-length", "content-type", "idempotency-key", "upload-checksum", "upload-concat",
    "upload-defer-length", "upload-length", "upload-metadata", "upload-offset", "x-http-method-override",
)  # fmt: skip

_LABEL = "liuhen"
_MOST_COMPONENTS = 32
_LARGEST_INPUT = 4096
_COMPONENT = r'"@?[a-z][a-z0-9-]*"'
_STRING = r'"[ !#-\[\]-~]*"'
# Only the one spelling that RFC 9421 serialises to: what was signed is then this text, byte for byte.
_INPUT = re.compile(
    rf"(?P<label>[a-z*][a-z0-9_.*-]*)="
    rf"(?P<parameters>\((?P<covered>(?:{_COMPONENT}(?: {_COMPONENT})*)?)\)(?P<rest>(?:;[a-z]+=(?:[0-9]+|{_STRING}))*))"
)
_PARAMETER = re.compile(rf";([a-z]+)=([0-9]+|{_STRING})")
_NONCE = re.compile(r"[A-Za-z0-9+/=_-]{16,64}")
_KEY_ID = re.compile(r"[0-9a-f]{64}")
_DEFAULT_PORT = re.compile(r":(?:80|443)$")


@dataclass(frozen=True)
class RequestSignature:
    """What a request says of its own signature, not proved yet. `parameters` is the text that was signed."""

    key_id: str
    created: datetime
    nonce: str
    covered: tuple[str, ...]
    parameters: str
    value: bytes


def sign_request(
    request: PresentedCredential, key: SigningKey, created: datetime, nonce: str | None = None
) -> dict[str, str]:
    """The two headers that prove `request` to be of the holder of `key`; every header it will be sent with is in it.

    `created` is by the server's clock as far as the caller knows it. A request that is sent again is signed again: the
    nonce, random when none is given, counts once.
    """
    present = [name for name in COVERED_WHEN_PRESENT if name in request.headers]
    covered = (*COVERED_ALWAYS, *(("@query",) if "?" in request.target else ()), *present)
    components = " ".join(f'"{name}"' for name in covered)
    parameters = (
        f'({components});created={int(created.timestamp())};nonce="{nonce or secrets.token_urlsafe(24)}"'
        f';keyid="{key.key_id}";alg="ed25519"'
    )
    value = base64.b64encode(key.sign(signature_base(request, covered, parameters))).decode()
    return {"Signature-Input": f"{_LABEL}={parameters}", "Signature": f"{_LABEL}=:{value}:"}


def read_signature(presented: PresentedCredential) -> RequestSignature | None:
    """The signature a request carries, None when it carries none. Raises SignatureRefused outside the profile."""
    stated = presented.headers.get("signature-input")
    if stated is None:
        return None
    match = _INPUT.fullmatch(stated) if len(stated) <= _LARGEST_INPUT else None
    if match is None:
        raise SignatureRefused("Signature-Input is not one signature in its canonical form")
    covered = tuple(name.strip('"') for name in match["covered"].split())
    _require_covered(presented, covered)
    parameters = _read_parameters(match["rest"])
    return RequestSignature(
        key_id=_matching(parameters, "keyid", _KEY_ID),
        created=_instant(parameters.get("created", "")),
        nonce=_matching(parameters, "nonce", _NONCE),
        covered=covered,
        parameters=match["parameters"],
        value=_read_value(presented.headers.get("signature", ""), match["label"]),
    )


def verify_request(presented: PresentedCredential, signature: RequestSignature, key: PublicKey) -> None:
    """Check that the holder of `key` signed this request as it came. Raises SignatureRefused."""
    try:
        key.verify(signature.value, signature_base(presented, signature.covered, signature.parameters), "request")
    except SignatureInvalid as error:
        raise SignatureRefused("the signature is not of this request by this key") from error


def check_age(signature: RequestSignature, now: datetime) -> None:
    """Raises SignatureStale for one made too long ago, or too far ahead, to be told from a replay."""
    if abs(now - signature.created) > ALLOWED_SKEW:
        raise SignatureStale(signature.created, now)


def signature_base(request: PresentedCredential, covered: tuple[str, ...], parameters: str) -> bytes:
    """The bytes that are signed (RFC 9421, 2.5). Raises SignatureRefused for a component that cannot be told."""
    lines = [f'"{name}": {_value_of(request, name)}' for name in covered]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode("ascii")


def content_digest(body: bytes) -> str:
    """Content-Digest of a body (RFC 9530), which a signed request with a JSON body states."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def check_content(headers: Mapping[str, str], body: bytes) -> None:
    """Check that a signed request's body is the one it states. Raises SignatureRefused."""
    if headers.get("content-digest", "").strip() != content_digest(body):
        raise SignatureRefused("Content-Digest is not the SHA-256 of the body")


def _value_of(request: PresentedCredential, name: str) -> str:
    path, question_mark, query = request.target.partition("?")
    derived = {
        "@method": request.method,
        # The scheme is not known behind a proxy that ends TLS: either default port counts as none.
        "@authority": _DEFAULT_PORT.sub("", request.authority.strip().lower()),
        "@path": path or "/",
        "@query": f"?{query}",
    }
    value = derived.get(name) if name.startswith("@") else request.headers.get(name)
    if value is None or (name == "@query" and not question_mark):
        raise SignatureRefused(f"{name} is covered, but the request has none that this archive reads")
    if not value.isascii() or not value.replace("\t", " ").isprintable():
        raise SignatureRefused(f"{name} is covered and not plain ASCII")
    return value.strip()


def _require_covered(presented: PresentedCredential, covered: tuple[str, ...]) -> None:
    if len(covered) > _MOST_COMPONENTS or len(set(covered)) < len(covered):
        raise SignatureRefused("a component is covered twice, or too many are")
    wanted = {*COVERED_ALWAYS, *(name for name in COVERED_WHEN_PRESENT if name in presented.headers)}
    if "?" in presented.target:
        wanted.add("@query")
    missing = sorted(wanted.difference(covered))
    if missing:
        raise SignatureRefused(f"not covered: {', '.join(missing)}")


def _read_parameters(text: str) -> dict[str, str]:
    pairs = _PARAMETER.findall(text)
    parameters = {name: value.strip('"') for name, value in pairs}
    if len(parameters) < len(pairs):
        raise SignatureRefused("a parameter comes twice")
    if parameters.get("alg", "ed25519") != "ed25519":
        raise SignatureRefused("the algorithm is ed25519")
    if unknown := sorted(parameters.keys() - {"alg", "created", "keyid", "nonce", "tag"}):
        raise SignatureRefused(f"a parameter this archive does not judge: {', '.join(unknown)}")
    return parameters


def _matching(parameters: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = parameters.get(name, "")
    if not pattern.fullmatch(value):
        raise SignatureRefused(f"{name} is missing or not usable")
    return value


def _instant(text: str) -> datetime:
    if not re.fullmatch(r"[0-9]{1,11}", text):
        raise SignatureRefused("created is missing or not usable")
    return datetime.fromtimestamp(int(text), UTC)


def _read_value(text: str, label: str) -> bytes:
    stated, _, encoded = text.strip().partition("=:")
    if stated != label or not encoded.endswith(":"):
        raise SignatureRefused(f"Signature has no member {label} and nothing else")
    try:
        return base64.b64decode(encoded[:-1], validate=True)
    except ValueError as error:  # of text that is not ASCII it is no binascii.Error
        raise SignatureRefused("Signature is not Base64") from error
