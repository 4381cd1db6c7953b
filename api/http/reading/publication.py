"""Publications, as answers say them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.schema.base import CaseRef, PersonRef
from api.http.schema.publication import (
    DuePublication,
    DutyItem,
    EvidenceItem,
    KeptText,
    PostingItem,
    PublicationItem,
    PublicationText,
    PushItem,
    StepItem,
)
from casework.publication.listing import Due, PostingNow, PublicationNow, PushNow, publication_now
from storage.catalog.publication import PublicationDuty, PublicationStep, PublicationVersion

Names = Mapping[uuid.UUID, str]
_PLAIN = (
    "id",
    "ordinal",
    "authority",
    "party",
    "category",
    "conclusion",
    "document_number",
    "legal_basis",
    "decided_on",
    "party_full",
    "party_kind",
    "conclusion_full",
    "names",
    "withhold_ground",
    "withhold_reason",
    "needs_second",
    "reason",
    "hides_former",
    "stated_at",
)


def describe_publication(session: Session, publication_id: uuid.UUID) -> PublicationItem:
    return publication_items(session, [publication_now(session, publication_id)])[0]


def publication_items(session: Session, found: Sequence[PublicationNow]) -> list[PublicationItem]:
    names = names_of_publications(session, found)
    return [_item(each, names) for each in found]


def names_of_publications(session: Session, found: Iterable[PublicationNow]) -> Names:
    people: set[uuid.UUID] = set()
    for each in found:
        people |= {version.stated_by for version in each.versions} | {step.taken_by for step in each.steps}
        people |= {posting.row.posted_by for posting in each.postings}
    return people_named(session, *people)


def due_publications(found: Iterable[Due]) -> list[DuePublication]:
    return [_due(each) for each in found]


def duty_items(session: Session, rows: Sequence[PublicationDuty]) -> list[DutyItem]:
    names = people_named(session, *(row.person_id for row in rows))
    return [
        DutyItem(
            id=row.id,
            unit_id=row.unit_id,
            person=PersonRef.of(row.person_id, names),
            duty=row.duty,
            named_at=row.named_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


def posting_item(each: PostingNow) -> PostingItem:
    row = each.row
    plain = ("id", "version_id", "channel", "place", "posted_on", "removed_at", "removal")
    return PostingItem(
        **{name: getattr(row, name) for name in plain},
        evidence=[
            EvidenceItem(
                id=file.id,
                name=file.name,
                media_type=file.media_type,
                sha256=file.sha256.hex(),
                filed_at=file.filed_at,
            )
            for file in each.evidence
        ],
    )


def _item(each: PublicationNow, names: Names) -> PublicationItem:
    row, case = each.row, each.case
    return PublicationItem(
        id=row.id,
        case=CaseRef(id=case.id, number=case.number, title=case.title),
        kind=row.kind,
        event_id=row.event_id,
        state=each.state,
        next_duty=each.next_duty,
        shown_version_id=row.shown_version_id,
        shown_at=row.shown_at,
        versions=[_text(version, names) for version in each.versions],
        steps=[_step(step, names) for step in each.steps],
        postings=[posting_item(posting) for posting in each.postings],
        pushes=[_push(push) for push in each.pushes],
    )


def _text(row: PublicationVersion, names: Names) -> PublicationText:
    return PublicationText(
        **{name: getattr(row, name) for name in _PLAIN},
        kept=[KeptText(**each) for each in row.kept],
        stated_by=PersonRef.of(row.stated_by, names),
    )


def _step(row: PublicationStep, names: Names) -> StepItem:
    plain = ("version_id", "step", "ground", "reason", "taken_at")
    return StepItem(**{name: getattr(row, name) for name in plain}, taken_by=PersonRef.of(row.taken_by, names))


def _push(each: PushNow) -> PushItem:
    times = ("due_at", "attempted_at", "accepted_at")
    plain = ("id", "action", "attempts", *times, "receipt", "problem", "detail")
    return PushItem(
        **{name: getattr(each.row, name) for name in plain}, state=each.state, overdue_from=each.overdue_from
    )


def _due(each: Due) -> DuePublication:
    deadline, publication = each.deadline, each.publication
    case = deadline.case
    return DuePublication(
        case=CaseRef(id=case.id, number=case.number, title=case.title),
        event_id=deadline.event.id,
        term=deadline.term.kind,
        event_day=deadline.event.day,
        due_on=deadline.answer.due_on,
        estimate=deadline.answer.estimate,
        state=deadline.state,
        days_left=deadline.days_left,
        publication_id=None if publication is None else publication.row.id,
        publication_state=None if publication is None else publication.state,
        next_duty="collect" if publication is None else publication.next_duty,
    )
