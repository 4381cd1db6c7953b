"""Whether somebody may see or copy a recording now, and the record of having been told no."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import AccessRefused, Unknown
from storage.catalog.access import Grant
from storage.catalog.casework import CaseLink
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

    @classmethod
    def of(cls, grant: Grant) -> GrantFound:
        return cls(grant.id, grant.request_id, grant.case_id, grant.kind, grant.expires_at)


def find_grant(session: Session, person: Person, recording_id: uuid.UUID, kind: str, now: datetime) -> GrantFound:
    """The person's grant that reaches this recording now, through a case it stands in; the one that lasts longest.

    Raises AccessRefused: inactive, other_unit, not_linked, no_grant, expired, revoked; Unknown for the recording.
    """
    unit_id = session.scalar(select(Recording.unit_id).where(Recording.id == recording_id))
    if unit_id is None:
        raise Unknown("recording", recording_id)
    if not person.active:
        raise AccessRefused("inactive", "recording", recording_id)
    if unit_id != person.unit_id:
        raise AccessRefused("other_unit", "recording", recording_id)
    cases = session.scalars(
        select(CaseLink.case_id).where(CaseLink.recording_id == recording_id, CaseLink.ended_at.is_(None))
    ).all()
    if not cases:
        raise AccessRefused("not_linked", "recording", recording_id)
    of_person = Grant.person_id == person.id, Grant.unit_id == person.unit_id
    statement = select(Grant).where(*of_person, Grant.case_id.in_(cases), Grant.kind == kind)
    grants = session.scalars(statement.execution_options(populate_existing=True)).all()
    return _choose(grants, recording_id, now)


def find_copy_grant(
    session: Session, person: Person, case_id: uuid.UUID, grant_id: uuid.UUID, now: datetime
) -> GrantFound:
    """The named grant, if it lets this person copy this case now.

    Raises AccessRefused: inactive, other_unit, not_yours, wrong_kind, wrong_case, expired, revoked; Unknown.
    """
    grant = session.scalars(select(Grant).where(Grant.id == grant_id).execution_options(populate_existing=True)).first()
    if grant is None:
        raise Unknown("access_grant", grant_id)
    grounds = {
        "inactive": not person.active,
        "other_unit": grant.unit_id != person.unit_id,
        "not_yours": grant.person_id != person.id,
        "wrong_kind": grant.kind != "copy",
        "wrong_case": grant.case_id != case_id,
        "revoked": grant.revoked_at is not None,
        "expired": grant.expires_at <= now,
    }
    for reason, holds in grounds.items():
        if holds:
            raise AccessRefused(reason, "case", case_id)
    return GrantFound.of(grant)


def may_see_poster(
    session: Session, person: Person, recording_ids: Iterable[uuid.UUID], now: datetime
) -> frozenset[uuid.UUID]:
    """Those of the recordings that `find_grant` would let the person view now, found at once for a whole list."""
    if not person.active:
        return frozenset()
    statement = (
        select(CaseLink.recording_id)
        .join(Grant, Grant.case_id == CaseLink.case_id)
        .join(Recording, Recording.id == CaseLink.recording_id)
        .where(CaseLink.recording_id.in_(set(recording_ids)), CaseLink.ended_at.is_(None))
        .where(Recording.unit_id == person.unit_id, Grant.unit_id == person.unit_id, Grant.person_id == person.id)
        .where(Grant.kind == "view", Grant.revoked_at.is_(None), Grant.expires_at > now)
    )
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


def _choose(grants: Sequence[Grant], recording_id: uuid.UUID, now: datetime) -> GrantFound:
    if not grants:
        raise AccessRefused("no_grant", "recording", recording_id)
    valid = [grant for grant in grants if grant.revoked_at is None and grant.expires_at > now]
    if valid:
        return GrantFound.of(max(valid, key=lambda grant: grant.expires_at))
    latest = max(grants, key=lambda grant: grant.granted_at)
    raise AccessRefused("expired" if latest.revoked_at is None else "revoked", "recording", recording_id)


def _record_refusal(
    session: Session, person: Person, subject_kind: str, subject_id: uuid.UUID, data: dict[str, str]
) -> None:
    change = Change("access.denied", subject_kind, str(subject_id), person.unit_id, data)
    record_change(session, Actor.person(person.id), change)


def _word(reason: str) -> str:
    return reason if _WORD.fullmatch(reason) else "other"
