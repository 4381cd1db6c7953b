"""What the ledger says of dossiers for public questions (舆情应对): each row, and that its content is what was made."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.dossiers import Dossier


def _made(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "ordinal", "contact_id", "sha256")
    said = pledged(entry, "question", "reason", "contact_way")
    unchecked: Facts = {"checked": None, "checked_by": None}
    by: Facts = {"unit_id": unit_of(entry), "case_id": entry.subject_id, "made_by": entry.actor_id}
    return {**unchecked, **stated, **said, **by, "of_its_content": True, **made_at(entry, "made_at")}


DOSSIER_SUBJECTS: Sequence[Subject] = (
    Subject(
        Dossier,
        (
            Step("case.dossier_made", _made, "dossier_id", makes=True),
            Step("case.dossier_checked", ended("checked", "checked_by"), "dossier_id"),
        ),
    ),
)
