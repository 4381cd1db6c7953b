"""Returns as lists and as pages: what is owed beside what was drawn up of it and sent; late, missing, corrected."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.deadlines.calendar import Calendar
from casework.deadlines.calendars import calendar_now
from casework.deadlines.listing import SOON_DAYS, working_days_until
from casework.errors import Unknown
from casework.permission import require
from casework.returns.errors import ReturnUnsound
from casework.returns.owed import Owed, in_order, list_owed, owed_as_drawn_up
from casework.returns.rows import Key, key_of, of_same
from casework.returns.soundness import what_is_unsound
from casework.statistics.annual import FIRST_COUNTED_YEAR
from casework.statistics.errors import YearUnusable
from casework.statistics.figures import GROUPS
from casework.units import line_of, units_below
from retention.errors import OutsideUnit
from retention.own_units import is_own
from storage.catalog.organisation import Person
from storage.catalog.returns import ReturnReceipt, ReturnRule, ReturnSending, UnitReturn

SEEING: Final = "see_returns"
STATES: Final = ("going_on", "open", "soon", "due_today", "overdue", "sent", "sent_late")
STEPS: Final = ("none", "drawn_up", "checked", "set_aside", "partly_sent", "sent")
PRESSING: Final = ("soon", "due_today", "overdue")
MOST_PRESSING: Final = 100


@dataclass(frozen=True)
class SendingShown:
    row: ReturnSending
    receipts: tuple[ReturnReceipt, ...]


@dataclass(frozen=True)
class ReturnVersion:
    """One version with how it was sent, as the rule has it that it was drawn up by. `step`: a word of STEPS."""

    owed: Owed
    row: UnitReturn
    sendings: tuple[SendingShown, ...]

    @property
    def step(self) -> str:
        if self.row.set_aside_at is not None:
            return "set_aside"
        if self.sendings:
            return "sent" if not self.waiting else "partly_sent"
        return "drawn_up" if self.row.checked_at is None else "checked"

    @property
    def waiting(self) -> tuple[str, ...]:
        """Recipients it was not sent to yet."""
        sent = {each.row.recipient for each in self.sendings}
        return tuple(each for each in self.owed.kind.recipients if each not in sent)

    @property
    def sent_on(self) -> date | None:
        """The day on which the last recipient was sent it; None while one waits."""
        return None if self.waiting else max(each.row.sent_on for each in self.sendings)

    @property
    def is_late(self) -> bool:
        """Whether its last recipient was sent it after its due day."""
        return self.sent_on is not None and self.is_after_due(self.sent_on)

    def is_after_due(self, day: date) -> bool:
        """After no day where that is an estimate."""
        return day > self.owed.due.day and not self.owed.due.unannounced

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The figures that were counted, as groups of codes: whatever its rule's words would mean today."""
        kept = self.total
        found = {group: [code for code in codes if code in kept] for group, codes in GROUPS.items()}
        return {group: codes for group, codes in found.items() if codes}

    @property
    def total(self) -> Mapping[str, int]:
        found = Counter[str]()
        for unit in self.units:
            found.update(unit["figures"])
        return found

    @property
    def units(self) -> Sequence[Mapping[str, Any]]:
        """Of each unit `id`, `name`, `depth` and `figures`, the unit itself first."""
        units: list[Mapping[str, Any]] = self.row.figures["units"]
        return units


@dataclass(frozen=True)
class ReturnShown:
    """What is owed for a period, as of a day, and its versions, the first one first. `days_left`: working days, less
    than 0 where its day has passed."""

    owed: Owed
    versions: tuple[ReturnVersion, ...]
    today: date
    days_left: int

    @property
    def current(self) -> ReturnVersion | None:
        """The version that counts, or is being made: the last one, set aside or not."""
        return self.versions[-1] if self.versions else None

    @property
    def step(self) -> str:
        return "none" if self.current is None else self.current.step

    @property
    def deciding(self) -> ReturnVersion | None:
        """The first version that reached all its recipients: that decides whether the return was late."""
        return next((each for each in self.versions if each.sent_on is not None), None)

    @property
    def sent_on(self) -> date | None:
        """When that version reached its last recipient."""
        return None if self.deciding is None else self.deciding.sent_on

    @property
    def state(self) -> str:
        """A word of STATES."""
        if self.deciding is not None:
            return "sent_late" if self.deciding.is_late else "sent"
        if self.today <= self.owed.period.last_day:
            return "going_on"
        if self.owed.due.unannounced and self.owed.due.day <= self.today:
            return "open"  # an estimate is never overdue (docs/deadlines.md)
        if self.owed.due.day < self.today:
            return "overdue"
        if self.owed.due.day == self.today:
            return "due_today"
        return "soon" if self.days_left <= SOON_DAYS else "open"

    def is_late(self, version: ReturnVersion, sending: SendingShown) -> bool:
        """Whether that recipient was sent it too late. What corrects a return that reached all is late for nobody."""
        correcting = self.deciding is not None and version.row.ordinal > self.deciding.row.ordinal
        return not correcting and version.is_after_due(sending.row.sent_on)

    @property
    def corrections(self) -> int:
        """How many versions were sent after the first one."""
        return max(0, sum(each.sent_on is not None for each in self.versions) - 1)


