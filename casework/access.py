"""Whether somebody may see or copy a recording now, and the record of having been told no."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, literal, or_, select
from sqlalchemy.orm import Session

from casework.errors import AccessRefused, Unknown
from casework.secrecy import keeps_nothing_from, may_be_copied, refuse_uncleared_copy
from casework.units import unit_of
from retention.own_units import is_own, of_own
from storage.catalog.access import Grant
from storage.catalog.casework import Case, CaseLink
from storage.catalog.handling import CaseOfficer
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor, Change, record_change

_OBJECT_NAME = re.compile(r"[a-z0-9][a-z0-9._/-]{0,199}")
_WORD = re.compile(r"[a-z][a-z_]{0,63}")


@dataclass(frozen=True)
class GrantFound:
    """A grant that holds now: what footage leaves under."""

    grant_id: uuid.UUID
    request_id: uuid.UUID
    case_id: uuid.UUID
    kind: str
    expires_at: datetime
    unredacted: bool

    @classmethod
    def of(cls, grant: Grant) -> GrantFound:
        return cls(grant.id, grant.request_id, grant.case_id, grant.kind, grant.expires_at, grant.unredacted)


def holds_now(person: Person, kind: str, now: datetime, *, originals: bool = False) -> tuple[ColumnElement[bool], ...]:
    """What makes a grant let the person have a recording now: for a statement over Grant, CaseLink and Recording.

    The only place that says so. Whatever opens footage asks for these; reasons for a refusal are found afterwards.
    `originals`: that its original leaves, not redacted, with the approver's express consent.
    """
    return (
        *((Grant.unredacted, may_be_copied()) if originals else ()),
        literal(person.active),
        CaseLink.case_id == Grant.case_id,
        CaseLink.recording_id == Recording.id,
        CaseLink.ended_at.is_(None),
        of_own(person, Recording.unit_id),
        of_own(person, Grant.unit_id),
        Grant.person_id == person.id,
        Grant.kind == kind,
        Grant.revoked_at.is_(None),
        Grant.expires_at > now,
        keeps_nothing_from(person),
        # What the rule itself granted, it granted to an officer of the case.
        or_(Grant.approved_by.is_not(None), _handled()),
    )


def _handled() -> ColumnElement[bool]:
    row = CaseOfficer
    his = row.case_id == Grant.case_id, row.person_id == Grant.person_id, row.ended_at.is_(None)
    return exists().where(*his).correlate(Grant)


def find_grant(session: Session, person: Person, recording_id: uuid.UUID, kind: str, now: datetime) -> GrantFound:
    """The person's grant that reaches this recording now, through a case it stands in; the one that lasts longest.

    Raises AccessRefused: inactive, other_unit, not_linked, secrecy, no_grant, expired, revoked, released; Unknown for
    the recording.
    """
    return _find(session, person, recording_id, kind, now, originals=False)


def find_original_grant(session: Session, person: Person, recording_id: uuid.UUID, now: datetime) -> GrantFound:
    """As `find_grant`, to have the original itself: a grant to copy whose approver consented to that.

    Raises AccessRefused also with never_copied, and with consent_needed where there is no such grant and was none.
    """
    return _find(session, person, recording_id, "copy", now, originals=True)


def _find(
    session: Session, person: Person, recording_id: uuid.UUID, kind: str, now: datetime, *, originals: bool
) -> GrantFound:
    holds = holds_now(person, kind, now, originals=originals)
    statement = select(Grant).where(Recording.id == recording_id, *holds)
    statement = statement.order_by(Grant.expires_at.desc(), Grant.id).limit(1)
    grant = session.scalars(statement.execution_options(populate_existing=True)).first()
    if grant is None:
        reason = _why_not(session, person, recording_id, kind, now, originals=originals)
        raise AccessRefused(reason, "recording", recording_id)
    return GrantFound.of(grant)


def find_copy_grant(
    session: Session,
    person: Person,
    case_id: uuid.UUID,
    grant_id: uuid.UUID,
    now: datetime,
    *,
    originals: bool = False,
) -> GrantFound:
    """The named grant, if it lets this person copy this case now; `originals`: not only redacted (redacted_only).

    Raises AccessRefused: inactive, other_unit, not_yours, wrong_kind, wrong_case, expired, revoked, secrecy,
    never_copied; Unknown.
    """
    grant = session.scalars(select(Grant).where(Grant.id == grant_id).execution_options(populate_existing=True)).first()
    if grant is None:
        raise Unknown("access_grant", grant_id)
    grounds = {
        "inactive": not person.active,
        "other_unit": not is_own(person, grant.unit_id),
        "not_yours": grant.person_id != person.id,
        "wrong_kind": grant.kind != "copy",
        "wrong_case": grant.case_id != case_id,
        "revoked": grant.revoked_at is not None,
        "expired": grant.expires_at <= now,
        "redacted_only": originals and not grant.unredacted,
    }
    for reason, holds in grounds.items():
        if holds:
            raise AccessRefused(reason, "case", case_id)
    refuse_uncleared_copy(session, person, session.get_one(Case, case_id))
    return GrantFound.of(grant)


def find_named_grant(
    session: Session, person: Person, recording_id: uuid.UUID, grant_id: uuid.UUID, now: datetime
) -> GrantFound:
    """This grant and no other that the person may have, if it lets him have this recording now, to view or to copy.

    Raises AccessRefused: not_yours, wrong_case, and as `find_grant` does; Unknown.
    """
    grant = session.scalars(select(Grant).where(Grant.id == grant_id).execution_options(populate_existing=True)).first()
    if grant is None:
        raise Unknown("access_grant", grant_id)
    holds = holds_now(person, grant.kind, now)
    if session.scalar(select(Grant.id).where(Recording.id == recording_id, Grant.id == grant_id, *holds)) is None:
        raise AccessRefused(_why_not_by(session, person, recording_id, grant, now), "recording", recording_id)
    return GrantFound.of(grant)


def refuse_kept_secret(session: Session, person: Person, recording_id: uuid.UUID) -> None:
    """What a class of secrecy keeps from a person is not told him either: its name, its proofs, who saw it.

    Raises AccessRefused ("secrecy").
    """
    told = select(Recording.id).where(Recording.id == recording_id, keeps_nothing_from(person))
    if session.scalar(told) is None:
        raise AccessRefused("secrecy", "recording", recording_id)


def may_see_poster(
    session: Session, person: Person, recording_ids: Iterable[uuid.UUID], now: datetime
) -> frozenset[uuid.UUID]:
    """Those of the recordings that `find_grant` would let the person view now, found at once for a whole list."""
    statement = select(Recording.id).where(Recording.id.in_(set(recording_ids)), *holds_now(person, "view", now))
    return frozenset(session.scalars(statement))


def record_refusal(
    session: Session, person: Person, recording_id: uuid.UUID, reason: str, object_name: str | None = None
) -> None:
    """The entry of a signed-in person's refusal; the caller commits it by itself, for the refused transaction is gone.

    `object_name` may come from an address that anybody can type: what is no name of ours is left out.
    """
    data = {"reason": _word(reason)}
    if object_name is not None and _OBJECT_NAME.fullmatch(object_name):
        data["object_name"] = object_name
    _record_refusal(session, person, "recording", recording_id, data)


def record_refused_deed(
    session: Session, person: Person, subject_kind: str, subject_id: uuid.UUID, reason: str
) -> None:
    """As `record_refusal`, for what is no recording: approving one's own request ("own_approval"), copying a case."""
    _record_refusal(session, person, subject_kind, subject_id, {"reason": _word(reason)})


