"""Figures of a period out of the ledger at a checkpoint, as the archive's own database has it.

Entries of kinds that come by the million are counted by the database, over columns that are held against their bytes
when they are written; all others are read. A `Tally` over the ledger's files comes to the same.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from casework.statistics.figures import FIGURES
from casework.statistics.tally import ACTIONS, COUNTED_ONE_BY_ONE, Tally
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.local_time import CHINA
from storage.catalog.ledger import LedgerEntryRow, LedgerSequence

LINKED: Final = "recording.linked"
_AT_ONCE: Final = 1000

_COUNT = text("""
    SELECT e.unit_id, e.action, count(*) FROM ledger_entry e JOIN ledger_sequence s ON s.entry_id = e.id
    WHERE e.action = ANY (:actions) AND s.index < :size AND e.occurred_at >= :since AND e.occurred_at < :until
        AND e.unit_id = ANY (:units)
    GROUP BY e.unit_id, e.action
""")
# Each recording once, on the day of its first link.
_LINKED = text("""
    SELECT f.unit_id, count(*) FROM (
        SELECT DISTINCT ON (e.subject_id) e.unit_id, e.occurred_at
        FROM ledger_entry e JOIN ledger_sequence s ON s.entry_id = e.id
        WHERE e.action = 'recording.linked' AND s.index < :size ORDER BY e.subject_id, s.index
    ) f WHERE f.occurred_at >= :since AND f.occurred_at < :until AND f.unit_id = ANY (:units) GROUP BY f.unit_id
""")


@dataclass(frozen=True)
class DaysAtCheckpoint:
    """Chinese days, both included, out of the ledger's first `size` entries."""

    first_day: date
    last_day: date
    size: int


def count_figures(
    session: Session, what: DaysAtCheckpoint, unit_ids: Collection[uuid.UUID], codes: Collection[str] = FIGURES
) -> dict[uuid.UUID, Counter[str]]:
    """By unit, each figure that is not 0; of those of `codes` for sure, of others perhaps."""
    return count_many(session, (what,), unit_ids, codes)[what]


def count_many(
    session: Session,
    wanted: Collection[DaysAtCheckpoint],
    unit_ids: Collection[uuid.UUID],
    codes: Collection[str] = FIGURES,
) -> dict[DaysAtCheckpoint, dict[uuid.UUID, Counter[str]]]:
    """The figures of several periods and checkpoints: what is read is read once for all of them."""
    tallies = {each: Tally(each.first_day, each.last_day) for each in wanted}
    read = [action for action in ACTIONS if action not in COUNTED_ONE_BY_ONE and action != LINKED]
    for index, entry in _entries(session, read, max((each.size for each in wanted), default=0)):
        for each, tally in tallies.items():
            if index < each.size:
                tally.take(entry)
    found = {each: tally.counted() for each, tally in tallies.items()}
    for each, by_unit in found.items():
        _count_in_database(session, each, list(unit_ids), codes, by_unit)
    return found


def _count_in_database(
    session: Session,
    what: DaysAtCheckpoint,
    units: list[uuid.UUID],
    codes: Collection[str],
    found: dict[uuid.UUID, Counter[str]],
) -> None:
    """What comes by the million is counted where it is asked for: of monthly returns that is often nothing."""
    since, until = (
        datetime.combine(day, datetime.min.time(), CHINA) for day in (what.first_day, what.last_day + timedelta(days=1))
    )
    bounds = {"size": what.size, "since": since, "until": until, "units": units}
    actions = [action for action, code in COUNTED_ONE_BY_ONE.items() if code in codes]
    for unit, action, count in session.execute(_COUNT, {**bounds, "actions": actions}) if actions else ():
        found.setdefault(unit, Counter())[COUNTED_ONE_BY_ONE[action]] += count
    for unit, count in session.execute(_LINKED, bounds) if "recordings_linked" in codes else ():
        found.setdefault(unit, Counter())["recordings_linked"] += count


def _entries(session: Session, actions: list[str], size: int) -> Iterator[tuple[int, LedgerEntry]]:
    """In the ledger's order, some at a time, each with its place."""
    statement = (
        select(LedgerSequence.index, LedgerEntryRow.entry)
        .select_from(LedgerEntryRow)
        .join(LedgerSequence, LedgerSequence.entry_id == LedgerEntryRow.id)
        .where(LedgerEntryRow.action.in_(actions), LedgerSequence.index < size)
        .order_by(LedgerSequence.index)
    )
    for index, entry in session.execute(statement, execution_options={"yield_per": _AT_ONCE}):
        yield index, parse_entry(entry)
