"""What every part of an audit works with."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.archive import Archive
from api.verification.findings import Findings
from integrity.trust import Trust
from storage.catalog.ledger import LedgerEntryRow
from storage.direct_io import aligned_buffer
from storage.errors import ObjectStoreError

BATCH = 100
LATE = timedelta(hours=1)
"""Who had read a key just before it was replaced enters what it signed within moments; a repeat signs anew."""
_READ_BYTES = 4 << 20

Progress = Callable[[str, int, int], None]
"""Told the part (a word), what is done of it, and of how many; 0 where nobody knows."""

Row = TypeVar("Row")
Beside = TypeVar("Beside")


@dataclass(frozen=True)
class Audit:
    """`deep`: the recordings whose stored bytes are read, all when it is None. `stands`: see verify_archive.

    `at_once`: objects that are looked at side by side, each with a piece of memory of its own. `replaced_at`: when
    another key took the place of a former one, by the id of that.
    """

    archive: Archive
    trust: Trust
    findings: Findings
    progress: Progress
    deep: frozenset[uuid.UUID] | None
    stands: bool = False
    at_once: int = 1
    replaced_at: Mapping[str, datetime] = field(default_factory=dict)

    def now(self) -> datetime:
        """Of an archive that stands: when its last entry was committed, by which time others had their places."""
        last = select(LedgerEntryRow.occurred_at).order_by(LedgerEntryRow.serial.desc()).limit(1)
        with self.archive.database.reading() as session:
            now: datetime = session.scalars(select(func.now())).one()
            return (session.scalars(last).first() or now) if self.stands else now

    def was_replaced(self, key_id: str, at: datetime) -> bool:
        """Whether the key had no business any more to sign what was entered then: it is destroyed, so somebody else
        had a copy."""
        replaced = self.replaced_at.get(key_id)
        return replaced is not None and at > replaced + LATE

    def reads(self, recording_id: uuid.UUID) -> bool:
        return self.deep is None or recording_id in self.deep

    def rows(self, statement: Select[Row], key: InstrumentedAttribute[Any]) -> Iterator[Sequence[Row]]:
        """All rows of a statement over one table, in batches by its key, each in a transaction of its own.

        No cursor stays open while gigabytes are read, and what is added meanwhile is seen or not.
        """
        for rows, _ in self.pages(statement, key, lambda session, rows: None):
            yield rows

    def each(self, rows: Sequence[Row], look: Callable[[Audit, Row], None]) -> Iterator[None]:
        """`look` at every one, several side by side: while the store takes its time for one, another is hashed.

        What is found is told in the order of the rows, whoever was done first; so is what one of them raises.
        """

        def look_at(row: Row) -> Findings:
            own = Findings()
            look(replace(self, findings=own), row)
            return own

        with ThreadPoolExecutor(self.at_once, "verify") as threads:
            for found in threads.map(look_at, rows):
                self.findings.take(found)
                yield

    def pages(
        self,
        statement: Select[Row],
        key: InstrumentedAttribute[Any],
        beside: Callable[[Session, Sequence[Row]], Beside],
    ) -> Iterator[tuple[Sequence[Row], Beside]]:
        """As `rows`; each batch with what `beside` finds about it, both as of one instant."""
        last: Any = None
        while True:
            page = statement.order_by(key).limit(BATCH)
            with self.archive.database.reading(snapshot=True) as session:
                rows = session.scalars(page if last is None else page.where(key > last)).all()
                if not rows:
                    return
                found = beside(session, rows)
                session.expunge_all()
            last = getattr(rows[-1], key.key)
            yield rows, found


def check_object(audit: Audit, name: str, size_bytes: int, sha256: bytes, *, read: bool) -> bool:
    """Whether the object is there as it was sealed, its bytes read from the medium if `read`; says what is not so."""
    findings = audit.findings
    try:
        found = audit.archive.everywhere.stat(name)
        if found is None:
            findings.add("object_missing", name)
            return False
        if found.size_bytes != size_bytes:
            findings.add("object_size_differs", name, f"{size_bytes} bytes", f"{found.size_bytes} bytes")
            return False
        digest = _digest_object(audit.archive, name) if read else sha256
    except ObjectStoreError as error:
        findings.add("object_unreadable", name, None, error)
        return False
    if digest != sha256:
        findings.add("object_differs", name, sha256, digest)
    return digest == sha256


def _digest_object(archive: Archive, name: str) -> bytes:
    hasher, buffer = hashlib.sha256(), aligned_buffer(_READ_BYTES)
    with archive.everywhere.open(name, cold=True) as reader:
        for offset in range(0, reader.size_bytes, _READ_BYTES):
            got = reader.read_into(offset, buffer)
            hasher.update(buffer[:got])
    return hasher.digest()
