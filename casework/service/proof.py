"""Which services of a case count: those that stand, and of what was left those whose picture still shows it (S6)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from casework.procedure.acts import ActNow, standing_acts
from casework.procedure.footage import CaseFootage, as_footage
from casework.recordings.answered import see
from casework.recordings.places import Place
from casework.service.errors import NotServed
from casework.service.manners import LEAVING, LEFT
from integrity.local_time import chinese_day
from storage.catalog.casework import CaseLink
from storage.catalog.deadlines import CaseEvent
from storage.catalog.procedure import CaseAct
from storage.catalog.recordings import Recording
from storage.catalog.service import CaseService


@dataclass(frozen=True)
class Picture:
    """A recording as it may show that something was left: its time, by clocks and answers, and its place."""

    footage: CaseFootage
    place: Place | None

    def problem(self, act: ActNow, until: datetime) -> str | None:
        """Why it does not show this act, which went on `until` then at least: a word of PROOF_PROBLEMS; None: it
        does. A clock that was never compared with any other says no time."""
        footage = self.footage
        if not footage.shows_something:
            return "no_picture"
        if footage.starts_at is None or footage.uncertainty is None:
            return "no_time"
        if not footage.may_touch(act.said.starts_at, act.said.ends_at or until):
            return "recorded_elsewhen"
        return "no_recorded_place" if self.place is None else None


def pictures(session: Session, recordings: Sequence[Recording]) -> list[Picture]:
    """In their order."""
    found = zip(as_footage(session, recordings), see(session, recordings), strict=True)
    return [Picture(footage, seen.place) for footage, seen in found]


def act_problem(act: ActNow, served_at: datetime) -> str | None:
    """Why nothing was left at that time in this act: a word of PROOF_PROBLEMS."""
    said = act.said
    if said.kind != LEAVING:
        return "other_act"
    inside = said.starts_at <= served_at and (said.ends_at is None or served_at < said.ends_at)
    return None if inside else "other_time"


def proven_services(session: Session, case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[CaseService]]:
    """By case, the earliest first: as many queries for many as for one. No key for a case of which nothing was served.

    A picture that left the case, an act that was withdrawn or is stated otherwise now, an answer that gives the picture
    another time, take the service with them.
    """
    row = CaseService
    of_case = CaseLink.case_id == row.case_id, CaseLink.recording_id == row.recording_id
    in_case = exists().where(*of_case, CaseLink.ended_at.is_(None))
    standing = select(row).where(
        row.case_id.in_(case_ids), row.withdrawn_at.is_(None), or_(row.method != LEFT, in_case)
    )
    rows = session.scalars(standing.order_by(row.served_at, row.id)).all()
    unseen = _unseen(session, [each for each in rows if each.method == LEFT])
    found: dict[uuid.UUID, list[CaseService]] = defaultdict(list)
    for service in rows:
        if service.id not in unseen:
            found[service.case_id].append(service)
    return dict(found)


def days_served(session: Session, event: CaseEvent) -> tuple[date, ...]:
    """The (Chinese) days on which something was served that may end the event's term of service, each once.

    A service ends the term of the decision that it is of, and of no other in its case: which that is, the database says
    (`serves_decision_of`, migration 0069). Of a paper that is a number alone people say what it is, where the case has
    but one penalty.
    """
    its = select(CaseService.id).where(CaseService.case_id == event.case_id, _serves(CaseService.id, event))
    ids = set(session.scalars(its))
    proven = proven_services(session, [event.case_id]).get(event.case_id, ())
    return tuple(sorted({chinese_day(each.served_at) for each in proven if each.id in ids}))


def serves(session: Session, service: CaseService, event: CaseEvent) -> bool:
    """Whether the service is of what the event's term of service runs from, whatever became of it."""
    return bool(session.scalar(select(_serves(service.id, event))))


def refuse_unserved(session: Session, event: CaseEvent, day: date) -> None:
    """Raises NotServed unless what the event is of was served on that (Chinese) day, with its proof."""
    days = days_served(session, event)
    if day not in days:
        raise NotServed(event.case_id, day, days)


def _serves(service_id: Any, event: CaseEvent) -> ColumnElement[bool]:
    return func.serves_decision_of(service_id, event.id, type_=Boolean)


def _unseen(session: Session, left: Sequence[CaseService]) -> set[uuid.UUID]:
    """Of services by leaving, those that their act and picture do not show."""
    if not left:
        return set()
    acts = standing_acts().where(CaseAct.id.in_([each.act_id for each in left]))
    by_act = {act.id: ActNow(act, said) for act, said in session.execute(acts)}
    recordings = session.scalars(select(Recording).where(Recording.id.in_([each.recording_id for each in left]))).all()
    by_recording = dict(zip([row.id for row in recordings], pictures(session, recordings), strict=True))
    return {each.id for each in left if not _shown(each, by_act, by_recording)}


def _shown(service: CaseService, acts: Mapping[uuid.UUID, ActNow], recordings: Mapping[uuid.UUID, Picture]) -> bool:
    act = None if service.act_id is None else acts.get(service.act_id)
    picture = None if service.recording_id is None else recordings.get(service.recording_id)
    if act is None or picture is None or act_problem(act, service.served_at) is not None:
        return False
    return picture.problem(act, service.served_at) is None
