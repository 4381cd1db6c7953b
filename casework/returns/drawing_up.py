"""A return is drawn up (制表): its figures, counted at a checkpoint of the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.permission import require
from casework.returns.errors import DrawnUpAlready, NotOwed, PeriodGoesOn, ReasonWanted
from casework.returns.owed import Owed, find_owed
from casework.returns.periods import Period, parse_period
from casework.returns.rows import digest_figures, is_sent, of_same, record_return_change
from casework.rows import unique
from casework.statistics.at_checkpoint import DaysAtCheckpoint, count_figures
from casework.statistics.figures import COUNTING, codes_of
from casework.units import UnitNode, require_live, shown_unit, units_below_on, units_ended_at
from casework.wording import optional_text
from integrity.local_time import chinese_day
from retention.errors import OutsideUnit
from retention.own_units import is_own
from storage.catalog.ledger import LedgerCheckpoint
from storage.catalog.organisation import Person, Unit
from storage.catalog.returns import UnitReturn
from storage.ledger.checkpoints import latest_checkpoint


def draw_up(
    session: Session,
    by: Person,
    code: str,
    period_code: str,
    now: datetime,
    reason: str | None = None,
    *,
    unit_id: uuid.UUID | None = None,
) -> UnitReturn:
    """What the person's unit owes, or one that was merged into it and had not sent, out of the latest checkpoint.

    `reason`: why another version, of all but the first. Raises PeriodUnusable, NotOwed, PeriodGoesOn, DrawnUpAlready,
    ReasonWanted, UnitEnded for a period that was not over when the unit ended, TextUnusable, RoleNotAllowed,
    OutsideUnit.
    """
    require(by, "draw_up_returns")
    period, unit_id = parse_period(period_code), unit_id or by.unit_id
    if not is_own(by, unit_id):
        raise OutsideUnit("unit", unit_id)
    owed = find_owed(session, unit_id, code, period)
    if owed is None:
        _refuse_ended(session, unit_id, period)
    if owed is None:
        raise NotOwed(code, period_code)
    checkpoint = _checkpoint_after(session, period, now)
    former = _latest(session, owed)
    reason = optional_text("reason", reason)
    if former is not None and former.set_aside_at is None and not is_sent(session, former):
        raise DrawnUpAlready(former.id)
    if (former is None) != (reason is None):
        raise ReasonWanted(former is not None)
    row = UnitReturn(
        id=uuid.uuid4(),
        unit_id=unit_id,
        rule_id=owed.rule.id,
        code=code,
        period=period.code,
        first_day=period.first_day,
        last_day=period.last_day,
        ordinal=1 if former is None else former.ordinal + 1,
        reason=reason,
        checkpoint_size=checkpoint.size,
        root=checkpoint.root,
        figures=_figures(session, owed, checkpoint.size),
        drawn_up_by=by.id,
        drawn_up_at=now,
    )
    with unique(session, {"uq_unit_return_unit_id_code_period_ordinal": DrawnUpAlready(row.id)}):
        session.add(row)
    _record_drawn_up(session, by, row)
    return row


def whole_figures(nodes: Mapping[UnitNode, Mapping[str, int]], codes: Collection[str]) -> dict[str, Any]:
    """As they are kept: by which counting, and a unit after the other, with the names that they have now."""
    return {
        "counting": COUNTING,
        "units": [
            {
                "id": str(node.unit.id),
                "name": shown_unit(node.unit),
                "depth": node.depth,
                "figures": {code: found.get(code, 0) for code in codes},
            }
            for node, found in nodes.items()
        ],
    }


def _checkpoint_after(session: Session, period: Period, now: datetime) -> LedgerCheckpoint:
    if chinese_day(now) <= period.last_day:
        raise PeriodGoesOn(period.code, over=False)
    found = latest_checkpoint(session)
    if found is None or chinese_day(found.signed_at) <= period.last_day or not _knows_all_ends(session, found.size):
        raise PeriodGoesOn(period.code, over=True)
    return found


def _knows_all_ends(session: Session, size: int) -> bool:
    """Whoever has the checkpoint's entries comes to the same units: every merge is among them."""
    ended = set(session.scalars(select(Unit.id).where(Unit.ended_on.is_not(None))))
    return ended <= units_ended_at(session, size)


def _latest(session: Session, owed: Owed) -> UnitReturn | None:
    statement = select(UnitReturn).where(of_same(owed.key)).order_by(UnitReturn.ordinal.desc()).limit(1)
    return session.scalars(statement.with_for_update(key_share=True)).first()


def _figures(session: Session, owed: Owed, size: int) -> dict[str, Any]:
    tree = units_counted(session, owed)
    codes, counted = codes_of(owed.kind.figures), DaysAtCheckpoint(owed.period.first_day, owed.period.last_day, size)
    found = count_figures(session, counted, [node.unit.id for node in tree], codes)
    return whole_figures({node: found.get(node.unit.id, {}) for node in tree}, codes)


def units_counted(session: Session, owed: Owed) -> tuple[UnitNode, ...]:
    """The tree of the period's last day: a unit that was merged by then is counted by its successor, for the whole
    period, also where those below are not, because nobody else counts it."""
    tree = units_below_on(session, owed.unit.id, owed.period.last_day)
    if owed.kind.with_below:
        return tree
    merged = {owed.unit.id}
    for node in tree:  # parents come before children
        if (
            node.unit.ended_into in merged
            and node.unit.ended_on is not None
            and node.unit.ended_on <= owed.period.last_day
        ):
            merged.add(node.unit.id)
    return tuple(node for node in tree if node.unit.id in merged)


def _refuse_ended(session: Session, unit_id: uuid.UUID, period: Period) -> None:
    unit = session.get(Unit, unit_id)
    if unit is not None and unit.ended_on is not None and unit.ended_on <= period.last_day:
        require_live(session, unit_id)


def _record_drawn_up(session: Session, by: Person, row: UnitReturn) -> None:
    data = {
        "code": row.code,
        "period": row.period,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
        "ordinal": row.ordinal,
        "rule_id": str(row.rule_id),
        "checkpoint_size": row.checkpoint_size,
        "root": row.root.hex(),
        "figures_sha256": digest_figures(row.figures),
    }
    record_return_change(session, by, row, "drawn_up", data, {} if row.reason is None else {"reason": row.reason})
