"""Pushing what is published to the city's platform (决定实时推送): a message a step, tried until the platform has it.

What is to be pushed follows from the steps of a publication (migration 0046). An attempt is entered in its row before a
byte leaves, and asks the gate; no transaction is held while the platform is asked. The protocol: docs/formats/push.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from casework.publication.collecting import lock_publication
from casework.publication.duties import require_duty
from casework.publication.errors import StepRefused
from casework.publication.portal import find_public, text_facts
from casework.publication.stepping import ask_gate, meet_withdrawal
from casework.review.errors import GateShut, PassForged
from casework.review.gate import at_the_gate
from casework.secrecy import class_of
from integrity.epoch_keys import EpochKey
from integrity.fields import format_instant
from retention.own_units import is_own
from retention.subjects import row_in_unit
from storage.catalog.casework import Case
from storage.catalog.organisation import Person, Unit
from storage.catalog.publication import Publication, PublicationPush, PublicationStep
from storage.ledger.append import Actor, Change, record_change

PROTOCOL: Final = "liuhen-push/1"
PUSHER: Final = Actor.system("pushing")
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
# The database puts nothing off any further than that, or than GATE_WAIT where nothing was sent: migration 0053.
LONGEST_ASKED: Final = timedelta(hours=6)
GATE_WAIT: Final = timedelta(hours=1)
# The platform should have a message by then: the longest that it may be asked to wait for one more attempt.
OVERDUE_AFTER: Final = LONGEST_ASKED
# A platform that failed to take one is left alone for as long: the others are not tried on it one by one.
PAUSE: Final = timedelta(minutes=1)
LOOKED_AT: Final = 20
Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Message:
    """What is sent. `step_id` names this very message: sent again it is the same. `body`: docs/formats/push.md."""

    push_id: uuid.UUID
    publication_id: uuid.UUID
    step_id: uuid.UUID
    body: dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What the platform said. With a `receipt` it has the message. Else `problem` is a word of PUSH_PROBLEMS, `detail`
    its own words, in one line; `refused`: it will never take it like this, and a person has to look; if not, it is
    tried again, after `wait_seconds` where the platform named some."""

    receipt: str | None = None
    problem: str | None = None
    detail: str | None = None
    refused: bool = False
    wait_seconds: float | None = None


class Platform(Protocol):
    """The other side. `send` comes back within a bounded time, and never raises for what the network or the platform
    does: that is told. Neither what it tells nor what it raises has a secret in it."""

    def send(self, message: Message) -> Told: ...


def push_due(transaction: Transaction, platform: Platform, keys: Sequence[EpochKey], now: datetime, most: int) -> int:
    """Try what is due, the longest due first, until the platform fails to take one; how many it took.

    Two that do this at once share the work. Whoever dies in between leaves a message that is sent again.
    """
    taken = 0
    for _ in range(most):
        with transaction() as session:
            message = None if _failed_lately(session, now) else claim_next(session, keys, now)
        if message is None:
            break
        told = platform.send(message)
        with transaction() as session:
            settle(session, message.push_id, told, now)
        taken += told.receipt is not None
    return taken


def claim_next(session: Session, keys: Sequence[EpochKey], now: datetime) -> Message | None:
    """The next message that the gate lets through, its attempt entered; None where there is none now.

    What it keeps back is asked about again after GATE_WAIT. `keys`: those that reviews of this archive are signed with.
    """
    due = select(PublicationPush.id, PublicationPush.case_id).where(PublicationPush.due_at <= now, *_waiting())
    for push_id, case_id in session.execute(due.order_by(PublicationPush.due_at).limit(LOOKED_AT)).all():
        # The case first, as whoever takes it down does. One that somebody is at is left to him.
        locked = select(Case.id).where(Case.id == case_id).with_for_update(key_share=True, skip_locked=True)
        if session.scalars(locked).first() is None:
            continue
        still = select(PublicationPush).where(PublicationPush.id == push_id, PublicationPush.due_at <= now, *_waiting())
        row = session.scalars(still.execution_options(populate_existing=True)).first()
        message = None if row is None else _attempt(session, row, keys, now)
        if message is not None:
            return message
    return None


def settle(session: Session, push_id: uuid.UUID, told: Told, now: datetime) -> PublicationPush:
    """What came of an attempt. That the platform took what was overtaken meanwhile is kept as well."""
    row = session.get_one(PublicationPush, push_id)
    session.get_one(Case, row.case_id, with_for_update={"key_share": True})
    session.refresh(row)
    if row.accepted_at is not None:
        return row
    row.problem, row.detail = told.problem, told.detail
    if told.receipt is not None:
        _accept(session, row, told.receipt, now)
    elif told.refused and row.refused_at is None and not is_overtaken(session, row):
        row.refused_at = datetime.now(UTC)
        _record(session, row, "push_refused")
    else:
        row.due_at = (row.attempted_at or now) + _wait(row.attempts, told.wait_seconds)
    session.flush()
    return row


