"""What is hidden of a recording in copies that leave, and the copies that were made: on its page and on its case's."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from api.http.reading.redaction import is_being_made
from api.pages.visit import Visit
from casework import permission as casework_permission
from casework.organisation import names_of
from casework.retrieval.copies import copies_of, state_of, tells_how_it_went, told_copies
from casework.retrieval.redaction import checks_of, latest_redactions, list_to_check, what_shows
from casework.retrieval.redaction_errors import NothingToHideIn
from casework.retrieval.redaction_spans import STYLES, Shown
from retention.own_units import of_own
from storage.catalog.access import Grant
from storage.catalog.casework import Case, CaseLink
from storage.catalog.recordings import Recording
from storage.catalog.redaction import RedactedCopy

MOST_COPIES = 20
MOST_TO_CHECK = 50


@dataclass(frozen=True)
class CopyRow:
    """A copy as a page shows it. `state`: due, being_made, done, outdated, failed; `mine`: who looks may fetch it.

    `why`: the reason why it failed is for him."""

    copy: RedactedCopy
    state: str
    name: str
    asked_by: str
    mine: bool
    why: bool


@dataclass(frozen=True)
class CopyGrant:
    """A grant of who looks under which this recording may be copied now."""

    grant_id: uuid.UUID
    case: Case


def redaction_of(visit: Visit, recording: Recording) -> Mapping[str, Any]:
    """What its page says of redaction."""
    session, role = visit.session, visit.person.role
    latest = latest_redactions(session, [recording.id]).get(recording.id)
    check = None if latest is None else checks_of(session, [latest]).get(latest.id)
    people = {row for row in (latest and latest.stated_by, check and check.checked_by) if row}
    own = latest is not None and latest.stated_by == visit.person.id
    wanted = select(RedactedCopy).where(RedactedCopy.recording_id == recording.id)
    copies = visit.session.scalars(wanted.order_by(RedactedCopy.asked_at.desc()).limit(MOST_COPIES)).all()
    return {
        "hides": shown_of(visit, recording),
        "redaction": latest,
        "redaction_check": check,
        "redaction_names": names_of(session, people),
        "may_redact": role in casework_permission.MAY["redact"],
        "may_check": role in casework_permission.MAY["check_redactions"] and not own,
        "box_styles": STYLES,
        "copies": copy_rows(visit, copies),
        "copy_grants": copy_grants(visit, recording),
    }


def redactions_to_check(visit: Visit) -> Mapping[str, Any]:
    """What others stated and who looks may check, for the page where requests are decided."""
    found = list_to_check(visit.session, visit.person, MOST_TO_CHECK)
    return {"to_check": found, "staters": names_of(visit.session, {stated.stated_by for stated, _ in found})}


def shown_of(visit: Visit, recording: Recording) -> Shown | None:
    """None where no copy of it could be made."""
    try:
        return what_shows(visit.session, recording)
    except NothingToHideIn:
        return None


def copies_in_case(visit: Visit, case: Case) -> tuple[CopyRow, ...]:
    return copy_rows(visit, copies_of(visit.session, case.id)[: MOST_COPIES * 5])


def copy_rows(visit: Visit, copies: Sequence[RedactedCopy]) -> tuple[CopyRow, ...]:
    """Without those that a class of secrecy keeps from who looks."""
    copies = told_copies(visit.session, visit.person, copies)
    names = _recording_names(visit, (row.recording_id for row in copies))
    people = names_of(visit.session, {row.asked_by for row in copies})
    latest = latest_redactions(visit.session, (row.recording_id for row in copies))
    return tuple(
        CopyRow(
            row,
            _state(visit, row, state_of(row, latest[row.recording_id])),
            names[row.recording_id],
            people.get(row.asked_by, ""),
            row.asked_by == visit.person.id,
            tells_how_it_went(row, visit.person),
        )
        for row in copies
    )


def copy_grants(visit: Visit, recording: Recording) -> tuple[CopyGrant, ...]:
    """Those that last longest first, one a case."""
    person = visit.person
    mine = Grant.person_id == person.id, of_own(person, Grant.unit_id), Grant.kind == "copy"
    live = Grant.revoked_at.is_(None), Grant.expires_at > visit.now
    linked = CaseLink.case_id == Grant.case_id, CaseLink.recording_id == recording.id, CaseLink.ended_at.is_(None)
    rows = select(Grant.id, Case).join(Case, Case.id == Grant.case_id).join(CaseLink, CaseLink.case_id == Grant.case_id)
    found: dict[uuid.UUID, CopyGrant] = {}
    for grant_id, case in visit.session.execute(rows.where(*mine, *live, *linked).order_by(Grant.expires_at.desc())):
        found.setdefault(case.id, CopyGrant(grant_id, case))
    return tuple(found.values())


def _state(visit: Visit, row: RedactedCopy, state: str) -> str:
    return "being_made" if is_being_made(row, visit.now) else state


def _recording_names(visit: Visit, recording_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = select(Recording.id, Recording.original_name)
    seen = rows.where(Recording.id.in_(set(recording_ids)))
    return {row.id: row.original_name for row in visit.session.execute(seen)}