def _why_not(
    session: Session, person: Person, recording_id: uuid.UUID, kind: str, now: datetime, *, originals: bool
) -> str:
    """The reason, once no grant was found to hold. Raises Unknown."""
    unit_id = unit_of(session, "recording", recording_id)
    if unit_id is None:
        raise Unknown("recording", recording_id)
    if not person.active:
        return "inactive"
    if not is_own(person, unit_id):
        return "other_unit"
    cases = session.scalars(
        select(CaseLink.case_id).where(CaseLink.recording_id == recording_id, CaseLink.ended_at.is_(None))
    ).all()
    if not cases:
        return "not_linked"
    if session.scalar(select(Recording.id).where(Recording.id == recording_id, keeps_nothing_from(person))) is None:
        return "secrecy"
    if originals and session.scalar(select(Recording.id).where(Recording.id == recording_id, may_be_copied())) is None:
        return "never_copied"
    of_person = Grant.person_id == person.id, of_own(person, Grant.unit_id)
    grants = select(Grant.revoked_at, Grant.expires_at).where(*of_person, Grant.case_id.in_(cases), Grant.kind == kind)
    if originals:
        grants = grants.where(Grant.unredacted)
    latest = session.execute(grants.order_by(Grant.granted_at.desc()).limit(1)).first()
    if latest is None:
        return "consent_needed" if originals else "no_grant"
    if latest.revoked_at is not None:
        return "revoked"
    # It would have been found, but for his being no officer of the case any more.
    return "released" if latest.expires_at > now else "expired"


def _why_not_by(session: Session, person: Person, recording_id: uuid.UUID, grant: Grant, now: datetime) -> str:
    """The reason why this grant does not hold. Raises Unknown."""
    found = _why_not(session, person, recording_id, grant.kind, now, originals=False)
    if found in ("inactive", "other_unit", "not_linked", "secrecy"):
        return found
    linked = CaseLink.recording_id == recording_id, CaseLink.case_id == grant.case_id, CaseLink.ended_at.is_(None)
    grounds = {
        "not_yours": grant.person_id != person.id,
        "other_unit": not is_own(person, grant.unit_id),
        "revoked": grant.revoked_at is not None,
        "expired": grant.expires_at <= now,
        "wrong_case": session.scalar(select(exists().where(*linked))) is False,
    }
    return next((reason for reason, holds in grounds.items() if holds), "released")


def _record_refusal(
    session: Session, person: Person, subject_kind: str, subject_id: uuid.UUID, data: dict[str, str]
) -> None:
    change = Change("access.denied", subject_kind, str(subject_id), person.unit_id, data)
    record_change(session, Actor.person(person.id), change)


def _word(reason: str) -> str:
    return reason if _WORD.fullmatch(reason) else "other"
