"""What the ledger says of required elements: versions of the policy and their days; what was answered, by whom."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.accounts import Facts, Step, Subject, as_stated, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.elements import ElementAnswer, ElementPolicy


def _policy(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "jurisdiction", "version", "valid_from", "last_day", "source_sha256")
    by_person = entry.actor_id if entry.actor_kind == "person" else None
    return {**stated, "unit_id": unit_of(entry), "loaded_by": by_person, "in_force": False, "of_its_source": True}


def _answer(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"value": None, "reason": None}
    stated = as_stated(entry, "element", "ordinal", "basis")
    settled: Facts = {"settled_codes": entry.data.get("settles")}
    by: Facts = {"unit_id": unit_of(entry), "recording_id": entry.subject_id, "answered_by": entry.actor_id}
    return {**nothing, **stated, **settled, **pledged(entry, "value", "reason", "settled_marks"), **by}


ELEMENT_SUBJECTS: Sequence[Subject] = (
    Subject(
        ElementPolicy,
        (
            Step("policy.loaded", _policy, makes=True),
            Step("policy.superseded", lambda entry: as_stated(entry, "last_day")),
            Step("policy.came_into_force", lambda _: {"in_force": True}),
        ),
    ),
    Subject(ElementAnswer, (Step("recording.element_answered", _answer, "answer_id", makes=True),)),
)
