"""The queue of what is asked: question by question for programs, and grouped for people, who answer many at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, null, or_, select, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import SQLCoreOperations

from casework.elements.answers import OTHER_OF
from casework.linking.looks import AGAIN
from casework.permission import MAY, require
from retention.own_units import of_own
from retention.paging import Cursor, Page, page_rows, take_page
from storage.catalog.casework import LinkingDone
from storage.catalog.elements import ElementQuestion, JudgementDue, RecordingJudgement
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, RecordingSetAside
from storage.set_aside import JUDGING, LINKING, is_set_aside

MOST_IN_A_GROUP = 1000
MOST_FAILED = 100
_IN_TURN = ("unit", "time", "device", "officer", "place", "act", "case")
_OF_SHEET = (
    ElementQuestion.officer_id,
    ElementQuestion.device,
    ElementQuestion.station_id,
    ElementQuestion.card,
    ElementQuestion.day,
)


@dataclass(frozen=True)
class QuestionGroup:
    """One question about what one device recorded on one day, or came in at one station (`station_id`) off one `card`
    without device: `recordings` are ids with what was seen, the latest first, at most MOST_IN_A_GROUP of `count`.

    `sources`: of so many devices, cards and days. More than one where all that is asked the same are taken together,
    from `first_day` to `day`: device, station and card are None then.
    """

    element: str
    codes: tuple[str, ...]
    device: str | None
    station_id: uuid.UUID | None
    card: str | None
    sources: int
    first_day: date
    day: date
    officer_id: uuid.UUID | None
    count: int
    asked_at: datetime
    recordings: tuple[tuple[uuid.UUID, str], ...]
    key: str


@dataclass(frozen=True)
class QuestionSheet:
    """All that is asked of one officer about what one device recorded on one day, or came in at one station off one
    card without device: `groups` by what is asked, the time first, for what is known of the rest may hang on it.
    `count`: so many recordings, each once however much is asked of it. The rest as of QuestionGroup.
    """

    device: str | None
    station_id: uuid.UUID | None
    card: str | None
    sources: int
    first_day: date
    day: date
    officer_id: uuid.UUID | None
    count: int
    groups: tuple[QuestionGroup, ...]
    key: str


def list_questions(
    session: Session,
    by: Person,
    *,
    mine: bool = False,
    element: str | None = None,
    recording_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[ElementQuestion]:
    """What this person may answer, the latest sealed first: an officer's own, a supervisor's whole unit, or `mine`.

    Raises RoleNotAllowed.
    """
    require(by, "answer_elements")
    question = ElementQuestion
    key = func.concat(cast(question.recording_id, String), " ", question.element)
    statement = select(question, key).where(*_of(recording_id, _seen_by(by, mine)))
    if element is not None:
        statement = statement.where(question.element == element)
    if after is not None:
        statement = statement.where(tuple_(question.asked_at, key) < tuple_(literal(after.at), literal(after.key)))
    rows = session.execute(statement.order_by(question.asked_at.desc(), key.desc()).limit(page_rows(limit) + 1)).all()
    page = take_page(rows, limit, lambda row: Cursor(row[0].asked_at, str(row[1])))
    return Page(tuple(row[0] for row in page.items), page.next)


def list_groups(
    session: Session,
    by: Person,
    *,
    mine: bool = False,
    together: bool = False,
    recording_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 10,
) -> Page[QuestionGroup]:
    """The same, by officer, device or card, day and what is asked; the latest group first. `together`: by officer and
    what is asked alone. `recording_id`: what is asked of one recording, and of no other. Raises RoleNotAllowed.
    """
    require(by, "answer_elements")
    groups = _grouped(_of(recording_id, _seen_by(by, mine)), together).subquery("grouped")
    statement = select(groups).order_by(groups.c.asked_at.desc(), groups.c.key.desc())
    if after is not None:
        statement = statement.where(
            tuple_(groups.c.asked_at, groups.c.key) < tuple_(literal(after.at), literal(after.key))
        )
    rows = session.execute(statement.limit(page_rows(limit) + 1)).all()
    page = take_page(rows, limit, lambda row: Cursor(row.asked_at, row.key))
    return Page(tuple(_group(row) for row in page.items), page.next)


def list_sheets(
    session: Session,
    by: Person,
    *,
    mine: bool = False,
    together: bool = False,
    recording_id: uuid.UUID | None = None,
    after: Cursor | None = None,
    limit: int = 10,
) -> Page[QuestionSheet]:
    """As `list_groups`, with all that is asked about one source on one sheet; `together`: one question on each. Raises
    RoleNotAllowed.
    """
    require(by, "answer_elements")
    if together:
        whole = list_groups(session, by, mine=mine, together=True, recording_id=recording_id, after=after, limit=limit)
        return Page(tuple(_sheet(group, [group]) for group in whole.items), whole.next)
    asked = _of(recording_id, _seen_by(by, mine))
    sheets = _sheeted(asked).subquery("sheeted")
    statement = select(sheets).order_by(sheets.c.asked_at.desc(), sheets.c.key.desc())
    if after is not None:
        statement = statement.where(
            tuple_(sheets.c.asked_at, sheets.c.key) < tuple_(literal(after.at), literal(after.key))
        )
    rows = session.execute(statement.limit(page_rows(limit) + 1)).all()
    page = take_page(rows, limit, lambda row: Cursor(row.asked_at, row.key))
    groups = _groups_of(session, asked, [row.key for row in page.items])
    return Page(tuple(_sheet(row, groups[row.key]) for row in page.items), page.next)


def other_fingerprints(
    session: Session, questions: Iterable[tuple[uuid.UUID, str]]
) -> dict[tuple[uuid.UUID, str], str]:
    """By recording and element asked about: of officer or device the fingerprint of the other; of the rest none."""
    asked = [(recording_id, element) for recording_id, element in questions if element in OTHER_OF]
    ids = {recording_id for recording_id, _ in asked}
    of_each = {element: RecordingJudgement.elements[other]["fingerprint"].astext for element, other in OTHER_OF.items()}
    names = list(of_each)
    columns = [RecordingJudgement.recording_id, *of_each.values()]
    rows = session.execute(select(*columns).where(RecordingJudgement.recording_id.in_(ids))).all()
    found = {(row[0], name): row[place] for row in rows for place, name in enumerate(names, 1)}
    return {each: found[each] for each in asked if each in found}


def list_all_groups(
    session: Session, unit_id: uuid.UUID | None, officer_id: uuid.UUID | None, most: int
) -> tuple[QuestionGroup, ...]:
    """For the operator at the machine, whom no unit binds: of all units or one, of everybody or one officer."""
    conditions = []
    if unit_id is not None:
        conditions.append(ElementQuestion.unit_id == unit_id)
    if officer_id is not None:
        conditions.append(ElementQuestion.officer_id == officer_id)
    groups = _grouped(conditions).subquery("grouped")
    rows = session.execute(select(groups).order_by(groups.c.asked_at.desc(), groups.c.key.desc()).limit(most))
    return tuple(_group(row) for row in rows)


def count_questions(session: Session, by: Person, *, mine: bool = False, recording_id: uuid.UUID | None = None) -> int:
    asked = _of(recording_id, _seen_by(by, mine))
    statement = select(func.count()).select_from(ElementQuestion).where(*asked)
    return session.scalar(statement) or 0


def count_asked_about(session: Session, by: Person, *, mine: bool = False) -> int:
    """Recordings of which anything is asked, each once: what somebody has before him, whatever it lacks."""
    recordings = func.count(func.distinct(ElementQuestion.recording_id))
    return session.scalar(select(recordings).where(*_seen_by(by, mine))) or 0


def count_judged_anew(session: Session, by: Person, *, mine: bool = False) -> int:
    """Recordings that are to be looked at again, as after an answer: what is asked of them may change within a minute.
    What fails at it is not among them; `list_failed` has that.
    """
    judging = select(JudgementDue.recording_id).where(
        of_own(by, JudgementDue.unit_id), ~is_set_aside(JUDGING, JudgementDue.recording_id)
    )
    linking = select(LinkingDone.recording_id).where(
        of_own(by, LinkingDone.unit_id),
        LinkingDone.outcome == AGAIN,
        ~is_set_aside(LINKING, LinkingDone.recording_id),
    )
    due = judging.union(linking).subquery("due")
    statement = select(func.count()).select_from(due)
    if by.role != "supervisor" or mine:
        theirs = RecordingJudgement.recording_id == due.c.recording_id, RecordingJudgement.officer_id == by.id
        statement = statement.join(RecordingJudgement, and_(*theirs))
    return session.scalar(statement) or 0


@dataclass(frozen=True)
class Failed:
    """A recording that the archive could not judge, or find the case of, and tries again by itself: what it lacks is
    not known, so nothing of it is asked."""

    recording_id: uuid.UUID
    original_name: str
    step: str


def list_failed(session: Session, by: Person, *, mine: bool = False) -> tuple[Failed, ...]:
    """Those of which this person would be asked, the longest failing first; at most MOST_FAILED. An officer's own are
    those that name the officer, or were judged to be the officer's before."""
    kept = RecordingSetAside
    statement = (
        select(kept.recording_id, Recording.original_name, kept.step)
        .join(Recording, Recording.id == kept.recording_id)
        .outerjoin(RecordingJudgement, RecordingJudgement.recording_id == kept.recording_id)
        .where(of_own(by, kept.unit_id), kept.step.in_((LINKING, JUDGING)))
        .order_by(kept.since, kept.recording_id, kept.step)
        .limit(MOST_FAILED)
    )
    if by.role != "supervisor" or mine:
        theirs = [RecordingJudgement.officer_id == by.id]
        theirs += [] if by.badge_number is None else [Recording.officer == by.badge_number]
        statement = statement.where(or_(*theirs))
    return tuple(Failed(*row) for row in session.execute(statement))


