"""Days that a notice gives or has to be given by, as `due_day` counts them."""

from __future__ import annotations

from dataclasses import dataclass

from casework.deadlines.kinds import Direction
from casework.deadlines.terms import WhichDays


@dataclass(frozen=True)
class NoticeDays:
    """So many days: from the day after, to the next working day, unless said otherwise. The day of what they are
    counted from does not count."""

    days: int
    counted: WhichDays
    direction: Direction = "after"
    moves_from_day_off: bool = True
    first_day_counts: bool = False
    whole_days: bool = False
