"""Publications as they stand: of a case, of a unit with their terms, and one with all that became of it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, undefer

from casework.deadlines.kinds import KINDS
from casework.deadlines.listing import Deadline, count_overdue, deadlines_of_events, list_deadlines
from casework.permission import require
from casework.publication.collecting import KIND_OF_EVENT
from casework.publication.kept import open_publications, refuse_kept_publication
from casework.publication.pushing import OVERDUE_AFTER
from casework.publication.stepping import TERM_OF, passes_needed
from casework.search.sought import found_among
from retention.errors import OutsideUnit, UnknownSubject
from retention.own_units import Units, is_own, of_own
from retention.paging import Cursor, Page, page_rows, take_page
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent
from storage.catalog.organisation import Person
from storage.catalog.publication import (
    PostingEvidence,
    Publication,
    PublicationPosting,
    PublicationPush,
    PublicationStep,
    PublicationVersion,
)

STATES: Final = (
    "collected",
    "transmitted",
    "passed_once",
    "passed",
    "returned",
    "published",
    "withheld",
    "taken_down",
)
NEXT_DUTY: Final = {
    "collected": "transmit",
    "transmitted": "review",
    "passed_once": "review",
    "passed": "publish",
    "returned": "collect",
}
"""Whose turn it is; nobody's where it is settled."""
TERMS: Final = tuple(name for name, kind in KINDS.items() if kind.publishes is not None or kind.leaves_the_public)


@dataclass(frozen=True)
class PostingNow:
    row: PublicationPosting
    evidence: tuple[PostingEvidence, ...]


@dataclass(frozen=True)
class PushNow:
    """A message to the city's platform. `state`: waiting, retrying, accepted, refused or superseded; `made_at`: when
    its step was taken."""

    row: PublicationPush
    overtaken: bool
    made_at: datetime

    @property
    def state(self) -> str:
        if self.row.accepted_at is not None:
            return "accepted"
        if self.overtaken:
            return "superseded"
        if self.row.refused_at is not None:
            return "refused"
        return "waiting" if self.row.attempts == 0 else "retrying"

    @property
    def overdue_from(self) -> datetime | None:
        """From when on the platform should have it; None where it has, or need not, or refused it."""
        return self.made_at + OVERDUE_AFTER if self.state in ("waiting", "retrying") else None

    def is_overdue(self, now: datetime) -> bool:
        return self.overdue_from is not None and self.overdue_from < now


@dataclass(frozen=True)
class PublicationNow:
    """`versions` by their ordinal, `steps` by theirs. `state` is a word of STATES, of the latest text."""

    row: Publication
    case: Case
    versions: tuple[PublicationVersion, ...]
    steps: tuple[PublicationStep, ...]
    postings: tuple[PostingNow, ...]
    pushes: tuple[PushNow, ...]

    @property
    def latest(self) -> PublicationVersion:
        return self.versions[-1]

    @property
    def shown(self) -> PublicationVersion | None:
        return next((each for each in self.versions if each.id == self.row.shown_version_id), None)

    @property
    def state(self) -> str:
        taken = [each.step for each in self.steps if each.version_id == self.latest.id]
        if not taken:
            return "collected"
        if taken[-1] == "passed":
            return "passed" if taken.count("passed") >= passes_needed(self.latest) else "passed_once"
        return taken[-1]

    @property
    def next_duty(self) -> str | None:
        return NEXT_DUTY.get(self.state)

    @property
    def left_elsewhere(self) -> tuple[PublicationPosting, ...]:
        """Where something stands that is not what is published now: to be replaced, or removed."""
        live = (each.row for each in self.postings if each.row.removed_at is None)
        return tuple(each for each in live if each.version_id != self.row.shown_version_id)

    def waits_for(self, person_id: uuid.UUID, duties: Collection[str]) -> bool:
        """Whether the next step is one that this person may take."""
        if self.next_duty not in duties:
            return False
        taken = {each.taken_by for each in self.steps if each.version_id == self.latest.id}
        if self.next_duty == "review":
            return person_id not in taken and person_id != self.latest.stated_by
        return self.next_duty != "publish" or person_id != self.latest.stated_by


@dataclass(frozen=True)
class Due:
    """A term of publishing or withdrawing, and what there is of the publication (None: nobody has collected it)."""

    deadline: Deadline
    publication: PublicationNow | None


