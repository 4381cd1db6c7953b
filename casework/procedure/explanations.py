"""Explanations of minutes that were not recorded: given by a named officer, decided on by somebody else, taken back."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.permission import require
from casework.procedure.acts import ActNow, lock_standing_act
from casework.procedure.errors import (
    ExplanationDecided,
    ExplanationOutside,
    ExplanationWithdrawn,
    OwnExplanation,
)
from casework.wording import required_text
from integrity.fields import format_instant
from retention.subjects import row_in_unit
from storage.catalog.organisation import Person
from storage.catalog.procedure import ActExplanation
from storage.ledger.append import Actor, Change, record_change


def explain_gap(
    session: Session,
    by: Person,
    act_id: uuid.UUID,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    now: datetime,
) -> ActExplanation:
    """Say why an act was not recorded from `starts_at` until just before `ends_at`, under one's own name.

    Raises ExplanationOutside, TextUnusable, ActWithdrawn, CaseClosed, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "explain_gaps")
    reason = required_text("reason", reason)
    now_stands = lock_standing_act(session, by, act_id)
    _refuse_outside(now_stands, starts_at, ends_at, now)
    row = ActExplanation(
        id=uuid.uuid4(),
        unit_id=now_stands.act.unit_id,
        case_id=now_stands.act.case_id,
        act_id=act_id,
        span=Range(starts_at, ends_at, bounds="[)"),
        reason=reason,
        given_by=by.id,
        given_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data = {"act_id": str(act_id), "starts_at": format_instant(starts_at), "ends_at": format_instant(ends_at)}
    _record(session, by, row, "case.gap_explained", data, reason)
    return row


def decide_explanation(
    session: Session, by: Person, explanation_id: uuid.UUID, *, confirmed: bool, reason: str | None = None
) -> ActExplanation:
    """Confirm somebody else's explanation, or refuse it with a reason: a supervisor who took no part in the act.

    Raises OwnExplanation, ExplanationDecided, ExplanationWithdrawn, TextUnusable, ActWithdrawn, CaseClosed,
    UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "confirm_explanations")
    why = None if reason is None or not reason.strip() else required_text("reason", reason)
    if not confirmed:
        why = required_text("reason", reason or "")
    row, now_stands = _lock_explanation(session, by, explanation_id)
    if row.decided_at is not None:
        raise ExplanationDecided(row.id, str(row.decision), row.decided_at)
    if by.id == row.given_by or by.id in now_stands.said.officers:
        raise OwnExplanation(row.id)
    row.decision, row.decision_reason = "confirmed" if confirmed else "refused", why
    row.decided_by, row.decided_at = by.id, datetime.now(UTC)
    session.flush()
    action = "case.explanation_confirmed" if confirmed else "case.explanation_refused"
    _record(session, by, row, action, {}, why)
    return row


def withdraw_explanation(session: Session, by: Person, explanation_id: uuid.UUID, reason: str) -> ActExplanation:
    """Take an explanation back, with a reason: who gave it, or a supervisor. What was decided on it stays as history.

    Raises ExplanationWithdrawn, TextUnusable, ActWithdrawn, CaseClosed, UnknownSubject, OutsideUnit, RoleNotAllowed.
    """
    require(by, "explain_gaps")
    reason = required_text("reason", reason)
    row, _ = _lock_explanation(session, by, explanation_id)
    if by.id != row.given_by:
        require(by, "confirm_explanations")
    row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    _record(session, by, row, "case.explanation_withdrawn", {}, reason)
    return row


def explanations_of(session: Session, act_ids: Collection[uuid.UUID]) -> tuple[ActExplanation, ...]:
    """All that were ever given for these acts, in the order of their time and giving."""
    statement = select(ActExplanation).where(ActExplanation.act_id.in_(act_ids))
    return tuple(session.scalars(statement.order_by(ActExplanation.span, ActExplanation.given_at, ActExplanation.id)))


def _lock_explanation(session: Session, by: Person, explanation_id: uuid.UUID) -> tuple[ActExplanation, ActNow]:
    row = row_in_unit(session, by, ActExplanation, explanation_id)
    now_stands = lock_standing_act(session, by, row.act_id)
    row = row_in_unit(session, by, ActExplanation, explanation_id, lock=True)
    if row.withdrawn_at is not None:
        raise ExplanationWithdrawn(row.id, row.withdrawn_at)
    return row, now_stands


def _refuse_outside(now_stands: ActNow, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    said = now_stands.said
    if (
        starts_at.tzinfo is None
        or ends_at.tzinfo is None
        or not said.starts_at <= starts_at < ends_at <= (said.ends_at or now)
    ):
        raise ExplanationOutside(starts_at, ends_at)


def _record(
    session: Session, by: Person, row: ActExplanation, action: str, data: dict[str, str], reason: str | None
) -> None:
    private = {} if reason is None else {"reason": reason}
    data = {"explanation_id": str(row.id), **data}
    change = Change(action, "case", str(row.case_id), row.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
