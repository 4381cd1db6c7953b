"""Step 15: what was said each time a recording's file came again (再次收到) is what its ledger entry committed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrity.canonical import Json, canonical_json
from integrity.errors import EvidenceContradiction, MalformedEvidence
from integrity.ledger_entry import LedgerEntry, verify_commitment
from integrity.package import layout
from integrity.package.documents import RepeatNote, parse_repeats
from integrity.package.failure import naming
from integrity.package.reading import PackageFolder

RECEIVED_AGAIN = "recording.received_again"
_COMMITMENTS = "commitments"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRepeat:
    """One more time that a recording's bytes came, at `entered_at`, and what was said of them then. `differs`: of what
    nobody had said so when it was sealed. Both `original_name` and `claims` are None where the archive kept none yet.
    """

    recording_id: str
    upload_id: str
    entered_at: datetime
    ledger_index: int
    differs: tuple[str, ...] = ()
    original_name: str | None = None
    claims: Sequence[Json] | None = None


def check_repeats(
    package: PackageFolder, files: Sequence[str], entries: Mapping[int, LedgerEntry]
) -> tuple[VerifiedRepeat, ...]:
    """Of every entry that a file came again, in their order; each opened by just one note, and no note without one."""
    found = {index: entry for index, entry in entries.items() if entry.action == RECEIVED_AGAIN}
    notes = _read_notes(package, files)
    committed = [entry.subject_id for entry in found.values() if _COMMITMENTS in entry.data]
    if sorted(committed) != sorted(notes):
        # Several of one upload there are none: the second would not be told from the first.
        expected, listed = (", ".join(sorted(ids)) or "none" for ids in (committed, notes))
        raise EvidenceContradiction(layout.REPEATS, "log/entries", expected, listed)
    return tuple(_check(index, entry, notes.get(entry.subject_id)) for index, entry in sorted(found.items()))


def _read_notes(package: PackageFolder, files: Sequence[str]) -> Mapping[str, RepeatNote]:
    if layout.REPEATS not in files:
        return {}
    with naming(layout.REPEATS):
        notes = parse_repeats(package.read(layout.REPEATS))
    by_upload = {note.upload_id: note for note in notes}
    if len(by_upload) != len(notes):
        raise MalformedEvidence(layout.REPEATS, "an upload is listed twice")
    return by_upload


def _check(index: int, entry: LedgerEntry, note: RepeatNote | None) -> VerifiedRepeat:
    with naming(layout.entry_path(index)):
        recording_id, differs = entry.data.get("recording"), entry.data.get("differs", ())
        if not isinstance(recording_id, str) or not isinstance(differs, Sequence):
            raise MalformedEvidence("ledger entry", f"a {RECEIVED_AGAIN} without its recording")
    if note is not None:
        with naming(layout.REPEATS):
            _open(entry, "name", note.name_salt, note.original_name)
            _open(entry, "claims", note.claims_salt, canonical_json(note.claims, "claims").decode())
    return VerifiedRepeat(
        recording_id=recording_id,
        upload_id=entry.subject_id,
        entered_at=entry.occurred_at,
        ledger_index=index,
        differs=tuple(map(str, differs)),
        original_name=None if note is None else note.original_name,
        claims=None if note is None else note.claims,
    )


def _open(entry: LedgerEntry, name: str, salt: bytes, value: str) -> None:
    commitments = entry.data[_COMMITMENTS]
    commitment = commitments.get(name) if isinstance(commitments, Mapping) else None
    if not isinstance(commitment, str):
        raise MalformedEvidence("ledger entry", f"a {RECEIVED_AGAIN} that commits to no {name}")
    verify_commitment(commitment, salt, value, f"{layout.REPEATS}: {name} of upload {entry.subject_id}")
