"""What stands in a case, stage by stage, as its catalogue lists it: the one place that says what a stage holds.

Whoever brings another kind of content adds it to SOURCES: it is then listed, counted when a stage is looked at, and
named in the catalogue. The database counts the same in `stage_is_filled` (migration 0027).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from casework.intervals import length_of
from casework.recordings.answered import Seen, see
from integrity.catalogue import DOCUMENT, RECORDING, CatalogueItem
from integrity.digest import Digest
from integrity.local_time import chinese_day
from storage.catalog.casework import STAGES, Case, CaseLink
from storage.catalog.documents import Document, DocumentNumber, DocumentTemplate, FinalDocument, SealedDocument
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import Recording

Source = Callable[[Session, Case], Iterable[CatalogueItem]]


def contents_of(
    session: Session, case: Case, adding: Mapping[uuid.UUID, str] | None = None
) -> tuple[CatalogueItem, ...]:
    """Everything that stands in the case, by stage and then by day; what has no day comes last in its stage.

    `adding`: recordings that are about to be put into it, by their stage.
    """
    items = [item for source in SOURCES for item in source(session, case)]
    items += recording_items(session, adding or {})
    return in_order(items)


def in_order(items: Iterable[CatalogueItem]) -> tuple[CatalogueItem, ...]:
    """As a catalogue lists them. Two of one day stand by title, and always alike."""
    return tuple(
        sorted(items, key=lambda each: (STAGES.index(each.stage), each.day or date.max, each.title, str(each.id)))
    )


def recordings_in(session: Session, case: Case) -> Iterable[CatalogueItem]:
    linked = select(CaseLink.recording_id, CaseLink.stage)
    rows = session.execute(linked.where(CaseLink.case_id == case.id, CaseLink.ended_at.is_(None))).all()
    return recording_items(session, {row.recording_id: row.stage for row in rows})


def recording_items(session: Session, stages: Mapping[uuid.UUID, str]) -> list[CatalogueItem]:
    """Recordings as lines of a catalogue, each in its stage. When and by whom is what was answered, else claimed."""
    rows = session.scalars(select(Recording).where(Recording.id.in_(stages))).all() if stages else []
    seen = see(session, rows)
    names = _officer_names(session, seen)
    return [_item(each, stages[each.id], names) for each in seen]


def documents_in(session: Session, case: Case) -> Iterable[CatalogueItem]:
    """Documents that were made final, sealed where they were; drafts and what was withdrawn are no contents."""
    statement = (
        select(Document, DocumentTemplate.title_zh, DocumentNumber, FinalDocument, SealedDocument, Person.name)
        .join(FinalDocument, FinalDocument.document_id == Document.id)
        .join(DocumentTemplate, DocumentTemplate.id == Document.template_id)
        .join(Person, Person.id == Document.begun_by)
        .outerjoin(DocumentNumber, DocumentNumber.id == FinalDocument.number_id)
        .outerjoin(SealedDocument, SealedDocument.document_id == Document.id)
        .where(Document.case_id == case.id, Document.withdrawn_at.is_(None))
    )
    for document, title, number, final, sealed, writer in session.execute(statement):
        kept = sealed or final
        yield CatalogueItem(
            stage=document.stage,
            kind=DOCUMENT,
            id=document.id,
            title=title if number is None else f"{title} {number.written}",
            day=final.dated_on,
            responsible=writer,
            size_bytes=kept.size_bytes,
            sha256=Digest("sha256", kept.sha256),
        )


SOURCES: Final[Sequence[Source]] = (documents_in, recordings_in)


def _item(seen: Seen, stage: str, names: Mapping[tuple[uuid.UUID, str], str]) -> CatalogueItem:
    row, started_at = seen.row, seen.answered_start or seen.row.started_at
    return CatalogueItem(
        stage=stage,
        kind=RECORDING,
        id=row.id,
        title=row.original_name,
        day=None if started_at is None else chinese_day(started_at),
        responsible=None if seen.officer is None else names.get((row.unit_id, seen.officer), seen.officer),
        duration_ms=None
        if row.duration_seconds is None
        else length_of(row.duration_seconds) // timedelta(milliseconds=1),
        size_bytes=row.size_bytes,
        sha256=Digest("sha256", row.sha256),
    )


def _officer_names(session: Session, seen: Sequence[Seen]) -> dict[tuple[uuid.UUID, str], str]:
    """Who has which badge number in the recording's unit, or in the one that carries it on; a number that is nobody's
    stands for itself."""
    numbers, units = {each.officer for each in seen if each.officer}, {each.unit_id for each in seen}
    of_unit = (
        Person.unit_id.in_({*units}),
        Person.unit_id.in_(select(func.carried_on_by(Unit.id)).where(Unit.id.in_(units))),
    )
    columns = Person.unit_id, Person.carries, Person.badge_number, Person.name
    rows = session.execute(select(*columns).where(Person.badge_number.in_(numbers), or_(*of_unit))).all()
    shown = {(row.unit_id, str(row.badge_number)): f"{row.name}（{row.badge_number}）" for row in rows}
    # A number that the merged unit's own had goes before the same one in the unit that carries it on.
    carried = {
        (unit_id, str(row.badge_number)): shown[row.unit_id, str(row.badge_number)]
        for row in rows
        for unit_id in row.carries
    }
    return carried | shown
