"""What search finds, kind by kind, the newest first: each kind by an index of its own, a page at a time.

Whoever searches finds what lists would show him, or less: footage and cases of his own unit, but nothing of a case
whose class of secrecy is closed to him but the case's own name; of people whom a form would offer him, and more where
he may list them. That a word stands in a document he is told, and what stands around it once he has it open: that is
reading it, and an entry says so (casework/documents/reading.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased, defer

from casework.documents.reading import being_read
from casework.permission import MAY
from casework.procedure.acts import standing_acts
from casework.search.sought import ids_among, often, standing_in
from casework.search.words import Matched, Words
from casework.secrecy import keeps_case_from, keeps_nothing_from
from casework.units import in_reach
from casework.wording import known_word
from retention.own_units import of_own
from retention.paging import Column, Cursor, Page, newest_first, take_page
from storage.catalog.casework import Case
from storage.catalog.documents import Document, DocumentNumber, DocumentText
from storage.catalog.organisation import Person
from storage.catalog.procedure import CaseAct, CaseActStatement
from storage.catalog.recordings import Recording

KINDS: Final = ("cases", "documents", "people", "places", "recordings")


@dataclass(frozen=True)
class Asked:
    """The words, and when it has to be of, the end not included: a case's opening, a document's and an act's beginning,
    a recording's sealing. People are of no time."""

    words: Words
    since: datetime | None = None
    until: datetime | None = None

    def in_time(self, at: Column) -> ColumnElement[bool]:
        bounds = (at >= self.since if self.since else None, at < self.until if self.until else None)
        return and_(true(), *(each for each in bounds if each is not None))


@dataclass(frozen=True)
class Found:
    """`kind` is a word of KINDS, `word` says which sort of it: a case's or act's kind, a document's, a role, a state.
    `case`: where a document or a place belongs to. `matched`: why it was found."""

    kind: str
    id: uuid.UUID
    title: str
    word: str
    at: datetime
    matched: tuple[Matched, ...]
    case: Case | None = None


def search(
    session: Session, person: Person, kind: str, asked: Asked, after: Cursor | None = None, limit: int = 20
) -> Page[Found]:
    """One kind of things that the person may find. Raises WordUnknown for none of KINDS, CursorInvalid."""
    return _SEARCHES[known_word("kind", kind, KINDS)](session, person, asked, after, limit)


def find_cases(session: Session, person: Person, asked: Asked, after: Cursor | None, limit: int) -> Page[Found]:
    wanted = select(Case).where(of_own(person, Case.unit_id), asked.words.stand_in(session, Case.sought))
    wanted = wanted.where(asked.in_time(Case.opened_at))
    rows = session.scalars(newest_first(wanted, Case.opened_at, Case.id, after, limit)).all()
    return _page([_found_case(row, asked.words) for row in rows], limit)


def find_documents(session: Session, person: Person, asked: Asked, after: Cursor | None, limit: int) -> Page[Found]:
    """By what its latest text says, or by its number. A line of it is shown to whoever is reading it now."""
    wanted = (
        select(Document, Case)
        .join(Case, Case.id == Document.case_id)
        .where(of_own(person, Document.unit_id), _says(session, person, asked.words))
        .where(~keeps_case_from(person, Document.case_id), asked.in_time(Document.begun_at))
    )
    rows = session.execute(newest_first(wanted, Document.begun_at, Document.id, after, limit)).all()
    ids = [row.Document.id for row in rows]
    said, read = _said_by(session, ids), being_read(session, person, ids)
    return _page([_found_document(row.Document, row.Case, said, read, asked.words) for row in rows], limit)


def _says(session: Session, person: Person, words: Words) -> ColumnElement[bool]:
    """Of a row of Document. What many say is looked for from the newest on; else those that say it are named."""
    text, number, later = DocumentText, DocumentNumber, aliased(DocumentText)
    latest = ~exists().where(later.document_id == text.document_id, later.ordinal > text.ordinal)
    ids = ids_among(session, text.sought, *words.each)
    saying = select(text.document_id).where(
        of_own(person, text.unit_id), standing_in(text.sought, ids, *words.each), latest
    )
    numbered = select(number.document_id).where(words.each_in(number.sought))
    if ids is None:
        its = (saying.where(text.document_id == Document.id), numbered.where(number.document_id == Document.id))
        return often(or_(*(each.exists() for each in its)))
    return Document.id.in_(saying.union(numbered))


def find_people(session: Session, person: Person, asked: Asked, after: Cursor | None, limit: int) -> Page[Found]:
    wanted = select(Person).where(_shown_to(person), asked.words.each_in(Person.sought))
    rows = session.scalars(newest_first(wanted, Person.created_at, Person.id, after, limit)).all()
    return _page([_found_person(row, asked.words) for row in rows], limit)


