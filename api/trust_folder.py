"""What is handed to verifiers before any evidence is: every epoch's public keys, the ledger's name, the authorities.

An authority elsewhere is pinned by what the operator puts into DATA/trust-tsa/: PEM files with its roots and with each
certificate it stamps with, and its policy's OID in the file `policy`. Nothing is fetched: what is trusted is placed.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from sqlalchemy import select

from api.archive import Archive
from api.handover_errors import AuthorityUnpinned, TrustContradiction
from casework.documents.seals import list_seals
from integrity.authority import Authority
from integrity.epoch_keys import EpochKey
from integrity.timestamp import TimestampTrust, certificate_fingerprint
from integrity.trust import ROLES, Trust
from storage.catalog.ledger import SigningKeyEpoch

FOLDER = "trust-tsa"


def build_trust(archive: Archive) -> Trust:
    """Everything this archive's evidence is checked against. Raises TrustContradiction, AuthorityUnpinned."""
    return Trust(
        manifest_keys=announced_keys(archive, "manifest"),
        receipt_keys=announced_keys(archive, "receipt"),
        package_keys=announced_keys(archive, "package"),
        ledger_vkey=archive.keyring.ledger_vkey,
        timestamp_trust=build_timestamp_trust(archive),
        seals=registered_seals(archive),
    )


def registered_seals(archive: Archive) -> tuple[x509.Certificate, ...]:
    """The certificates of all seals that were ever registered: what one sealed stays valid when it is ended."""
    with archive.database.reading() as session:
        return tuple(x509.load_der_x509_certificate(row.certificate) for row in list_seals(session))


def announced_keys(archive: Archive, purpose: str) -> tuple[EpochKey, ...]:
    """Every epoch's key as announced: those of the key folder, in their order, up to the one that signs now or the one
    that is about to. Rows alone prove nothing: whoever writes them could have put another before these, or between.

    Raises TrustContradiction, and as `Keyring.epoch_keys`.
    """
    # In this order: what is announced is in the folder before, and what signs is announced before.
    present = archive.keyring.public_key(purpose)
    with archive.database.reading() as session:
        rows = session.scalars(
            select(SigningKeyEpoch).where(SigningKeyEpoch.purpose == purpose).order_by(SigningKeyEpoch.epoch)
        ).all()
    keys = archive.keyring.epoch_keys(purpose)
    announced = [(row.epoch, row.key_id, row.public_key) for row in rows]
    known = [(each.epoch, each.key.key_id, each.key.raw) for each in keys]
    if announced != known[: len(announced)] or present.key_id not in [key_id for _, key_id, _ in announced]:
        said = ", ".join(f"{epoch}: {key_id}" for epoch, key_id, _ in announced) or "none"
        raise TrustContradiction(purpose, present.key_id, said)
    return keys[: len(announced)]


def activation_entries(archive: Archive) -> Sequence[uuid.UUID]:
    """The ledger's entries by which every key that a trust folder can have came into force, as far as it was
    announced: from an earlier folder they lead to the keys of later (integrity/package/key_line.py)."""
    statement = select(SigningKeyEpoch.entry_id).where(SigningKeyEpoch.purpose.in_(ROLES))
    with archive.database.reading() as session:
        return session.scalars(statement.order_by(SigningKeyEpoch.purpose, SigningKeyEpoch.epoch)).all()


def build_timestamp_trust(archive: Archive) -> TimestampTrust:
    """Our own authority, and the one elsewhere whose certificates were put into DATA/trust-tsa."""
    folder = archive.settings.data / FOLDER
    certificates = [each for path in sorted(folder.glob("*.pem")) for each in _read_certificates(path)]
    stamping = [each for each in certificates if _stamps_time(each)]
    roots = [each for each in certificates if not _stamps_time(each)]
    policy = _read_policy(folder / "policy")
    if archive.settings.authority_folder.exists():
        own = Authority.load(archive.settings.authority_folder)
        roots, stamping, policy = [own.root, *roots], [own.certificate, *stamping], policy or own.policy
    if not roots or not stamping or policy is None:
        raise AuthorityUnpinned(
            f"尚未固定时间戳服务：请把其根证书和签名证书（PEM）及策略号（文件 policy）放入 {folder}",
            f"no time-stamping authority is pinned: put its root and signing certificates (PEM) and the OID of its "
            f"policy (a file called policy) into {folder}",
        )
    return TimestampTrust(tuple(roots), tuple(certificate_fingerprint(each) for each in stamping), policy)


def _read_certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityUnpinned(
            f"{path} 不是 PEM 证书：{error}", f"{path} holds no PEM certificates: {error}"
        ) from error


def _read_policy(path: Path) -> str | None:
    try:
        return x509.ObjectIdentifier(path.read_text("ascii").strip()).dotted_string
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise AuthorityUnpinned(f"{path} 不是策略号：{error}", f"{path} holds no policy OID: {error}") from error


def _stamps_time(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usage and not _may_issue(certificate)


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False
