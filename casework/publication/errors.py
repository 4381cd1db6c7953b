"""What publishing refuses. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── PublicationError
    ├── NoPublicityRules    no version of the rules holds on the day; a StateRefused too
    ├── DutyLacking         somebody else has that duty in the unit; a NotAllowed too
    ├── DutyUnfit           a duty for one who left, or whose role does not go with it; an InputRefused too
    ├── DutyEnded           he has it no more; a StateRefused too
    ├── PublicationUnusable nothing to publish, or what is said does not fit together; an InputRefused too
    ├── MaskingNeeded       what would be public speaks of a natural person; an InputRefused too
    ├── StepRefused         it does not come next, or not by this person: why; a StateRefused too
    ├── PostingUnusable     no such channel, or a day to come; an InputRefused too
    └── EvidenceUnusable    a file that shows nothing; an InputRefused too
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from casework.errors import CaseworkError, InputRefused, NotAllowed, StateRefused

UNUSABLE: Mapping[str, str] = {
    "event": "the event is none from which a publication runs; choose the decision or the inspection's result",
    "begun": "this decision or result is collected already; open what there is",
    "fell": "it was taken down because the decision fell, for good; a remade decision is published on its own",
    "not_issued": "no decision of this case was issued on the day of the event; issue it first",
    "party_missing": "an inspection's result names whom it is of, and what was found; fill in both",
    "ground_unknown": "the ground not to publish is none of the rules that hold today; choose another",
    "secret": "a case of state secrets is not published; choose the ground, and do not publish",
    "nothing_changed": "this is what is published now; nothing has to be corrected",
    "too_many_names": "at most 50 further names can be masked; mask the others by hand",
}
STEPS_REFUSED: Mapping[str, str] = {
    "order": "it does not come next; look at where the publication stands now",
    "changed": "the text was changed meanwhile; read what it says now",
    "own": "nobody passes or publishes what he collected himself; somebody else has to",
    "not_twice": "the second reviewer is not the first, nor whoever handed it on; somebody else has to look at it",
    "second": "what speaks of natural persons needs a second reviewer; have it looked at again",
    "revoked": "the decision was revoked; nothing of it is published",
    "down_for_good": "it was taken down because the decision fell; a remade decision is published on its own",
    "ended": "its event was withdrawn, and it ended with it; collect anew from the event that was entered instead",
    "not_shown": "it is not public now",
    "secret": "a case of state secrets is not published",
    "still_shown": "it is public now; take it down first",
    "not_refused": "the platform did not refuse it: there is nothing to send again",
    "removed": "it was entered before that this left the channel",
    "posted": "it stands on that channel already",
}
POSTING_PROBLEMS: Mapping[str, str] = {
    "channel": "is none of the channels of the rules that hold today; choose another",
    "in_the_future": "lies in the future; enter the posting when it has happened",
    "before_published": "lies before the day on which it was published here; correct the day",
}
EVIDENCE_PROBLEMS: Mapping[str, str] = {
    "empty": "is empty; choose another file",
    "too_large": "is larger than 4 MiB; make it smaller",
    "type": "is no PNG, JPEG or PDF; hand in a picture or a PDF",
    "too_many": "is one too many: a posting takes five files",
}


class PublicationError(CaseworkError):
    """Anything that publishing refuses."""


@dataclass(eq=False)
class NoPublicityRules(PublicationError, StateRefused):
    day: date

    def __str__(self) -> str:
        return f"no rules of publishing hold on {self.day}: load a version (liuhen admin publicity load)"


@dataclass(eq=False)
class DutyLacking(PublicationError, NotAllowed):
    """`duty` is a word of DUTIES."""

    duty: str

    def __str__(self) -> str:
        return f"this needs the duty {self.duty} in the unit; ask the administrator to name somebody to it"


@dataclass(eq=False)
class DutyUnfit(PublicationError, InputRefused):
    """`roles` are those that go with the duty."""

    name: str
    duty: str
    roles: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} has left, or has a role that does not go with {self.duty}: {', '.join(self.roles)}"


@dataclass(eq=False)
class DutyEnded(PublicationError, StateRefused):
    ended_at: datetime

    def __str__(self) -> str:
        return f"the duty was ended at {self.ended_at.isoformat()}"


@dataclass(eq=False)
class PublicationUnusable(PublicationError, InputRefused):
    """`problem` is a word of UNUSABLE."""

    problem: str

    def __str__(self) -> str:
        return UNUSABLE[self.problem]


@dataclass(eq=False)
class MaskingNeeded(PublicationError, InputRefused):
    """`field` would be public; `codes` are those of the masks that still find something there, or `name`. `names`: what
    was taken for names of persons."""

    field: str
    codes: tuple[str, ...]
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        found = ", ".join(self.codes)
        return f"{self.field} still holds what is not published ({found}): mask it, or say why it stays where it may"


@dataclass(eq=False)
class StepRefused(PublicationError, StateRefused):
    """`why` is a word of STEPS_REFUSED."""

    publication_id: uuid.UUID
    why: str

    def __str__(self) -> str:
        return STEPS_REFUSED[self.why]


@dataclass(eq=False)
class PostingUnusable(PublicationError, InputRefused):
    """`problem` is a word of POSTING_PROBLEMS; `found` what was said."""

    found: str
    problem: str

    def __str__(self) -> str:
        return f"{self.found} {POSTING_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class EvidenceUnusable(PublicationError, InputRefused):
    """`problem` is a word of EVIDENCE_PROBLEMS."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {EVIDENCE_PROBLEMS[self.problem]}"