def retry_push(session: Session, by: Person, push_id: uuid.UUID, now: datetime) -> PublicationPush:
    """What the platform refused is sent again, by whoever publishes. Raises DutyLacking, StepRefused, UnknownSubject,
    OutsideUnit."""
    require_duty(session, by, "publish")
    lock_publication(session, by, row_in_unit(session, by, PublicationPush, push_id).publication_id)
    row = row_in_unit(session, by, PublicationPush, push_id)
    if row.refused_at is None or is_overtaken(session, row):
        raise StepRefused(row.publication_id, "not_refused")
    row.refused_at, row.problem, row.detail, row.due_at = None, None, None, now
    _record(session, row, "push_retried", Actor.person(by.id))
    return row


def is_overtaken(session: Session, row: PublicationPush) -> bool:
    """Whether a later step of the publication made a message that goes instead."""
    later = select(PublicationPush.id).where(
        PublicationPush.publication_id == row.publication_id, PublicationPush.ordinal > row.ordinal
    )
    return session.scalars(later.limit(1)).first() is not None


def _waiting() -> tuple[ColumnElement[bool], ...]:
    later = aliased(PublicationPush)
    overtaken = exists().where(
        later.publication_id == PublicationPush.publication_id, later.ordinal > PublicationPush.ordinal
    )
    return PublicationPush.accepted_at.is_(None), PublicationPush.refused_at.is_(None), ~overtaken


def _failed_lately(session: Session, now: datetime) -> bool:
    """Whether the platform could not be reached, or would not take something for now, a moment ago."""
    failed = select(PublicationPush.id).where(
        PublicationPush.accepted_at.is_(None),
        PublicationPush.refused_at.is_(None),
        PublicationPush.problem != "gate",
        PublicationPush.attempted_at > now - PAUSE,
    )
    return session.scalars(failed.limit(1)).first() is not None


def _attempt(session: Session, row: PublicationPush, keys: Sequence[EpochKey], now: datetime) -> Message | None:
    publication = session.get_one(Publication, row.publication_id)
    try:
        if row.action == "publish":
            if class_of(session, row.case_id) == "state_secret":
                raise StepRefused(row.publication_id, "secret")
            ask_gate(session, publication, keys)
        with at_the_gate(session, row.case_id):
            row.attempts, row.attempted_at, row.problem, row.detail = row.attempts + 1, now, None, None
            # Should nobody come back from this attempt, it is made again.
            row.due_at = now + _wait(row.attempts, None)
    except (GateShut, PassForged, StepRefused):
        session.refresh(row)
        row.problem, row.detail, row.due_at = "gate", None, now + GATE_WAIT
        session.flush()
        return None
    return Message(row.id, row.publication_id, row.step_id, _body(session, row))


def _body(session: Session, row: PublicationPush) -> dict[str, Any]:
    """Of what is public and never changes: the same at every attempt."""
    unit, step = session.get_one(Unit, row.unit_id), session.get_one(PublicationStep, row.step_id)
    said: dict[str, Any] = {
        "protocol": PROTOCOL,
        "id": str(row.publication_id),
        "sequence": row.ordinal,
        "action": row.action,
        "unit": {"code": unit.code, "name": unit.name},
        "at": format_instant(step.taken_at),
    }
    if row.action == "withdraw":
        return {**said, "ground": step.ground, "reason": step.reason}
    found = find_public(session, row.publication_id)
    assert found is not None, "what is published is on the portal"
    assert found.now is not None, "the message that publishes it is the latest, so it is shown"
    return {**said, "kind": found.kind, "item": text_facts(found.now.text)}


def _accept(session: Session, row: PublicationPush, receipt: str, now: datetime) -> None:
    row.accepted_at, row.refused_at, row.receipt = datetime.now(UTC), None, receipt
    _record(session, row, "pushed", private={"receipt": receipt})
    if row.action == "withdraw":
        by = session.get_one(Person, session.get_one(PublicationStep, row.step_id).taken_by)
        # Whoever has left the unit meets none of its terms: it stays open, and is entered by hand.
        if is_own(by, row.unit_id):
            meet_withdrawal(session, by, session.get_one(Publication, row.publication_id), now, PUSHER)


def _wait(attempts: int, asked_seconds: float | None) -> timedelta:
    if asked_seconds is not None:
        return min(max(timedelta(seconds=asked_seconds), FIRST_WAIT), LONGEST_ASKED)
    return min(FIRST_WAIT * (1 << min(max(attempts - 1, 0), 12)), LONGEST_WAIT)


def _record(
    session: Session,
    row: PublicationPush,
    deed: str,
    actor: Actor = PUSHER,
    private: dict[str, str] | None = None,
) -> None:
    session.flush()
    data = {"case_id": str(row.case_id), "step_id": str(row.step_id), "action": row.action}
    change = Change(f"publication.{deed}", "publication", str(row.publication_id), row.unit_id, data, private or {})
    record_change(session, actor, change)
