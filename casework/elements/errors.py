"""What required elements refuse. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── ElementsError
    ├── QuestionChanged         answered meanwhile, or other facts: what was seen is not what is asked
    ├── CandidateGone           what was chosen is no candidate any more
    ├── ValueUnusable           no such officer, device, act, place or time; an InputRefused too
    ├── ReasonNeeded            nothing but somebody's word speaks for it; an InputRefused too
    └── NotYourRecording        another officer's; a NotAllowed too

A file that is no policy, or whose version cannot be taken in, is refused as any file of rules is:
casework/rules/errors.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from casework.errors import CaseworkError, InputRefused, NotAllowed

VALUE_PROBLEMS: Mapping[str, str] = {
    "no_such_officer": "names nobody of this unit or those above and below it: choose somebody of the list",
    "no_such_device": "names no device of this unit's register, or of one above: add it to the register first",
    "no_such_act": "is none of the acts that the policy of that day knows: choose one of the list",
    "no_such_case": "is none of this unit's cases: choose one of the list",
    "no_place": "has to be latitude and longitude in degrees of WGS 84, such as 32.061200,118.763200",
    "no_time_given": "has to be an instant with its zone, such as 2026-03-09T09:00:00+08:00, not in the future",
    "after_receipt": "given is later than the receipt of a recording, which had begun by then: give an earlier one",
    "no_clock": "cannot be put right by an offset, for no clock says when it began: state its time, or leave it out",
    "offset_too_far": "put right by that offset is before 1990: check how far the clock was off, and which way",
    "no_offset_given": "needs either how far the clock was off, or when the newest of the recordings began",
    "not_asked": "is not what was asked about: answer that, or of officer and device the other",
    "only_own": "of a recording is that of its station: say by a reason why it is right, or ask an administrator",
}


@dataclass(eq=False)
class ElementsError(CaseworkError):
    """Anything that required elements refuse."""


@dataclass(eq=False)
class QuestionChanged(ElementsError):
    """Somebody answered it meanwhile, or facts have changed what is asked."""

    recording_id: uuid.UUID
    element: str

    def __str__(self) -> str:
        return (
            f"what was asked about the {self.element} of recording {self.recording_id} was answered or has changed "
            "meanwhile: reload, and look at what stands there now"
        )


@dataclass(eq=False)
class CandidateGone(ElementsError):
    recording_id: uuid.UUID
    element: str

    def __str__(self) -> str:
        return (
            f"what was chosen as the {self.element} of recording {self.recording_id} is no candidate any more: reload, "
            "and choose among those that are"
        )


@dataclass(eq=False)
class ValueUnusable(ElementsError, InputRefused):
    """`problem` is a word of VALUE_PROBLEMS."""

    element: str
    problem: str

    def __str__(self) -> str:
        return f"the {self.element} {VALUE_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class ReasonNeeded(ElementsError, InputRefused):
    """`none`: it is said that it cannot be had."""

    element: str
    none: bool = False

    def __str__(self) -> str:
        if self.none:
            return f"say in a sentence why the {self.element} cannot be had"
        return f"nothing but your word speaks for this {self.element}: say in a sentence why it is so"


@dataclass(eq=False)
class NotYourRecording(ElementsError, NotAllowed):
    recording_id: uuid.UUID

    def __str__(self) -> str:
        return f"recording {self.recording_id} is another officer's: that officer answers, or a supervisor of the unit"