def list_returns(session: Session, by: Person, year: int, today: date) -> tuple[ReturnShown, ...]:
    """Of periods that end in a year and have begun, of the person's unit and of those below it, by their due day.

    Raises YearUnusable, RoleNotAllowed.
    """
    require(by, SEEING)
    if not FIRST_COUNTED_YEAR <= year <= today.year:
        raise YearUnusable(year)
    found = _between(session, by, date(year, 1, 1), date(year, 12, 31), today)
    return tuple(each for each in found if each.owed.period.first_day <= today)


def list_pressing(session: Session, by: Person, today: date) -> tuple[ReturnShown, ...]:
    """What the person's own units have to send, overdue or due soon; and what is overdue in the units below."""
    found = _between(session, by, date(FIRST_COUNTED_YEAR, 1, 1), today - timedelta(days=1), today)
    pressing = (
        each for each in found if each.state == "overdue" or (is_own(by, each.owed.unit.id) and each.state in PRESSING)
    )
    return tuple(islice(pressing, MOST_PRESSING))


def list_unsound(session: Session, by: Person) -> tuple[UnitReturn, ...]:
    """Of the person's unit and of those below it, what is there and in no list: whoever owns the database put it in."""
    units = [node.unit.id for node in units_below(session, by.unit_id)]
    rows = session.execute(select(UnitReturn, ReturnRule).join(ReturnRule).where(UnitReturn.unit_id.in_(units)))
    return tuple(row for row, rule in rows if what_is_unsound(row, rule) is not None)


def show_return(session: Session, by: Person, return_id: uuid.UUID, today: date) -> ReturnShown:
    """With every version of it. Raises ReturnUnsound, Unknown, OutsideUnit, RoleNotAllowed."""
    require(by, SEEING)
    row = session.get(UnitReturn, return_id)
    if row is None:
        raise Unknown("unit_return", return_id)
    if by.unit_id not in line_of(session, row.unit_id):
        raise OutsideUnit("unit_return", return_id)
    problem = what_is_unsound(row, session.get_one(ReturnRule, row.rule_id))
    if problem is not None:
        raise ReturnUnsound(row.id, problem)
    return _shown(session, (), session.scalars(_in_order().where(of_same(key_of(row)))).all(), today)[0]


def _between(session: Session, by: Person, since: date, until: date, today: date) -> tuple[ReturnShown, ...]:
    """Of periods whose last day is one of these."""
    units = [node.unit.id for node in units_below(session, by.unit_id)]
    drawn_up = _in_order().where(UnitReturn.unit_id.in_(units), UnitReturn.last_day.between(since, until))
    owed = list_owed(session, units, since=since, until=until)
    return _shown(session, owed, session.scalars(drawn_up).all(), today)


def _in_order() -> Select[UnitReturn]:
    return select(UnitReturn).order_by(UnitReturn.ordinal)


def _shown(
    session: Session, owed: Collection[Owed], rows: Sequence[UnitReturn], today: date
) -> tuple[ReturnShown, ...]:
    """Beside what is owed, what was drawn up of it; and what was drawn up, though it is owed no more.

    As many queries for many as for one.
    """
    drawn_up = owed_as_drawn_up(session, rows)
    rows = [row for row in rows if row.id in drawn_up]
    sendings = _sendings(session, [row.id for row in rows])
    by_key = {each.key: each for each in owed} | {key_of(row): drawn_up[row.id] for row in rows}
    versions: defaultdict[Key, list[ReturnVersion]] = defaultdict(list)
    for row in rows:
        versions[key_of(row)].append(ReturnVersion(drawn_up[row.id], row, tuple(sendings[row.id])))
    calendar = calendar_now(session)
    return tuple(as_of(today, calendar, each, versions[each.key]) for each in in_order(by_key.values()))


def as_of(today: date, calendar: Calendar, owed: Owed, versions: Sequence[ReturnVersion]) -> ReturnShown:
    """`versions`: the first one first. `owed` is that of the last one, where there is any."""
    return ReturnShown(owed, tuple(versions), today, working_days_until(calendar, today, owed.due.day))


def _sendings(session: Session, return_ids: Collection[uuid.UUID]) -> defaultdict[uuid.UUID, list[SendingShown]]:
    sent = select(ReturnSending).where(ReturnSending.return_id.in_(return_ids))
    rows = session.scalars(sent.order_by(ReturnSending.sent_at, ReturnSending.id)).all()
    receipts: defaultdict[uuid.UUID, list[ReturnReceipt]] = defaultdict(list)
    filed = select(ReturnReceipt).where(ReturnReceipt.sending_id.in_([row.id for row in rows]))
    for receipt in session.scalars(filed.order_by(ReturnReceipt.filed_at, ReturnReceipt.id)):
        receipts[receipt.sending_id].append(receipt)
    found: defaultdict[uuid.UUID, list[SendingShown]] = defaultdict(list)
    for row in rows:
        found[row.return_id].append(SendingShown(row, tuple(receipts[row.id])))
    return found
