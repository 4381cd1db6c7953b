"""Certificates of electronic seals that the archive makes itself, where a unit has none of a licensed authority yet.

A root of the archive's own issues them. RSA, because every reader of PDF files checks it. Their names say what they
are, because names are what a reader shows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

KEY_BITS: Final = 3072
ROOT_YEARS: Final = 30
SEAL_YEARS: Final = 5
SealPrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SealPublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_LEAST_RSA_BITS: Final = 2048
_LONGEST_NAME: Final = 64
"""Bytes of a common name: X.520, ub-common-name."""
_CLOCK_SLACK: Final = timedelta(hours=1)


def new_seal_key() -> rsa.RSAPrivateKey:
    """A new key, in memory alone; about a second of work."""
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def make_seal_root(key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    """A self-signed root that issues seals and nothing below them."""
    name = _name("Liuhen 留痕内置印章根 (not independent)", "Liuhen")
    builder = _builder(name, name, key.public_key(), now, ROOT_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(_usage(issuing=True), critical=True).sign(key, hashes.SHA256())


def make_seal_certificate(
    key: rsa.RSAPublicKey, unit_name: str, root: x509.Certificate, root_key: rsa.RSAPrivateKey, now: datetime
) -> x509.Certificate:
    """The certificate of a unit's seal, in the unit's name."""
    builder = _builder(_name(unit_name, unit_name), root.subject, key, now, SEAL_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(issuing=False), critical=True)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    return builder.add_extension(issuer, critical=False).sign(root_key, hashes.SHA256())


def problem_of_seal(certificate: x509.Certificate, key: object, now: datetime) -> str | None:
    """Why a certificate and its key cannot be a seal today; None where they can."""
    public = certificate.public_key()
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) or key.public_key() != public:
        return "the key is not the certificate's, or is neither RSA nor ECDSA"
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _LEAST_RSA_BITS:
        return f"an RSA key of {public.key_size} bits is too short, {_LEAST_RSA_BITS} are the least"
    if isinstance(public, ec.EllipticCurvePublicKey) and not isinstance(public.curve, ec.SECP256R1 | ec.SECP384R1):
        return f"keys on the curve {public.curve.name} are not checked by all readers; use P-256 or P-384"
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        return f"it is valid from {certificate.not_valid_before_utc} to {certificate.not_valid_after_utc}, not today"
    return None if _may_sign(certificate) else "its key usage allows neither signatures nor non-repudiation"


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, now: datetime, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + timedelta(days=years * 365))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str, organisation: str) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, _cut(text)) for oid, text in parts])


def _cut(text: str) -> str:
    return text.encode()[:_LONGEST_NAME].decode(errors="ignore")


def _usage(*, issuing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not issuing,
        content_commitment=not issuing,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issuing,
        crl_sign=issuing,
        encipher_only=False,
        decipher_only=False,
    )
