"""What the auditor sees (监督): each grant with its use or none, each viewing, each refusal; narrowed as he likes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    Text,
    Uuid,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from casework.playback import shows_poster
from casework.units import unit_tree
from retention.paging import Cursor, Page, newest_first, page_rows, take_page
from storage.catalog.access import AccessRequest, Export, Grant, PlaybackWindow
from storage.catalog.casework import CaseLink
from storage.catalog.documents import Document, DocumentReading, DocumentTemplate
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Person
from storage.catalog.redaction import RedactedCopy

DENIED = "access.denied"
Tree = Select[tuple[uuid.UUID]]


@dataclass(frozen=True)
class Wanted:
    """What is looked at; None does not narrow. `since` is of it, `until` is not."""

    person_id: uuid.UUID | None = None
    unit_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    unused: bool = False


@dataclass(frozen=True)
class GrantUse:
    """A grant, and what was done under it. `copy_count`: redacted copies that were asked for, but those that failed.
    All three counts zero: nothing, it is unused."""

    grant: Grant
    request: AccessRequest
    window_count: int
    sent_bytes: int
    first_opened_at: datetime | None
    last_opened_at: datetime | None
    export_count: int
    copy_count: int

    @property
    def is_unused(self) -> bool:
        return not (self.window_count or self.export_count or self.copy_count)


@dataclass(frozen=True)
class Seen:
    """One recording, as one person was shown it under one grant; `poster_only`: no more than its preview pictures."""

    grant_id: uuid.UUID
    recording_id: uuid.UUID
    person_id: uuid.UUID
    unit_id: uuid.UUID
    case_id: uuid.UUID
    first_opened_at: datetime
    last_opened_at: datetime
    window_count: int
    sent_bytes: int
    poster_only: bool


@dataclass(frozen=True)
class Read:
    """One hour of one person with a document of a case; `reason`: what he said why, who was not at work on it."""

    id: uuid.UUID
    at: datetime
    unit_id: uuid.UUID
    person_id: uuid.UUID
    case_id: uuid.UUID
    document_id: uuid.UUID
    title_zh: str
    title_en: str
    reason: str | None


@dataclass(frozen=True)
class Refusal:
    """Somebody was told no: by the archive, with the code of why (`reason`), or on his request by `refused_by`."""

    id: uuid.UUID
    at: datetime
    unit_id: uuid.UUID | None
    person_id: uuid.UUID | None
    subject_kind: str
    subject_id: str
    reason: str
    refused_by: uuid.UUID | None


def list_grant_uses(
    session: Session, by: Person, wanted: Wanted, *, after: Cursor | None = None, limit: int = 50
) -> Page[GrantUse]:
    """Grants of the person's unit and those below it, the latest first."""
    window, export, copy, tree = PlaybackWindow, Export, RedactedCopy, _units_of(by)
    used = (
        select(
            window.grant_id,
            func.count().label("windows"),
            cast(func.sum(window.sent_bytes), BigInteger).label("sent"),
            func.min(window.opened_at).label("first"),
            func.max(window.opened_at).label("last"),
        )
        .where(window.grant_id == Grant.id)
        .group_by(window.grant_id)
        .lateral()
    )
    exported, copied = export.grant_id == Grant.id, (copy.grant_id == Grant.id, copy.state != "failed")
    statement = (
        select(Grant, AccessRequest, func.coalesce(used.c.windows, 0), func.coalesce(used.c.sent, 0))
        .add_columns(used.c.first, used.c.last, _count(exported), _count(*copied))
        .select_from(Grant)
        .join(AccessRequest, AccessRequest.id == Grant.request_id)
        .outerjoin(used, literal(True))
        .where(*_narrowed(tree, wanted, Grant.unit_id, Grant.person_id, Grant.case_id, Grant.granted_at))
    )
    if wanted.unused:
        nothing_left = ~exists().where(exported), ~exists().where(*copied)
        statement = statement.where(~exists().where(window.grant_id == Grant.id), *nothing_left)
    rows = session.execute(newest_first(statement, Grant.granted_at, Grant.id, after, limit)).all()
    uses = [GrantUse(*row) for row in rows]
    return take_page(uses, limit, lambda use: Cursor(use.grant.granted_at, str(use.grant.id)))


def list_seen(
    session: Session, by: Person, wanted: Wanted, *, after: Cursor | None = None, limit: int = 50
) -> Page[Seen]:
    """What was shown, likewise; dated by when it was shown first. A list's preview pictures are marked as no more."""
    statement, first, key = _seen(_units_of(by), wanted)
    statement = statement.order_by(first.desc(), key.desc()).limit(page_rows(limit) + 1)
    if after is not None:
        statement = statement.having(tuple_(first, key) < tuple_(literal(after.at), literal(after.key)))
    seen = [Seen(*row) for row in session.execute(statement)]
    return take_page(seen, limit, lambda each: Cursor(each.first_opened_at, f"{each.grant_id}/{each.recording_id}"))


def first_played(session: Session, by: Person, since: datetime, until: datetime) -> Sequence[Seen]:
    """All whose film was shown first from `since` on and before `until`, counted up to then and without preview
    pictures: what anybody opens later, or opened of pictures before, changes nothing of it."""
    before = ~shows_poster(), PlaybackWindow.opened_at < until
    statement, _, _ = _seen(_units_of(by), Wanted(since=since, until=until), *before)
    return [Seen(*row) for row in session.execute(statement)]


