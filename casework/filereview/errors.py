"""What reviews of case files refuse. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── FileReviewError
    ├── NoScoreSheet      no score sheet holds for the unit today; a StateRefused too
    ├── PeriodUnusable    days that are not over, or in the wrong order; an InputRefused too
    ├── SampleTooLarge    fewer cases than that can be drawn; an InputRefused too
    ├── NotCoveredYet     no checkpoint covers the announcement yet; a StateRefused too
    ├── AlreadyDrawn      the round was drawn before; a StateRefused too
    ├── NotInSample       the case was not drawn, or nothing was drawn yet; an InputRefused too
    ├── TookPart          nobody reviews a case he took part in; a NotAllowed too
    ├── ScoresUnusable    an item without points, with too many, or without a note; an InputRefused too
    ├── DueDayPassed      a day that has passed already; an InputRefused too
    ├── FindingEnded      the finding has come to its end; a StateRefused too
    ├── NotAnswered       nobody said yet what was done about it; a StateRefused too
    ├── OwnAnswer         whoever answered a finding does not end it; a NotAllowed too
    ├── ReviewUnfinished  cases without a score, or findings that go on; a StateRefused too
    └── ReviewEnded       the round has come to its end; a StateRefused too
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from casework.errors import CaseworkError, InputRefused, NotAllowed, StateRefused

PERIOD_PROBLEMS = {
    "not_over": "has days that are not over: choose a last day before today, so that no case can join it any more",
    "wrong_order": "ends before it begins: exchange the days",
    "no_such_year": "lies outside the years 1990 to 2200: check the years",
}
SCORE_PROBLEMS = {
    "missing": "has no points: score every item of the sheet",
    "unknown": "is no item of the round's score sheet: leave it out",
    "out_of_range": "has more points than the sheet gives, or less than none",
    "no_note": "loses points without a note: say why",
}


@dataclass(eq=False)
class FileReviewError(CaseworkError):
    """Anything that reviews of case files refuse."""


@dataclass(eq=False)
class NoScoreSheet(FileReviewError, StateRefused):
    unit_id: uuid.UUID

    def __str__(self) -> str:
        return f"no score sheet holds for unit {self.unit_id} today: load one by `liuhen admin score-sheet load`"


@dataclass(eq=False)
class PeriodUnusable(FileReviewError, InputRefused):
    """`problem` is a key of PERIOD_PROBLEMS."""

    first_day: date
    last_day: date
    problem: str

    def __str__(self) -> str:
        return f"the period {self.first_day} – {self.last_day} {PERIOD_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class SampleTooLarge(FileReviewError, InputRefused):
    """`most`: how many can be drawn at most; 0 where no case was closed or archived then."""

    wanted: int
    most: int

    def __str__(self) -> str:
        return f"{self.wanted} cases cannot be drawn of this unit and period: choose a number from 1 to {self.most}"


@dataclass(eq=False)
class NotCoveredYet(FileReviewError, StateRefused):
    round_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"no checkpoint of the ledger covers the announcement of review {self.round_id} yet: try again in some "
            "seconds; if it stays so, tell the administrator that the sequencer does not run"
        )


@dataclass(eq=False)
class AlreadyDrawn(FileReviewError, StateRefused):
    round_id: uuid.UUID
    drawn_at: datetime

    def __str__(self) -> str:
        return f"review {self.round_id} was drawn at {self.drawn_at.isoformat()}, and is drawn once"


@dataclass(eq=False)
class NotInSample(FileReviewError, InputRefused):
    round_id: uuid.UUID
    case_id: uuid.UUID

    def __str__(self) -> str:
        return f"case {self.case_id} is not among those drawn in review {self.round_id}: choose one of its list"


@dataclass(eq=False)
class TookPart(FileReviewError, NotAllowed):
    case_id: uuid.UUID

    def __str__(self) -> str:
        return f"you took part in case {self.case_id}: somebody else reviews it"


@dataclass(eq=False)
class ScoresUnusable(FileReviewError, InputRefused):
    """`problem` is a key of SCORE_PROBLEMS."""

    item: str
    problem: str

    def __str__(self) -> str:
        return f"item {self.item} {SCORE_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class DueDayPassed(FileReviewError, InputRefused):
    due_on: date

    def __str__(self) -> str:
        return f"{self.due_on} is no day to put something right by: choose today or a later day, up to the year 2200"


@dataclass(eq=False)
class FindingEnded(FileReviewError, StateRefused):
    finding_id: uuid.UUID
    ended_at: datetime

    def __str__(self) -> str:
        return f"finding {self.finding_id} was ended at {self.ended_at.isoformat()}; state another if it goes on"


@dataclass(eq=False)
class NotAnswered(FileReviewError, StateRefused):
    finding_id: uuid.UUID

    def __str__(self) -> str:
        return f"nobody has answered finding {self.finding_id} yet: wait for what the unit did, or end it as unfounded"


@dataclass(eq=False)
class OwnAnswer(FileReviewError, NotAllowed):
    finding_id: uuid.UUID

    def __str__(self) -> str:
        return f"you answered finding {self.finding_id} for your unit: another reviewer ends it"


@dataclass(eq=False)
class ReviewUnfinished(FileReviewError, StateRefused):
    """How many cases have no score, and how many findings go on; `drawn` False: nothing was drawn yet."""

    round_id: uuid.UUID
    drawn: bool
    unscored: int
    going_on: int

    def __str__(self) -> str:
        if not self.drawn:
            return f"review {self.round_id} was not drawn yet: draw it first"
        return (
            f"review {self.round_id} has {self.unscored} case(s) without a score and {self.going_on} finding(s) that "
            "go on: finish these first"
        )


@dataclass(eq=False)
class ReviewEnded(FileReviewError, StateRefused):
    round_id: uuid.UUID
    ended_at: datetime

    def __str__(self) -> str:
        return f"review {self.round_id} ended at {self.ended_at.isoformat()}; announce another one"
