"""Time stamps (RFC 3161): asking an authority for one, and checking one against what was pinned beforehand.

A token is kept as the authority's whole reply, verbatim, because that is what `openssl ts -verify -in`, cosign and
rfc3161-client read. What the token covers is up to the caller; a recording's covers its whole DSSE file.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import TimeStampResponse, VerifierBuilder, decode_timestamp_response

from integrity import timestamp_messages as messages
from integrity.authority_connection import exchange
from integrity.digest import Digest
from integrity.errors import AuthorityUnreachable, MalformedEvidence, TimestampInvalid, TimestampRefused

_NONCE_BITS = 64


@dataclass(frozen=True)
class TimestampToken:
    """An authority's reply, to be stored as it is, and what it says. `serial` is unique for one authority."""

    der: bytes
    gen_time: datetime
    serial: int
    policy: str


@dataclass(frozen=True)
class TimestampTrust:
    """What is pinned about an authority before any of its tokens is seen.

    The fingerprints are SHA-256 over the DER of each certificate the authority has signed tokens with: a root alone
    would let everybody that root ever certifies for time stamping stamp for this archive.
    """

    roots: tuple[x509.Certificate, ...]
    tsa_fingerprints: tuple[Digest, ...]
    policy: str


def request_timestamp(url: str, data: bytes, timeout_seconds: float) -> TimestampToken:
    """Have `data` stamped by the authority at `url`: http://, https:// or unix:///path/of/socket.

    The reply is held against the request (status, imprint, nonce); whether the authority is the right one is for
    `verify_timestamp` to say, and nothing should be stored before it has. Raises TimestampRefused when the authority
    says no, TimestampInvalid when it stamped something else, AuthorityUnreachable when no such reply came in time.
    """
    imprint, nonce = Digest.of("sha256", data), secrets.randbits(_NONCE_BITS)
    der = exchange(url, messages.encode_request(imprint.value, nonce), timeout_seconds)
    try:
        reply = messages.parse_reply(der)
    except MalformedEvidence as error:
        raise AuthorityUnreachable(url, f"its answer is no RFC 3161 reply: {error.reason}") from error
    if reply.info is None:
        raise TimestampRefused(url, reply.status, reply.reason)
    if (reply.info.imprint_algorithm, reply.info.imprint) != ("sha256", imprint.value):
        raise TimestampInvalid(f"the reply of {url}", "it stamps other data than was sent")
    if reply.info.nonce != nonce:
        raise TimestampInvalid(f"the reply of {url}", "its nonce is not the request's: an old reply played again")
    return _token(der, reply.info)


def read_timestamp(der: bytes, what: str = "data") -> TimestampToken:
    """What a stored reply says, unchecked. Raises MalformedEvidence, or TimestampInvalid when it is a refusal."""
    reply = messages.parse_reply(der)
    if reply.info is None:
        raise TimestampInvalid(what, f"the authority's reply is a refusal: {reply.reason}")
    return _token(der, reply.info)


def verify_timestamp(der: bytes, data: bytes, trust: TimestampTrust, what: str = "data") -> TimestampToken:
    """Establish that `data` existed at the token's `gen_time`, according to the pinned authority.

    1. The reply is well-formed and grants a token.
    2. Exactly one certificate in it is the signer's, and its fingerprint is pinned.
    3. The signature holds, and the certificate leads to a pinned root, both at `gen_time`; it is for time stamping.
    4. The token is under the pinned policy and over the digest of `data`.

    Certificates are judged at `gen_time`, not now, so that a token outlives its certificate. The price: whoever steals
    an expired key can back-date with it, which is why the ledger's order bounds `gen_time` as well.
    Raises TimestampInvalid with the step that failed; `what` names the data in it.
    """
    try:
        token = read_timestamp(der, what)  # 1
        reply = decode_timestamp_response(der)
        _require_pinned_signer(reply, trust, what)  # 2
        builder = VerifierBuilder(policy_id=x509.ObjectIdentifier(trust.policy), roots=list(trust.roots))
        builder.build().verify_message(reply, data)  # 3 and 4
    except MalformedEvidence as error:
        raise TimestampInvalid(what, f"not an RFC 3161 reply: {error.reason}") from error
    except TimestampInvalid:
        raise
    except Exception as error:  # damaged certificates make the libraries raise KeyError and worse
        raise TimestampInvalid(what, f"{type(error).__name__}: {error}") from error
    return token


def certificate_fingerprint(certificate: x509.Certificate) -> Digest:
    """SHA-256 over the certificate's DER, as `openssl x509 -fingerprint -sha256` prints it, without the colons."""
    return Digest.of("sha256", certificate.public_bytes(Encoding.DER))


def _require_pinned_signer(reply: TimeStampResponse, trust: TimestampTrust, what: str) -> None:
    # The signer is found by issuer and serial number. Two certificates that share both would leave open which of them
    # the library takes, so a reply that carries two is refused.
    (signer,) = reply.signed_data.signer_infos
    carried = [x509.load_der_x509_certificate(der) for der in reply.signed_data.certificates]
    named = [c for c in carried if (c.issuer, c.serial_number) == (signer.issuer, signer.serial_number)]
    if len(named) != 1:
        raise TimestampInvalid(what, f"it carries {len(named)} certificates of its signer, not one")
    fingerprint = certificate_fingerprint(named[0])
    if fingerprint not in trust.tsa_fingerprints:
        pinned = ", ".join(digest.hex for digest in trust.tsa_fingerprints) or "none"
        raise TimestampInvalid(what, f"signed by TSA certificate {fingerprint.hex}, which is not pinned ({pinned})")


def _token(der: bytes, info: messages.TimestampInfo) -> TimestampToken:
    return TimestampToken(der=der, gen_time=info.gen_time, serial=info.serial, policy=info.policy)
