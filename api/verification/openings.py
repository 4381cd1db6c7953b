"""What opens each commitment lies beside the ledger, as it was entered: without it, nothing speaks against a row.

Nothing destroys an opening today, and no entry could say that one was: one that is gone was removed by somebody who had
something to hide. Whoever builds such a destruction enters it; `find_openings`, which everything here asks, is then
where an entry counts in place of the opening.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.verification.audit import Audit
from integrity.ledger_entry import SALT_BYTES, LedgerEntry, commit_value
from storage.catalog.ledger import LedgerOpening

Openings: TypeAlias = Mapping[tuple[uuid.UUID, str], LedgerOpening]


def find_openings(session: Session, entry_ids: Iterable[uuid.UUID]) -> Openings:
    """All that lie beside these entries, by entry and name."""
    statement = select(LedgerOpening).where(LedgerOpening.entry_id.in_(set(entry_ids)))
    return {(row.entry_id, row.name): row for row in session.scalars(statement)}


def opens(opening: LedgerOpening, commitment: object) -> bool:
    """Whether it is what was committed to. A salt too short for any commitment is not."""
    return len(opening.salt) >= SALT_BYTES and commit_value(opening.salt, opening.value) == commitment


def commitments_of(entry: LedgerEntry) -> Mapping[str, object]:
    """By the name of what was committed to."""
    commitments = entry.data.get("commitments", {})
    return commitments if isinstance(commitments, Mapping) else {}


def check_openings(audit: Audit, entries: Collection[LedgerEntry]) -> None:
    """Every commitment of these has its opening, also one that no row leans on; and none lies there without one."""
    committed = {(entry.id, name): said for entry in entries for name, said in commitments_of(entry).items()}
    with audit.archive.database.reading() as session:
        found = find_openings(session, {entry.id for entry in entries})
    for entry_id, name in sorted(committed.keys() | found.keys()):
        subject, commitment = f"{name} of ledger entry {entry_id}", committed.get((entry_id, name), "nothing")
        opening = found.get((entry_id, name))
        if opening is None:
            audit.findings.add("opening_missing", subject, f"what opens {commitment}", "none")
        elif not opens(opening, commitment):
            audit.findings.add("opening_differs", subject, f"what opens {commitment}", "something else")
