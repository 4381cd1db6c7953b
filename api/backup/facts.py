"""What a database holds, in figures that two of the same state have alike; and which objects and keys it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import select

from api.engines.postgres import EmbeddedPostgres
from api.engines.roles import DATABASE
from ingest.objects.stated import Stated, read_stated
from integrity.epoch_keys import EpochKey
from integrity.keys import PublicKey
from storage.catalog.data_keys import rows_by_key
from storage.catalog.ledger import SigningKeyEpoch
from storage.catalog.object_looks import ObjectLook
from storage.database import Database

_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
# The sum of two hashes of every row as text: the order of rows does not count, one bit of one value does. It finds what
# was lost or mixed up; who would forge meets the signatures in the rows themselves.
_CONTENT = """
    SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text || ' ' ||
        coalesce(sum(hashtextextended(t::text, 1)::numeric), 0)::text FROM {} t
"""
_NAMED = select(rows_by_key().subquery().c.kek_id).distinct()
_KEYS = str(_NAMED.compile(compile_kwargs={"literal_binds": True}))
_DESTROYED = "SELECT DISTINCT subject_id FROM ledger_entry WHERE action = 'key.destroyed'"
_LATEST = "SELECT size, convert_from(note, 'UTF8') FROM ledger_checkpoint ORDER BY size DESC LIMIT 1"
_BATCH = 500


@dataclass(frozen=True)
class Facts:
    """`tables`: rows and digest by name. `keys`: of rows and of attempts that may become one. `destroyed`: all that the
    ledger says. `signed_size`, `note`: the latest checkpoint, 0 and "" before there is one."""

    tables: dict[str, tuple[int, str]]
    entries: int
    signed_size: int
    note: str
    keys: list[str]
    destroyed: list[str]

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def read(cls, path: Path) -> Facts:
        said: dict[str, Any] = json.loads(path.read_bytes())
        tables = {name: (int(rows), str(digest)) for name, (rows, digest) in said.pop("tables").items()}
        return cls(tables=tables, **said)

    @property
    def rows(self) -> int:
        return sum(rows for rows, _ in self.tables.values())


def read_facts(postgres: EmbeddedPostgres) -> Facts:
    """Of a started cluster, as its superuser: every row counts, whoever may see it. One snapshot."""
    url = postgres.superuser_url().replace("/postgres?", f"/{DATABASE}?")
    with psycopg.connect(url, options="-c timezone=UTC -c default_transaction_isolation=repeatable\\ read") as session:
        names = [name for (name,) in session.execute(_TABLES)]
        tables = {name: _content(session, name) for name in names}
        entries = session.execute("SELECT coalesce(max(index) + 1, 0) FROM ledger_sequence").fetchone()
        latest = session.execute(_LATEST).fetchone() or (0, "")
        keys = sorted(key for (key,) in session.execute(_KEYS))
        destroyed = sorted(key for (key,) in session.execute(_DESTROYED))
    return Facts(tables, int(entries[0]) if entries else 0, int(latest[0]), str(latest[1]), keys, destroyed)


def differences(expected: Facts, found: Facts) -> Iterator[str]:
    """Table by table; nothing where both are of one state."""
    for name in sorted(expected.tables.keys() | found.tables.keys()):
        was, now = expected.tables.get(name), found.tables.get(name)
        if was != now:
            yield f"表 / table {name}: 应为 / expected {_shown(was)}, 实为 / found {_shown(now)}"
    if (expected.signed_size, expected.note) != (found.signed_size, found.note):
        yield f"检查点 / checkpoint: 应为 / expected {expected.signed_size}, 实为 / found {found.signed_size}"


def steps_back(base: Facts, found: Facts) -> Iterator[str]:
    """What is less than it was in the backup that a log went on from: nothing of the ledger ever is."""
    for name, was, now in (
        ("账本条目 / ledger entries", base.entries, found.entries),
        ("已签至 / signed up to", base.signed_size, found.signed_size),
        ("已销毁的密钥 / keys destroyed", len(base.destroyed), len(set(base.destroyed).intersection(found.destroyed))),
    ):
        if now < was:
            yield f"{name}: 应不少于 / expected at least {was}, 实为 / found {now}"


def stated_objects(database: Database) -> Iterator[tuple[str, Stated]]:
    """Every object that the catalog names, with its kind, by what was signed of it."""
    with database.reading() as session:
        epochs = session.scalars(select(SigningKeyEpoch).where(SigningKeyEpoch.purpose == "manifest")).all()
        keys = [EpochKey(row.epoch, PublicKey(row.public_key)) for row in epochs]
    last: Any = None
    while True:
        page = select(ObjectLook.id, ObjectLook.kind).order_by(ObjectLook.id).limit(_BATCH)
        with database.reading() as session:
            rows = session.execute(page if last is None else page.where(ObjectLook.id > last)).all()
            kinds = {row.id: row.kind for row in rows}
            stated = read_stated(session, [(row.kind, row.id) for row in rows], keys)
        for each in stated.values():
            yield kinds[each.id], each
        if not rows:
            return
        last = rows[-1].id


def _content(session: psycopg.Connection[tuple[Any, ...]], name: str) -> tuple[int, str]:
    row = session.execute(sql.SQL(_CONTENT).format(sql.Identifier("public", name))).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def _shown(content: tuple[int, str] | None) -> str:
    return "—" if content is None else f"{content[0]} 行 / rows, {content[1]}"
