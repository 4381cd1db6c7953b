"""What acts and explanations refuse. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── ProcedureError
    ├── ActKindUnknown          no checklist of that day knows this kind of act; an InputRefused too
    ├── ActTimeUnusable         times in the wrong order, in the future, without a zone; an InputRefused too
    ├── OfficersUnusable        too few, one twice, not of the unit, not certified on that day; an InputRefused too
    ├── ExplanationOutside      it explains minutes that are not the act's; an InputRefused too
    ├── OwnExplanation          nobody confirms what he explains himself, or what he did; a NotAllowed too
    ├── ActWithdrawn            the act was withdrawn before; a StateRefused too
    ├── ActEnded                the act has its end already; a StateRefused too
    ├── ExplanationDecided      somebody has confirmed or refused it before; a StateRefused too
    ├── ExplanationWithdrawn    it was taken back before; a StateRefused too
    └── CaseIncomplete          the case cannot be closed: which acts, which minutes; a StateRefused too
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from casework.errors import CaseworkError, InputRefused, NotAllowed, StateRefused

TIME_PROBLEMS: Final[Mapping[str, str]] = {
    "without_zone": "has no time zone; say which one it is in",
    "in_the_future": "lies in the future: an act that has not begun, or not ended, is entered when it has",
    "ends_before_it_begins": "ends before it begins; exchange the two, or correct one",
    "too_long": "is longer than 31 days; correct the end, or enter an act for each day",
}
OFFICER_PROBLEMS: Final[Mapping[str, str]] = {
    "too_few": "the law wants two officers for it: name the second one",
    "same_twice": "both officers are the same person: name another one",
    "not_here": "an officer is nobody of this unit: choose somebody of the list",
    "left": "an officer has left, and no certificate of that day is known: correct the officer or the day",
    "not_certified": "an officer's certificate was not valid on that day: correct the officer, the day or the register",
}


@dataclass(eq=False)
class ProcedureError(CaseworkError):
    """Anything that acts and explanations refuse."""


@dataclass(eq=False)
class ActKindUnknown(ProcedureError, InputRefused):
    """`known`: the kinds that the checklists of that day know; none where no checklist holds on it."""

    kind: str
    day: date
    known: tuple[str, ...]

    def __str__(self) -> str:
        if not self.known:
            return f"no checklist holds on {self.day}: correct the day, or have a version loaded that covers it"
        return f"no checklist of {self.day} knows the act {self.kind!r}; it is one of: {', '.join(self.known)}"


@dataclass(eq=False)
class ActTimeUnusable(ProcedureError, InputRefused):
    """`problem` is a word of TIME_PROBLEMS."""

    starts_at: datetime
    ends_at: datetime | None
    problem: str

    def __str__(self) -> str:
        until = "…" if self.ends_at is None else self.ends_at.isoformat()
        return f"the time {self.starts_at.isoformat()} – {until} {TIME_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class OfficersUnusable(ProcedureError, InputRefused):
    """`problem` is a word of OFFICER_PROBLEMS."""

    problem: str

    def __str__(self) -> str:
        return OFFICER_PROBLEMS[self.problem]


@dataclass(eq=False)
class ExplanationOutside(ProcedureError, InputRefused):
    starts_at: datetime
    ends_at: datetime

    def __str__(self) -> str:
        return (
            f"{self.starts_at.isoformat()} – {self.ends_at.isoformat()} is no time of the act: explain minutes "
            "that lie between its beginning and its end"
        )


@dataclass(eq=False)
class OwnExplanation(ProcedureError, NotAllowed):
    """By the one who gave it, or by an officer of the act itself."""

    explanation_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"explanation {self.explanation_id} is your own, or of an act of yours: another supervisor has to "
            "decide on it"
        )


@dataclass(eq=False)
class ActWithdrawn(ProcedureError, StateRefused):
    act_id: uuid.UUID
    withdrawn_at: datetime

    def __str__(self) -> str:
        return f"act {self.act_id} was withdrawn at {self.withdrawn_at.isoformat()}; enter it anew if it took place"


@dataclass(eq=False)
class ActEnded(ProcedureError, StateRefused):
    act_id: uuid.UUID
    ended_at: datetime

    def __str__(self) -> str:
        return f"act {self.act_id} ended at {self.ended_at.isoformat()}; correct it, with a reason, if that is wrong"


@dataclass(eq=False)
class ExplanationDecided(ProcedureError, StateRefused):
    """`decision` is "confirmed" or "refused"."""

    explanation_id: uuid.UUID
    decision: str
    decided_at: datetime

    def __str__(self) -> str:
        return (
            f"explanation {self.explanation_id} was {self.decision} at {self.decided_at.isoformat()}; withdraw it, or "
            "give another one"
        )


@dataclass(eq=False)
class ExplanationWithdrawn(ProcedureError, StateRefused):
    explanation_id: uuid.UUID
    withdrawn_at: datetime

    def __str__(self) -> str:
        return f"explanation {self.explanation_id} was withdrawn at {self.withdrawn_at.isoformat()}; give another one"


@dataclass(frozen=True)
class OpenAct:
    """An act that forbids closing. `state`: under_way, missing, doubtful, short: of the minutes in doubt at least
    `short_by` were not recorded; duties: of `duties` nothing was entered; or unserved: nothing proves that what was
    left was served. `spans` are the minutes, in true time."""

    act_id: uuid.UUID
    name_zh: str
    name_en: str
    state: str
    spans: tuple[tuple[datetime, datetime], ...]
    short_by: timedelta = timedelta(0)
    duties: tuple[str, ...] = ()


DUTIES_MISSING: Final[Mapping[str, str]] = {
    "identity_shown": "that a certificate was shown",
    "notice_given": "that notice of reasons, grounds and rights was given",
}


@dataclass(eq=False)
class CaseIncomplete(ProcedureError, StateRefused):
    case_id: uuid.UUID
    acts: tuple[OpenAct, ...]

    def __str__(self) -> str:
        return f"case {self.case_id} cannot be closed: " + "; ".join(describe_open_act(act) for act in self.acts)


def describe_open_act(act: OpenAct) -> str:
    """What an act lacks, as a sentence's part."""
    if act.state == "under_way":
        return f"{act.name_en} has no end yet: enter it"
    if act.state == "duties":
        missing = ", nor ".join(DUTIES_MISSING[duty] for duty in act.duties)
        return f"of {act.name_en} it is not entered {missing}"
    if act.state == "unserved":
        return f"nothing proves the {act.name_en.lower()}: enter the service with its photograph or film"
    what = {
        "missing": "was not recorded",
        "short": f"is in doubt by the clocks, of which no footage can fill {act.short_by.total_seconds():.0f} s,",
    }.get(act.state, "is in doubt by the clocks")
    spans = ", ".join(f"{start.isoformat()} – {end.isoformat()}" for start, end in act.spans)
    return f"of {act.name_en}, {spans} {what} and is not explained"
