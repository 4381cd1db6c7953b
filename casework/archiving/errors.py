"""What archiving refuses. The trunk is CaseworkError; nothing was changed.

CaseworkError
├── StateRefused
│   ├── NotArchivable       what the case lacks, all of it at once
│   ├── AlreadyArchived     somebody was first
│   ├── NotArchived         only what is archived is supplemented
│   ├── RecordingsMoved     a recording came into the case just now
│   └── SecrecyUnchanged    the case has that class already
├── NotAllowed
│   └── OwnSecrecy          who made it stricter does not take that back alone
└── InputRefused
    ├── StateSecretRefused  the installation is not licensed for it
    └── NothingAdded        a supplement without a recording, or with one twice
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from casework.errors import CaseworkError, InputRefused, NotAllowed, StateRefused
from casework.procedure.errors import OpenAct, describe_open_act


@dataclass(frozen=True)
class Missing:
    """One thing that keeps a case from being archived. `code` is a word of MISSING; the rest as far as it has any.

    `stages` are empty, or were never entered; `named` is the class that was named, and `needed` the one that the case
    has (of secrecy), or that rules demand at least, by `law` (of retention).
    """

    code: str
    stages: tuple[str, ...] = ()
    act: OpenAct | None = None
    count: int = 0
    named: str = ""
    needed: str = ""
    law: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.act is not None:
            return describe_open_act(self.act)
        facts = {"stages": ", ".join(self.stages), "law": "; ".join(self.law)}
        return MISSING[self.code].format_map({**vars(self), **facts})


MISSING = {
    "not_closed": "it is not closed: close it first",
    "stage_empty": "nothing stands in its stage {stages}: link a recording, or file a document there",
    "stages_skipped": "it was closed before its stages {stages}: say why, as skipped_reason",
    "act_incomplete": "",
    "link_questions": "{count} open question(s) whether a recording belongs to it: answer them",
    "element_questions": "{count} open question(s) about elements of its recordings: answer them in the queue",
    "no_secrecy": "it has no class of secrecy: state one",
    "secrecy_looser": "the class {named} is less strict than {needed}, which it has: another supervisor states that "
    "first, with a reason",
    "state_secret_unlicensed": "this installation is not licensed for state secrets (LIUHEN_STATE_SECRET_LICENCE)",
    "no_retention": "it has no class of retention: name one, of {needed} at least ({law})",
    "retention_too_short": "{named} keeps it for less long than {needed}, which is needed at least ({law})",
}
"""In the order in which they are told. An act says itself what it lacks."""


class ArchivingError(CaseworkError):
    """Of archiving."""


@dataclass(eq=False)
class NotArchivable(ArchivingError, StateRefused):
    case_id: uuid.UUID
    missing: tuple[Missing, ...]

    def __str__(self) -> str:
        return f"case {self.case_id} cannot be archived yet: " + "; ".join(str(each) for each in self.missing)


@dataclass(eq=False)
class AlreadyArchived(ArchivingError, StateRefused):
    case_id: uuid.UUID
    archived_at: datetime

    def __str__(self) -> str:
        return (
            f"case {self.case_id} was archived at {self.archived_at.isoformat()}; what came late is added by a "
            "supplement"
        )


@dataclass(eq=False)
class NotArchived(ArchivingError, StateRefused):
    case_id: uuid.UUID

    def __str__(self) -> str:
        return f"case {self.case_id} is not archived: put the recording into it as into any other"


@dataclass(eq=False)
class RecordingsMoved(ArchivingError, StateRefused):
    case_id: uuid.UUID

    def __str__(self) -> str:
        return f"a recording was put into case {self.case_id} just now: look at it, and archive it then"


@dataclass(eq=False)
class SecrecyUnchanged(ArchivingError, StateRefused):
    case_id: uuid.UUID
    secrecy_class: str

    def __str__(self) -> str:
        return f"case {self.case_id} is of class {self.secrecy_class} already; nothing was changed"


@dataclass(eq=False)
class OwnSecrecy(ArchivingError, NotAllowed):
    case_id: uuid.UUID

    def __str__(self) -> str:
        return f"the class of case {self.case_id} is your own word: another supervisor makes it less strict"


@dataclass(eq=False)
class StateSecretRefused(ArchivingError, InputRefused):
    def __str__(self) -> str:
        return (
            "this installation is not licensed for state secrets: keep them in a system that is, or have the operator "
            "name the licence in LIUHEN_STATE_SECRET_LICENCE"
        )


@dataclass(eq=False)
class NothingAdded(ArchivingError, InputRefused):
    """`problem` is "none" or "twice"."""

    problem: str

    def __str__(self) -> str:
        what = {"none": "a supplement adds at least one recording: name it", "twice": "a recording is named twice"}
        return what[self.problem]
