"""Who handles a case (承办人员): two with certificates that held when it began, in its acts, and today (处罚法 42)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.errors import OfficerReleased, OfficersMissing, PersonUnusable, Taken
from casework.open_cases import lock_cleared_case, record_case_change
from casework.permission import require
from casework.procedure.acts import acts_of_case, lock_standing_act
from casework.procedure.errors import ActTimeUnusable
from casework.rows import unique
from casework.wording import required_text
from integrity.fields import format_instant
from integrity.local_time import chinese_day
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.devices import OfficerCertificate
from storage.catalog.handling import CaseOfficer, IdentityShown
from storage.catalog.organisation import Person

HANDLING_ROLES: Final = ("officer", "supervisor")
_ALONE: Final = frozenset({"simple_penalty"})


@dataclass(frozen=True)
class Handler:
    """`problem`: None, or left, uncertified_then, uncertified_in_act, uncertified_now: why he does not count."""

    row: CaseOfficer
    person: Person
    problem: str | None


def officers_needed(procedure: str) -> int:
    """Two (处罚法 42, 行政强制法 18), but one where the law lets him decide on the spot."""
    return 1 if procedure in _ALONE else 2


def name_officer(session: Session, by: Person, case_id: uuid.UUID, person_id: uuid.UUID) -> CaseOfficer:
    """Somebody of the case's unit handles it from now on.

    Also by nobody from whom its class of secrecy keeps it: he would let himself in. Raises PersonUnusable, Taken for
    one who does already, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    case = lock_cleared_case(session, by, case_id)
    person = row_in_unit(session, by, Person, person_id)
    if not person.active or person.role not in HANDLING_ROLES:
        raise PersonUnusable(person.name, "left" if not person.active else "no_officer")
    row = CaseOfficer(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        person_id=person.id,
        named_by=by.id,
        named_at=datetime.now(UTC),
    )
    with unique(session, {"uq_case_officer_live": Taken("officer", person.name)}):
        session.add(row)
    data = {"case_officer_id": str(row.id), "person_id": str(person.id)}
    record_case_change(session, by, case, "case.officer_named", data)
    return row


def release_officer(session: Session, by: Person, case_officer_id: uuid.UUID, reason: str) -> CaseOfficer:
    """He handles the case no more; that he did stays.

    Raises OfficerReleased, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    reason = required_text("reason", reason)
    row = row_in_unit(session, by, CaseOfficer, case_officer_id)
    case = lock_cleared_case(session, by, row.case_id)
    session.refresh(row)
    if row.ended_at is not None:
        raise OfficerReleased(row.ended_at)
    row.ended_at, row.ended_by, row.end_reason = datetime.now(UTC), by.id, reason
    session.flush()
    data = {"case_officer_id": str(row.id), "person_id": str(row.person_id)}
    record_case_change(session, by, case, "case.officer_released", data, {"reason": reason})
    return row


def state_identity_shown(
    session: Session,
    by: Person,
    case_id: uuid.UUID,
    *,
    person_id: uuid.UUID,
    shown_at: datetime,
    now: datetime,
    act_id: uuid.UUID | None = None,
) -> IdentityShown:
    """An officer showed his certificate at that time (三（一）2), in an act of the case where one is named.

    Raises ActTimeUnusable for a time without a zone or to come, ActWithdrawn, PersonUnusable for an act of another
    case, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "work_on_cases")
    if shown_at.tzinfo is None or shown_at > now:
        raise ActTimeUnusable(shown_at, None, "without_zone" if shown_at.tzinfo is None else "in_the_future")
    case = lock_cleared_case(session, by, case_id)
    person = row_in_unit(session, by, Person, person_id)
    if act_id is not None and lock_standing_act(session, by, act_id).act.case_id != case.id:
        raise PersonUnusable(person.name, "other_case")
    if not held_on(session, {person.id}, chinese_day(shown_at)):
        raise PersonUnusable(person.name, "uncertified")
    row = IdentityShown(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        act_id=act_id,
        person_id=person.id,
        shown_at=shown_at,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data = {"shown_id": str(row.id), "person_id": str(person.id), "shown_at": format_instant(shown_at)}
    record_case_change(
        session, by, case, "case.identity_shown", {**data, "act_id": None if act_id is None else str(act_id)}
    )
    return row


def handles(session: Session, person: Person, case_id: uuid.UUID) -> bool:
    """Whether the person is one of the case's own officers now."""
    row = CaseOfficer
    mine = exists().where(row.case_id == case_id, row.person_id == person.id, row.ended_at.is_(None))
    return person.active and bool(session.scalar(select(mine)))


def handlers_of(session: Session, case: Case, today: date) -> tuple[Handler, ...]:
    """Who handles a case now, with what keeps each of them from counting."""
    statement = select(CaseOfficer, Person).join(Person, Person.id == CaseOfficer.person_id)
    rows = session.execute(
        statement.where(CaseOfficer.case_id == case.id, CaseOfficer.ended_at.is_(None)).order_by(CaseOfficer.named_at)
    ).all()
    people = {person.id for _, person in rows}
    then, now = held_on(session, people, chinese_day(case.opened_at)), held_on(session, people, today)
    in_acts = _uncertified_in_acts(session, case, people)

    def problem(person: Person) -> str | None:
        if not person.active:
            return "left"
        if person.id in in_acts:
            return "uncertified_in_act"
        return None if person.id in then & now else "uncertified_then" if person.id in now else "uncertified_now"

    return tuple(Handler(row, person, problem(person)) for row, person in rows)


def identity_shown_in(session: Session, case_id: uuid.UUID) -> tuple[IdentityShown, ...]:
    statement = select(IdentityShown).where(IdentityShown.case_id == case_id)
    return tuple(session.scalars(statement.order_by(IdentityShown.shown_at, IdentityShown.id)))


def refuse_too_few_officers(session: Session, case: Case, wanted: str, now: datetime) -> None:
    """Raises OfficersMissing unless as many handle it as its procedure needs, certified on every day that counts."""
    handlers = handlers_of(session, case, chinese_day(now))
    needed, sound = officers_needed(case.procedure), sum(each.problem is None for each in handlers)
    if sound < needed:
        unsound = tuple((each.person.name, each.problem) for each in handlers if each.problem is not None)
        raise OfficersMissing(case.id, wanted, needed, sound, unsound)


def _uncertified_in_acts(session: Session, case: Case, people: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those who took part in an act on a day on which no certificate of theirs held."""
    took_part = [
        (person_id, chinese_day(act.said.starts_at))
        for act in acts_of_case(session, case.id)
        for person_id in set(act.said.officers) & set(people)
    ]
    valid = _valid_days(session, {person_id for person_id, _ in took_part})
    return {person_id for person_id, day in took_part if not any(days.contains(day) for days in valid[person_id])}


def held_on(session: Session, people: Collection[uuid.UUID], day: date) -> set[uuid.UUID]:
    valid = _valid_days(session, people)
    return {person_id for person_id, ranges in valid.items() if any(days.contains(day) for days in ranges)}


def _valid_days(session: Session, people: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[Range[date]]]:
    """By person, the days of each certificate that counts."""
    row = OfficerCertificate
    counting = select(row.person_id, row.valid).where(row.person_id.in_(people), row.voided_at.is_(None))
    found: dict[uuid.UUID, list[Range[date]]] = defaultdict(list)
    for person_id, days in session.execute(counting):
        found[person_id].append(days)
    return found
