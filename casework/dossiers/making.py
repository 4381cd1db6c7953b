"""A dossier for a public question (舆情应对材料): made by a named person for a reason, kept as it was, and handed on
once a second person has looked at it (复核)."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.cases import find_case
from casework.deadlines.decided import REVOKED
from casework.dossiers.contents import Speaking, contents_of_dossier
from casework.dossiers.errors import ContactUnfit, DossierChecked, DossierOutdated, DossierUnchecked, OwnDossier
from casework.errors import Unknown
from casework.named_people import names_in
from casework.permission import require
from casework.publication.duties import require_duty
from casework.publication.publicity import publicity_on
from casework.secrecy import class_of, refuse_uncleared
from casework.wording import required_name, required_text
from integrity.canonical import canonical_json
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from retention.own_units import is_own
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent
from storage.catalog.dossiers import Dossier
from storage.catalog.organisation import Person, Unit
from storage.catalog.publication import PublicationStep
from storage.ledger.append import Actor, Change, record_change

MAKING = "make_dossiers"
SEEING = "see_dossiers"
CHECKING = "review"
"""The duty of publishing whose people look at a dossier, too."""


@dataclass(frozen=True)
class Asked:
    """What the public asks, why somebody answers, and who does so outside and how he is reached."""

    question: str
    reason: str
    contact_id: uuid.UUID
    contact_way: str


def make_dossier(session: Session, by: Person, case_id: uuid.UUID, asked: Asked, now: datetime) -> Dossier:
    """Of a case of the person's unit; it leaves the house, so that a class that is never copied has none.

    Raises ContactUnfit, NoPublicityRules, TextUnusable, AccessRefused (secrecy), RoleNotAllowed, UnknownSubject,
    OutsideUnit.
    """
    require(by, MAKING)
    case = find_case(session, by, case_id)
    refuse_uncleared(session, by, case, "copy")
    contact = session.get(Person, asked.contact_id)
    if contact is None or contact.unit_id != by.unit_id or not contact.active:
        raise ContactUnfit
    session.refresh(case, with_for_update={"key_share": True})
    question, reason = required_text("question", asked.question), required_text("reason", asked.reason)
    way = required_name("contact way", asked.contact_way)
    speaking = _speaking(session, by, case, now)
    facts = contents_of_dossier(session, speaking)
    unit = session.get_one(Unit, case.unit_id)
    facts["question"] = speaking.mask(question)
    facts["contact"] = {"name": contact.name, "unit": unit.name, "way": way}
    content = canonical_json(facts, "dossier")
    row = Dossier(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        ordinal=1 + (session.scalar(select(func.count()).where(Dossier.case_id == case.id)) or 0),
        question=question,
        reason=reason,
        contact_id=contact.id,
        contact_way=way,
        content=content,
        sha256=hashlib.sha256(content).digest(),
        made_by=by.id,
        made_at=now,
    )
    session.add(row)
    session.flush()
    data = {
        "dossier_id": str(row.id),
        "ordinal": row.ordinal,
        "contact_id": str(row.contact_id),
        "sha256": row.sha256.hex(),
    }
    private = {"question": question, "reason": reason, "contact_way": way}
    change = Change("case.dossier_made", "case", str(case.id), case.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
    return row


def dossiers_of_case(session: Session, by: Person, case_id: uuid.UUID) -> tuple[Dossier, ...]:
    """The latest first. Raises AccessRefused (secrecy), RoleNotAllowed, UnknownSubject, OutsideUnit."""
    require(by, SEEING)
    case = find_case(session, by, case_id)
    refuse_uncleared(session, by, case, "view")
    rows = select(Dossier).where(Dossier.case_id == case.id).order_by(Dossier.ordinal.desc())
    return tuple(session.scalars(rows))


def find_dossier(session: Session, by: Person, dossier_id: uuid.UUID) -> Dossier:
    """Raises AccessRefused (secrecy), RoleNotAllowed, Unknown, OutsideUnit."""
    require(by, SEEING)
    row = session.get(Dossier, dossier_id)
    if row is None:
        raise Unknown("dossier", dossier_id)
    if not is_own(by, row.unit_id):
        raise OutsideUnit("dossier", dossier_id)
    refuse_uncleared(session, by, session.get_one(Case, row.case_id), "view")
    return row


def check_dossier(session: Session, by: Person, dossier_id: uuid.UUID, now: datetime) -> Dossier:
    """复核: somebody else than its maker has read it, and it may leave the house.

    By whoever has the duty to review publications in the unit. Raises OwnDossier, DossierChecked, DossierOutdated,
    DutyLacking, AccessRefused (secrecy), RoleNotAllowed, Unknown, OutsideUnit.
    """
    row = find_dossier(session, by, dossier_id)
    require_duty(session, by, CHECKING)
    # The case first, as whoever publishes or takes down does: nothing changes meanwhile what it may say.
    session.get_one(Case, row.case_id, with_for_update={"key_share": True})
    session.refresh(row, with_for_update={"key_share": True})
    if row.made_by == by.id:
        raise OwnDossier(row.id)
    if row.checked_at is not None:
        raise DossierChecked(row.checked_at)
    if outdated_among(session, [row]):
        raise DossierOutdated(row.id)
    row.checked_by, row.checked_at = by.id, now
    session.flush()
    change = Change("case.dossier_checked", "case", str(row.case_id), row.unit_id, {"dossier_id": str(row.id)}, {})
    record_change(session, Actor.person(by.id), change)
    return row


def dossier_to_hand_on(session: Session, by: Person, dossier_id: uuid.UUID) -> Dossier:
    """One that a second person has looked at, and that says what may be said now.

    Raises DossierUnchecked, DossierOutdated, AccessRefused (secrecy), RoleNotAllowed, Unknown, OutsideUnit.
    """
    row = find_dossier(session, by, dossier_id)
    if outdated_among(session, [row]):
        raise DossierOutdated(row.id)
    if row.checked_at is None:
        raise DossierUnchecked(row.id)
    return row


def outdated_among(session: Session, rows: Sequence[Dossier]) -> frozenset[uuid.UUID]:
    """Those since which anything of their case was published, taken down, settled as not to be published, or revoked,
    or it got another class of secrecy: what they say may be what is not said any more."""
    cases = {row.case_id for row in rows}
    classes, changed = {each: class_of(session, each) for each in cases}, _changed_at(session, cases)
    return frozenset(
        row.id
        for row in rows
        if classes[row.case_id] != facts_of(row)["secrecy_class"]
        or any(moment > row.made_at for moment in changed.get(row.case_id, ()))
    )


def _changed_at(session: Session, cases: set[uuid.UUID]) -> dict[uuid.UUID, list[datetime]]:
    """When what may be said of each changed last, by a step of a publication or by a revocation."""
    step, event = PublicationStep, CaseEvent
    settled = step.step.in_(("published", "withheld", "taken_down"))
    steps = select(step.case_id, func.max(step.taken_at)).where(step.case_id.in_(cases), settled)
    revoked = select(event.case_id, func.max(func.greatest(event.entered_at, event.withdrawn_at)))
    revoked = revoked.where(event.case_id.in_(cases), event.kind == REVOKED)
    found: dict[uuid.UUID, list[datetime]] = defaultdict(list)
    for statement in (steps.group_by(step.case_id), revoked.group_by(event.case_id)):
        for case_id, moment in session.execute(statement).all():
            found[case_id].append(moment)
    return found


def facts_of(row: Dossier) -> dict[str, Any]:
    """What it says (docs/dossiers.md)."""
    found: dict[str, Any] = json.loads(row.content)
    return found


def _speaking(session: Session, by: Person, case: Case, now: datetime) -> Speaking:
    publicity = publicity_on(session, case.unit_id, chinese_day(now))
    return Speaking(by, case, class_of(session, case.id), publicity.masking, names_in(session, case.id), now)
