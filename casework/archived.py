"""Whether a case is archived (归档): then nothing is put in or taken out any more, but by a supplement."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.errors import CaseArchived
from storage.catalog.archiving import CaseArchive


def find_archive(session: Session, case_id: uuid.UUID) -> CaseArchive | None:
    return session.scalars(select(CaseArchive).where(CaseArchive.case_id == case_id)).first()


def refuse_archived(session: Session, case_id: uuid.UUID) -> None:
    """Wait for whoever archives it just now, and let nobody archive it until the transaction ends. Raises CaseArchived.

    The database does the same, whoever writes. Of the lock nobody may wait for a row any more who holds it alone: he
    takes it when he has all rows (casework/archiving/archives.py).
    """
    session.execute(select(func.pg_advisory_xact_lock_shared(func.archiving_lock(case_id))))
    archive = find_archive(session, case_id)
    if archive is not None:
        raise CaseArchived(case_id, archive.archived_at)
