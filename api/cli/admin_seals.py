"""What `liuhen admin seal` does: issuers named; seals made, loaded, ended and listed."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts, find_unit
from api.cli.admin_rules import read_file
from api.cli.ids import read_id
from casework.documents import issuers, seals
from integrity.fields import format_instant
from storage.catalog.documents import DocumentIssuer, UnitSeal
from storage.catalog.organisation import Unit
from storage.seal_keys import SealKeys


def set_issuer(session: Session, code: str, name: str, word: str) -> Facts:
    return _issuer(session, issuers.name_issuer(session, OPERATOR, find_unit(session, code).id, name=name, word=word))


def make(session: Session, keys: SealKeys, code: str, name: str) -> Facts:
    unit = find_unit(session, code)
    return _seal(session, seals.make_seal(session, OPERATOR, keys, unit.id, name, datetime.now(UTC)))


def load(session: Session, keys: SealKeys, code: str, file: Path, password: str) -> Facts:
    """Raises UsageRefused for a file that cannot be read, and casework's errors."""
    unit, content = find_unit(session, code), read_file(file)
    return _seal(session, seals.load_seal(session, OPERATOR, keys, unit.id, content, password, datetime.now(UTC)))


def end(session: Session, seal_id: str, reason: str) -> Facts:
    return _seal(session, seals.end_seal(session, OPERATOR, read_id(seal_id), reason))


def list_all(session: Session) -> dict[str, Any]:
    return {
        "issuers": [_issuer(session, row) for row in issuers.list_issuers(session)],
        "seals": [_seal(session, row) for row in seals.list_seals(session)],
    }


def issuer_line(facts: Facts) -> str:
    return f"{facts['unit']}  制发机关 / issuer: {facts['name']}  代字 / word: {facts['word']}"


def seal_lines(facts: Facts) -> tuple[str, str]:
    state = "在用 / in use" if facts["ended_at"] is None else f"已停用 / ended: {facts['end_reason']}"
    until = str(facts["valid_until"])[:10]
    return (
        f"{facts['unit']}  印章 / seal: {facts['name']}  {state}  至 / until {until}",
        f"    {facts['seal_id']}  SHA-256 {facts['certificate_sha256']}",
    )


def _issuer(session: Session, row: DocumentIssuer) -> Facts:
    return {"unit": _code(session, row.unit_id), "name": row.name, "word": row.word}


def _seal(session: Session, row: UnitSeal) -> Facts:
    certificate = x509.load_der_x509_certificate(row.certificate)
    return {
        "seal_id": str(row.id),
        "unit": _code(session, row.unit_id),
        "name": row.name,
        "certificate_sha256": row.certificate_sha256.hex(),
        "issued_by": seals.issuer_name(certificate),
        "valid_until": certificate.not_valid_after_utc.isoformat(),
        "registered_at": format_instant(row.registered_at),
        "ended_at": None if row.ended_at is None else format_instant(row.ended_at),
        "end_reason": row.end_reason,
    }


def _code(session: Session, unit_id: uuid.UUID) -> str:
    return session.scalars(select(Unit.code).where(Unit.id == unit_id)).one()
