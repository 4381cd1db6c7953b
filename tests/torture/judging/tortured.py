"""An archive that has come through, in which each thing that torture must never bring about is brought about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from sqlalchemy import select

from storage.catalog.recordings import Receipt, Recording
from tests.api.sealing_archive import SealingArchive
from tests.commands import Ran
from tests.torture.judge import (
    Judgement,
    judge,
    judge_rows,
    what_was_docked,
)

FIRST, SECOND, DUPLICATE = b"the first", b"another", b"the first"
SOUND = Ran(0, json.dumps({"findings": []}), "")


@dataclass
class DockedFile:
    name: str
    content: bytes


@dataclass
class CardStation:
    """What torture's stations tell a judge: what they docked, and where the receipts lie that they keep."""

    unit: str
    folder: Path
    docked: list[DockedFile] = field(default_factory=list)
    number: int = 0

    def receipts(self) -> list[Path]:
        return sorted(self.folder.glob("*.dsse.json"))


class Digests:
    """In the generator's place: a docked file knows its own bytes."""

    def digest(self, file: DockedFile) -> str:
        return hashlib.sha256(file.content).hexdigest()


@dataclass
class Tortured:
    """An archive that has come through: two contents, one of them docked twice."""

    sealing: SealingArchive
    station: CardStation
    superuser: psycopg.Connection[Any]

    def judge(self, docked: list[DockedFile] | None = None) -> Judgement:
        station = self.station if docked is None else replace(self.station, docked=docked)
        engines: Any = SimpleNamespace(run=lambda *_words, **_options: SOUND)
        return judge(self.sealing.archive, engines, [station], Digests(), False, lambda _: None)  # type: ignore[list-item,arg-type]

    def judge_rows_after(self, *changes: str) -> Judgement:
        """With rows as somebody changed them, who takes it back."""
        found = Judgement(files=3)
        with self.superuser.transaction(force_rollback=True):
            for change in changes:
                self.superuser.execute(change.encode())
            judge_rows(self.superuser, what_was_docked([self.station], Digests()), found)  # type: ignore[list-item,arg-type]
        return found

    def object_path(self, content: bytes = FIRST) -> Path:
        return self.sealing.settings.data / "objects" / self.recording(content).object_name

    def recording(self, content: bytes = FIRST) -> Recording:
        with self.sealing.archive.database.reading() as session:
            wanted = select(Recording).where(Recording.sha256 == hashlib.sha256(content).digest())
            return session.scalars(wanted).one()

    def envelope(self, content: bytes, repeat: bool) -> Path:
        """The kept receipt of the first, or of the repeated, upload of these bytes."""
        with self.sealing.archive.database.reading() as session:
            wanted = select(Receipt.upload_id).where(Receipt.recording_id == self.recording(content).id)
            upload_id = session.scalars(wanted.where(Receipt.repeat == repeat)).one()
        return self.station.folder / f"{upload_id}.dsse.json"


def copied(table: str, condition: str = "true", **changes: str) -> str:
    """A row of the table once more, some of its columns changed; what PostgreSQL computes, it computes again."""
    given = "".join(f" || jsonb_build_object('{name}', {value})" for name, value in changes.items())
    row = f"jsonb_populate_record(NULL::{table}, to_jsonb(r){given})"
    copy = f"SELECT ({row}).* FROM {table} r WHERE {condition} LIMIT 1"
    return f"""
        DO $do$
        DECLARE columns text;
        BEGIN
            SELECT string_agg(quote_ident(attname), ', ') INTO STRICT columns FROM pg_attribute
            WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
            EXECUTE format($sql$INSERT INTO {table} (%1$s) SELECT %1$s FROM ({copy}) AS copy$sql$, columns);
        END
        $do$
    """


@contextmanager
def put_back(path: Path) -> Iterator[bytes]:
    content, mode = path.read_bytes(), path.stat().st_mode
    try:
        yield content
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
