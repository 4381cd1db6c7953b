"""What every part of a reconciliation works with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.archive import Archive
from api.reconciling.codes import CODES, NOTICE, Code
from ingest.cold.place import ColdPlace
from ingest.replica.mark import Replica

ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Told:
    """One finding: what is about it, and the facts of it."""

    code: Code
    subject: str
    facts: Mapping[str, Any]


Tell = Callable[[Told], None]
Progress = Callable[[str, int], None]
"""Told the part (a word), and how much of it was looked at."""


@dataclass
class Scene:
    """`replica`, `cold`: where it is there, and the one in use. `counts`: of findings, by code. `looked_at`: by part.

    `database_is_older`: than the ledger in the store; then what no row names may be evidence, all of it.
    """

    archive: Archive
    replica: Replica | None
    tell: Tell
    progress: Progress
    cold: ColdPlace | None = None
    counts: Counter[str] = field(default_factory=Counter)
    looked_at: Counter[str] = field(default_factory=Counter)
    database_is_older: bool = False
    nothing_earlier_runs: bool = True

    def found(self, code: str, subject: str, **facts: Any) -> None:
        self.counts[code] += 1
        self.tell(Told(CODES[code], subject, facts))

    def look(self, part: str) -> None:
        self.looked_at[part] += 1
        if self.looked_at[part] % 1000 == 0:
            self.progress(part, self.looked_at[part])

    @property
    def mismatches(self) -> int:
        return sum(count for code, count in self.counts.items() if CODES[code].severity != NOTICE)


def stream(session: Session, sql: str, **values: Any) -> Iterator[Any]:
    """Rows by a cursor of the server's: a few thousand at a time are in memory."""
    yield from session.execute(text(sql), values, execution_options={"yield_per": ROWS_AT_ONCE})


def ask(session: Session, sql: str, **values: Any) -> list[Any]:
    return list(session.execute(text(sql), values).all())
