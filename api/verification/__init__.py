"""Whether store, rows and ledger still agree: everything the archive holds, held against everything it signed.

The auditor trusts the ledger's key and the authority's, and nothing else: a superuser of the database can change any
row, and root any file, but not both so that they fit what was signed. What cannot show here is an archive cut back as
a whole to an earlier state; for that, receipts and checkpoints in other hands are what counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import DataError

from api.archive import Archive
from api.verification.attachments import audit_attachments
from api.verification.audit import Audit, Progress
from api.verification.database_guard import check_database
from api.verification.documents import audit_documents
from api.verification.findings import Finding, Findings
from api.verification.guards import announced_trust, replaced_instants
from api.verification.instants import check_instants
from api.verification.judgements import audit_judgements
from api.verification.ledger import audit_ledger
from api.verification.orphans import audit_objects
from api.verification.papers import audit_papers
from api.verification.positions import audit_positions
from api.verification.receipts import audit_receipts
from api.verification.recordings import audit_recordings
from api.verification.redacted_copies import audit_copies
from api.verification.renditions import audit_renditions
from api.verification.reviews import audit_reviews
from api.verification.rows import audit_rows
from api.verification.segments import audit_segments
from api.verification.uploads import audit_uploads
from api.verification.windows import audit_windows
from integrity.checkpoint import Checkpoint
from integrity.errors import EvidenceError
from storage.catalog.recordings import Recording

__all__ = ["Finding", "VerificationReport", "verify_archive"]

Found = TypeVar("Found")

log = structlog.get_logger()


@dataclass(frozen=True)
class VerificationReport:
    """What was looked at and what was found. Of very many findings the first are kept, and all are counted."""

    checkpoint: Checkpoint | None
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    findings_by_code: Mapping[str, int]

    @property
    def holds(self) -> bool:
        return not self.findings

    def to_json(self) -> dict[str, object]:
        checkpoint = self.checkpoint
        signed = None if checkpoint is None else {"size": checkpoint.size, "root": checkpoint.root.hex()}
        return {
            "holds": self.holds,
            "checkpoint": signed,
            "counts": dict(self.counts),
            "findings_by_code": dict(self.findings_by_code),
            "findings": [finding.to_json() for finding in self.findings],
        }


def _nobody_watches(part: str, done: int, total: int) -> None:
    pass


def verify_archive(
    archive: Archive, sample: int | None = None, progress: Progress = _nobody_watches, *, stands: bool = False
) -> VerificationReport:
    """Look at everything, in constant memory. While the archive runs, what comes meanwhile is left to the next time.

    `sample`: of so many recordings, chosen at random, the stored bytes are read; of all of them when it is None.
    `stands`: nobody works in it, as in one that was just restored, so that what waited for its place still does. Raises
    AuthorityUnpinned, and what database and store raise when they do not answer.
    """
    findings = Findings()
    at_once = _AT_ONCE_HERE if archive.settings.s3_url is None else _AT_ONCE_ELSEWHERE
    with archive.database.of_any_instant() as database:
        archive = replace(archive, database=database)
        trust = announced_trust(archive, findings, stands=stands)
        chosen, replaced_at = _choose(archive, sample), replaced_instants(archive)
        audit = Audit(archive, trust, findings, progress, chosen, stands, at_once, replaced_at)
        for name, check in _BEFORE.items():
            _looked_at(audit, name, check)
        checkpoint = _looked_at(audit, "entries", audit_ledger)
        counts = {
            "entries": 0 if checkpoint is None else checkpoint.size,
            **{name: _looked_at(audit, name, part) or 0 for name, part in _PARTS.items()},
        }
    return VerificationReport(checkpoint, counts, tuple(findings.kept), dict(findings.counts))


_BEFORE: Final[Mapping[str, Callable[[Audit], None]]] = {
    "database": check_database,
    "instants": check_instants,
}

_PARTS: Final[Mapping[str, Callable[[Audit], int]]] = {
    "rows": audit_rows,
    "windows": audit_windows,
    "uploads": audit_uploads,
    "recordings": audit_recordings,
    "positions": audit_positions,
    "segments": audit_segments,
    "judgements": audit_judgements,
    "documents": audit_documents,
    "papers": audit_papers,
    "reviews": audit_reviews,
    "renditions": audit_renditions,
    "attachments": audit_attachments,
    "redacted_copies": audit_copies,
    "receipts": audit_receipts,
    "objects": audit_objects,
}
"""In this order, by what the report counts."""

_AT_ONCE_HERE: Final = 2
_AT_ONCE_ELSEWHERE: Final = 8
"""Objects side by side. A server answers each request after tens of milliseconds, and any number of them meanwhile; a
disk has one arm."""

# DataError: of a value that Python has none for. Instants beyond the calendar are not among them (instants.py).
_UNREADABLE: Final = (ArithmeticError, AttributeError, DataError, EvidenceError, LookupError, TypeError, ValueError)


def _looked_at(audit: Audit, name: str, part: Callable[[Audit], Found]) -> Found | None:
    """What `part` gives. Whoever puts into one row what no part was made for does not hide all else by it: that this
    part was not finished is a finding, and the others go on.
    """
    try:
        return part(audit)
    except _UNREADABLE as error:
        log.exception("verification.part_unfinished", part=name, error=type(error).__name__)
        audit.findings.add("part_unfinished", name, None, f"{type(error).__name__}: {error}")
        return None


def _choose(archive: Archive, sample: int | None) -> frozenset[uuid.UUID] | None:
    if sample is None:
        return None
    with archive.database.reading() as session:
        return frozenset(session.scalars(select(Recording.id).order_by(func.random()).limit(sample)))
