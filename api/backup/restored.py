"""What a restore is asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.backup.facts import Facts
from api.backup.replaying import Replayed
from api.verification import VerificationReport
from integrity.fields import format_instant
from storage.roots.given_secret import GivenSecret


@dataclass(frozen=True)
class RestoreOrder:
    """`objects`: a folder to take them from, else the backup's own pool. `wal`: where the write-ahead log was shipped
    to, which is gone on with to its end, or to the instant `at`. `accept_lost`: rows stay whose objects came after the
    backup and are nowhere."""

    objects: Path | None
    passphrase: GivenSecret
    wal: Path | None = None
    at: datetime | None = None
    accept_lost: bool = False


@dataclass(frozen=True)
class Restored:
    """`unreadable`: recordings under keys that were destroyed since the backup. `ahead`: how far the ledger was signed
    elsewhere, where that is further than the database knows; else None. `replayed`, `log_end`: of a log that was gone
    on with. `newer`: objects that came after the backup; `lost_after`: those of them that are nowhere; `gone_since`:
    objects of what was disposed of after the instant. `foreign`: the database comes from a server elsewhere, or is for
    one."""

    data: Path
    facts: Facts
    objects: int
    object_bytes: int
    keys: int
    keys_destroyed: int
    unreadable: int
    lost_before: int
    ahead: int | None
    audit: VerificationReport
    replayed: Replayed | None = None
    log_end: datetime | None = None
    newer: int = 0
    lost_after: tuple[str, ...] = ()
    gone_since: int = 0
    foreign: bool = False

    def to_json(self) -> dict[str, object]:
        return {
            "data": str(self.data),
            "differences": 0,
            "tables": len(self.facts.tables),
            "rows": self.facts.rows,
            "objects": self.objects,
            "object_bytes": self.object_bytes,
            "keys": self.keys,
            "keys_destroyed_again": self.keys_destroyed,
            "recordings_under_destroyed_keys": self.unreadable,
            "lost_before": self.lost_before,
            "ledger_entries": self.facts.entries,
            "signed_size": self.facts.signed_size,
            "signed_elsewhere": self.ahead,
            "audit": self.audit.to_json(),
            **({} if self.replayed is None else self._of_log(self.replayed)),
        }

    def _of_log(self, replayed: Replayed) -> dict[str, object]:
        last, end = replayed.last, self.log_end
        return {
            "last_transaction": None if last is None else format_instant(last),
            "log_end": None if end is None else format_instant(end),
            "objects_since_backup": self.newer,
            "objects_lost_since_backup": list(self.lost_after),
            "objects_disposed_of_since": self.gone_since,
        }