def _seen(
    tree: Tree, wanted: Wanted, *windows: ColumnElement[bool]
) -> tuple[Select[*tuple[Any, ...]], ColumnElement[datetime], ColumnElement[str]]:
    """Of those windows: the rows of Seen, when each was shown first, and what sets apart two of one moment."""
    window, first = PlaybackWindow, func.min(PlaybackWindow.opened_at)
    statement = (
        select(window.grant_id, window.recording_id, window.person_id, window.unit_id, Grant.case_id, first)
        .add_columns(
            func.max(window.opened_at),
            func.count(),
            cast(func.sum(window.sent_bytes), BigInteger),
            func.bool_and(shows_poster()),
        )
        .join(Grant, Grant.id == window.grant_id)
        .where(*_narrowed(tree, wanted, window.unit_id, window.person_id, Grant.case_id, None), *windows)
        .group_by(window.grant_id, window.recording_id, window.person_id, window.unit_id, Grant.case_id)
        .having(and_(literal(True), *_within(wanted, first)))
    )
    return statement, first, cast(window.grant_id, Text) + "/" + cast(window.recording_id, Text)


def list_readings(
    session: Session, by: Person, wanted: Wanted, *, after: Cursor | None = None, limit: int = 50
) -> Page[Read]:
    """Readings of documents, likewise, the latest first."""
    row, said = DocumentReading, aliased(DocumentReading)
    statement = (
        select(row.id, row.read_at, row.unit_id, row.person_id, row.case_id, row.document_id)
        .add_columns(DocumentTemplate.title_zh, DocumentTemplate.title_en, func.coalesce(row.reason, said.reason))
        .join(Document, Document.id == row.document_id)
        .join(DocumentTemplate, DocumentTemplate.id == Document.template_id)
        .outerjoin(said, said.id == row.because_id)
        .where(*_narrowed(_units_of(by), wanted, row.unit_id, row.person_id, row.case_id, row.read_at))
    )
    found = [Read(*each) for each in session.execute(newest_first(statement, row.read_at, row.id, after, limit))]
    return take_page(found, limit, lambda each: Cursor(each.at, str(each.id)))


def list_refusals(
    session: Session, by: Person, wanted: Wanted, *, after: Cursor | None = None, limit: int = 50
) -> Page[Refusal]:
    """Every no, likewise: those that entries tell of, and requests that somebody refused."""
    tree = _units_of(by)
    both = union_all(_denied(tree, wanted), _refused_requests(tree, wanted)).subquery()
    statement = newest_first(select(both), both.c.at, both.c.id, after, limit)
    refusals = [Refusal(*row) for row in session.execute(statement)]
    return take_page(refusals, limit, lambda each: Cursor(each.at, str(each.id)))


def every(
    list_page: Any, session: Session, by: Person, wanted: Wanted, rows_a_page: int = 200
) -> Iterator[Sequence[Any]]:
    """All pages of one of the lists above, one after the other."""
    after: Cursor | None = None
    while True:
        page = list_page(session, by, wanted, after=after, limit=rows_a_page)
        yield page.items
        after = page.next
        if after is None:
            return


def _count(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many rows of another table there are for each of the statement's own."""
    return select(func.count()).where(*conditions).scalar_subquery()


def _units_of(by: Person) -> Tree:
    """The person's unit and those below it: one for a whole statement, for two of its name would be a mistake there."""
    return select(unit_tree(by.unit_id).c.id)


def _denied(tree: Tree, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    row = LedgerEntryRow
    said = cast(func.convert_from(row.entry, "UTF8"), JSONB)
    person = cast(said["actor"]["id"].astext, Uuid)
    statement = select(
        row.id.label("id"),
        row.occurred_at.label("at"),
        row.unit_id.label("unit_id"),
        person.label("person_id"),
        said["subject"]["kind"].astext.label("subject_kind"),
        row.subject_id.label("subject_id"),
        said["data"]["reason"].astext.label("reason"),
        cast(null(), PlaybackWindow.person_id.type).label("refused_by"),
    ).where(row.action == DENIED, said["actor"]["kind"].astext == "person")
    narrowed = statement.where(*_narrowed(tree, wanted, row.unit_id, person, None, row.occurred_at))
    if wanted.case_id is None:
        return narrowed
    of_case = (
        select(cast(CaseLink.recording_id, Text)).where(CaseLink.case_id == wanted.case_id),
        select(cast(AccessRequest.id, Text)).where(AccessRequest.case_id == wanted.case_id),
    )
    return narrowed.where(or_(row.subject_id == str(wanted.case_id), *(row.subject_id.in_(each) for each in of_case)))


def _refused_requests(tree: Tree, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    row = AccessRequest
    columns = _narrowed(tree, wanted, row.unit_id, row.person_id, row.case_id, row.decided_at)
    return select(
        row.id,
        row.decided_at,
        row.unit_id,
        row.person_id,
        literal("access_request"),
        cast(row.id, Text),
        literal("request_refused"),
        row.decided_by,
    ).where(row.state == "refused", *columns)


def _narrowed(
    tree: Tree, wanted: Wanted, unit_id: Any, person_id: Any, case_id: Any | None, at: Any | None
) -> list[ColumnElement[bool]]:
    """The conditions that hold for every list; of the units in `tree` whatever is wanted."""
    conditions = [unit_id.in_(tree)]
    equal = ((unit_id, wanted.unit_id), (person_id, wanted.person_id), (case_id, wanted.case_id))
    conditions += [column == value for column, value in equal if column is not None and value is not None]
    return conditions + ([] if at is None else _within(wanted, at))


def _within(wanted: Wanted, at: Any) -> list[ColumnElement[bool]]:
    since = [] if wanted.since is None else [at >= wanted.since]
    return since + ([] if wanted.until is None else [at < wanted.until])
