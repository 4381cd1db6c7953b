"""What the ledger says of looks at whole recordings."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, made_at, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.recordings import WholeDecoding

_STATED = ("state", "reason", "declared_frames", "decoded_frames", "refused_packets", "complaints")


def _decoded(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, *_STATED, "first_complaint_ms", "way", "tool", "tool_version")
    return {**stated, "recording_id": entry.subject_id, "unit_id": unit_of(entry), **made_at(entry, "decoded_at")}


MEDIA_SUBJECTS: Sequence[Subject] = (
    Subject(WholeDecoding, (Step("recording.decoded", _decoded, "decoding_id", makes=True),)),
)
