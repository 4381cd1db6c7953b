"""What the ledger says of packages: which case was copied under which grant, by whom, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.access import Export


def _started(entry: LedgerEntry) -> Facts:
    by: Facts = {"unit_id": unit_of(entry), "case_id": entry.subject_id, "person_id": entry.actor_id}
    nothing: Facts = {"statement_sha256": None, "finished": None}
    return {**as_stated(entry, "grant_id"), **by, **made_at(entry, "started_at"), **nothing}


EXPORT_SUBJECTS: Sequence[Subject] = (
    Subject(
        Export,
        (
            Step("export.started", _started, "export_id", makes=True),
            Step("export.finished", lambda entry: as_stated(entry, "statement_sha256"), "export_id"),
            Step("export.finished", ended("finished"), "export_id"),
        ),
    ),
)
