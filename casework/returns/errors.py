"""What returns refuse. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── ReturnError
    ├── PeriodUnusable      no period is written so; an InputRefused too
    ├── NotOwed             the unit owes no such return for that period; an InputRefused too
    ├── PeriodGoesOn        the period is not over, or no checkpoint was signed since; a StateRefused too
    ├── DrawnUpAlready      a version of it waits to be checked or sent; a StateRefused too
    ├── ReasonWanted        a version that corrects another says why, and the first one has nothing to correct; an
    │                       InputRefused too
    ├── OwnReturn           whoever drew a return up does not check it; a NotAllowed too
    ├── ReturnSettled       it was checked, set aside or sent already, or it is not checked yet; a StateRefused too
    ├── SendingUnusable     a recipient that the rule does not name, or a day that cannot be; an InputRefused too
    ├── ReceiptUnusable     no PDF or picture, too large, or too many; an InputRefused too
    └── ReturnUnsound       what is there is no return that the archive would have drawn up; a StateRefused too
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from casework.errors import CaseworkError, InputRefused, NotAllowed, StateRefused

SETTLED = {
    "checked": "was checked already",
    "set_aside": "was set aside: draw it up anew",
    "sent": "was sent: a later version corrects it",
    "not_checked": "was not checked yet: somebody else checks it first",
    "later": "has a later version: send that one",
    "sent_there": "was sent to that recipient already",
}
SENDING_PROBLEMS = {
    "recipient": "is no recipient of this return: choose one of its rule",
    "in_the_future": "has not come: state the day on which it was sent",
    "before_checked": "lies before the day on which it was checked: state the day on which it was sent",
}
RECEIPT_PROBLEMS = {
    "empty": "is empty: choose the file again",
    "too_large": "is larger than 4 MiB: scan it with fewer dots per inch",
    "type": "is no PDF, JPEG or PNG: hand in one of these",
    "too_many": "is one too many: there are as many files as one sending may have",
}


UNSOUND = {
    "rule": "its rule states no such return",
    "period": "its days are no period of its rule",
    "figures": "its figures cannot be read",
}


@dataclass(eq=False)
class ReturnError(CaseworkError):
    """Anything that returns refuse."""


@dataclass(eq=False)
class PeriodUnusable(ReturnError, InputRefused):
    period: str

    def __str__(self) -> str:
        return f"{self.period!r} is no period: write a year 2026, half-year 2026-H1, quarter 2026-Q1 or month 2026-01"


@dataclass(eq=False)
class NotOwed(ReturnError, InputRefused):
    code: str
    period: str

    def __str__(self) -> str:
        return f"your unit owes no return {self.code} for {self.period}: choose one of the list"


@dataclass(eq=False)
class PeriodGoesOn(ReturnError, StateRefused):
    """`over`: the period is over, and it is the ledger that has no checkpoint since, or since a unit was merged."""

    period: str
    over: bool

    def __str__(self) -> str:
        if self.over:
            return f"the ledger has no checkpoint since {self.period} ended or a unit was merged: try again in a moment"
        return f"{self.period} is not over: draw its return up when it is"


@dataclass(eq=False)
class DrawnUpAlready(ReturnError, StateRefused):
    return_id: uuid.UUID

    def __str__(self) -> str:
        return f"return {self.return_id} is drawn up and waits: check and send it, or set it aside first"


@dataclass(eq=False)
class ReasonWanted(ReturnError, InputRefused):
    """`wanted` False: there is nothing to correct yet."""

    wanted: bool

    def __str__(self) -> str:
        if self.wanted:
            return "a version of this return was drawn up before: say why it is drawn up again"
        return "this is the first version of the return: leave the reason out"


@dataclass(eq=False)
class OwnReturn(ReturnError, NotAllowed):
    return_id: uuid.UUID

    def __str__(self) -> str:
        return f"you drew up return {self.return_id}: somebody else of your unit checks it"


@dataclass(eq=False)
class ReturnSettled(ReturnError, StateRefused):
    """`problem` is a key of SETTLED."""

    return_id: uuid.UUID
    problem: str

    def __str__(self) -> str:
        return f"return {self.return_id} {SETTLED[self.problem]}"


@dataclass(eq=False)
class SendingUnusable(ReturnError, InputRefused):
    """`problem` is a key of SENDING_PROBLEMS."""

    value: str | date
    problem: str

    def __str__(self) -> str:
        return f"{self.value} {SENDING_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class ReceiptUnusable(ReturnError, InputRefused):
    """`problem` is a key of RECEIPT_PROBLEMS."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {RECEIPT_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class ReturnUnsound(ReturnError, StateRefused):
    """`problem` is a key of UNSOUND: the row was changed, or put in, beside the archive."""

    return_id: uuid.UUID
    problem: str

    def __str__(self) -> str:
        return (
            f"return {self.return_id} is not as the archive draws returns up: {UNSOUND[self.problem]}; "
            "whoever runs the archive finds out with `liuhen verify`"
        )
