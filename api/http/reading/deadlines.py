"""Events and deadlines of one unit, as answers say them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from api.http.reading.names import people_named
from api.http.schema.base import CaseRef, PersonRef
from api.http.schema.deadlines import (
    CaseDeadlineItem,
    CaseDeadlines,
    DeadlineItem,
    DueDayItem,
    DueItem,
    EventItem,
    RuleRef,
)
from casework.deadlines.listing import Deadline, EventDeadlines, deadlines_of_case
from storage.catalog.casework import Case
from storage.catalog.deadlines import TermAnswer

Names = Mapping[uuid.UUID, str]


def describe_case_deadlines(session: Session, case: Case, today: date) -> CaseDeadlines:
    events = deadlines_of_case(session, case, today)
    names = _names(session, events)
    return CaseDeadlines(case_id=case.id, today=today, events=[_event_item(each, names) for each in events])


def describe_event(session: Session, case: Case, event_id: uuid.UUID, today: date) -> EventItem:
    """One of them, whether it stands or not."""
    found = [each for each in deadlines_of_case(session, case, today) if each.event.id == event_id]
    return _event_item(found[0], _names(session, found))


def due_items(session: Session, deadlines: Sequence[Deadline]) -> list[DueItem]:
    names = people_named(session, *(each.term.done_by for each in deadlines))
    return [
        DueItem(
            case=CaseRef(id=each.case.id, number=each.case.number, title=each.case.title),
            deadline=DeadlineItem(**_facts(each, names)),
        )
        for each in deadlines
    ]


def _names(session: Session, events: Sequence[EventDeadlines]) -> Names:
    people = (person for each in events for person in (each.event.entered_by, each.event.withdrawn_by))
    return people_named(session, *people, *(row.term.done_by for each in events for row in each.deadlines))


def _event_item(each: EventDeadlines, names: Names) -> EventItem:
    event = each.event
    return EventItem(
        id=event.id,
        case_id=event.case_id,
        kind=event.kind,
        day=event.day,
        decision_id=None if each.issue is None else each.issue.decision_id,
        revokes_id=event.revokes_id,
        entered_by=PersonRef.of(event.entered_by, names),
        entered_at=event.entered_at,
        withdrawn_by=PersonRef.maybe(event.withdrawn_by, names),
        withdrawn_at=event.withdrawn_at,
        withdraw_reason=event.withdraw_reason,
        deadlines=[
            CaseDeadlineItem(
                **_facts(row, names), answers=[_due_day_item(answer) for answer in each.history[row.term.id]]
            )
            for row in each.deadlines
        ],
    )


def _facts(deadline: Deadline, names: Names) -> dict[str, Any]:
    event, term, answer = deadline.event, deadline.term, deadline.answer
    return {
        "term_id": term.id,
        "kind": term.kind,
        "event_id": event.id,
        "event_kind": event.kind,
        "event_day": event.day,
        "state": deadline.state,
        "due_on": answer.due_on,
        "estimate": answer.estimate,
        "unannounced": answer.unannounced,
        "working_days_left": deadline.days_left,
        "rule": _rule_ref(deadline),
        "done_on": term.done_on,
        "done_by": PersonRef.maybe(term.done_by, names),
        "done_at": term.done_at,
    }


def _rule_ref(deadline: Deadline) -> RuleRef | None:
    rule, term = deadline.rule, deadline.ruled
    if rule is None or term is None:
        return None
    return RuleRef(
        id=rule.id,
        jurisdiction=rule.jurisdiction,
        version=rule.version,
        days=term.days,
        counted=term.counted,
        law=list(term.law),
    )


def _due_day_item(answer: TermAnswer) -> DueDayItem:
    return DueDayItem.model_validate(answer)
