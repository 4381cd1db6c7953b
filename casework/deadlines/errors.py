"""What the deadline engine refuses besides files of rules. The trunk is CaseworkError; nothing was computed.

CaseworkError
└── DeadlineError
    ├── StartsUnusable      a table of days to start from that cannot be read: where, and why
    ├── EventDayUnusable    in the future, or of no such year; an InputRefused too
    ├── DoneDayUnusable     in the future, or on the wrong side of the event; an InputRefused too
    ├── DecisionUnclear     the event is of one of several decisions, and does not say of which; an InputRefused too
    ├── DecisionUnfit       the event is not of the decision that is named; an InputRefused too
    ├── RevocationUnclear   several things of the case may be meant, and it does not say which; an InputRefused too
    ├── ResultUnfit         what is named is no result of a check that it could revoke; an InputRefused too
    ├── EventEntered        the same stands in the case already; a StateRefused too
    ├── EventWithdrawn      it was withdrawn before, and its terms with it; a StateRefused too
    ├── TermFulfilled       somebody has said before when it was done; a StateRefused too
    ├── StillPublic         what was revoked has not left every channel: where it stands; a StateRefused too
    └── PublicationGoesOn   the event's publication is not ended: where it stands; a StateRefused too
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from casework.errors import CaseworkError, InputRefused, StateRefused
from casework.publication.whereabouts import Whereabouts

PROBLEMS: Mapping[str, str] = {
    "not_text": "is neither UTF-8 nor GBK: save it as CSV again",
    "too_large": "is larger than 16 MiB: split it",
    "no_columns": "has to begin with a line that names the columns kind and start_date (期限, 起算日): add it",
    "columns": "has another number of cells than the first line, or the first line names a column twice: correct it",
    "quotes": "is no proper CSV: a quotation mark has no partner, or a cell is too long: correct it",
    "kind": "names no kind of term: see liuhen rules terms",
    "no_day": "holds no day: write it as 2026-03-04",
    "no_such_year": "lies outside the years 1990 to 2200: correct the year",
}


DAY_PROBLEMS: Mapping[str, str] = {
    "in_the_future": "lies in the future: enter it when it has happened",
    "no_such_year": "lies outside the years 1990 to 2200: correct the year",
    "before_the_event": "lies before the event from which the term runs: correct the day, or the event",
    "after_the_event": "lies after the hearing that it is the notice of: correct the day, or the event",
}


class DeadlineError(CaseworkError):
    """Anything that deadlines refuse."""


@dataclass(eq=False)
class StartsUnusable(DeadlineError):
    """`line` counts from 1, 0 is the whole file; `text` is what stands there; `problem` is a word of PROBLEMS."""

    line: int
    text: str
    problem: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "the file"
        return f"{place}{f' “{self.text}”' if self.text else ''} {PROBLEMS[self.problem]}"


@dataclass(eq=False)
class EventDayUnusable(DeadlineError, InputRefused):
    """`problem` is a word of DAY_PROBLEMS."""

    day: date
    problem: str

    def __str__(self) -> str:
        return f"the day {self.day} of the event {DAY_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class DoneDayUnusable(DeadlineError, InputRefused):
    """`problem` is a word of DAY_PROBLEMS."""

    day: date
    problem: str

    def __str__(self) -> str:
        return f"the day {self.day} on which it was done {DAY_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class DecisionUnclear(DeadlineError, InputRefused):
    """`count`: of how many decisions of the case it might be."""

    kind: str
    count: int

    def __str__(self) -> str:
        return f"the event {self.kind} may be of any of {self.count} decisions of the case: name the one (decision_id)"


@dataclass(eq=False)
class DecisionUnfit(DeadlineError, InputRefused):
    kind: str
    decision_id: uuid.UUID | None

    def __str__(self) -> str:
        if self.decision_id is None:
            return f"no penalty was issued in this case by the day of the event {self.kind}: correct the day"
        return (
            f"the event {self.kind} cannot be of the decision {self.decision_id}: name a penalty that was issued in "
            "this case, on that day or, of a revocation, by that day"
        )


@dataclass(eq=False)
class RevocationUnclear(DeadlineError, InputRefused):
    """How many decisions and results of checks of the case it might be of, none of them revoked yet."""

    decisions: int
    results: int

    def __str__(self) -> str:
        decisions = f"{self.decisions} decisions (decision_id) and " if self.decisions else ""
        return (
            f"the revocation may be of any of {decisions}{self.results} results of checks (revokes_id: the event that "
            "entered it) of the case: name the one"
        )


@dataclass(eq=False)
class ResultUnfit(DeadlineError, InputRefused):
    kind: str
    revokes_id: uuid.UUID | None

    def __str__(self) -> str:
        if self.revokes_id is None:
            return f"no result of a check was entered in this case by the day of the event {self.kind}: correct the day"
        return (
            f"the event {self.kind} cannot revoke {self.revokes_id}: of a revocation, name the event of a check's "
            "result that stands in this case, of that day or before it, and no decision beside it"
        )


@dataclass(eq=False)
class EventEntered(DeadlineError, StateRefused):
    kind: str
    day: date

    def __str__(self) -> str:
        return f"the event {self.kind} of {self.day} stands in this case already: nothing more has to be entered"


@dataclass(eq=False)
class EventWithdrawn(DeadlineError, StateRefused):
    event_id: uuid.UUID
    withdrawn_at: datetime

    def __str__(self) -> str:
        return f"the event was withdrawn at {self.withdrawn_at.isoformat()}, and its terms with it: enter it anew"


@dataclass(eq=False)
class TermFulfilled(DeadlineError, StateRefused):
    term_id: uuid.UUID
    done_on: date

    def __str__(self) -> str:
        return (
            f"it was entered before that this was done on {self.done_on}; where that is wrong, have the event "
            "withdrawn, and enter it anew"
        )


@dataclass(eq=False)
class StillPublic(DeadlineError, StateRefused):
    """The term of withdrawal is met by nothing but that what was revoked is public nowhere any more."""

    event_id: uuid.UUID
    where: Whereabouts

    def __str__(self) -> str:
        return f"what was revoked is public still, {self.where}: take it down there, and enter that it was removed"


@dataclass(eq=False)
class PublicationGoesOn(DeadlineError, StateRefused):
    """`where` is empty where it is public nowhere, but on its way."""

    event_id: uuid.UUID
    where: Whereabouts

    def __str__(self) -> str:
        if self.where:
            return f"the event's publication is public, {self.where}: take it down there, and enter that it was removed"
        return "the event's publication is on its way: state it anew as not to be published, and have that settled"
