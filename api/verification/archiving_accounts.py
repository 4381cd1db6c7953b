"""What the ledger says of archived cases: their class of secrecy, what was archived for how long, its catalogues."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from api.verification.audit import Audit
from api.verification.steps import Facts, Step, Subject, as_stated, made_at, pledged, unit_of
from casework.archiving.retention_file import classes_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.archiving import CaseArchive, CaseCatalogue, CaseSecrecy, RetentionRule
from storage.catalog.retention import RetentionClass

CLASSES_OF_THE_PACKAGE = {"general": 6, "extended": 60, "permanent": None}
"""Those that every archive has from its first day, before any version of the rules."""


def _of_case(entry: LedgerEntry) -> Facts:
    return {"unit_id": unit_of(entry), "case_id": entry.subject_id}


def _secrecy(entry: LedgerEntry) -> Facts:
    said: Facts = {"secrecy_class": entry.data.get("to"), "reason": None, "stated_by": entry.actor_id}
    stated = {**as_stated(entry, "ordinal"), **pledged(entry, "reason"), **made_at(entry, "stated_at")}
    return {**_of_case(entry), **said, **stated}


def _archive(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "secrecy_class", "retention_class", "rules")
    by: Facts = {"skipped_reason": None, "archived_by": entry.actor_id, **made_at(entry, "archived_at")}
    return {**_of_case(entry), **stated, **by, **pledged(entry, "skipped_reason")}


def _catalogue(entry: LedgerEntry) -> Facts:
    said: Facts = {"sha256": entry.data.get("catalogue_sha256"), "of_its_content": True, "reason": None}
    by: Facts = {"made_by": entry.actor_id, **made_at(entry, "made_at")}
    return {**_of_case(entry), **as_stated(entry, "version"), **said, **by, **pledged(entry, "reason")}


ARCHIVING_SUBJECTS: Sequence[Subject] = (
    Subject(CaseSecrecy, (Step("case.secrecy_stated", _secrecy, "secrecy_id", makes=True),)),
    Subject(CaseArchive, (Step("case.archived", _archive, "archive_id", makes=True),)),
    # With a key of its own: the first catalogue is made by the entry that makes the archive.
    Subject(
        CaseCatalogue,
        tuple(
            Step(action, _catalogue, "catalogue_id", makes=True)
            for action in ("case.archived", "case.archive_supplemented")
        ),
        key=lambda row: str(row.id),
    ),
)


def check_retention_classes(audit: Audit) -> None:
    """Each class is the package's, or a version of the rules brought it, and keeps as long as was said there."""
    with audit.archive.database.reading(snapshot=True) as session:
        known: dict[str, int | None] = dict(CLASSES_OF_THE_PACKAGE)
        for rules in session.scalars(select(RetentionRule.rules).order_by(RetentionRule.loaded_at.desc())):
            known |= {each.code: each.months for each in classes_of(rules) if each.code not in CLASSES_OF_THE_PACKAGE}
        for row in session.scalars(select(RetentionClass).order_by(RetentionClass.code)):
            subject = f"retention_class {row.code}"
            if row.code not in known:
                audit.findings.add("row_unaccounted", subject, "a version of the rules that brings it", "none")
            elif row.keep_months != known[row.code]:
                audit.findings.add("row_differs", f"{subject}: keep_months", known[row.code], row.keep_months)
