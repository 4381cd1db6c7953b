"""Where an object comes from that no row names: asked of attempts, jobs, requests and the ledger, by its name."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from api.reconciling.scene import Scene, ask

DISPOSED_ENTRY: Final = "recording.disposed"
Why = tuple[str, Mapping[str, Any]]

_ATTEMPTS = """
    SELECT a.object_name AS name, a.recording_id::text AS attempt_of, u.id AS upload, u.state, u.failure_code,
        u.recording_id::text AS sealed_as
    FROM custody_attempt a JOIN upload u ON u.id = a.upload_id WHERE a.object_name = ANY(:names)
"""
_JOBS = """
    SELECT j.recording_id::text AS owner, j.kind, j.state = 'due' OR j.leased_until > now() AS under_way,
        j.state IN ('failed', 'nothing') AS given_up FROM media_job j WHERE j.recording_id = ANY(CAST(:ids AS uuid[]))
"""
_COPIES = """
    SELECT c.id::text AS owner, c.state = 'due' OR c.leased_until > now() AS under_way, c.state = 'failed' AS given_up
    FROM redacted_copy c WHERE c.id = ANY(CAST(:ids AS uuid[]))
"""
_NAMED_BY_NOW = """
    SELECT object_name AS name FROM recording WHERE object_name = ANY(:names)
    UNION ALL SELECT object_name FROM rendition WHERE object_name = ANY(:names)
    UNION ALL SELECT object_name FROM redacted_copy WHERE object_name = ANY(:names)
    UNION ALL SELECT object_name FROM request_attachment WHERE object_name = ANY(:names)
"""
_REQUESTS = "SELECT id::text AS owner FROM access_request WHERE id = ANY(CAST(:ids AS uuid[]))"
_DISPOSED = "SELECT DISTINCT subject_id FROM ledger_entry WHERE action = :action AND subject_id = ANY(:ids)"
# The entry's bytes are JSON without blanks (RFC 8785); what is no UTF-8 any more is not for this to judge.
_COPIES_MADE = """
    SELECT substring(encode(entry, 'escape') FROM '"copy_id":"([0-9a-f-]{36})"') AS owner, subject_id
    FROM ledger_entry
    WHERE action = 'copy.made' AND substring(encode(entry, 'escape') FROM '"copy_id":"([0-9a-f-]{36})"') = ANY(:ids)
"""


def explain(scene: Scene, names: Sequence[str]) -> dict[str, Why]:
    """Why each is there: a code, and facts. What is left out, nobody can say."""
    if not names:
        return {}
    with scene.archive.database.reading(snapshot=True) as session:
        disposed = _of_disposed(session, names)
        if scene.database_is_older:
            # All that was sealed since the dump looks like this, whatever the older rows say of it.
            return disposed
        return (
            _of_copies_being_made(session, names)
            | _of_requests(scene, session, names)
            | _of_attempts(session, names)
            | disposed
            | _of_rows_that_came(session, names)
        )


def owner_of(name: str, folder: str) -> str | None:
    """The id after the folder's name, and nothing that only looks like one."""
    words = name.split("/")
    if words[0] != folder or len(words) < 3:
        return None
    word = words[3] if folder == "originals" and len(words) == 4 else words[1]
    try:
        return word if str(uuid.UUID(word)) == word else None
    except ValueError:
        return None


def disposed_among(session: Session, ids: Sequence[str]) -> set[str]:
    return {row.subject_id for row in ask(session, _DISPOSED, action=DISPOSED_ENTRY, ids=list(ids))}


def _of_attempts(session: Session, names: Sequence[str]) -> dict[str, Why]:
    found: dict[str, Why] = {}
    for row in ask(session, _ATTEMPTS, names=list(names)):
        facts = {"upload": row.upload, "upload_state": row.state}
        if row.state == "finished":
            found[row.name] = "object_under_way", facts
        elif row.state == "failed":
            found[row.name] = "attempt_stopped", facts | {"failure": row.failure_code}
        elif row.state in ("terminated", "expired"):
            found[row.name] = "attempt_given_up", facts
        elif row.sealed_as is not None and row.sealed_as != row.attempt_of:
            found[row.name] = "object_superseded", facts | {"recording": row.sealed_as}
    return found


def _of_rows_that_came(session: Session, names: Sequence[str]) -> dict[str, Why]:
    """Between the look that found no row and this: the next run compares them."""
    return {row.name: ("object_under_way", {}) for row in ask(session, _NAMED_BY_NOW, names=list(names))}


def _of_copies_being_made(session: Session, names: Sequence[str]) -> dict[str, Why]:
    found: dict[str, Why] = {}
    renditions, redacted = _owners(names, "renditions"), _owners(names, "redacted")
    jobs = {(row.owner, row.kind): row for row in ask(session, _JOBS, ids=sorted(set(renditions.values())))}
    for name, owner in renditions.items():
        found |= _of_job(name, jobs.get((owner, name.split("/")[2].partition("-")[0])), {"recording": owner})
    copies = {row.owner: row for row in ask(session, _COPIES, ids=sorted(set(redacted.values())))}
    for name, owner in redacted.items():
        found |= _of_job(name, copies.get(owner), {"copy": owner})
    return found


def _of_job(name: str, job: Any, facts: Mapping[str, Any]) -> dict[str, Why]:
    if job is None or not (job.under_way or job.given_up):
        return {}
    return {name: ("object_under_way" if job.under_way else "copy_given_up", facts)}


def _of_requests(scene: Scene, session: Session, names: Sequence[str]) -> dict[str, Why]:
    papers = _owners(names, "attachments")
    known = {row.owner for row in ask(session, _REQUESTS, ids=sorted(set(papers.values())))}
    # A paper is stored inside the transaction that records it: whether that still runs shows by its having ended.
    code = "attachment_left_behind" if scene.nothing_earlier_runs else "object_under_way"
    return {name: (code, {"request": owner}) for name, owner in papers.items() if owner in known}


def _of_disposed(session: Session, names: Sequence[str]) -> dict[str, Why]:
    owners = _owners(names, "originals") | _owners(names, "renditions")
    redacted = _owners(names, "redacted")
    made = {row.owner: row.subject_id for row in ask(session, _COPIES_MADE, ids=sorted(set(redacted.values())))}
    owners |= {name: made[copy] for name, copy in redacted.items() if copy in made}
    gone = disposed_among(session, sorted(set(owners.values())))
    return {name: ("disposed_object_remains", {"recording": owner}) for name, owner in owners.items() if owner in gone}


def _owners(names: Sequence[str], folder: str) -> dict[str, str]:
    return {name: owner for name in names if (owner := owner_of(name, folder)) is not None}
