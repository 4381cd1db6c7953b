"""Which backups a place has, and which of them are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.backup.errors import BackupDamaged
from api.backup.facts import Facts
from api.backup.objects_part import prune_pool
from api.backup.place import FACTS, OBJECTS, BackupPlace, instant_of
from api.backup.statement import BackupStatement
from storage.objects.folder import FolderStore


@dataclass(frozen=True)
class KeptBackup:
    """One line of the list. `statement` None: it is not whole. `condemned`: keys of rows it has that were destroyed
    since, by what the latest backup here knows: whoever has it, and its keys sealed with them, has those recordings."""

    name: str
    made_at: datetime
    statement: BackupStatement | None
    rows: int
    condemned: int

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "whole": self.statement is not None,
            "rows": self.rows,
            "signed_size": self.statement.signed_size if self.statement else None,
            "objects": self.statement.objects if self.statement else None,
            "keys_sealed": self.statement.keys_sealed if self.statement else None,
            "keys_destroyed_since": self.condemned,
        }


def list_backups(place: BackupPlace) -> Iterator[KeptBackup]:
    """The oldest first. Nothing but the statements and facts is read."""
    destroyed: set[str] = set()
    listed: list[KeptBackup] = []
    for name in reversed(place.names()):
        try:
            statement: BackupStatement | None = BackupStatement.read(place.folder / name, None)
            facts = Facts.read(place.folder / name / FACTS)
        except (BackupDamaged, OSError, ValueError, TypeError, KeyError):
            listed.append(KeptBackup(name, instant_of(name), None, 0, 0))
            continue
        condemned = len(destroyed.intersection(facts.keys))
        destroyed |= set(facts.destroyed)
        listed.append(KeptBackup(name, instant_of(name), statement, facts.rows, condemned))
    return reversed(listed)


def remove_beyond(place: BackupPlace, most: int | None, days: int | None) -> Sequence[str]:
    """Remove the oldest beyond `most`, and those made more than `days` ago, but never the latest; their names.

    Objects go that none of those left names.
    """
    names = place.names()
    condemned = set(names[:-most]) if most else set()
    if days:
        oldest = datetime.now(UTC) - timedelta(days=days)
        condemned |= {name for name in names[:-1] if instant_of(name) < oldest}
    with place.opened():
        for name in sorted(condemned):
            place.remove(name)
        if condemned and place.pool.is_dir():
            prune_pool(FolderStore(place.pool), [place.folder / name / OBJECTS for name in place.names()])
    return sorted(condemned)