@dataclass(frozen=True)
class Asked:
    """Who is asked about one recording: `here`, what this person finds in the own queue; else the officers who are
    asked, and whether something is for the supervisors of the unit, because it is nobody's that could answer."""

    here: bool
    officers: frozenset[uuid.UUID]
    supervisors: bool


def asked_about(session: Session, by: Person, recording_id: uuid.UUID) -> Asked:
    of_recording = ElementQuestion.recording_id == recording_id
    officers = set(session.scalars(select(ElementQuestion.officer_id).where(of_recording)))
    here = select(ElementQuestion.element).where(of_recording, *_seen_by(by, mine=False))
    return Asked(
        here=by.role in MAY["answer_elements"] and session.scalars(here.limit(1)).first() is not None,
        officers=frozenset(each for each in officers if each is not None),
        supervisors=None in officers,
    )


def _seen_by(by: Person, mine: bool) -> Sequence[ColumnElement[bool]]:
    of_unit = of_own(by, ElementQuestion.unit_id)
    if by.role == "supervisor" and not mine:
        return (of_unit,)
    return (of_unit, ElementQuestion.officer_id == by.id)


def _of(recording_id: uuid.UUID | None, seen: Sequence[ColumnElement[bool]]) -> Sequence[ColumnElement[bool]]:
    return seen if recording_id is None else (*seen, ElementQuestion.recording_id == recording_id)


