"""What the ledger says of required elements: what was answered, by whom."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.elements import ElementAnswer


def _answer(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"value": None, "reason": None}
    stated = as_stated(entry, "element", "ordinal", "basis")
    settled: Facts = {"settled_codes": entry.data.get("settles")}
    by: Facts = {"unit_id": unit_of(entry), "recording_id": entry.subject_id, "answered_by": entry.actor_id}
    opened = pledged(entry, "value", "reason", "settled_marks")
    return {**nothing, **stated, **settled, **opened, **by, **made_at(entry, "answered_at")}


ELEMENT_SUBJECTS: Sequence[Subject] = (
    Subject(ElementAnswer, (Step("recording.element_answered", _answer, "answer_id", makes=True),)),
)
