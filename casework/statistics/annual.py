"""The yearly report of a unit and those below it (年度统计, by 31 January): the figures of one checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from casework.permission import require
from casework.statistics.at_checkpoint import DaysAtCheckpoint, count_figures
from casework.statistics.errors import CheckpointUnknown, NothingSigned, YearUnusable
from casework.statistics.figures import FIGURES
from casework.units import shown_unit, units_below_on, units_ended_at
from integrity.local_time import chinese_day
from storage.catalog.ledger import LedgerCheckpoint
from storage.catalog.organisation import Person, Unit
from storage.ledger.checkpoints import latest_checkpoint

FIRST_COUNTED_YEAR = 2019


@dataclass(frozen=True)
class UnitFigures:
    """`depth` below the unit that the report is of, which is 0; every figure of FIGURES. `ended`: the unit was merged,
    and the checkpoint knows it."""

    unit: Unit
    depth: int
    ended: bool
    figures: Mapping[str, int]

    @property
    def name(self) -> str:
        return shown_unit(self.unit) if self.ended else self.unit.name


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
    """Of the person's unit and those below it at the year's end, at the checkpoint of that size, or the latest.

    A unit that was merged in the course of it is counted with its successor, the whole year, on a line of its own; by
    a checkpoint that does not know of the merge yet, as before.

    Raises YearUnusable, CheckpointUnknown, NothingSigned, RoleNotAllowed.
    """
    require(by, "see_statistics")
    if not FIRST_COUNTED_YEAR <= year <= chinese_day(now).year:
        raise YearUnusable(year)
    checkpoint = _checkpoint(session, size)
    ended = units_ended_at(session, checkpoint.size)
    tree = units_below_on(session, by.unit_id, min(date(year, 12, 31), chinese_day(now)), ended=ended)
    counted = DaysAtCheckpoint(date(year, 1, 1), date(year, 12, 31), checkpoint.size)
    found = count_figures(session, counted, [node.unit.id for node in tree])
    units = tuple(
        UnitFigures(node.unit, node.depth, node.unit.id in ended, _whole(found.get(node.unit.id, {}))) for node in tree
    )
    total = Counter[str]()
    for each in units:
        total.update(each.figures)
    return AnnualReport(year, checkpoint.size, checkpoint.root, checkpoint.signed_at, units, _whole(total))


def _checkpoint(session: Session, size: int | None) -> LedgerCheckpoint:
    found = latest_checkpoint(session) if size is None else session.get(LedgerCheckpoint, size)
    if found is None:
        raise NothingSigned if size is None else CheckpointUnknown(size)
    return found


def _whole(found: Mapping[str, int]) -> dict[str, int]:
    return {code: found.get(code, 0) for code in FIGURES}
