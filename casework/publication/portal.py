"""What anybody may read (统一公示): the texts that are public now, and what became of those that were. Nobody signs in.

Nothing here reads a decision, a case, or a column that is not public: what is not selected cannot leak.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, and_, any_, func, literal, select, true
from sqlalchemy.orm import Session

from casework.search.sought import MOST_NAMED, contains_text, often, pattern_of
from retention.paging import Cursor, Page, page_rows, take_page
from storage.catalog.organisation import Unit
from storage.catalog.publication import Publication, PublicationStep, PublicationVersion

LONGEST_QUERY: Final = 60
_TEXT: Final = (
    PublicationVersion.id,
    PublicationVersion.ordinal,
    PublicationVersion.authority,
    PublicationVersion.party,
    PublicationVersion.category,
    PublicationVersion.conclusion,
    PublicationVersion.document_number,
    PublicationVersion.legal_basis,
    PublicationVersion.decided_on,
)


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
    statement = _narrowed(_public(), asked, _saying(session, asked.query))
    if after is not None:
        before = Publication.shown_at < after.at
        statement = statement.where(before | ((Publication.shown_at == after.at) & (Publication.id < after.id)))
    latest_first = statement.order_by(Publication.shown_at.desc(), Publication.id.desc())
    rows = session.execute(latest_first.limit(page_rows(limit) + 1)).all()
    return take_page([_item(row) for row in rows], limit, lambda each: Cursor(each.shown_at, str(each.id)))


def find_public(session: Session, publication_id: uuid.UUID) -> PublicHistory | None:
    """What is public of it and ever was; None of what never was: that it exists is nobody's to know."""
    return next(iter(_histories(session, [publication_id])), None)


def list_changes(session: Session, limit: int = 50) -> tuple[PublicHistory, ...]:
    """What was published, corrected or taken down last, each with its history: for feeds."""
    latest = (
        select(PublicationStep.publication_id, func.max(PublicationStep.taken_at).label("at"))
        .where(PublicationStep.step.in_(("published", "taken_down")))
        .group_by(PublicationStep.publication_id)
        .order_by(func.max(PublicationStep.taken_at).desc())
        .limit(limit)
    )
    return _histories(session, [row.publication_id for row in session.execute(latest)])


def public_units(session: Session) -> dict[uuid.UUID, str]:
    """The units that have anything public, by name."""
    having = select(Publication.unit_id).where(Publication.shown_version_id.is_not(None)).distinct()
    rows = session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(having)).order_by(Unit.code))
    return {row.id: row.name for row in rows}


def text_facts(text: PublicText) -> dict[str, Any]:
    """A public text as programs read it: in feeds, and where it is pushed."""
    facts = asdict(text)
    return {"version": facts.pop("ordinal"), **facts, "decided_on": text.decided_on.isoformat()}


def _public() -> Select[*tuple[Any, ...]]:
    shown = Publication.shown_version_id == PublicationVersion.id
    columns = (Publication.id.label("publication_id"), Publication.kind, Publication.unit_id, Publication.shown_at)
    return select(*columns, *_TEXT).join(PublicationVersion, shown)


def _saying(session: Session, asked: str) -> ColumnElement[bool]:
    """The condition that a text says what is asked for, as `found_among` makes it, with nobody signed in."""
    query = asked.strip()[:LONGEST_QUERY]
    if not query:
        return true()
    ids = session.scalar(select(func.sought_public_ids(pattern_of(query), MOST_NAMED, type_=ARRAY(Uuid))))
    if ids is None:
        return often(contains_text(PublicationVersion.sought, query))
    # Of its own publication, as every version is: said for the planner, which comes from a version by that key. Where
    # no versions are named it would take the two conditions for rare together, and read all that was ever public.
    own = PublicationVersion.publication_id == Publication.id
    return and_(PublicationVersion.id == any_(literal(ids, ARRAY(Uuid))), own)


def _narrowed(
    statement: Select[*tuple[Any, ...]], asked: Asked, saying: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    statement = statement.where(saying)
    if asked.kind is not None:
        statement = statement.where(Publication.kind == asked.kind)
    if asked.unit_id is not None:
        statement = statement.where(Publication.unit_id == asked.unit_id)
    if asked.decided_from is not None:
        statement = statement.where(PublicationVersion.decided_on >= asked.decided_from)
    if asked.decided_until is not None:
        statement = statement.where(PublicationVersion.decided_on <= asked.decided_until)
    return statement


def _histories(session: Session, publication_ids: Sequence[uuid.UUID]) -> tuple[PublicHistory, ...]:
    """Of those that ever were public, in this order: in two queries, however many they are."""
    columns = Publication.id, Publication.kind, Publication.unit_id, Publication.shown_version_id, Publication.shown_at
    rows = session.execute(select(*columns).where(Publication.id.in_(publication_ids)))
    by_id, steps = {row.id: row for row in rows}, _steps(session, publication_ids)
    found = (by_id[each] for each in publication_ids if each in by_id)
    return tuple(_history(row, told) for row in found if (told := _public_steps(steps[row.id], row.shown_version_id)))


def _history(row: Any, steps: tuple[PublicStep, ...]) -> PublicHistory:
    now = None
    if row.shown_version_id is not None:
        text = next(each.text for each in steps if each.text is not None)
        now = PublicItem(row.id, row.kind, row.unit_id, row.shown_at, text)
    return PublicHistory(row.id, row.kind, row.unit_id, now, steps)


def _steps(session: Session, publication_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Any]]:
    columns = (
        PublicationStep.publication_id,
        PublicationStep.step,
        PublicationStep.taken_at,
        PublicationStep.ground,
        PublicationStep.reason.label("step_reason"),
        PublicationVersion.reason.label("version_reason"),
        PublicationVersion.hides_former,
        *_TEXT,
    )
    rows = session.execute(
        select(*columns)
        .join(PublicationVersion, PublicationVersion.id == PublicationStep.version_id)
        .where(PublicationStep.publication_id.in_(publication_ids))
        .where(PublicationStep.step.in_(("published", "withheld", "taken_down")))
        .order_by(PublicationStep.ordinal)
    )
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.publication_id].append(row)
    return found


def _public_steps(rows: Sequence[Any], shown: uuid.UUID | None) -> tuple[PublicStep, ...]:
    """Of what was ever public alone, the latest first; that something else was once tried is not told."""
    first = next((place for place, row in enumerate(rows) if row.step == "published"), None)
    return () if first is None else tuple(reversed(_told(rows[first:], shown)))


def _told(rows: Sequence[Any], shown: uuid.UUID | None) -> list[PublicStep]:
    told: list[PublicStep] = []
    for place, row in enumerate(rows):
        corrected = row.step == "published" and place > 0
        hidden = shown is None or any(later.step == "published" and later.hides_former for later in rows[place + 1 :])
        gone = any(later.step != "published" for later in rows[place + 1 :])
        seen = row.step == "published" and not hidden and not gone
        reason = row.step_reason if row.step == "taken_down" else row.version_reason if corrected else None
        step = "corrected" if corrected else row.step
        told.append(PublicStep(step, row.taken_at, row.ordinal, row.ground, reason, _text(row) if seen else None))
    return told


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
