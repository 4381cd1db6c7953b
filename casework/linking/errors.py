"""What linking by hand refuses. The trunk is CaseworkError; nothing was changed.

CaseworkError
├── AlreadyLinked           the recording stands in that case already; a StateRefused too
├── LinkEnded               the link has been ended before; a StateRefused too
├── InSeveralCases          the recording stands in several cases: which of its links is meant? A StateRefused too
├── AlreadyAnswered         somebody has answered this question before; a StateRefused too
└── NotAsOffered            none of the cases offered is the answer, and it is not said why; an InputRefused too
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from casework.errors import InputRefused, StateRefused


@dataclass(eq=False)
class AlreadyLinked(StateRefused):
    case_id: uuid.UUID
    recording_id: uuid.UUID

    def __str__(self) -> str:
        return f"recording {self.recording_id} stands in case {self.case_id} already; unlink it first to move it"


@dataclass(eq=False)
class LinkEnded(StateRefused):
    link_id: uuid.UUID
    ended_at: datetime

    def __str__(self) -> str:
        return f"link {self.link_id} was ended at {self.ended_at.isoformat()}; nothing more to do"


@dataclass(eq=False)
class InSeveralCases(StateRefused):
    recording_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"recording {self.recording_id} stands in several cases: on its page, end the links that are wrong, and "
            "put it into the right one"
        )


@dataclass(eq=False)
class AlreadyAnswered(StateRefused):
    question_id: uuid.UUID
    answered_at: datetime

    def __str__(self) -> str:
        return f"question {self.question_id} was answered at {self.answered_at.isoformat()}; link by hand to correct it"


@dataclass(eq=False)
class NotAsOffered(InputRefused):
    """`none`: it is said to belong to no case."""

    question_id: uuid.UUID
    none: bool

    def __str__(self) -> str:
        if self.none:
            return "say in a sentence why the recording belongs to no case"
        return "nobody thought of this case for the recording: say in a sentence why it belongs there"
