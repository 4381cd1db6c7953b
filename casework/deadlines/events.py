"""Events of a case from which terms run (期限起算事项), entered with their day and withdrawn with a reason; and what
ends a term. Nothing that was said is ever changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.decided import named_by_event
from casework.deadlines.errors import (
    DoneDayUnusable,
    EventDayUnusable,
    EventEntered,
    EventWithdrawn,
    PublicationGoesOn,
    StillPublic,
    TermFulfilled,
)
from casework.deadlines.kinds import KINDS, terms_from
from casework.deadlines.running import Reckoning, start_term
from casework.deadlines.versions import TERMS
from casework.open_cases import lock_open_case
from casework.permission import require
from casework.publication.whereabouts import is_settled, whereabouts, whereabouts_of_revoked
from casework.register.calendar import is_usable
from casework.review.gate import at_the_gate
from casework.rows import unique
from casework.secrecy import refuse_uncleared
from casework.service.proof import refuse_unserved
from casework.units import Doer, actor_of
from casework.wording import known_word, required_text
from integrity.local_time import chinese_day
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.organisation import Person
from storage.catalog.publication import Publication
from storage.ledger.append import Actor, Change, record_change


@dataclass(frozen=True)
class EventKind:
    """Of the event alone: which terms run from it, says casework/deadlines/kinds.py.

    `to_come`: its day may lie ahead, as that of a hearing does. `after_close`: it may happen in a case that is closed.
    """

    to_come: bool = False
    after_close: bool = False


EVENT_KINDS: Final[Mapping[str, EventKind]] = {
    "case_filed": EventKind(),
    "inspection_concluded": EventKind(),
    "evidence_registered": EventKind(),
    "hearing_offered": EventKind(),
    "hearing_held": EventKind(to_come=True),
    "penalty_decided": EventKind(),
    "decision_revoked": EventKind(after_close=True),
}


def enter_event(
    session: Session,
    by: Person,
    case_id: uuid.UUID,
    kind: str,
    day: date,
    now: datetime,
    *,
    decision_id: uuid.UUID | None = None,
    revokes_id: uuid.UUID | None = None,
) -> CaseEvent:
    """What happened in a case on a (Chinese) day; the terms that run from it are worked out and kept.

    A day that has long passed is taken: the entry has its own time. `decision_id`: the one that was made or revoked,
    where the case has several; `revokes_id`: likewise the event of the check's result that is revoked. Raises
    WordUnknown, EventDayUnusable, EventEntered, DecisionUnclear, RevocationUnclear, DecisionUnfit, ResultUnfit,
    GateShut for a decision that was not issued on that day, CaseClosed, AccessRefused, UnknownSubject, OutsideUnit,
    RoleNotAllowed.
    """
    require(by, "work_on_cases")
    what = EVENT_KINDS[known_word("kind", kind, tuple(EVENT_KINDS))]
    if not is_usable(day):
        raise EventDayUnusable(day, "no_such_year")
    if day > chinese_day(now) and not what.to_come:
        raise EventDayUnusable(day, "in_the_future")
    # Before the case's row: whoever loads rules writes answers to terms, and would wait for it with the others' lock.
    TERMS.let_none_load(session)
    after_close = what.after_close
    case = row_in_unit(session, by, Case, case_id, lock=True) if after_close else lock_open_case(session, by, case_id)
    refuse_uncleared(session, by, case, "view")
    named = named_by_event(session, case.id, kind, day, decision_id, revokes_id)
    event = CaseEvent(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        kind=kind,
        day=day,
        issue_id=named.issue_id,
        revokes_id=named.revokes_id,
        entered_by=by.id,
        entered_at=datetime.now(UTC),
    )
    entered = EventEntered(kind, day)
    standing = dict.fromkeys(("uq_case_event_standing", "uq_case_event_of_issue", "uq_case_event_revokes"), entered)
    with at_the_gate(session, case.id), unique(session, standing):
        session.add(event)
    _record(session, by, event.case_id, event.unit_id, "event_entered", _facts(event))
    reckoning = Reckoning.now(session)
    for term in terms_from(kind):
        start_term(session, by, event, term, reckoning)
    return event


def withdraw_event(session: Session, by: Person, event_id: uuid.UUID, reason: str) -> CaseEvent:
    """It did not happen, or on another day; its terms end with it. The rows stay, with who withdrew it and why.

    A term that is overdue would be gone by it: that takes a supervisor, and is open to him after the case is closed. A
    publication that was begun from it has to be ended first, for the event that is entered instead begins another.
    Raises PublicationGoesOn, EventWithdrawn, TextUnusable, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "withdraw_events")
    reason = required_text("reason", reason)
    # The case before its event, as whoever publishes does.
    row_in_unit(session, by, Case, row_in_unit(session, by, CaseEvent, event_id).case_id, lock=True)
    event = _lock_event(session, by, event_id)
    _refuse_published(session, event)
    event.withdrawn_at, event.withdrawn_by, event.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    data = {"event_id": str(event.id)}
    _record(session, by, event.case_id, event.unit_id, "event_withdrawn", data, {"reason": reason})
    return event


