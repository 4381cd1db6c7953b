"""What redaction refuses. The trunk is CaseworkError; where one is raised, nothing was changed.

CaseworkError
├── SpansUnusable           a box or mute outside the picture, the film or the list; an InputRefused too
├── NothingToHideIn         a recording that nobody can decode; a StateRefused too
├── OwnRedaction            a second person checks, never the one who stated it; a NotAllowed too
├── RedactionChecked        somebody has checked it before; a StateRefused too
├── RedactionReplaced       another one has been stated since; a StateRefused too
├── RedactionsMissing       recordings of which it is not settled what to hide; a StateRefused too
└── CopyNotThere            not made yet, failed, or made before more was to be hidden; a StateRefused too
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from casework.errors import InputRefused, NotAllowed, StateRefused

SPAN_PROBLEMS: Mapping[str, str] = {
    "too_many": "is one too many: 200 fit; join those that touch",
    "no_number": "holds something that is no number: give plain numbers",
    "no_style": "is neither black nor blur: choose one of these",
    "no_size": "has no width or no height: draw it anew",
    "outside": "reaches outside the picture: left, top, width and height are parts of it, from 0 to 1",
    "no_time": "has to end after it begins, and begin at 0 or later: give seconds of the film",
    "after_the_end": "reaches beyond the film, which lasts {length} s: leave the end out to go on to the end",
    "no_picture": "is in a recording that has no picture: only mutes are of use there",
    "no_sound": "is in a recording that has no sound: only boxes are of use there",
}
MISSING: Mapping[str, str] = {
    "unstated": "nobody has stated what to hide, or that nothing is",
    "unchecked": "a second person has to check what is hidden",
    "returned": "what was to be hidden was returned and has to be stated anew",
}
COPY_PROBLEMS: Mapping[str, str] = {
    "due": "is being made; come back in a moment",
    "failed": "could not be made; its outcome says why, and it can be asked for again",
    "outdated": "was made before something else was stated to be hidden; ask for a copy again",
}


@dataclass(eq=False)
class SpansUnusable(InputRefused):
    """`kind`: box or mute; `number` counts from 1; `problem` is of SPAN_PROBLEMS; `length`: the film's seconds."""

    kind: str
    number: int
    problem: str
    length: float | None = None

    def __str__(self) -> str:
        length = "" if self.length is None else f"{self.length:g}"
        return f"{self.kind} {self.number} {SPAN_PROBLEMS[self.problem].format(length=length)}; nothing was stated"


@dataclass(eq=False)
class NothingToHideIn(StateRefused):
    recording_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"recording {self.recording_id} has neither picture nor sound that could be decoded, so no redacted copy "
            "can be made of it"
        )


@dataclass(eq=False)
class OwnRedaction(NotAllowed):
    redaction_id: uuid.UUID

    def __str__(self) -> str:
        return f"redaction {self.redaction_id} is your own: somebody else has to check it"


@dataclass(eq=False)
class RedactionChecked(StateRefused):
    """`verdict` is a word of CHECK_VERDICTS."""

    redaction_id: uuid.UUID
    verdict: str

    def __str__(self) -> str:
        return f"redaction {self.redaction_id} was {self.verdict} before; state another one to change what is hidden"


@dataclass(eq=False)
class RedactionReplaced(StateRefused):
    redaction_id: uuid.UUID

    def __str__(self) -> str:
        return f"another redaction was stated after {self.redaction_id}: check the latest one"


@dataclass(eq=False)
class RedactionsMissing(StateRefused):
    """`missing`: names of recordings, each with a word of MISSING. None: the case has nothing to make a copy of."""

    case_id: uuid.UUID
    missing: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        if not self.missing:
            return f"case {self.case_id} has no recording of which a copy could be made; link one first"
        each = "; ".join(f"{name}: {MISSING[problem]}" for name, problem in self.missing)
        return f"no copy was asked for: {each}"


@dataclass(eq=False)
class CopyNotThere(StateRefused):
    """`state` is a word of COPY_PROBLEMS."""

    copy_id: uuid.UUID
    state: str

    def __str__(self) -> str:
        return f"copy {self.copy_id} {COPY_PROBLEMS[self.state]}"
