"""An original that is moved to the cold place, as when years have passed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from api.archive import Archive
from api.cooling import require_cold
from api.trust_folder import announced_keys
from ingest.cold.mover import Mover
from ingest.lease import name_worker
from retention.cold_rule import ColdRule

AT_ONCE = ColdRule(after_days=0, quiet_days=0)
QUIETLY = ColdRule(after_days=0, quiet_days=90)


def mover_of(archive: Archive, rule: ColdRule = QUIETLY) -> Mover:
    """Of which everything sealed is old."""

    def keys() -> Any:
        return announced_keys(archive, "manifest")

    return Mover(archive.database, archive.store, require_cold(archive), keys, name_worker(), rule)


def settle_all(data: Path, owner_url: str) -> None:
    """The locks of the store have let go, and nobody owes any recording anything."""
    for kept in (data / "objects" / ".kept").rglob("*"):
        if kept.is_file():
            kept.unlink()
    with psycopg.connect(owner_url) as connection:
        connection.execute("UPDATE media_job SET state = 'nothing' WHERE state = 'due'")
        connection.execute("DELETE FROM link_question")


def freeze(archive: Archive, owner_url: str) -> None:
    """All originals there are, as if their cases were closed."""
    settle_all(archive.settings.data, owner_url)
    with psycopg.connect(owner_url) as connection:
        opened = connection.execute('SELECT id FROM "case" WHERE closed_at IS NULL').fetchall()
        ids = [row[0] for row in opened]
        connection.execute('UPDATE "case" SET closed_at = now() WHERE id = ANY(%s)', (ids,))
    go_on(mover_of(archive, AT_ONCE))
    with psycopg.connect(owner_url) as connection:
        # That a case was closed stays, whoever writes: but to a test that only pretended it.
        connection.execute('ALTER TABLE "case" DISABLE TRIGGER USER')
        connection.execute('UPDATE "case" SET closed_at = NULL WHERE id = ANY(%s)', (ids,))
        connection.execute('ALTER TABLE "case" ENABLE TRIGGER USER')


def go_on(mover: Mover) -> list[str]:
    done: list[str] = []
    while not (step := mover.go_on(1 << 40)).idle:
        done += [each.what for each in step.done]
    return done
