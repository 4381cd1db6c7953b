"""What a case's package holds of files that came again: the entries, and what opens the words they committed to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import select, union
from sqlalchemy.orm import Session, aliased

from integrity.canonical import Json, parse_strict
from integrity.package.documents import RepeatNote
from integrity.package.repeats import RECEIVED_AGAIN
from storage.catalog.casework import CaseLink
from storage.catalog.ledger import LedgerEntryRow, LedgerOpening
from storage.catalog.recordings import Receipt, ReceivedAgain


@dataclass(frozen=True)
class CopiedRepeat:
    """One more time that the file of a recording came. `note`: as it was committed to, whatever any row says now; None
    where nothing was kept of it yet.
    """

    entry_id: uuid.UUID
    note: RepeatNote | None


def repeats_of(session: Session, case_id: uuid.UUID) -> tuple[CopiedRepeat, ...]:
    """Of every recording that is linked, in the order of their entries: entries and words as of one instant."""
    linked = CaseLink.case_id == case_id, CaseLink.ended_at.is_(None)
    # Before words were kept of them repeats had their receipts alone. Both are found by recording, uploads are not.
    uploads = union(
        *(
            select(kept.upload_id).join(CaseLink, CaseLink.recording_id == kept.recording_id).where(*linked)
            for kept in (ReceivedAgain, Receipt)
        )
    )
    name, claims = aliased(LedgerOpening), aliased(LedgerOpening)
    entry = LedgerEntryRow
    statement = (
        select(entry.id, entry.subject_id, name.value, name.salt, claims.value, claims.salt)
        .outerjoin(name, (name.entry_id == entry.id) & (name.name == "name"))
        .outerjoin(claims, (claims.entry_id == entry.id) & (claims.name == "claims"))
        .where(entry.action == RECEIVED_AGAIN, entry.subject_id.in_(uploads))
        .order_by(entry.serial)
    )
    return tuple(
        CopiedRepeat(entry_id, _note(upload_id, said_name, name_salt, said_claims, claims_salt))
        for entry_id, upload_id, said_name, name_salt, said_claims, claims_salt in session.execute(statement)
    )


def _note(
    upload_id: str, name: str | None, name_salt: bytes | None, said: str | None, claims_salt: bytes | None
) -> RepeatNote | None:
    if name is None or name_salt is None or said is None or claims_salt is None:
        return None
    claims = cast(Sequence[Json], parse_strict(said.encode()))
    return RepeatNote(
        upload_id=upload_id, original_name=name, name_salt=name_salt, claims=claims, claims_salt=claims_salt
    )
