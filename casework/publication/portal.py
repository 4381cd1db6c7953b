"""What anybody may read (统一公示): the texts that are public now, and what became of those that were. Nobody signs in.

The database gives it by functions, and no row or column besides (migration 0065): whoever is not signed in reads no
table of publications.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Uuid as UuidType
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from casework.search.sought import MOST_NAMED, pattern_of
from retention.paging import Cursor, Page, page_rows, take_page

LONGEST_QUERY: Final = 60
_ITEMS: Final = text(
    "SELECT * FROM public_items(:pattern, :kind, :unit_id, :decided_from, :decided_until, :before_at, :before_id, "
    ":named_most, :most)"
)
_STEPS: Final = text("SELECT * FROM public_steps(:ids)").bindparams(bindparam("ids", type_=ARRAY(UuidType)))
_CHANGES: Final = text("SELECT publication_id FROM public_changes(:most)")
_UNITS: Final = text("SELECT unit_id, name FROM public_units()")


@dataclass(frozen=True)
class PublicText:
    """A text that is public, in its own words."""

    ordinal: int
    authority: str
    party: str
    category: str
    conclusion: str
    document_number: str | None
    legal_basis: str | None
    decided_on: date


@dataclass(frozen=True)
class PublicItem:
    """Something that is public now, since `shown_at`. `kind` is a word of PUBLICATION_KINDS."""

    id: uuid.UUID
    kind: str
    unit_id: uuid.UUID
    shown_at: datetime
    text: PublicText


@dataclass(frozen=True)
class PublicStep:
    """What happened to it in public: `step` is published, corrected, taken_down or withheld.

    `text` None: of what is no longer to be seen, or was hidden by the correction after it. `reason` is public.
    """

    step: str
    at: datetime
    ordinal: int
    ground: str | None
    reason: str | None
    text: PublicText | None


@dataclass(frozen=True)
class PublicHistory:
    """`now` None: it is not public any more. The latest step first."""

    id: uuid.UUID
    kind: str
    unit_id: uuid.UUID
    now: PublicItem | None
    steps: tuple[PublicStep, ...]

    @property
    def changed_at(self) -> datetime:
        return self.steps[0].at


@dataclass(frozen=True)
class Asked:
    """What is looked for: part of a text; a kind; of which unit; decided from and until which day, both included."""

    query: str = ""
    kind: str | None = None
    unit_id: uuid.UUID | None = None
    decided_from: date | None = None
    decided_until: date | None = None


def list_public(session: Session, asked: Asked, *, after: Cursor | None = None, limit: int = 20) -> Page[PublicItem]:
    """What is public now, the latest published first."""
    query = asked.query.strip()[:LONGEST_QUERY]
    said = {
        "pattern": pattern_of(query) if query else None,
        "kind": asked.kind,
        "unit_id": asked.unit_id,
        "decided_from": asked.decided_from,
        "decided_until": asked.decided_until,
        "before_at": None if after is None else after.at,
        "before_id": None if after is None else after.id,
        "named_most": MOST_NAMED,
        "most": page_rows(limit) + 1,
    }
    rows = session.execute(_ITEMS, said).all()
    return take_page([_item(row) for row in rows], limit, lambda each: Cursor(each.shown_at, str(each.id)))


def find_public(session: Session, publication_id: uuid.UUID) -> PublicHistory | None:
    """What is public of it and ever was; None of what never was: that it exists is nobody's to know."""
    return next(iter(_histories(session, [publication_id])), None)


def list_changes(session: Session, limit: int = 50) -> tuple[PublicHistory, ...]:
    """What was published, corrected or taken down last, each with its history: for feeds."""
    return _histories(session, session.scalars(_CHANGES, {"most": limit}).all())


def public_units(session: Session) -> dict[uuid.UUID, str]:
    """The units that have anything public, by name."""
    return {row.unit_id: row.name for row in session.execute(_UNITS)}


def text_facts(text: PublicText) -> dict[str, Any]:
    """A public text as programs read it: in feeds, and where it is pushed."""
    facts = asdict(text)
    return {"version": facts.pop("ordinal"), **facts, "decided_on": text.decided_on.isoformat()}


def _histories(session: Session, publication_ids: Sequence[uuid.UUID]) -> tuple[PublicHistory, ...]:
    """Of those that ever were public, in this order: in one query, however many they are."""
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in session.execute(_STEPS, {"ids": list(publication_ids)}):
        found[row.publication_id].append(row)
    return tuple(_history(found[each]) for each in publication_ids if each in found)


def _history(rows: Sequence[Any]) -> PublicHistory:
    """`rows` are its steps, in their order."""
    row, steps = rows[0], tuple(_step(each) for each in reversed(rows))
    now = None
    if row.shown_at is not None:
        shown = next(each.text for each in steps if each.text is not None)
        now = PublicItem(row.publication_id, row.kind, row.unit_id, row.shown_at, shown)
    return PublicHistory(row.publication_id, row.kind, row.unit_id, now, steps)


def _step(row: Any) -> PublicStep:
    return PublicStep(row.step, row.taken_at, row.ordinal, row.ground, row.reason, _text(row) if row.seen else None)


def _item(row: Any) -> PublicItem:
    return PublicItem(row.publication_id, row.kind, row.unit_id, row.shown_at, _text(row))


def _text(row: Any) -> PublicText:
    return PublicText(
        ordinal=row.ordinal,
        authority=row.authority,
        party=row.party,
        category=row.category,
        conclusion=row.conclusion,
        document_number=row.document_number,
        legal_basis=row.legal_basis,
        decided_on=row.decided_on,
    )
