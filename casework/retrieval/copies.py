"""Redacted copies: asked for under a grant to copy, one of each recording of the case; made by a media worker."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.access import GrantFound, find_copy_grant
from casework.cases import find_case
from casework.errors import AccessRefused
from casework.permission import MAY
from casework.retrieval.redaction import PASSED, checks_of, latest_redactions, what_shows
from casework.retrieval.redaction_errors import CopyNotThere, NothingToHideIn, RedactionsMissing
from casework.secrecy import keeps_case_from, keeps_nothing_from
from integrity.canonical import Json
from integrity.local_time import CHINA
from retention.errors import UnknownSubject
from storage.catalog.access import AccessRequest, Grant
from storage.catalog.casework import Case, CaseLink
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.redaction import RedactedCopy, Redaction
from storage.ledger.append import Actor, Change, record_change


def ask_for_copies(
    session: Session,
    by: Person,
    case_id: uuid.UUID,
    grant_id: uuid.UUID,
    now: datetime,
    recording_ids: Collection[uuid.UUID] | None = None,
) -> tuple[RedactedCopy, ...]:
    """A copy of each recording of the case, or of those named, as it is to be hidden now, marked with who gets it.

    What was asked for under this grant before is not made twice, but where it failed. Returns all copies under the
    grant. Raises RedactionsMissing, naming recordings of which nobody has said what to hide or nobody has checked it;
    NothingToHideIn for one that is named and cannot be decoded; AccessRefused as `find_copy_grant` does,
    UnknownSubject, OutsideUnit. Nothing is asked for then.
    """
    # Whoever asks under the same grant at the same moment waits here, and then finds what was asked for before him.
    session.execute(select(Grant.id).where(Grant.id == grant_id).with_for_update(key_share=True))
    grant = find_copy_grant(session, by, case_id, grant_id, now)
    case = find_case(session, by, case_id)
    recordings = _chosen(session, case, recording_ids)
    redactions = _passed(session, case, recordings)
    live = RedactedCopy.grant_id == grant_id, RedactedCopy.state != "failed"
    asked = set(session.scalars(select(RedactedCopy.redaction_id).where(*live)))
    for recording in recordings:
        if redactions[recording.id].id not in asked:
            _ask_for(session, by, grant, recording, redactions[recording.id], now)
    return copies_of(session, case_id, grant_id)


def mark_lines(session: Session, by: Person, grant: GrantFound, now: datetime) -> list[str]:
    """What is drawn into the picture: who gets it, also for whom, when, and under which grant."""
    request = session.get_one(AccessRequest, grant.request_id)
    who = by.name if by.badge_number is None else f"{by.name} {by.badge_number}"
    lines = [f"{who}  {now.astimezone(CHINA):%Y-%m-%d %H:%M}"]
    if request.visitor_name is not None:
        lines.append(" ".join(part for part in (request.body_name, request.visitor_name) if part))
    return [*lines, str(grant.grant_id)]


def copies_of(session: Session, case_id: uuid.UUID, grant_id: uuid.UUID | None = None) -> tuple[RedactedCopy, ...]:
    """The copies of a case, the latest first; those under one grant if it is named."""
    wanted = select(RedactedCopy).where(RedactedCopy.case_id == case_id)
    if grant_id is not None:
        wanted = wanted.where(RedactedCopy.grant_id == grant_id)
    return tuple(session.scalars(wanted.order_by(RedactedCopy.asked_at.desc(), RedactedCopy.id)))


def told_copies(session: Session, person: Person, rows: Sequence[RedactedCopy]) -> tuple[RedactedCopy, ...]:
    """Those that no class of secrecy keeps from the person: neither their case's nor one their recording stands in."""
    ours = RedactedCopy.id.in_([row.id for row in rows])
    wanted = select(RedactedCopy.id).join(Recording, Recording.id == RedactedCopy.recording_id)
    told = set(
        session.scalars(wanted.where(ours, keeps_nothing_from(person), ~keeps_case_from(person, RedactedCopy.case_id)))
    )
    return tuple(row for row in rows if row.id in told)


def tells_how_it_went(row: RedactedCopy, person: Person) -> bool:
    """Whether how it was made, or why it was not, is for this person: whoever asked for it, and auditors."""
    return row.asked_by == person.id or person.role in MAY["oversee_retrieval"]


def state_of(row: RedactedCopy, latest: Redaction) -> str:
    """Its state; "outdated" where it is done, and something else is to be hidden by now: it is not sent then."""
    return "outdated" if row.state == "done" and latest.id != row.redaction_id else row.state