def _sheeted(conditions: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    question = ElementQuestion
    return (
        select(
            *_OF_SHEET,
            question.day.label("first_day"),
            literal(1).label("sources"),
            func.count(func.distinct(question.recording_id)).label("count"),
            func.max(question.asked_at).label("asked_at"),
            _key_of(_OF_SHEET).label("key"),
        )
        .where(*conditions)
        .group_by(*_OF_SHEET)
    )


def _groups_of(
    session: Session, asked: Sequence[ColumnElement[bool]], keys: Sequence[str]
) -> dict[str, list[QuestionGroup]]:
    """The questions of these sheets, by their keys."""
    groups = _grouped((*asked, _key_of(_OF_SHEET).in_(keys))).subquery("grouped")
    key = _key_of([groups.c[column.key] for column in _OF_SHEET])
    found: dict[str, list[QuestionGroup]] = {each: [] for each in keys}
    for row in session.execute(select(groups, key.label("sheet")).order_by(groups.c.key)):
        found[row.sheet].append(_group(row))
    return found


def _key_of(columns: Iterable[SQLCoreOperations[Any]]) -> ColumnElement[str]:
    return func.concat_ws(" ", *(func.coalesce(cast(column, String), "") for column in columns))


def _sheet(row: Any, groups: Iterable[QuestionGroup]) -> QuestionSheet:
    return QuestionSheet(
        device=row.device,
        station_id=row.station_id,
        card=row.card,
        sources=row.sources,
        first_day=row.first_day,
        day=row.day,
        officer_id=row.officer_id,
        count=row.count,
        groups=tuple(sorted(groups, key=lambda group: (_IN_TURN.index(group.element), group.codes))),
        key=row.key,
    )


def _grouped(conditions: Sequence[ColumnElement[bool]], together: bool = False) -> Select[*tuple[Any, ...]]:
    question = ElementQuestion
    source = (question.device, question.station_id, question.card, question.day)
    asked = (question.officer_id, question.element, question.codes)
    by = asked if together else (*_OF_SHEET, question.element, question.codes)
    of_source = [null().label(column.key) for column in source[:3]] if together else []
    newest = question.asked_at.desc(), question.recording_id
    ids = func.array_agg(cast(question.recording_id, String)).aggregate_order_by(*newest)
    prints = func.array_agg(question.fingerprint).aggregate_order_by(*newest)
    return (
        select(
            *by,
            *of_source,
            *([func.max(question.day).label("day")] if together else []),
            func.min(question.day).label("first_day"),
            func.count(func.distinct(func.row(*source))).label("sources"),
            func.count().label("count"),
            func.max(question.asked_at).label("asked_at"),
            ids.label("ids"),
            prints.label("fingerprints"),
            _key_of(by).label("key"),
        )
        .where(*conditions)
        .group_by(*by)
    )


def _group(row: Any) -> QuestionGroup:
    pairs = list(zip(row.ids, row.fingerprints, strict=True))[:MOST_IN_A_GROUP]
    return QuestionGroup(
        element=row.element,
        codes=tuple(row.codes),
        device=row.device,
        station_id=row.station_id,
        card=row.card,
        sources=row.sources,
        first_day=row.first_day,
        day=row.day,
        officer_id=row.officer_id,
        count=row.count,
        asked_at=row.asked_at,
        recordings=tuple((uuid.UUID(each), seen) for each, seen in pairs),
        key=row.key,
    )
