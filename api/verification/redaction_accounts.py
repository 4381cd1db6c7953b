"""What the ledger says of redaction: what was to be hidden, who checked it, which copies were asked for and made."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.redaction import RedactedCopy, Redaction, RedactionCheck


def _stated(entry: LedgerEntry) -> Facts:
    by: Facts = {"unit_id": unit_of(entry), "recording_id": entry.subject_id, "stated_by": entry.actor_id}
    stated = {**as_stated(entry, "ordinal", "spans_sha256"), **pledged(entry, "reason")}
    return {**stated, **made_at(entry, "stated_at"), **by}


def _checked(entry: LedgerEntry) -> Facts:
    by: Facts = {"unit_id": unit_of(entry), "checked_by": entry.actor_id, "reason": None}
    stated = {**as_stated(entry, "redaction_id", "verdict"), **made_at(entry, "checked_at")}
    return {**by, **stated, **pledged(entry, "reason")}


def _asked(entry: LedgerEntry) -> Facts:
    by: Facts = {"unit_id": unit_of(entry), "recording_id": entry.subject_id, "asked_by": entry.actor_id}
    stated = as_stated(entry, "case_id", "redaction_id", "grant_id")
    not_made: Facts = {"gave_up": False, "sha256": None, "parent_sha256": None, "tool": None, "tool_version": None}
    return {**not_made, **stated, **pledged(entry, mark_text="mark"), **made_at(entry, "asked_at"), **by}


def _made(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "redaction_id", "sha256", "parent_sha256", "tool", "tool_version")
    return {**stated, **made_at(entry, "made_at")}


REDACTION_SUBJECTS: Sequence[Subject] = (
    Subject(Redaction, (Step("redaction.stated", _stated, "redaction_id", makes=True),)),
    Subject(RedactionCheck, (Step("redaction.checked", _checked, "check_id", makes=True),)),
    Subject(
        RedactedCopy,
        (
            Step("copy.asked", _asked, "copy_id", makes=True),
            Step("copy.made", _made, "copy_id"),
            Step("copy.failed", lambda _: {"gave_up": True}, "copy_id"),
        ),
    ),
)
