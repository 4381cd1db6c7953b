"""What the ledger says was made must still be there: a row that somebody deleted shows here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from api.striking import STRUCK
from api.verification.audit import Audit
from api.verification.subjects import ALL_SUBJECTS
from integrity.errors import EvidenceError
from integrity.ledger_entry import LedgerEntry
from integrity.succession import ACTIVATED
from storage.catalog.access import PlaybackWindow
from storage.catalog.ledger import KEY_PURPOSES, LedgerEntryRow, SigningKeyEpoch
from storage.catalog.recordings import Receipt, Recording, RecordingSegment, Rendition
from storage.catalog.uploads import Upload


@dataclass(frozen=True)
class _Made:
    """The row that an action makes: its key column, and where the entry names it (None: as its subject)."""

    key: InstrumentedAttribute[Any]
    named_in: str | None = None

    def id_in(self, entry: LedgerEntry) -> Any:
        """None for what is no id: then there is nothing to look for."""
        named = entry.subject_id if self.named_in is None else entry.data.get(self.named_in)
        parse: Callable[[str], Any] = self.key.type.python_type
        try:
            return parse(str(named))
        except ValueError:
            return None


# Of what is made and never deleted, and has an account of another kind than a Subject's.
_ELSEWHERE: Final = {
    "key.activated": _Made(SigningKeyEpoch.key_id),
    "upload.created": _Made(Upload.id),
    "recording.sealed": _Made(Recording.id),
    "recording.segments_placed": _Made(RecordingSegment.recording_id),
    "receipt.issued": _Made(Receipt.upload_id),
    "rendition.made": _Made(Rendition.id, "rendition"),
    "playback.window_opened": _Made(PlaybackWindow.id, "window_id"),
}


def _made_by_steps() -> Iterator[tuple[str, _Made]]:
    """The rows that subjects know by their id. One with a key of its own is missed where its rows are looked at."""
    for subject in ALL_SUBJECTS:
        for step in subject.steps:
            if step.makes and subject.key is None:
                assert step.named_by is None, "a row that has no id in its entry has a key of its own"
                yield step.action, _Made(subject.model.id, step.named_in)  # type: ignore[attr-defined]


MADE: Final = {**_ELSEWHERE, **dict(_made_by_steps())}


def check_logged(audit: Audit, entries: Iterable[LedgerEntry]) -> None:
    """Look for the row of each entry that made one."""
    wanted: dict[str, set[Any]] = defaultdict(set)
    for entry in _without_struck(audit, entries):
        row_id = MADE[entry.action].id_in(entry) if entry.action in MADE else None
        if row_id is not None:
            wanted[entry.action].add(row_id)
    with audit.archive.database.reading() as session:
        for action, ids in wanted.items():
            key = MADE[action].key
            found = set(session.scalars(select(key).where(key.in_(ids))))
            for missing in sorted(ids - found, key=str):
                code = "recording_missing" if action == "recording.sealed" else "logged_row_missing"
                audit.findings.add(code, f"{key.class_.__tablename__} {missing}", f"a row, says {action}", "none")


def _without_struck(audit: Audit, entries: Iterable[LedgerEntry]) -> Sequence[LedgerEntry]:
    """What is left when a forged epoch was struck out (api/striking.py): its entry stays, and its row is gone. Of a key
    that the key folder has no row may be gone, whatever anybody entered."""
    told = list(entries)
    activations = {str(each.id): each for each in told if each.action == ACTIVATED}
    if not activations:
        return told
    ours = _folder_keys(audit)
    statement = select(LedgerEntryRow.subject_id).where(
        LedgerEntryRow.action == STRUCK, LedgerEntryRow.subject_id.in_(activations)
    )
    with audit.archive.database.reading() as session:
        named = set(session.scalars(statement))
    return [each for each in told if str(each.id) not in named or each.subject_id in ours]


def _folder_keys(audit: Audit) -> set[str]:
    keyring = audit.archive.keyring
    found: set[str] = set()
    for purpose in KEY_PURPOSES:
        # Where the folder contradicts itself, that is a finding already, and its latest key is still its own.
        with suppress(EvidenceError):
            found.add(keyring.public_key(purpose).key_id)
            found.update(each.key.key_id for each in keyring.epoch_keys(purpose))
    return found
