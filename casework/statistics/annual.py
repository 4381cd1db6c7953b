"""The yearly report of a unit and those below it (年度统计, by 31 January): the figures of one checkpoint.

Entries of kinds that come by the million are counted by the database, over columns that are held against their bytes
when they are written; all others are read. `tally_year` over the ledger's files comes to the same.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from casework.permission import require
from casework.statistics.errors import CheckpointUnknown, NothingSigned, YearUnusable
from casework.statistics.figures import FIGURES
from casework.statistics.tally import ACTIONS, COUNTED_ONE_BY_ONE, tally_year
from casework.units import units_below
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.local_time import CHINA, chinese_day
from storage.catalog.ledger import LedgerCheckpoint, LedgerEntryRow, LedgerSequence
from storage.catalog.organisation import Person, Unit
from storage.ledger.checkpoints import latest_checkpoint

FIRST_YEAR = 2019
LINKED = "recording.linked"
_AT_ONCE = 1000

_COUNT = text("""
    SELECT e.unit_id, e.action, count(*) FROM ledger_entry e JOIN ledger_sequence s ON s.entry_id = e.id
    WHERE e.action = ANY (:actions) AND s.index < :size AND e.occurred_at >= :since AND e.occurred_at < :until
        AND e.unit_id = ANY (:units)
    GROUP BY e.unit_id, e.action
""")
# Each recording once, in the year of its first link.
_LINKED = text("""
    SELECT f.unit_id, count(*) FROM (
        SELECT DISTINCT ON (e.subject_id) e.unit_id, e.occurred_at
        FROM ledger_entry e JOIN ledger_sequence s ON s.entry_id = e.id
        WHERE e.action = 'recording.linked' AND s.index < :size ORDER BY e.subject_id, s.index
    ) f WHERE f.occurred_at >= :since AND f.occurred_at < :until AND f.unit_id = ANY (:units) GROUP BY f.unit_id
""")


@dataclass(frozen=True)
class UnitFigures:
    """`depth` below the unit that the report is of, which is 0; every figure of FIGURES."""

    unit: Unit
    depth: int
    figures: Mapping[str, int]


@dataclass(frozen=True)
class AnnualReport:
    """`size` and `root` name the checkpoint: whoever has its entries comes to the same figures. `total` is of all."""

    year: int
    size: int
    root: bytes
    signed_at: datetime
    units: tuple[UnitFigures, ...]
    total: Mapping[str, int]


def annual_report(session: Session, by: Person, year: int, now: datetime, *, size: int | None = None) -> AnnualReport:
    """Of the person's unit and those below it, at the checkpoint of that size, or the latest.

    Raises YearUnusable, CheckpointUnknown, NothingSigned, RoleNotAllowed.
    """
    require(by, "see_statistics")
    if not FIRST_YEAR <= year <= chinese_day(now).year:
        raise YearUnusable(year)
    checkpoint = _checkpoint(session, size)
    tree = units_below(session, by.unit_id)
    found = _figures(session, year, checkpoint.size, [node.unit.id for node in tree])
    units = tuple(UnitFigures(node.unit, node.depth, _whole(found.get(node.unit.id, {}))) for node in tree)
    total = Counter[str]()
    for each in units:
        total.update(each.figures)
    return AnnualReport(year, checkpoint.size, checkpoint.root, checkpoint.signed_at, units, _whole(total))


def _checkpoint(session: Session, size: int | None) -> LedgerCheckpoint:
    found = latest_checkpoint(session) if size is None else session.get(LedgerCheckpoint, size)
    if found is None:
        raise NothingSigned if size is None else CheckpointUnknown(size)
    return found


def _figures(session: Session, year: int, size: int, units: list[uuid.UUID]) -> dict[uuid.UUID, Counter[str]]:
    read = [action for action in ACTIONS if action not in COUNTED_ONE_BY_ONE and action != LINKED]
    found = {unit: Counter(counts) for unit, counts in tally_year(_entries(session, read, size), year).items()}
    since, until = (datetime.combine(date(each, 1, 1), datetime.min.time(), CHINA) for each in (year, year + 1))
    bounds = {"size": size, "since": since, "until": until, "units": units}
    for unit, action, count in session.execute(_COUNT, {**bounds, "actions": list(COUNTED_ONE_BY_ONE)}):
        found.setdefault(unit, Counter())[COUNTED_ONE_BY_ONE[action]] += count
    for unit, count in session.execute(_LINKED, bounds):
        found.setdefault(unit, Counter())["recordings_linked"] += count
    return found


def _entries(session: Session, actions: list[str], size: int) -> Iterator[LedgerEntry]:
    """In the ledger's order, some at a time."""
    statement = (
        select(LedgerEntryRow.entry)
        .join(LedgerSequence, LedgerSequence.entry_id == LedgerEntryRow.id)
        .where(LedgerEntryRow.action.in_(actions), LedgerSequence.index < size)
        .order_by(LedgerSequence.index)
    )
    for entry in session.scalars(statement, execution_options={"yield_per": _AT_ONCE}):
        yield parse_entry(entry)


def _whole(found: Mapping[str, int]) -> dict[str, int]:
    return {code: found.get(code, 0) for code in FIGURES}
