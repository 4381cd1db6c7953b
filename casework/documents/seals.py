"""Electronic seals (电子印章) of units: made by the archive, or loaded with the certificate of a licensed authority.

The private key goes into the key folder, never into the database; the certificate into a row, the ledger and the trust
folder. A brigade without a seal of its own seals with that of the nearest unit above it, in whose name it writes.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.documents.errors import SealMissing, SealUnusable
from casework.errors import RoleNotAllowed, Taken, Unknown
from casework.rows import unique
from casework.units import Doer, actor_of, line_of, require_live
from casework.wording import required_name, required_text
from integrity.fields import format_instant
from integrity.seal_certificates import make_seal_certificate, new_seal_key, problem_of_seal
from storage.catalog.documents import UnitSeal
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Change, record_change
from storage.seal_keys import SealKeys

REPLACED = "另有新印章"


def make_seal(session: Session, by: Doer, keys: SealKeys, unit_id: uuid.UUID, name: str, now: datetime) -> UnitSeal:
    """A seal in the unit's name, issued by the archive's own root; it takes the place of the one the unit had.

    Raises Unknown, TextUnusable, RoleNotAllowed for anybody signed in, and what the key folder raises.
    """
    name = _begin(session, by, unit_id, name)
    root, root_key = keys.root(now)
    key = new_seal_key()
    certificate = make_seal_certificate(key.public_key(), name, root, root_key, now)
    return _register(session, by, keys, unit_id, name, certificate, (root,), key)


def load_seal(
    session: Session, by: Doer, keys: SealKeys, unit_id: uuid.UUID, pkcs12: bytes, password: str, now: datetime
) -> UnitSeal:
    """A seal of a licensed authority (电子认证服务机构), from the PKCS #12 file that it gave out.

    Its name is the certificate's common name. Raises SealUnusable, Taken for one that is registered already, and what
    `make_seal` does.
    """
    try:
        opened = load_pkcs12(pkcs12, password.encode())
    except (ValueError, TypeError) as error:
        raise SealUnusable("the file is no PKCS #12, or the password is not its own") from error
    if opened.cert is None or opened.key is None:
        raise SealUnusable("the file holds no certificate with its key")
    certificate: x509.Certificate = opened.cert.certificate
    problem = problem_of_seal(certificate, opened.key, now)
    if problem is not None:
        raise SealUnusable(problem)
    name = _begin(session, by, unit_id, common_name(certificate))
    chain = _chain_of(certificate, [each.certificate for each in opened.additional_certs])
    return _register(session, by, keys, unit_id, name, certificate, chain, opened.key)


def end_seal(session: Session, by: Doer, seal_id: uuid.UUID, reason: str) -> UnitSeal:
    """Nothing more is sealed with it; what was, stays valid. Raises Unknown, TextUnusable, RoleNotAllowed."""
    _refuse_person(by)
    reason = required_text("reason", reason)
    seal = session.scalars(select(UnitSeal).where(UnitSeal.id == seal_id).with_for_update()).first()
    if seal is None or seal.ended_at is not None:
        raise Unknown("unit_seal", seal_id)
    _end(session, by, seal, reason)
    return seal


def find_seal(session: Session, unit_id: uuid.UUID) -> UnitSeal | None:
    """That of the unit, or of the nearest above it."""
    line = line_of(session, unit_id)
    statement = select(UnitSeal).where(UnitSeal.unit_id.in_(line), UnitSeal.ended_at.is_(None))
    rows = {row.unit_id: row for row in session.scalars(statement)}
    return next((rows[each] for each in line if each in rows), None)


def require_seal(session: Session, unit_id: uuid.UUID, now: datetime) -> UnitSeal:
    """The seal of the unit in whose name the unit writes, as long as its certificate holds. Raises SealMissing."""
    seal = find_seal(session, unit_id)
    if seal is None or not holds_at(seal, now):
        raise SealMissing(unit_id)
    return seal


def holds_at(seal: UnitSeal, now: datetime) -> bool:
    certificate = x509.load_der_x509_certificate(seal.certificate)
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def list_seals(session: Session) -> tuple[UnitSeal, ...]:
    """Every seal, those that are ended too, the earliest first."""
    return tuple(session.scalars(select(UnitSeal).order_by(UnitSeal.registered_at, UnitSeal.id)))


def common_name(certificate: x509.Certificate) -> str:
    return _common_name(certificate.subject)


def issuer_name(certificate: x509.Certificate) -> str:
    return _common_name(certificate.issuer)


def _common_name(name: x509.Name) -> str:
    names = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _chain_of(certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Those that lead to a root, which a seal carries; none, where the root is not among them."""
    by_subject, each = {other.subject: other for other in others}, certificate
    chain: list[x509.Certificate] = []
    while each.issuer != each.subject and len(chain) < len(others) and each.issuer in by_subject:
        each = by_subject[each.issuer]
        chain.append(each)
    return tuple(chain) if each.issuer == each.subject else ()


def _begin(session: Session, by: Doer, unit_id: uuid.UUID, name: str) -> str:
    _refuse_person(by)
    if session.get(Unit, unit_id) is None:
        raise Unknown("unit", unit_id)
    require_live(session, unit_id)
    return required_name("name", name)


def _refuse_person(by: Doer) -> None:
    """Whoever signs in uses a seal; who makes one stands at the machine, where the key folder is."""
    if isinstance(by, Person):
        raise RoleNotAllowed("keep_seals", by.role, ())


def _register(
    session: Session,
    by: Doer,
    keys: SealKeys,
    unit_id: uuid.UUID,
    name: str,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
    key: Any,
) -> UnitSeal:
    der = certificate.public_bytes(Encoding.DER)
    fingerprint = hashlib.sha256(der).hexdigest()
    before = session.scalars(
        select(UnitSeal).where(UnitSeal.unit_id == unit_id, UnitSeal.ended_at.is_(None)).with_for_update()
    ).first()
    if before is not None:
        if before.certificate == der:
            return before
        _end(session, by, before, REPLACED)
    row = UnitSeal(
        id=uuid.uuid4(),
        unit_id=unit_id,
        name=name,
        certificate=der,
        certificate_sha256=hashlib.sha256(der).digest(),
        chain="".join(each.public_bytes(Encoding.PEM).decode("ascii") for each in chain),
        registered_at=datetime.now(UTC),
    )
    # The key first: a seal that is registered can seal, whatever fails in between.
    keys.keep(row.id, key)
    with unique(session, {"uq_unit_seal_certificate_sha256": Taken("certificate", fingerprint)}):
        session.add(row)
    chain_sha256 = hashlib.sha256(row.chain.encode()).hexdigest()
    _record(
        session,
        by,
        row,
        "registered",
        {
            "certificate_sha256": fingerprint,
            "chain_sha256": chain_sha256,
            "valid_from": format_instant(certificate.not_valid_before_utc),
            "valid_until": format_instant(certificate.not_valid_after_utc),
        },
        {"name": name},
    )
    return row


def _end(session: Session, by: Doer, seal: UnitSeal, reason: str) -> None:
    seal.ended_at, seal.end_reason = datetime.now(UTC), reason
    session.flush()
    _record(session, by, seal, "ended", {}, {"reason": reason})


def _record(
    session: Session, by: Doer, row: UnitSeal, deed: str, data: dict[str, str], private: dict[str, str]
) -> None:
    record_change(session, actor_of(by), Change(f"seal.{deed}", "unit_seal", str(row.id), row.unit_id, data, private))
