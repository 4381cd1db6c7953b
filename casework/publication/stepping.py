"""The way of a publication (传递 → 审核 → 发布, 不予公开, 撤下): each step by whoever has its duty, and none skipped.

The database holds the same order and asks the gate (migration 0040); what is refused here is told in words.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.deadlines.events import meet_term
from casework.deadlines.kinds import KINDS
from casework.named_people import names_in
from casework.publication.collecting import (
    latest_version,
    lock_publication,
    masking_needed,
    names_spoken_of,
    refuse_ended,
)
from casework.publication.duties import require_duty
from casework.publication.errors import StepRefused
from casework.publication.publicity import publicity_on
from casework.publication.whereabouts import whereabouts_of_revoked
from casework.review.errors import GateShut
from casework.review.gate import at_the_gate, case_refusals
from casework.review.leaving import require_leave_of
from casework.revoked import revocations_of
from casework.secrecy import class_of
from casework.wording import known_word, required_text
from integrity.epoch_keys import EpochKey
from integrity.local_time import chinese_day
from storage.catalog.deadlines import CaseEvent
from storage.catalog.decisions import DecisionIssue
from storage.catalog.organisation import Person
from storage.catalog.publication import (
    TAKEN_DOWN_BECAUSE,
    Publication,
    PublicationStep,
    PublicationVersion,
)
from storage.ledger.append import Actor, Change, record_change

TERM_OF: Final = {kind.publishes: name for name, kind in KINDS.items() if kind.publishes is not None}


def transmit(session: Session, by: Person, publication_id: uuid.UUID, version_id: uuid.UUID) -> PublicationStep:
    """传递: handed on to be reviewed. Raises DutyLacking, StepRefused, UnknownSubject, OutsideUnit."""
    row, version, steps = _before(session, by, publication_id, version_id, "transmit")
    if steps:
        raise StepRefused(row.id, "order")
    return _take(session, by, row, version, "transmitted")


def pass_on(
    session: Session, by: Person, publication_id: uuid.UUID, version_id: uuid.UUID, note: str | None = None
) -> PublicationStep:
    """审核通过. Where the text speaks of persons a second reviewer passes it as well.

    Raises DutyLacking, StepRefused, TextUnusable, UnknownSubject, OutsideUnit.
    """
    row, version, steps = _before(session, by, publication_id, version_id, "review")
    if not steps or steps[-1].step not in ("transmitted", "passed"):
        raise StepRefused(row.id, "order")
    if by.id == version.stated_by:
        raise StepRefused(row.id, "own")
    if by.id in {each.taken_by for each in steps}:
        raise StepRefused(row.id, "not_twice")
    reason = None if note is None or not note.strip() else required_text("reason", note)
    return _take(session, by, row, version, "passed", reason=reason)


def send_back(
    session: Session, by: Person, publication_id: uuid.UUID, version_id: uuid.UUID, reason: str
) -> PublicationStep:
    """退回: it has to be stated anew. Raises DutyLacking, StepRefused, TextUnusable, UnknownSubject, OutsideUnit."""
    row, version, steps = _before(session, by, publication_id, version_id, "review")
    if not steps or steps[-1].step not in ("transmitted", "passed"):
        raise StepRefused(row.id, "order")
    return _take(session, by, row, version, "returned", reason=required_text("reason", reason))


def publish(
    session: Session,
    by: Person,
    publication_id: uuid.UUID,
    version_id: uuid.UUID,
    keys: Sequence[EpochKey],
    now: datetime,
) -> PublicationStep:
    """发布: from now on everybody sees it, and its term is met. By leave of the gate alone.

    `keys`: those that reviews of this archive are signed with. Raises GateShut, PassForged, DutyLacking, StepRefused,
    UnknownSubject, OutsideUnit.
    """
    row, version = _checked_to_settle(session, by, publication_id, version_id)
    if version.withhold_ground is not None:
        raise StepRefused(row.id, "order")
    if class_of(session, row.case_id) == "state_secret":
        raise StepRefused(row.id, "secret")
    ask_gate(session, row, keys)
    with at_the_gate(session, row.case_id):
        step = _take(session, by, row, version, "published")
    session.refresh(row)
    meet_term(session, by, row.event_id, TERM_OF[row.kind], chinese_day(now), now)
    return step


def withhold(
    session: Session, by: Person, publication_id: uuid.UUID, version_id: uuid.UUID, now: datetime
) -> PublicationStep:
    """不予公开: settled, for the legal ground that its version states.

    Raises DutyLacking, StepRefused, UnknownSubject, OutsideUnit.
    """
    row, version = _checked_to_settle(session, by, publication_id, version_id)
    if version.withhold_ground is None:
        raise StepRefused(row.id, "order")
    if row.shown_version_id is not None:
        raise StepRefused(row.id, "still_shown")
    step = _take(session, by, row, version, "withheld")
    session.refresh(row)
    meet_term(session, by, row.event_id, TERM_OF[row.kind], chinese_day(now), now)
    return step


def take_down(
    session: Session, by: Person, publication_id: uuid.UUID, ground: str, reason: str, now: datetime
) -> PublicationStep:
    """撤下: nobody sees it any more from now on, but that, when and why it was taken down.

    What was posted elsewhere has to be removed there, and entered (posting.py); the platform is told (pushing.py). The
    term of withdrawal is met when nothing is left. Raises MaskingNeeded, DutyLacking, StepRefused, TextUnusable,
    WordUnknown, UnknownSubject, OutsideUnit.
    """
    require_duty(session, by, "publish")
    known_word("ground", ground, TAKEN_DOWN_BECAUSE)
    reason = required_text("reason", reason)
    row = lock_publication(session, by, publication_id)
    if row.shown_version_id is None:
        raise StepRefused(row.id, "not_shown")
    version = session.get_one(PublicationVersion, row.shown_version_id)
    _refuse_named("reason", reason, session, version, now)
    step = _take(session, by, row, version, "taken_down", ground=ground, reason=reason)
    session.refresh(row)
    meet_withdrawal(session, by, row, now)
    return step


def meet_withdrawal(
    session: Session, by: Person, row: Publication, now: datetime, entered_by: Actor | None = None
) -> None:
    """The term of withdrawal is met, where one runs, as soon as nothing of what was revoked is public anywhere, by what
    `by` did: of all the publications that are revoked with this one.

    `entered_by`: whoever enters it, where that is another: a program that was told so by the city's platform.
    """
    for revoked in session.scalars(revocations_of(session.get_one(CaseEvent, row.event_id))).all():
        if not whereabouts_of_revoked(session, revoked):
            meet_term(session, by, revoked.id, "withdraw", chinese_day(now), now, entered_by)


def ask_gate(session: Session, row: Publication, keys: Sequence[EpochKey]) -> None:
    """Whatever makes it public asks this: issued, by a pass that stands and was signed, and not revoked since.

    Raises GateShut, PassForged, StepRefused.
    """
    if session.scalars(revocations_of(session.get_one(CaseEvent, row.event_id))).first() is not None:
        raise StepRefused(row.id, "revoked")
    if row.issue_id is not None:
        require_leave_of(session, session.get_one(DecisionIssue, row.issue_id), keys)
    elif refusals := case_refusals(session, row.case_id):
        raise GateShut(row.case_id, refusals)


def steps_of(session: Session, version_id: uuid.UUID) -> tuple[PublicationStep, ...]:
    taken = select(PublicationStep).where(PublicationStep.version_id == version_id)
    return tuple(session.scalars(taken.order_by(PublicationStep.ordinal)))


def passes_needed(version: PublicationVersion) -> int:
    return 2 if version.needs_second else 1


def _before(
    session: Session, by: Person, publication_id: uuid.UUID, version_id: uuid.UUID, duty: str
) -> tuple[Publication, PublicationVersion, tuple[PublicationStep, ...]]:
    require_duty(session, by, duty)
    row = lock_publication(session, by, publication_id)
    version = latest_version(session, row.id)
    if version.id != version_id:
        raise StepRefused(row.id, "changed")
    refuse_ended(session, row)
    return row, version, steps_of(session, version.id)


def _checked_to_settle(
    session: Session, by: Person, publication_id: uuid.UUID, version_id: uuid.UUID
) -> tuple[Publication, PublicationVersion]:
    row, version, steps = _before(session, by, publication_id, version_id, "publish")
    if not steps or steps[-1].step != "passed":
        raise StepRefused(row.id, "order")
    if sum(each.step == "passed" for each in steps) < passes_needed(version):
        raise StepRefused(row.id, "second")
    if by.id == version.stated_by:
        raise StepRefused(row.id, "own")
    return row, version


def _refuse_named(field: str, text: str, session: Session, version: PublicationVersion, now: datetime) -> None:
    masking = publicity_on(session, version.unit_id, chinese_day(now)).masking
    names = (*version.names, *((version.party_full,) if version.party_kind == "citizen" else ()))
    known = names_in(session, version.case_id)
    found = masking.find(text, names, names_spoken_of(version.party_full, version.party_kind, [text], known))
    if found:
        raise masking_needed(field, found)


def _take(
    session: Session,
    by: Person,
    row: Publication,
    version: PublicationVersion,
    step: str,
    *,
    ground: str | None = None,
    reason: str | None = None,
) -> PublicationStep:
    last = select(PublicationStep.ordinal).where(PublicationStep.publication_id == row.id)
    taken = PublicationStep(
        id=uuid.uuid4(),
        unit_id=row.unit_id,
        case_id=row.case_id,
        publication_id=row.id,
        version_id=version.id,
        ordinal=1 + (session.scalar(last.order_by(PublicationStep.ordinal.desc()).limit(1)) or 0),
        step=step,
        ground=ground,
        reason=reason,
        taken_by=by.id,
        taken_at=datetime.now(UTC),
    )
    session.add(taken)
    session.flush()
    data = {
        "case_id": str(row.case_id),
        "step_id": str(taken.id),
        "version_id": str(version.id),
        "ordinal": taken.ordinal,
        "ground": ground,
    }
    private = {} if reason is None else {"reason": reason}
    change = Change(f"publication.{step}", "publication", str(row.id), row.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
    return taken