def list_due(
    session: Session,
    person: Person,
    today: date,
    *,
    overdue: bool = False,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[Due]:
    """The open terms of publishing in the unit, what is due first, first. Raises RoleNotAllowed."""
    require(person, "see_publications")
    page = list_deadlines(session, person, today, kinds=TERMS, overdue=overdue, after=after, limit=limit)
    by_event = _of_events(session, [each.event.id for each in page.items])
    return Page(tuple(Due(each, by_event.get(each.event.id)) for each in page.items), page.next)


def count_overdue_publications(session: Session, units: Units, today: date) -> int:
    return count_overdue(session, units, today, kinds=TERMS)


def list_publications(
    session: Session, person: Person, *, query: str = "", after: Cursor | None = None, limit: int = 50
) -> Page[PublicationNow]:
    """All of the unit that are open to the person (kept.py), the latest begun first.

    `query`: part of a case's number or title, or of a public text.

    Raises RoleNotAllowed.
    """
    require(person, "see_publications")
    row = Publication
    statement = select(row).where(of_own(person, row.unit_id), open_publications(session, person))
    if query:
        said = select(PublicationVersion.publication_id).where(
            of_own(person, PublicationVersion.unit_id), found_among(session, PublicationVersion.sought, query)
        )
        named = select(Case.id).where(of_own(person, Case.unit_id), found_among(session, Case.sought, query))
        statement = statement.where(or_(row.id.in_(said), row.case_id.in_(named)))
    if after is not None:
        statement = statement.where((row.begun_at < after.at) | ((row.begun_at == after.at) & (row.id < after.id)))
    rows = session.scalars(statement.order_by(row.begun_at.desc(), row.id.desc()).limit(page_rows(limit) + 1)).all()
    page = take_page(rows, limit, lambda each: Cursor(each.begun_at, str(each.id)))
    return Page(tuple(_now(session, page.items)), page.next)


def list_left_elsewhere(session: Session, person: Person) -> tuple[PublicationNow, ...]:
    """Publications of the unit of which something stands on a channel that is not what is published now."""
    require(person, "see_publications")
    posting = PublicationPosting
    left = (
        select(Publication)
        .join(posting, posting.publication_id == Publication.id)
        .where(of_own(person, Publication.unit_id), posting.removed_at.is_(None))
        .where(posting.version_id.is_distinct_from(Publication.shown_version_id))
        .distinct()
    )
    return tuple(_now(session, session.scalars(left.limit(200)).all()))


def list_refused(session: Session, person: Person) -> tuple[PublicationNow, ...]:
    """Publications of the unit whose latest message the city's platform refused: a person has to look."""
    require(person, "see_publications")
    refused = select(PublicationPush.publication_id).where(
        of_own(person, PublicationPush.unit_id), PublicationPush.refused_at.is_not(None)
    )
    rows = select(Publication).where(Publication.id.in_(refused)).order_by(Publication.begun_at, Publication.id)
    found = _now(session, session.scalars(rows.limit(200)).all())
    return tuple(each for each in found if each.pushes[-1].state == "refused")


def list_overdue_pushes(session: Session, person: Person, now: datetime) -> tuple[PublicationNow, ...]:
    """Publications of the unit whose latest message the city's platform should have by now, the longest due first."""
    require(person, "see_publications")
    push, step = PublicationPush, PublicationStep
    late = (
        select(push.publication_id)
        .join(step, step.id == push.step_id)
        .where(of_own(person, push.unit_id), push.accepted_at.is_(None), push.refused_at.is_(None))
        .where(step.taken_at < now - OVERDUE_AFTER)
    )
    rows = select(Publication).where(Publication.id.in_(late)).order_by(Publication.begun_at, Publication.id)
    found = _now(session, session.scalars(rows.limit(200)).all())
    return tuple(each for each in found if each.pushes[-1].is_overdue(now))


def list_waiting_for(session: Session, person: Person, duties: Collection[str]) -> tuple[PublicationNow, ...]:
    """Of the unit's that are not settled, those whose next step this person may take; the longest begun first."""
    if not duties:
        return ()
    settled = select(PublicationStep.version_id).where(
        PublicationStep.step.in_(("published", "withheld", "taken_down"))
    )
    begun = (
        select(Publication)
        .join(PublicationVersion, PublicationVersion.publication_id == Publication.id)
        .where(of_own(person, Publication.unit_id), PublicationVersion.id.not_in(settled))
        .distinct()
        .order_by(Publication.begun_at)
        .limit(500)
    )
    found = _now(session, session.scalars(begun).all())
    return tuple(each for each in found if each.waits_for(person.id, duties))


def publications_of_case(session: Session, case_id: uuid.UUID) -> tuple[PublicationNow, ...]:
    rows = select(Publication).where(Publication.case_id == case_id).order_by(Publication.begun_at, Publication.id)
    return tuple(_now(session, session.scalars(rows).all()))


def find_publication(session: Session, person: Person, publication_id: uuid.UUID) -> PublicationNow:
    """Raises AccessRefused where its case's class of secrecy keeps it from the person, UnknownSubject, OutsideUnit,
    RoleNotAllowed."""
    require(person, "see_publications")
    row = row_in_unit(session, person, Publication, publication_id)
    refuse_kept_publication(session, person, row)
    return _now(session, [row])[0]


def publication_now(session: Session, publication_id: uuid.UUID) -> PublicationNow:
    return _now(session, [session.get_one(Publication, publication_id)])[0]


def deadline_of(session: Session, row: Publication, today: date) -> Deadline | None:
    """The term of publishing that runs, or ran, from its event."""
    found = deadlines_of_events(session, [row.event_id], today)
    return next((each for each in found if each.term.kind == TERM_OF[row.kind]), None)


def events_to_collect(session: Session, case: Case) -> tuple[CaseEvent, ...]:
    """Events of a case from which a publication runs, and of which nobody has collected one."""
    collected = select(Publication.event_id).where(Publication.case_id == case.id)
    events = select(CaseEvent).where(
        CaseEvent.case_id == case.id,
        CaseEvent.kind.in_(KIND_OF_EVENT),
        CaseEvent.withdrawn_at.is_(None),
        CaseEvent.id.not_in(collected),
    )
    return tuple(session.scalars(events.order_by(CaseEvent.day, CaseEvent.entered_at)))


def _of_events(session: Session, event_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, PublicationNow]:
    rows = session.scalars(select(Publication).where(Publication.event_id.in_(event_ids))).all()
    return {each.row.event_id: each for each in _now(session, rows)}


def _now(session: Session, rows: Iterable[Publication]) -> list[PublicationNow]:
    """A query a table, however many publications there are. The contents of evidence are left where they lie."""
    rows = list(rows)
    ids = [row.id for row in rows]
    cases = {row.id: row for row in session.scalars(select(Case).where(Case.id.in_({each.case_id for each in rows})))}
    versions: dict[uuid.UUID, list[PublicationVersion]] = defaultdict(list)
    said = select(PublicationVersion).where(PublicationVersion.publication_id.in_(ids))
    for version in session.scalars(said.order_by(PublicationVersion.ordinal)):
        versions[version.publication_id].append(version)
    steps: dict[uuid.UUID, list[PublicationStep]] = defaultdict(list)
    in_turn = select(PublicationStep).where(PublicationStep.publication_id.in_(ids))
    for step in session.scalars(in_turn.order_by(PublicationStep.ordinal)):
        steps[step.publication_id].append(step)
    postings = _postings(session, ids)
    pushes = _pushes(session, ids, {step.id: step.taken_at for taken in steps.values() for step in taken})
    return [
        PublicationNow(
            row,
            cases[row.case_id],
            tuple(versions[row.id]),
            tuple(steps[row.id]),
            tuple(postings.get(row.id, ())),
            tuple(pushes.get(row.id, ())),
        )
        for row in rows
    ]


def _pushes(
    session: Session, ids: Collection[uuid.UUID], taken_at: Mapping[uuid.UUID, datetime]
) -> dict[uuid.UUID, list[PushNow]]:
    """In their order; the last of each publication's is the one that goes. `taken_at`: of each step."""
    sent = select(PublicationPush).where(PublicationPush.publication_id.in_(ids))
    rows = session.scalars(sent.order_by(PublicationPush.ordinal)).all()
    latest = {row.publication_id: row.id for row in rows}
    found: dict[uuid.UUID, list[PushNow]] = defaultdict(list)
    for row in rows:
        found[row.publication_id].append(PushNow(row, row.id != latest[row.publication_id], taken_at[row.step_id]))
    return found


def _postings(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[PostingNow]]:
    posted = select(PublicationPosting).where(PublicationPosting.publication_id.in_(ids))
    rows = session.scalars(posted.order_by(PublicationPosting.posted_at, PublicationPosting.id)).all()
    evidence: dict[uuid.UUID, list[PostingEvidence]] = defaultdict(list)
    filed = select(PostingEvidence).where(PostingEvidence.posting_id.in_([row.id for row in rows]))
    for each in session.scalars(filed.order_by(PostingEvidence.filed_at, PostingEvidence.id)):
        evidence[each.posting_id].append(each)
    found: dict[uuid.UUID, list[PostingNow]] = defaultdict(list)
    for row in rows:
        found[row.publication_id].append(PostingNow(row, tuple(evidence[row.id])))
    return found


def read_evidence(session: Session, person: Person, evidence_id: uuid.UUID) -> PostingEvidence:
    """With its content. Raises AccessRefused, UnknownSubject, OutsideUnit, RoleNotAllowed, as `find_publication`."""
    require(person, "see_publications")
    row = session.get(PostingEvidence, evidence_id, options=[undefer(PostingEvidence.content)])
    if row is None:
        raise UnknownSubject("posting_evidence", evidence_id)
    if not is_own(person, row.unit_id):
        raise OutsideUnit("posting_evidence", evidence_id)
    posting = session.get_one(PublicationPosting, row.posting_id)
    refuse_kept_publication(session, person, session.get_one(Publication, posting.publication_id))
    return row
