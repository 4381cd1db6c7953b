"""Ledger entries as sentences: their index, their action in words, and who did it by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from api.http.schema.recordings import EntryItem
from casework.playback import is_poster
from integrity.canonical import canonical_json
from storage.catalog.ledger import LedgerEntryRow, LedgerSequence

_LATEST = 10_000


@dataclass(frozen=True)
class ShownEntry:
    """`index` is None while the sequencer has not yet placed the entry; `text` is what was hashed, byte by byte.

    `told` is the action in the code of its wording, which may tell more than the action does.
    """

    index: int | None
    occurred_at: datetime
    action: str
    told: str
    actor_kind: str
    actor: str
    subject_kind: str
    subject_id: str
    subject_name: str | None
    facts: tuple[tuple[str, str], ...]
    openings: tuple[tuple[str, str], ...]
    text: str


# Facts that say something to a reader, each with the table its words are in; the rest stays in the entry itself.
_TELLING: Mapping[str, Mapping[str, str | None]] = {
    "recording.sealed": {"media_state": "media_state"},
    "recording.linked": {"stage": "stage", "made_by": "linked_by"},
    "rendition.made": {"kind": "rendition"},
    "recording.decoded": {"state": "decoded_state"},
    "access.denied": {"reason": "refusal_code"},
    "playback.window_summed_up": {"sent_bytes": None},
    "retention.lengthened": {"retain_until": None},
    "upload.failed": {"code": None},
    "recording.object_lost": {"found": "object_found"},
    "rendition.object_lost": {"found": "object_found"},
    "redacted_copy.object_lost": {"found": "object_found"},
    "request_attachment.object_lost": {"found": "object_found"},
    "recording.object_restored": {"from": "restored_from"},
    "rendition.object_restored": {"from": "restored_from"},
    "redacted_copy.object_restored": {"from": "restored_from"},
    "request_attachment.object_restored": {"from": "restored_from"},
}


def show_entries(items: Sequence[EntryItem]) -> tuple[ShownEntry, ...]:
    return tuple(_show(item) for item in items)


def count_waiting(session: Session) -> int:
    """Entries that are committed and have no index yet: normally none for longer than a second.

    Only among the latest: counting a whole ledger of years takes longer than a page may.
    """
    latest = select(func.max(LedgerEntryRow.serial) - _LATEST).scalar_subquery()
    placed = exists().where(LedgerSequence.entry_id == LedgerEntryRow.id)
    statement = select(func.count()).select_from(LedgerEntryRow).where(LedgerEntryRow.serial > latest, ~placed)
    return session.scalar(statement) or 0


def telling_facts(action: str, data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Pairs of a value and the table its word is in; without a table the fact's own name."""
    for name, table in _TELLING.get(action, {}).items():
        value = data.get(name)
        if isinstance(value, str | int) and value != "":
            yield table or name, str(value)


def told_as(action: str, data: Mapping[str, Any]) -> str:
    """Whoever was sent a poster, as a list of recordings shows it, has played nothing: it is not to be said of him."""
    if action == "playback.window_opened" and is_poster(str(data.get("object_name", ""))):
        return "playback.poster_opened"
    return action


def _show(item: EntryItem) -> ShownEntry:
    entry = item.entry
    actor, subject = entry["actor"], entry["subject"]
    actor_id = actor["id"] or ""
    return ShownEntry(
        index=item.index,
        occurred_at=datetime.fromisoformat(entry["occurred_at"]),
        action=entry["action"],
        told=told_as(entry["action"], entry["data"]),
        actor_kind=actor["kind"],
        actor=item.names.get(actor_id, actor_id),
        subject_kind=subject["kind"],
        subject_id=subject["id"],
        subject_name=item.names.get(subject["id"]),
        facts=tuple(telling_facts(entry["action"], entry["data"])),
        openings=tuple(sorted(item.openings.items())),
        text=canonical_json(entry).decode(),
    )
