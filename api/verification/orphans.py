"""Objects that no row knows. They harm nobody, but somebody should know: a row may be what is missing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import or_, select, union_all
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from storage.catalog.access import RequestAttachment
from storage.catalog.data_keys import may_become_recording
from storage.catalog.recordings import CustodyAttempt, MediaJob, Recording, Rendition
from storage.catalog.redaction import RedactedCopy
from storage.ledger.files import PREFIX as LEDGER

BATCH = 500
RENDITIONS, REDACTED = "renditions/", "redacted/"


def audit_objects(audit: Audit) -> int:
    """Look at every object that is not the ledger's; how many there were."""
    count = 0
    # Asked twice, with the whole listing in between: what is being stored at this moment has its row by then.
    suspects: list[str] = []
    for batch in _batches(name for name in audit.archive.everywhere.list() if not name.startswith(LEDGER)):
        suspects += _unknown(audit, batch)
        count += len(batch)
        audit.progress("objects", count, 0)
    for batch in _batches(suspects):
        for name in _unknown(audit, batch):
            audit.findings.add("object_orphaned", name)
    return count


def _unknown(audit: Audit, names: list[str]) -> list[str]:
    with audit.archive.database.reading() as session:
        known = _known(session, names) | _being_made(session, names)
    return [name for name in names if name not in known]


def _known(session: Session, names: list[str]) -> set[str]:
    """Of recordings, copies, papers, and attempts that may become a recording yet."""
    attempts = select(CustodyAttempt.object_name).where(CustodyAttempt.object_name.in_(names), may_become_recording())
    recordings = select(Recording.object_name).where(Recording.object_name.in_(names))
    renditions = select(Rendition.object_name).where(Rendition.object_name.in_(names))
    papers = select(RequestAttachment.object_name).where(RequestAttachment.object_name.in_(names))
    copies = select(RedactedCopy.object_name).where(RedactedCopy.object_name.in_(names))
    return set(session.scalars(union_all(attempts, recordings, renditions, papers, copies)))


def _being_made(session: Session, names: list[str]) -> set[str]:
    """Copies of recordings that still owe one: the next worker removes what an earlier one left."""
    owners = {name: owner for name in names if (owner := _owner(name, RENDITIONS)) is not None}
    due = or_(MediaJob.state == "due", MediaJob.leased_until.is_not(None))
    statement = select(MediaJob.recording_id).where(MediaJob.recording_id.in_(set(owners.values())), due)
    owing = set(session.scalars(statement))
    return {name for name, owner in owners.items() if owner in owing} | _copies_being_made(session, names)


def _copies_being_made(session: Session, names: list[str]) -> set[str]:
    """Likewise of redacted ones, which lie under the id of their job."""
    jobs = {name: job for name in names if (job := _owner(name, REDACTED)) is not None}
    due = select(RedactedCopy.id).where(RedactedCopy.id.in_(set(jobs.values())), RedactedCopy.state == "due")
    owing = set(session.scalars(due))
    return {name for name, job in jobs.items() if job in owing}


def _owner(name: str, folder: str) -> uuid.UUID | None:
    if not name.startswith(folder):
        return None
    try:
        return uuid.UUID(name.split("/")[1])
    except ValueError:
        return None


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(names)
    while batch := list(islice(remaining, BATCH)):
        yield batch