def permit_fetching(session: Session, by: Person, copy_id: uuid.UUID, now: datetime) -> RedactedCopy:
    """The copy, with the entry that it is sent, which the caller commits before the first byte. Raises as
    `require_fetcher` does."""
    row = require_fetcher(session, by, copy_id, now)
    data = {"copy_id": str(row.id), "grant_id": str(row.grant_id)}
    change = Change("copy.sent", "recording", str(row.recording_id), row.unit_id, data)
    record_change(session, Actor.person(by.id), change)
    return row


def require_fetcher(session: Session, by: Person, copy_id: uuid.UUID, now: datetime) -> RedactedCopy:
    """The copy, for whoever asked for it, while the grant holds and it still hides what is to be hidden: asked again as
    long as it leaves.

    Raises CopyNotThere, AccessRefused as `find_copy_grant` does, and "not_linked" where the recording stands in
    the case no more, UnknownSubject.
    """
    wanted = select(RedactedCopy).where(RedactedCopy.id == copy_id)
    row = session.scalars(wanted.execution_options(populate_existing=True)).first()
    if row is None:
        raise UnknownSubject("redacted_copy", copy_id)
    if row.asked_by != by.id:
        raise AccessRefused("not_yours", "case", row.case_id)
    find_copy_grant(session, by, row.case_id, row.grant_id, now)
    if session.scalars(_links(row.case_id).where(CaseLink.recording_id == row.recording_id)).first() is None:
        raise AccessRefused("not_linked", "recording", row.recording_id)
    latest = latest_redactions(session, [row.recording_id])[row.recording_id]
    if (state := state_of(row, latest)) != "done":
        raise CopyNotThere(row.id, state)
    return row


def _chosen(session: Session, case: Case, recording_ids: Collection[uuid.UUID] | None) -> Sequence[Recording]:
    """Of the whole case what can be decoded; what is named has to be."""
    rows = select(Recording).where(Recording.id.in_(_links(case.id)))
    found = session.scalars(rows.order_by(Recording.received_at, Recording.id)).all()
    if recording_ids is None:
        return [row for row in found if _is_shown(session, row)]
    strange = set(recording_ids) - {row.id for row in found}
    if strange:
        raise UnknownSubject("recording", min(strange))
    for row in (chosen := [row for row in found if row.id in recording_ids]):
        what_shows(session, row)
    return chosen


def _links(case_id: uuid.UUID) -> Select[uuid.UUID]:
    """The recordings that stand in a case now."""
    return select(CaseLink.recording_id).where(CaseLink.case_id == case_id, CaseLink.ended_at.is_(None))


def _is_shown(session: Session, recording: Recording) -> bool:
    """Logs and unreadable files are in no redacted copy."""
    try:
        what_shows(session, recording)
    except NothingToHideIn:
        return False
    return True


def _passed(session: Session, case: Case, recordings: Sequence[Recording]) -> dict[uuid.UUID, Redaction]:
    """What is hidden of each. Raises RedactionsMissing where that is not settled."""
    latest = latest_redactions(session, (row.id for row in recordings))
    checks = checks_of(session, latest.values())
    missing = []
    for row in recordings:
        stated = latest.get(row.id)
        check = None if stated is None else checks.get(stated.id)
        if stated is None or check is None or check.verdict != PASSED:
            missing.append(
                (row.original_name, "unstated" if stated is None else "unchecked" if check is None else "returned")
            )
    if missing or not recordings:
        raise RedactionsMissing(case.id, tuple(missing))
    return latest


def _ask_for(
    session: Session, by: Person, grant: GrantFound, recording: Recording, redaction: Redaction, now: datetime
) -> None:
    row = RedactedCopy(
        id=uuid.uuid4(),
        unit_id=recording.unit_id,
        case_id=grant.case_id,
        recording_id=recording.id,
        redaction_id=redaction.id,
        grant_id=grant.grant_id,
        mark=mark_lines(session, by, grant, now),
        asked_by=by.id,
        asked_at=now,
        state="due",
    )
    session.add(row)
    session.flush()
    data: dict[str, Json] = {
        "copy_id": str(row.id),
        "case_id": str(row.case_id),
        "redaction_id": str(row.redaction_id),
        "grant_id": str(row.grant_id),
    }
    private = {"mark": "\n".join(row.mark)}
    change = Change("copy.asked", "recording", str(row.recording_id), row.unit_id, data, private)
    record_change(session, Actor.person(by.id), change)
