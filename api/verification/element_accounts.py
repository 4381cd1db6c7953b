"""What the ledger says of required elements: versions of the policy and their days; what was answered, by whom."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.elements import ElementAnswer, ElementPolicy


def rule_version(entry: LedgerEntry) -> Facts:
    """A version of any rules, as it was loaded."""
    stated = as_stated(entry, "jurisdiction", "version", "valid_from", "last_day", "source_sha256")
    by_person = entry.actor_id if entry.actor_kind == "person" else None
    loaded: Facts = {"unit_id": unit_of(entry), "loaded_by": by_person, **made_at(entry, "loaded_at")}
    return {**stated, **loaded, "in_force": None, "of_its_source": True}


def _answer(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"value": None, "reason": None}
    stated = as_stated(entry, "element", "ordinal", "basis")
    settled: Facts = {"settled_codes": entry.data.get("settles")}
    by: Facts = {"unit_id": unit_of(entry), "recording_id": entry.subject_id, "answered_by": entry.actor_id}
    opened = pledged(entry, "value", "reason", "settled_marks")
    return {**nothing, **stated, **settled, **opened, **by, **made_at(entry, "answered_at")}


ELEMENT_SUBJECTS: Sequence[Subject] = (
    Subject(
        ElementPolicy,
        (
            Step("policy.loaded", rule_version, makes=True),
            Step("policy.superseded", lambda entry: as_stated(entry, "last_day")),
            Step("policy.came_into_force", ended("in_force")),
        ),
    ),
    Subject(ElementAnswer, (Step("recording.element_answered", _answer, "answer_id", makes=True),)),
)
