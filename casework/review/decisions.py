"""Decisions (拟作出的决定): drafted, changed and withdrawn. Nothing that was stated is ever changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.open_cases import lock_cleared_case
from casework.permission import require
from casework.review.errors import DecisionSettled, DecisionUnusable
from casework.review.scope_file import FIELDS
from casework.wording import known_word, required_name, required_text
from retention.subjects import row_in_unit
from storage.catalog.casework import CASE_KINDS, Case
from storage.catalog.decisions import (
    FACTS,
    LEVELS,
    MEASURES,
    PARTY_KINDS,
    WITH_AMOUNT,
    Decision,
    DecisionIssue,
    DecisionVersion,
)
from storage.catalog.organisation import Person
from storage.ledger.append import Actor, Change, record_change

MOST_FEN: Final = 10**15
MOST_AFFECTED: Final = 10**6


@dataclass(frozen=True)
class Said:
    """What a decision says. `amount_fen`: of fine, confiscation and additional fine together, in fen; `affected`: how
    many third persons it touches; `facts`: words of FACTS, which stay once they were stated in the case."""

    kind: str
    measures: tuple[str, ...]
    level: str
    field: str
    party: str
    party_kind: str
    content: str
    amount_fen: int | None = None
    affected: int = 0
    facts: tuple[str, ...] = ()


def draft_decision(session: Session, by: Person, case_id: uuid.UUID, said: Said) -> DecisionVersion:
    """What is to be decided in a case of the person's unit.

    Raises DecisionUnusable, WordUnknown, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject,
    OutsideUnit.
    """
    require(by, "draft_decisions")
    case = lock_cleared_case(session, by, case_id)
    said = _checked(said, case)
    now = datetime.now(UTC)
    decision = Decision(id=uuid.uuid4(), unit_id=case.unit_id, case_id=case.id, begun_by=by.id, begun_at=now)
    session.add(decision)
    session.flush()
    version = _add_version(session, by, decision, 1, said, None)
    _record(session, by, decision, "drafted", facts_of(version), private_of(version))
    return version


def change_decision(
    session: Session, by: Person, decision_id: uuid.UUID, said: Said, reason: str, *, former: uuid.UUID
) -> DecisionVersion:
    """It says something else now: a new version beside the old ones, with the reason.

    `former`: the version that was read; a pass of it does not count for the new one. Raises DecisionSettled, and what
    `draft_decision` raises.
    """
    require(by, "draft_decisions")
    decision, latest = lock_draft(session, by, decision_id, former)
    said, reason = _checked(said, session.get_one(Case, decision.case_id)), required_text("reason", reason)
    version = _add_version(session, by, decision, latest.ordinal + 1, said, reason)
    _record(session, by, decision, "changed", facts_of(version), {**private_of(version), "reason": reason})
    return version


def withdraw_decision(session: Session, by: Person, decision_id: uuid.UUID, reason: str) -> Decision:
    """Nothing is decided like this; the rows stay.

    Raises DecisionSettled, TextUnusable, CaseClosed, AccessRefused, RoleNotAllowed, UnknownSubject,
    OutsideUnit.
    """
    require(by, "draft_decisions")
    reason = required_text("reason", reason)
    decision, _ = lock_draft(session, by, decision_id)
    decision.withdrawn_at, decision.withdrawn_by, decision.withdraw_reason = datetime.now(UTC), by.id, reason
    session.flush()
    _record(session, by, decision, "withdrawn", {}, {"reason": reason})
    return decision


def lock_draft(
    session: Session, by: Person, decision_id: uuid.UUID, former: uuid.UUID | None = None
) -> tuple[Decision, DecisionVersion]:
    """A decision of the person's unit that is no more than a draft, and what it says now; nobody else changes it until
    the transaction ends. Raises DecisionSettled, CaseClosed, AccessRefused, UnknownSubject,
    OutsideUnit."""
    decision = row_in_unit(session, by, Decision, decision_id)
    lock_cleared_case(session, by, decision.case_id)
    session.refresh(decision)
    if decision.withdrawn_at is not None:
        raise DecisionSettled(decision.id, "withdrawn")
    if issue_of(session, decision.id) is not None:
        raise DecisionSettled(decision.id, "issued")
    latest = latest_version(session, decision.id)
    if former is not None and latest.id != former:
        raise DecisionSettled(decision.id, "changed")
    return decision, latest


def latest_version(session: Session, decision_id: uuid.UUID) -> DecisionVersion:
    """What a decision says now."""
    said = select(DecisionVersion).where(DecisionVersion.decision_id == decision_id)
    return session.scalars(said.order_by(DecisionVersion.ordinal.desc()).limit(1)).one()


def issue_of(session: Session, decision_id: uuid.UUID) -> DecisionIssue | None:
    """That it was issued, if it was."""
    return session.scalars(select(DecisionIssue).where(DecisionIssue.decision_id == decision_id)).first()


def facts_of(version: DecisionVersion) -> dict[str, Any]:
    """What a version says, but for names and free text."""
    return {
        "version_id": str(version.id),
        "ordinal": version.ordinal,
        "kind": version.kind,
        "measures": version.measures,
        "level": version.level,
        "field": version.field,
        "amount_fen": version.amount_fen,
        "party_kind": version.party_kind,
        "affected": version.affected,
        "facts": version.facts,
        "scope": version.scope,
    }


def private_of(version: DecisionVersion) -> dict[str, str]:
    """Names and free text of a version, as the ledger commits to them."""
    return {"party": version.party, "content": version.content}


def _checked(said: Said, case: Case) -> Said:
    """As it is stored. Raises DecisionUnusable, WordUnknown, TextUnusable."""
    if known_word("kind", said.kind, CASE_KINDS) not in (case.kind, "coercion"):
        raise DecisionUnusable("other_kind")
    measures = tuple(dict.fromkeys(known_word("measure", each, MEASURES) for each in said.measures))
    if not measures:
        raise DecisionUnusable("measures_missing")
    _refuse_amount(said.amount_fen, any(each in WITH_AMOUNT for each in measures))
    if not 0 <= said.affected <= MOST_AFFECTED:
        raise DecisionUnusable("affected_out_of_range")
    return Said(
        kind=said.kind,
        measures=measures,
        level=known_word("level", said.level, LEVELS),
        field=known_word("field", said.field, FIELDS),
        party=required_name("party", said.party),
        party_kind=known_word("party_kind", said.party_kind, PARTY_KINDS),
        content=required_text("content", said.content),
        amount_fen=said.amount_fen,
        affected=said.affected,
        facts=tuple(dict.fromkeys(known_word("fact", each, FACTS) for each in said.facts)),
    )


def _refuse_amount(amount_fen: int | None, has_one: bool) -> None:
    if amount_fen is None and has_one:
        raise DecisionUnusable("amount_missing")
    if amount_fen is not None and not has_one:
        raise DecisionUnusable("amount_of_nothing")
    if amount_fen is not None and not 0 <= amount_fen <= MOST_FEN:
        raise DecisionUnusable("amount_out_of_range")


def _add_version(
    session: Session, by: Person, decision: Decision, ordinal: int, said: Said, reason: str | None
) -> DecisionVersion:
    version = DecisionVersion(
        id=uuid.uuid4(),
        unit_id=decision.unit_id,
        case_id=decision.case_id,
        decision_id=decision.id,
        ordinal=ordinal,
        **{**vars(said), "measures": list(said.measures), "facts": list(said.facts)},
        reason=reason,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
        scope=[],
    )
    with _said_soundly(session):
        session.add(version)
    # Whether it is in scope is the database's to say, and it has said so.
    session.refresh(version)
    return version


@contextmanager
def _said_soundly(session: Session) -> Iterator[None]:
    """A version is written at the block's end, unless it does not fit together: that the database says, whoever writes
    it (`unfit_measures` in migration 0096). Raises DecisionUnusable."""
    try:
        with session.begin_nested():
            yield
    except DBAPIError as error:
        said = getattr(error.orig, "diag", None)
        if getattr(said, "constraint_name", None) != "fitting_measures":
            raise
        raise DecisionUnusable(str(getattr(said, "message_detail", ""))) from error


def _record(
    session: Session, by: Person, decision: Decision, deed: str, data: Mapping[str, Any], private: dict[str, str]
) -> None:
    stated = {"case_id": str(decision.case_id), **data}
    change = Change(f"decision.{deed}", "decision", str(decision.id), decision.unit_id, stated, private)
    record_change(session, Actor.person(by.id), change)