def fulfil_term(session: Session, by: Person, term_id: uuid.UUID, done_on: date, now: datetime) -> CaseTerm:
    """What the term is for was done on that (Chinese) day, be it in time or late: the term ends.

    Also after the case is closed: what is due then is due all the same. The term of service ends by a service of its
    decision that was entered of that day, and proven: else nothing was served; that of withdrawal once nothing is
    public any more. Raises NotServed, StillPublic, DoneDayUnusable, TermFulfilled, EventWithdrawn, GateShut,
    UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "work_on_cases")
    term = row_in_unit(session, by, CaseTerm, term_id)
    # Before its event: whoever publishes holds the case, and asks for the event then.
    row_in_unit(session, by, Case, term.case_id, lock=True)
    event = _lock_event(session, by, term.event_id)
    term = row_in_unit(session, by, CaseTerm, term_id, lock=True)
    if term.done_on is not None:
        raise TermFulfilled(term.id, term.done_on)
    return _meet(session, by, term, event, done_on, now)


def meet_term(
    session: Session,
    by: Person,
    event_id: uuid.UUID,
    kind: str,
    done_on: date,
    now: datetime,
    entered_by: Actor | None = None,
) -> CaseTerm | None:
    """What a deed itself shows to be done, such as publishing: whoever may do that deed meets its term by it.

    `entered_by`: a program that was told of it later, where `by` himself no longer stands at it.
    None where no such term runs from the event, or it was met before. The caller holds the case's row. Raises
    StillPublic, DoneDayUnusable, EventWithdrawn, GateShut, UnknownSubject, OutsideUnit.
    """
    event = _lock_event(session, by, event_id)
    wanted = select(CaseTerm).where(CaseTerm.event_id == event.id, CaseTerm.kind == kind, CaseTerm.done_on.is_(None))
    locked = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    term = session.scalars(locked).first()
    return None if term is None else _meet(session, by, term, event, done_on, now, entered_by)


def _meet(
    session: Session,
    by: Person,
    term: CaseTerm,
    event: CaseEvent,
    done_on: date,
    now: datetime,
    entered_by: Actor | None = None,
) -> CaseTerm:
    _refuse_done_day(term, event, done_on, now)
    if term.kind == "service":
        refuse_unserved(session, event, done_on)
    if KINDS[term.kind].leaves_the_public and (where := whereabouts_of_revoked(session, event)):
        raise StillPublic(event.id, where)
    with at_the_gate(session, term.case_id):
        term.done_on, term.done_by, term.done_at = done_on, by.id, datetime.now(UTC)
    data = {"term_id": str(term.id), "done_on": done_on.isoformat()}
    if entered_by is not None:
        data |= {"done_by": str(by.id)}
    _record(session, entered_by or by, term.case_id, term.unit_id, "term_fulfilled", data)
    return term


def _lock_event(session: Session, by: Person, event_id: uuid.UUID) -> CaseEvent:
    event = row_in_unit(session, by, CaseEvent, event_id, lock=True)
    if event.withdrawn_at is not None:
        raise EventWithdrawn(event.id, event.withdrawn_at)
    return event


def _refuse_published(session: Session, event: CaseEvent) -> None:
    """Of one decision there is one publication: while one goes on, its event stands. Raises PublicationGoesOn."""
    begun = session.scalars(select(Publication.id).where(Publication.event_id == event.id)).all()
    where = whereabouts(session, begun)
    if where or not all(is_settled(session, each) for each in begun):
        raise PublicationGoesOn(event.id, where)


def _refuse_done_day(term: CaseTerm, event: CaseEvent, done_on: date, now: datetime) -> None:
    runs_back = KINDS[term.kind].direction == "before"
    if done_on > chinese_day(now):
        raise DoneDayUnusable(done_on, "in_the_future")
    if not is_usable(done_on):
        raise DoneDayUnusable(done_on, "no_such_year")
    if runs_back and done_on > event.day:
        raise DoneDayUnusable(done_on, "after_the_event")
    if not runs_back and done_on < event.day:
        raise DoneDayUnusable(done_on, "before_the_event")


def _facts(event: CaseEvent) -> dict[str, str]:
    named = {name: getattr(event, name) for name in ("issue_id", "revokes_id")}
    of_what = {name: str(value) for name, value in named.items() if value is not None}
    return {"event_id": str(event.id), "kind": event.kind, "day": event.day.isoformat(), **of_what}


def _record(
    session: Session,
    by: Doer,
    case_id: uuid.UUID,
    unit_id: uuid.UUID,
    deed: str,
    data: dict[str, str],
    private: dict[str, str] | None = None,
) -> None:
    change = Change(f"case.{deed}", "case", str(case_id), unit_id, data, private or {})
    record_change(session, actor_of(by), change)
