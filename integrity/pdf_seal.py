"""The seal on a document, checked without any PDF software: the signature that was appended to the PDF (PAdES).

A signed PDF states in `/ByteRange` which of its bytes a CMS signature covers: all of them but the signature itself,
which stands between. Specification: ISO 32000-1, 12.8; ETSI EN 319 142-1; RFC 5652. `pdfsig` of poppler and openssl say
the same (docs/documents.md).
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from integrity.digest import Digest
from integrity.errors import KeyNotPinned, MalformedEvidence, SignatureInvalid
from integrity.timestamp import TimestampTrust, verify_timestamp
from integrity.timestamp_messages import encode_grant

_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_CONTENTS: Final = re.compile(rb"<([0-9A-Fa-f]+)>")
_TOKEN: Final = "signature_time_stamp_token"  # noqa: S105  the name of a CMS attribute
_HASHES: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
# asn1crypto completes its classes when they are first used, and two threads at once complete them wrongly.
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True)
class Seal:
    """A seal whose signature holds over the whole file but itself.

    `covered`: the file without the signature; `signature`: the CMS, DER; both as openssl takes them. `stamped_at`: by
    its time stamp, where it has one and `trust` was given to check it by.
    """

    certificate: x509.Certificate
    fingerprint: Digest
    covered: bytes
    signature: bytes
    stamped_at: datetime | None


def open_seal(pdf: bytes, pinned: frozenset[Digest] | None, what: str, trust: TimestampTrust | None = None) -> Seal:
    """The seal of a document, by one of the pinned certificates (by any, where `pinned` is None).

    1. The file says once which of its bytes are signed: from its first to its last, but the signature between.
    2. The digest of these bytes is the one that was signed.
    3. The signature over it holds under the certificate that it names, and no other.
    4. That certificate is pinned.
    5. The time stamp, where there is one and somebody to judge it by, covers the signature.

    Raises MalformedEvidence, SignatureInvalid, KeyNotPinned, TimestampInvalid.
    """
    covered, signature = split_signature(pdf, what)
    with _ONE_AT_A_TIME:
        try:
            signer, certificate = _signer_of(signature, what)
            _check_digest(signer, covered, what)
            _check_signature(signer, certificate, what)
            token = _token_of(signer)
        except (SignatureInvalid, MalformedEvidence):
            raise
        except Exception as error:  # damaged DER makes the library raise KeyError and worse
            raise MalformedEvidence(what, f"its signature cannot be read: {type(error).__name__}") from error
    fingerprint = Digest.of("sha256", certificate.public_bytes_der)
    if pinned is not None and fingerprint not in pinned:
        raise KeyNotPinned(what, fingerprint.hex)
    stamped_at = None
    if token is not None and trust is not None:
        stamped_at = verify_timestamp(_as_reply(token), signer["signature"].native, trust, what).gen_time
    return Seal(certificate.certificate, fingerprint, covered, signature, stamped_at)


def split_signature(pdf: bytes, what: str) -> tuple[bytes, bytes]:
    """The bytes that are signed, and the CMS over them. Raises MalformedEvidence."""
    found = list(_RANGE.finditer(pdf))
    if len(found) != 1:
        raise MalformedEvidence(what, f"it is signed {len(found)} times, not once")
    before, start, length = (int(each) for each in found[0].groups())
    gap = pdf[before:start]
    if not 0 < before < start or start + length != len(pdf) or not _CONTENTS.fullmatch(gap):
        raise MalformedEvidence(what, "its signature does not cover the whole file")
    contents = bytes.fromhex(gap[1:-1].decode("ascii"))
    with _ONE_AT_A_TIME:
        try:
            # The place for the signature was made larger than it needed to be: zeros fill the rest.
            length_der = len(cms.ContentInfo.load(contents).dump())
        except (ValueError, TypeError) as error:
            raise MalformedEvidence(what, "its signature is no CMS") from error
    if contents[length_der:].strip(b"\0"):
        raise MalformedEvidence(what, "something stands behind its signature")
    return pdf[:before] + pdf[start:], contents[:length_der]


@dataclass(frozen=True)
class _Carried:
    certificate: x509.Certificate
    asn1: Any

    @property
    def public_bytes_der(self) -> bytes:
        return bytes(self.asn1.dump())


def _signer_of(signature: bytes, what: str) -> tuple[Any, _Carried]:
    signed = cms.ContentInfo.load(signature)["content"]
    (signer,) = signed["signer_infos"]
    if [each.dump() for each in signed["digest_algorithms"]] != [signer["digest_algorithm"].dump()]:
        raise MalformedEvidence(what, "it names other digests than its signer")
    if _attribute(signer, "content_type").native != signed["encap_content_info"]["content_type"].native:
        raise MalformedEvidence(what, "it is of another type than its signer signed")
    found = [each.chosen for each in signed["certificates"]]
    carried = [_Carried(x509.load_der_x509_certificate(each.dump()), each) for each in found]
    named = signer["sid"].chosen
    for each in carried:
        if each.asn1.issuer == named["issuer"] and each.asn1.serial_number == named["serial_number"].native:
            _check_chain(each.certificate, [other.certificate for other in carried], what)
            return signer, each
    raise MalformedEvidence(what, "it does not carry its signer's certificate")


def _check_chain(signer: x509.Certificate, carried: Sequence[x509.Certificate], what: str) -> None:
    """Whatever else is carried leads from the signer upwards, link by link: no byte of theirs was changed either."""
    by_subject = {each.subject: each for each in carried}
    seen, each = [signer], signer
    try:
        while (issuer := by_subject.get(each.issuer)) is not None:
            each.verify_directly_issued_by(issuer)
            if issuer in seen:
                break
            seen, each = [*seen, issuer], issuer
    except (InvalidSignature, ValueError, TypeError) as error:
        raise SignatureInvalid(what, "certificate") from error
    if len(seen) != len(carried) or (len(seen) > 1 and each.issuer != each.subject):
        raise MalformedEvidence(what, "it carries certificates that do not lead from its signer to a root")


def _attribute(signer: Any, name: str) -> Any:
    values = [each["values"] for each in signer["signed_attrs"] if each["type"].native == name]
    if len(values) != 1 or len(values[0]) != 1:
        raise MalformedEvidence("signature", f"it has not one {name}")
    return values[0][0]


def _check_digest(signer: Any, covered: bytes, what: str) -> None:
    algorithm = signer["digest_algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        raise MalformedEvidence(what, f"its digest {algorithm} is not accepted")
    if _attribute(signer, "message_digest").native != hashlib.new(algorithm, covered).digest():
        raise SignatureInvalid(what, "seal")


def _check_signature(signer: Any, carried: _Carried, what: str) -> None:
    # The attribute binds the signature to this certificate: another one with the same key may not stand in for it.
    bound = _attribute(signer, "signing_certificate_v2")["certs"][0]
    if bound["cert_hash"].native != hashlib.sha256(carried.public_bytes_der).digest():
        raise SignatureInvalid(what, "seal")
    chosen = _HASHES[signer["digest_algorithm"]["algorithm"].native]()
    # Signed was a SET OF; what stands in the file is the same with a tag of its own place (RFC 5652, section 5.4).
    message = signer["signed_attrs"].untag().dump()
    key, value = carried.certificate.public_key(), signer["signature"].native
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, message, padding.PKCS1v15(), chosen)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, message, ec.ECDSA(chosen))
        else:
            raise MalformedEvidence(what, "its key is neither RSA nor ECDSA")
    except InvalidSignature as error:
        raise SignatureInvalid(what, "seal") from error


def _token_of(signer: Any) -> Any | None:
    for each in signer["unsigned_attrs"] or ():
        if each["type"].native == _TOKEN:
            return each["values"][0]
    return None


def _as_reply(token: Any) -> bytes:
    """A token as an authority's whole reply, which is what checks of time stamps read."""
    return encode_grant(cms.ContentInfo.load(token.dump()))
