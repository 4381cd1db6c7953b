"""What serving refuses. The trunk is CaseworkError; nothing was changed. What the gate refuses: casework/review.

CaseworkError
└── ServiceError
    ├── ServiceTimeUnusable     in the future, without a zone, of no such year; an InputRefused too
    ├── ServiceUnproven         it lacks what proves a service of this kind; an InputRefused too
    ├── ServedUnusable          what is served is none of the case, or bears another number; an InputRefused too
    ├── PostingUncounted        nobody can say when a notice of that day counts; a StateRefused too
    ├── NotServed               nothing was served on that day; a StateRefused too
    ├── ServiceRepeated         the same service was entered before; a StateRefused too
    ├── ServiceWithdrawn        it was withdrawn before; a StateRefused too
    └── ServiceCounts           a term ended by it; a StateRefused too
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from casework.errors import CaseworkError, InputRefused, StateRefused

TIME_PROBLEMS: Final[Mapping[str, str]] = {
    "without_zone": "has no time zone; say which one it is in",
    "in_the_future": "lies in the future: enter it when it has happened",
    "no_such_year": "lies outside the years 1990 to 2200: correct the year",
    "before_the_decision": "lies before the day on which the decision was issued: correct the time",
}
NAMES: Final[Mapping[str, str]] = {
    "in_person": "service in person",
    "left": "service by leaving",
    "mailed": "service by mail",
    "entrusted": "service by an entrusted body",
    "electronic": "electronic service",
    "posted": "service by public notice",
}
PROOF_PROBLEMS: Final[Mapping[str, str]] = {
    "no_act": "names no act: enter the act of leaving it (service_left) first, and name it",
    "other_act": "names an act that is not one of leaving a document: name that one",
    "other_time": "was not at a time of the act: correct one of the two",
    "no_recording": "names no photograph or film: a refusal counts by its picture alone",
    "not_in_case": "names a recording that does not stand in the case: put it into the case first",
    "no_picture": "names a recording that is neither photograph nor film: name another",
    "no_time": "names a recording of which nobody knows when it was made: complete its time first",
    "recorded_elsewhen": "names a recording that was not made during the act: name another, or complete its time",
    "no_recorded_place": "names a recording of which nobody knows where it was made: complete its place first",
    "no_proof": "names no proof: name a recording of the signed receipt, or a receipt that was made here",
    "other_receipt": "names a receipt that is none: choose a final receipt of service (送达回证) of this case",
    "no_place": "says nothing of where it was left: write the place",
    "no_receiver": "says nothing of who took it: write the name, and what he is to the addressee",
    "no_carrier": "says nothing of what carried it: write the item's number, the address, whom, or where it hangs",
    "no_ground": "says nothing of why it was done like this: write the refusal, the consent, or why nobody was found",
}
SERVED_PROBLEMS: Final[Mapping[str, str]] = {
    "nothing": "say what was served: choose a document or a decision, or write the number of the paper",
    "not_here": "the document is none of this case: choose one of the list",
    "not_final": "the document is a draft, or was withdrawn: make it final first",
    "a_receipt": "a receipt of service is not served: choose the document that it is about",
    "other_decision": "the document is not of that decision: leave the decision out, it is taken from the document",
    "other_number": "the document bears another number: leave the number out, it is taken from the document",
}


@dataclass(eq=False)
class ServiceError(CaseworkError):
    """Anything that serving refuses."""


@dataclass(eq=False)
class ServiceTimeUnusable(ServiceError, InputRefused):
    """`problem` is a word of TIME_PROBLEMS."""

    at: datetime
    problem: str

    def __str__(self) -> str:
        return f"the time {self.at.isoformat()} {TIME_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class ServiceUnproven(ServiceError, InputRefused):
    """`method` is a word of NAMES, `problem` one of PROOF_PROBLEMS."""

    method: str
    problem: str

    def __str__(self) -> str:
        return f"the {NAMES[self.method]} {PROOF_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class ServedUnusable(ServiceError, InputRefused):
    """`problem` is a word of SERVED_PROBLEMS."""

    problem: str

    def __str__(self) -> str:
        return SERVED_PROBLEMS[self.problem]


@dataclass(eq=False)
class PostingUncounted(ServiceError, StateRefused):
    day: date

    def __str__(self) -> str:
        return (
            f"nobody can say yet from when a notice of {self.day} counts: have the terms loaded (posted_service), or "
            "the days off of the year in which it ends"
        )


@dataclass(eq=False)
class NotServed(ServiceError, StateRefused):
    """`days`: on which something was served by which the term may end, and is proven."""

    case_id: uuid.UUID
    day: date
    days: tuple[date, ...]

    def __str__(self) -> str:
        known = f"; it was on {', '.join(map(str, self.days))}" if self.days else ""
        what = f"nothing of case {self.case_id} by which this term ends was served on {self.day}"
        return f"{what}, as far as was entered{known}: enter how first, and which decision it was of"


@dataclass(eq=False)
class ServiceRepeated(ServiceError, StateRefused):
    document_number: str
    served_at: datetime

    def __str__(self) -> str:
        return f"that {self.document_number} was served at {self.served_at.isoformat()} was entered before"


@dataclass(eq=False)
class ServiceWithdrawn(ServiceError, StateRefused):
    service_id: uuid.UUID
    withdrawn_at: datetime

    def __str__(self) -> str:
        return f"service {self.service_id} was withdrawn at {self.withdrawn_at.isoformat()}; enter it anew"


@dataclass(eq=False)
class ServiceCounts(ServiceError, StateRefused):
    service_id: uuid.UUID
    day: date

    def __str__(self) -> str:
        return (
            f"the term of service ended on {self.day} by service {self.service_id}: have the event withdrawn from "
            "which the term runs first, and enter it anew afterwards"
        )
