"""In whose name documents are written (制发机关), and with which word its numbers begin (机关代字).

Of the case's unit and those above it the nearest that has one: a brigade that acts for its bureau (委托执法) writes in
the bureau's name and takes the bureau's numbers.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.documents.errors import IssuerMissing
from casework.errors import RoleNotAllowed, Taken, TextUnusable, Unknown
from casework.rows import unique
from casework.units import Doer, actor_of, line_of, require_live
from casework.wording import required_name
from storage.catalog.documents import DocumentIssuer
from storage.catalog.organisation import Person, Unit
from storage.ledger.append import Change, record_change

_WORD: Final = re.compile(r"[㐀-鿿]{1,8}")


def name_issuer(session: Session, by: Doer, unit_id: uuid.UUID, *, name: str, word: str) -> DocumentIssuer:
    """From now on the unit, and those below it that have none of their own, write in this name and by this word.

    The operator's deed. What the unit had before ends; the same again changes nothing. Raises Unknown, UnitEnded,
    TextUnusable, Taken for a word that another unit has, RoleNotAllowed for anybody signed in.
    """
    if isinstance(by, Person):
        raise RoleNotAllowed("name_issuers", by.role, ())
    name = required_name("name", name)
    if not _WORD.fullmatch(word):
        raise TextUnusable("word", "has to be one to eight Chinese signs, such as 江综执")
    if session.get(Unit, unit_id) is None:
        raise Unknown("unit", unit_id)
    require_live(session, unit_id)
    before = session.scalars(_live().where(DocumentIssuer.unit_id == unit_id).with_for_update()).first()
    if before is not None and (before.name, before.word) == (name, word):
        return before
    if before is not None:
        before.ended_at = datetime.now(UTC)
        session.flush()
        _record(session, by, before, "ended")
    row = DocumentIssuer(id=uuid.uuid4(), unit_id=unit_id, name=name, word=word, named_at=datetime.now(UTC))
    with unique(session, {"uq_document_issuer_word": Taken("word", word)}):
        session.add(row)
    _record(session, by, row, "named", {"name": name, "word": word})
    return row


def end_issuer(session: Session, by: Doer, unit_id: uuid.UUID) -> None:
    """The unit writes in no name of its own from now on, but in that of the nearest above it. The operator's deed.

    One that has none is no error. Raises RoleNotAllowed for anybody signed in.
    """
    if isinstance(by, Person):
        raise RoleNotAllowed("name_issuers", by.role, ())
    row = session.scalars(_live().where(DocumentIssuer.unit_id == unit_id).with_for_update()).first()
    if row is not None:
        row.ended_at = datetime.now(UTC)
        session.flush()
        _record(session, by, row, "ended")


def find_issuer(session: Session, unit_id: uuid.UUID) -> DocumentIssuer | None:
    """That of the unit, or of the nearest above it."""
    line = line_of(session, unit_id)
    rows = {row.unit_id: row for row in session.scalars(_live().where(DocumentIssuer.unit_id.in_(line)))}
    return next((rows[each] for each in line if each in rows), None)


def require_issuer(session: Session, unit_id: uuid.UUID) -> DocumentIssuer:
    """Raises IssuerMissing."""
    issuer = find_issuer(session, unit_id)
    if issuer is None:
        raise IssuerMissing(unit_id)
    return issuer


def issuer_facts(session: Session, unit_id: uuid.UUID) -> dict[str, Any] | None:
    """As a document's text keeps it."""
    issuer = find_issuer(session, unit_id)
    return None if issuer is None else {"unit_id": str(issuer.unit_id), "name": issuer.name, "word": issuer.word}


def list_issuers(session: Session) -> tuple[DocumentIssuer, ...]:
    """Those that hold now, by their words."""
    return tuple(session.scalars(_live().order_by(DocumentIssuer.word)))


def _live() -> Select[DocumentIssuer]:
    return select(DocumentIssuer).where(DocumentIssuer.ended_at.is_(None))


def _record(session: Session, by: Doer, row: DocumentIssuer, deed: str, private: dict[str, str] | None = None) -> None:
    change = Change(f"issuer.{deed}", "document_issuer", str(row.id), row.unit_id, {}, private or {})
    record_change(session, actor_of(by), change)
