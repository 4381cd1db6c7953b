"""Our own small time stamp authority (RFC 3161), for an archive that has no other.

It proves nothing against the operator who runs it: its key and its clock are theirs. Its certificates say so, and
production names an authority that is somebody else's. What it is for: every recording has a token from the first day
on, and the road through an outside authority is the same road.

Keys are ECDSA on P-256. openssl, rfc3161-client and cosign accept that and RSA inside CMS, but not all of them
Ed25519; P-256 signs more than ten times faster than RSA-3072 and makes tokens half the size.

The folder: `root.pem` and `root-key.pem` (the CA, needed again only when the TSA certificate is renewed), `tsa.pem` and
`tsa-key.pem`, `authority.json` with the policy's OID. Keys are 0600. The folder is there whole or not at all.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from integrity import timestamp_messages as messages
from integrity.authority_certificates import make_root, make_tsa
from integrity.digest import Digest
from integrity.durable_files import PRIVATE, FolderExists, new_folder, write_durably
from integrity.errors import KeyFileExists, KeyFileUnreadable, MalformedEvidence
from integrity.keys import read_secret_file
from integrity.timestamp_messages import TimestampRequest

# 2.999 is the arc anybody may use for examples: no registry vouches for this policy, and the OID says just that.
# A unit with an arc of its own passes its own. (2.25.<UUID> would be free as well, but Go reads 31 bits an arc.)
DEFAULT_POLICY = "2.999.3161.1"

_IMPRINT_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
_SERIAL_BITS = 128
_ACCURACY_SECONDS = 1


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_authority(folder: Path, policy: str = DEFAULT_POLICY) -> Authority:
    """Make a root, a TSA certificate and their keys in a new `folder`; durable on return.

    Raises KeyFileExists when there is anything at `folder`: tokens hang on a key, so none is ever written over.
    """
    now = _utc_now().replace(microsecond=0)
    root_key, tsa_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = make_root(root_key, now)
    tsa = make_tsa(tsa_key.public_key(), root, root_key, now)
    settings = json.dumps({"version": 1, "policy": str(x509.ObjectIdentifier(policy).dotted_string)})
    try:
        with new_folder(folder) as partial:
            write_durably(partial / "root-key.pem", _private_pem(root_key), PRIVATE)
            write_durably(partial / "tsa-key.pem", _private_pem(tsa_key), PRIVATE)
            write_durably(partial / "root.pem", root.public_bytes(Encoding.PEM))
            write_durably(partial / "tsa.pem", tsa.public_bytes(Encoding.PEM))
            write_durably(partial / "authority.json", settings.encode())
    except FolderExists as error:
        raise KeyFileExists(str(folder), "there is an authority or something else there already") from error
    return Authority.load(folder)


@dataclass(frozen=True)
class Authority:
    """A time stamp authority that answers requests. Safe to use from several threads at once."""

    root: x509.Certificate
    certificate: x509.Certificate
    policy: str
    key: ec.EllipticCurvePrivateKey
    clock: Callable[[], datetime] = _utc_now

    @classmethod
    def load(cls, folder: Path) -> Authority:
        """Load what `create_authority` made.

        Raises KeyFileUnsafe when others can read the key, KeyFileUnreadable when a file is missing, is not what its
        name says, or when key and certificates do not belong together.
        """
        root, certificate = _load_certificate(folder / "root.pem"), _load_certificate(folder / "tsa.pem")
        key = _load_private_key(folder / "tsa-key.pem")
        if certificate.public_key() != key.public_key():
            raise KeyFileUnreadable(str(folder / "tsa-key.pem"), "it is not the key of tsa.pem beside it")
        try:
            certificate.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise KeyFileUnreadable(str(folder / "tsa.pem"), "root.pem beside it did not issue it") from error
        return cls(root, certificate, _load_policy(folder / "authority.json"), key)

    @property
    def fingerprint(self) -> Digest:
        """SHA-256 of the TSA certificate, to be pinned."""
        return Digest.of("sha256", self.certificate.public_bytes(Encoding.DER))

    def answer(self, request_der: bytes) -> bytes:
        """The reply to a request: a token, or a refusal that says why. Every input has a reply; nothing is raised."""
        try:
            request = messages.parse_request(request_der)
        except MalformedEvidence as error:
            return messages.encode_refusal(messages.BAD_DATA_FORMAT, error.reason)
        now = self.clock()
        refusal = self._find_refusal(request, now)
        if refusal is not None:
            return messages.encode_refusal(*refusal)
        return messages.encode_grant(self._sign_token(request, now))

    def _find_refusal(self, request: TimestampRequest, now: datetime) -> tuple[str, str] | None:
        """RFC 3161, sections 2.2 and 2.4.2: the failure code and the words, or None when a token may be given."""
        if request.imprint_algorithm not in _IMPRINT_BYTES:
            return messages.BAD_ALG, f"{request.imprint_algorithm} is not accepted; use SHA-256, SHA-384 or SHA-512"
        if len(request.imprint) != _IMPRINT_BYTES[request.imprint_algorithm]:
            return messages.BAD_DATA_FORMAT, f"{len(request.imprint)} bytes are no {request.imprint_algorithm} digest"
        if request.policy not in (None, self.policy):
            return messages.UNACCEPTED_POLICY, f"this authority stamps under {self.policy} only"
        if request.has_extensions:
            return messages.UNACCEPTED_EXTENSIONS, "no extension is understood here"
        # A token from outside the certificate's validity verifies nowhere: better no token than that one.
        if not self.certificate.not_valid_before_utc <= now <= self.certificate.not_valid_after_utc:
            return messages.TIME_NOT_AVAILABLE, "the clock is outside the validity of the TSA certificate"
        return None

    def _sign_token(self, request: TimestampRequest, now: datetime) -> cms.ContentInfo:
        """A CMS SignedData over the TSTInfo. One certificate at most: two would make a SET OF that must be sorted."""
        info = self._state_info(request, now.replace(microsecond=0))
        own_certificate = asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))
        attributes = _signed_attributes(info.dump(), own_certificate, now.replace(microsecond=0))
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": {"issuer_and_serial_number": _issuer_and_serial(own_certificate)},
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
            }
        )
        signed_data = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info.dump())},
            "signer_infos": [signer],
        }
        if request.wants_certificate:
            signed_data["certificates"] = [own_certificate]
        return cms.ContentInfo({"content_type": "signed_data", "content": signed_data})

    def _state_info(self, request: TimestampRequest, gen_time: datetime) -> tsp.TSTInfo:
        info = {
            "version": "v1",
            "policy": self.policy,
            "message_imprint": tsp.MessageImprint.load(request.imprint_der),
            "serial_number": secrets.randbits(_SERIAL_BITS) | 1 << (_SERIAL_BITS - 1),
            "gen_time": gen_time,
            "accuracy": {"seconds": _ACCURACY_SECONDS},
        }
        if request.nonce is not None:
            info["nonce"] = request.nonce
        return tsp.TSTInfo(info)


def _signed_attributes(content: bytes, certificate: asn1_x509.Certificate, now: datetime) -> cms.CMSAttributes:
    """RFC 5652, section 11, and RFC 5816: the ESSCertIDv2 ties the signature to this certificate and no other."""
    identifier = {
        "cert_hash": Digest.of("sha256", certificate.dump()).value,
        "issuer_serial": {
            "issuer": [asn1_x509.GeneralName("directory_name", certificate.issuer)],
            "serial_number": certificate.serial_number,
        },
    }
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "signing_time", "values": [cms.Time("utc_time", now)]},
            {"type": "message_digest", "values": [Digest.of("sha256", content).value]},
            {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [identifier]})]},
        ]
    )


def _issuer_and_serial(certificate: asn1_x509.Certificate) -> cms.IssuerAndSerialNumber:
    return cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileUnreadable(str(path), error.strerror or str(error)) from error


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise KeyFileUnreadable(str(path), "not a certificate in PEM") from error


def _load_private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(read_secret_file(path), password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileUnreadable(str(path), "not a private key in PEM without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyFileUnreadable(str(path), "not an ECDSA key")
    return key


def _load_policy(path: Path) -> str:
    try:
        settings = json.loads(_read(path))
        if settings["version"] != 1:
            raise ValueError("unknown version")
        return str(x509.ObjectIdentifier(settings["policy"]).dotted_string)
    except (ValueError, TypeError, KeyError) as error:
        raise KeyFileUnreadable(str(path), f"not the settings of an authority: {error}") from error
