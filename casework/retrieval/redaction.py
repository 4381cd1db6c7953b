"""What is hidden of a recording in copies that leave: stated by one person for good, checked by another.

The recording itself is never touched. Boxes are parts of the upright picture (0 to 1, from its upper left corner),
times are seconds of the recording's own time line. The latest statement counts, and is of use once it has been passed.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from casework.access import find_grant
from casework.permission import require
from casework.retrieval.redaction_errors import NothingToHideIn, OwnRedaction, RedactionChecked, RedactionReplaced
from casework.retrieval.redaction_spans import Shown, kept_spans
from casework.secrecy import keeps_nothing_from
from casework.wording import known_word, required_text
from integrity.canonical import Json, canonical_json
from retention.own_units import of_own
from retention.subjects import row_in_unit
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, Rendition
from storage.catalog.redaction import CHECK_VERDICTS, Box, Mute, Redaction, RedactionCheck
from storage.ledger.append import Actor, Change, record_change

PASSED: Final = "passed"
LOST_ITS_INDEX: Final = "moov_missing"
"""As findings have it (ingest/media/findings.py): such a film is shown by what was recovered of it."""


def state_redaction(
    session: Session,
    by: Person,
    recording_id: uuid.UUID,
    boxes: Sequence[Box],
    mutes: Sequence[Mute],
    reason: str,
    now: datetime | None = None,
) -> Redaction:
    """Say what copies of it hide from now on; neither boxes nor mutes: that somebody looked, and nothing has to be.

    Raises SpansUnusable, naming which and why; NothingToHideIn for what nobody can decode; AccessRefused where the
    person is not let view it; TextUnusable, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "redact")
    reason, now = required_text("reason", reason), now or datetime.now(UTC)
    recording = row_in_unit(session, by, Recording, recording_id, lock=True)
    find_grant(session, by, recording.id, "view", now)
    kept = kept_spans(boxes, mutes, what_shows(session, recording))
    row = Redaction(
        id=uuid.uuid4(),
        unit_id=recording.unit_id,
        recording_id=recording.id,
        ordinal=(session.scalar(select(func.max(Redaction.ordinal)).where(_of(recording))) or 0) + 1,
        boxes=kept.boxes,
        mutes=kept.mutes,
        reason=reason,
        stated_by=by.id,
        stated_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data: dict[str, Json] = {
        "redaction_id": str(row.id),
        "ordinal": row.ordinal,
        "boxes": len(row.boxes),
        "mutes": len(row.mutes),
        "spans_sha256": digest_spans(row),
    }
    change = Change("redaction.stated", "recording", str(recording.id), recording.unit_id, data, {"reason": reason})
    record_change(session, Actor.person(by.id), change)
    return row


def check_redaction(
    session: Session,
    by: Person,
    redaction_id: uuid.UUID,
    verdict: str,
    reason: str | None = None,
    now: datetime | None = None,
) -> RedactionCheck:
    """Pass what somebody else stated, or return it with a reason. Whoever checks is let view the recording himself.

    Raises OwnRedaction, RedactionChecked, RedactionReplaced, AccessRefused, WordUnknown, TextUnusable without a reason
    to return it, RoleNotAllowed, UnknownSubject, OutsideUnit.
    """
    require(by, "check_redactions")
    known_word("verdict", verdict, CHECK_VERDICTS)
    if reason is not None or verdict != PASSED:
        reason = required_text("reason", reason or "")
    redaction = row_in_unit(session, by, Redaction, redaction_id)
    if redaction.stated_by == by.id:
        raise OwnRedaction(redaction.id)
    # Whoever states another one holds this lock as well: what is checked is the latest until the transaction ends.
    recording = row_in_unit(session, by, Recording, redaction.recording_id, lock=True)
    find_grant(session, by, recording.id, "view", now or datetime.now(UTC))
    _refuse_settled(session, redaction)
    row = RedactionCheck(
        id=uuid.uuid4(),
        unit_id=redaction.unit_id,
        redaction_id=redaction.id,
        verdict=verdict,
        reason=reason,
        checked_by=by.id,
        checked_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    data: dict[str, Json] = {"check_id": str(row.id), "redaction_id": str(redaction.id), "verdict": verdict}
    private = {} if reason is None else {"reason": reason}
    change = Change("redaction.checked", "recording", str(recording.id), recording.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
    return row


def list_to_check(session: Session, by: Person, limit: int) -> Sequence[tuple[Redaction, str]]:
    """What others of the unit stated and nobody has checked, the oldest first, with the recording's name; without what
    a class of secrecy keeps from the person."""
    row, later = Redaction, aliased(Redaction)
    statement = select(row, Recording.original_name).join(Recording, Recording.id == row.recording_id)
    open_one = (
        of_own(by, row.unit_id),
        row.stated_by != by.id,
        ~exists().where(RedactionCheck.redaction_id == row.id),
        ~exists().where(later.recording_id == row.recording_id, later.ordinal > row.ordinal),
        keeps_nothing_from(by),
    )
    found = session.execute(statement.where(*open_one).order_by(row.stated_at, row.id).limit(limit))
    return [(stated, name) for stated, name in found]


def latest_redactions(session: Session, recording_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Redaction]:
    """The statement that counts of each of these recordings, of those that have one."""
    row = Redaction
    latest = select(row).ext(distinct_on(row.recording_id)).where(row.recording_id.in_(set(recording_ids)))
    return {each.recording_id: each for each in session.scalars(latest.order_by(row.recording_id, row.ordinal.desc()))}


def checks_of(session: Session, redactions: Iterable[Redaction]) -> dict[uuid.UUID, RedactionCheck]:
    """What was said of each of these, by the redaction's id; of those that were checked."""
    ids = {each.id for each in redactions}
    return {each.redaction_id: each for each in session.scalars(_checks(ids))}


def what_shows(session: Session, recording: Recording) -> Shown:
    """Picture, sound and length of what copies are made of. Raises NothingToHideIn."""
    findings = recording.findings
    kind = findings.get("kind")
    reasons = findings.get("reasons") or ()
    if any(isinstance(each, dict) and each.get("code") == LOST_ITS_INDEX for each in reasons):
        recovered = select(Rendition.id).where(Rendition.recording_id == recording.id, Rendition.name == "recovery")
        if session.scalars(recovered).first() is None:
            raise NothingToHideIn(recording.id)
        return Shown(picture=True, sound=True, moving=True, length=None)
    if recording.media_state == "unreadable" or kind not in ("video", "audio", "still"):
        raise NothingToHideIn(recording.id)
    heard = any(isinstance(each, dict) and each.get("kind") == "audio" for each in findings.get("streams") or ())
    moving = kind != "still"
    return Shown(kind != "audio", moving and heard, moving, recording.duration_seconds if moving else None)


def digest_spans(row: Redaction) -> str:
    """The SHA-256 of boxes and mutes as canonical JSON: what an entry can hold of a long list."""
    return hashlib.sha256(canonical_json({"boxes": row.boxes, "mutes": row.mutes}, "redaction")).hexdigest()


def _refuse_settled(session: Session, redaction: Redaction) -> None:
    before = session.scalars(_checks({redaction.id})).first()
    if before is not None:
        raise RedactionChecked(redaction.id, before.verdict)
    if latest_redactions(session, [redaction.recording_id])[redaction.recording_id].id != redaction.id:
        raise RedactionReplaced(redaction.id)


def _checks(ids: set[uuid.UUID]) -> Select[RedactionCheck]:
    return select(RedactionCheck).where(RedactionCheck.redaction_id.in_(ids))


def _of(recording: Recording) -> ColumnElement[bool]:
    return Redaction.recording_id == recording.id