def _shown_to(person: Person) -> ColumnElement[bool]:
    """Of a row of Person: some list shows it to this person. To all of a unit those who work on its cases, by forms and
    pages of cases; to supervisors by the register those of units below, too; everybody to whoever lists people."""
    if person.role in MAY["list_people"]:
        return in_reach(person, Person.unit_id)
    registered = person.role in MAY["list_devices"]
    within = in_reach(person, Person.unit_id) if registered else of_own(person, Person.unit_id)
    return and_(within, Person.active, Person.role.in_(MAY["work_on_cases"]))


def find_places(session: Session, person: Person, asked: Asked, after: Cursor | None, limit: int) -> Page[Found]:
    """Where acts took place that stand."""
    said, begun = CaseActStatement, func.lower(CaseActStatement.span, type_=Document.begun_at.type)
    wanted = (
        standing_acts()
        .join(Case, Case.id == CaseAct.case_id)
        .add_columns(Case)
        .where(of_own(person, said.unit_id), asked.words.stand_in(session, said.sought))
        .where(~keeps_case_from(person, said.case_id), asked.in_time(begun))
    )
    rows = session.execute(newest_first(wanted, begun, said.id, after, limit)).all()
    return _page([_found_place(row.CaseActStatement, row.Case, asked.words) for row in rows], limit)


def find_recordings(session: Session, person: Person, asked: Asked, after: Cursor | None, limit: int) -> Page[Found]:
    slim = (defer(column) for column in (Recording.manifest, Recording.token, Recording.findings, Recording.claims))
    wanted = (
        select(Recording)
        .where(of_own(person, Recording.unit_id), asked.words.stand_in(session, Recording.sought))
        .where(keeps_nothing_from(person), asked.in_time(Recording.sealed_at))
        .options(*slim)
    )
    rows = session.scalars(newest_first(wanted, Recording.sealed_at, Recording.id, after, limit)).all()
    return _page([_found_recording(row, asked.words) for row in rows], limit)


_SEARCHES: Final[Mapping[str, Callable[[Session, Person, Asked, Cursor | None, int], Page[Found]]]] = {
    "cases": find_cases,
    "documents": find_documents,
    "people": find_people,
    "places": find_places,
    "recordings": find_recordings,
}


def _page(found: list[Found], limit: int) -> Page[Found]:
    return take_page(found, limit, lambda each: Cursor(each.at, str(each.id)))


def _found_case(row: Case, words: Words) -> Found:
    matched = words.found_in((("number", row.number), ("title", row.title)))
    return Found("cases", row.id, f"{row.number} {row.title}", row.kind, row.opened_at, matched)


def _found_document(
    row: Document,
    case: Case,
    said: Mapping[uuid.UUID, tuple[str | None, Mapping[str, Any]]],
    read: Set[uuid.UUID],
    words: Words,
) -> Found:
    number, fields = said[row.id]
    matched = words.found_in([("document_number", number)])
    lines = words.found_in(("text", each) for each in texts_in(fields))
    matched += lines if row.id in read or not lines else (Matched("text", None),)
    return Found("documents", row.id, number or case.title, row.kind, row.begun_at, matched, case)


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a document's fields, those in rows of tables as well."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable):
        for each in value:
            yield from texts_in(each)


def _found_person(row: Person, words: Words) -> Found:
    matched = words.found_in((("name", row.name), ("badge_number", row.badge_number)))
    return Found("people", row.id, row.name, row.role, row.created_at, matched)


def _found_place(said: CaseActStatement, case: Case, words: Words) -> Found:
    matched = words.found_in((("place", said.place),))
    return Found("places", said.id, said.place or "", said.kind, said.starts_at, matched, case)


def _found_recording(row: Recording, words: Words) -> Found:
    fields = ("original_name", row.original_name), ("device", row.device), ("officer", row.officer)
    return Found("recordings", row.id, row.original_name, row.state_now, row.sealed_at, words.found_in(fields))


def _said_by(session: Session, ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[str | None, Mapping[str, Any]]]:
    """Of each document its number, if it has one, and what stands in its latest text."""
    rows = session.execute(
        select(DocumentText.document_id, DocumentText.fields, DocumentNumber, DocumentText.facts)
        .outerjoin(DocumentNumber, DocumentNumber.document_id == DocumentText.document_id)
        .where(DocumentText.document_id.in_(ids))
        .order_by(DocumentText.document_id, DocumentText.ordinal.desc())
        .ext(distinct_on(DocumentText.document_id))
    )
    return {row[0]: (None if row[2] is None else row[2].written, {**row[1], **_of_decision(row[3])}) for row in rows}


def _of_decision(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What `sought_paper` (migration 0064) seeks among the facts of a document: whom its decision is against, and what
    was decided. By names that no field has."""
    return {f"facts.{name}": facts.get(name) or "" for name in ("party", "decided")}
