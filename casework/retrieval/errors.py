"""What retrieval refuses besides what casework/errors.py has. The trunk is CaseworkError; nothing was changed.

CaseworkError
├── OwnRequest              nobody decides on his own request; a NotAllowed too
├── ExpiryUnusable          an end that has passed, or lies too far ahead; an InputRefused too
├── AlreadyDecided          somebody has decided on this request before; a StateRefused too
├── AlreadyRevoked          the grant has been revoked before; a StateRefused too
├── NoWay                   no rule that holds now lets anybody of that kind see or copy; a StateRefused too
├── NotTheApprover          the post is somebody else's; a NotAllowed too
├── NotTheAsker             papers are handed in by whoever asked; a NotAllowed too
├── PapersMissing           what the rule needs of outsiders is not there yet; a StateRefused too
├── PapersUnusable          too large, of a forbidden kind, too many; an InputRefused too
├── VisitorUnusable         somebody of the unit with papers, or an outsider without a name; an InputRefused too
├── ConsentMissing          the originals need the approver's express consent; an InputRefused too
├── ConsentNotAsked         nobody asked for the originals; an InputRefused too
├── PostUnfit               whoever is named to a post has to have the role that goes with it; an InputRefused too
├── MonthNotOver            viewings are drawn once a checkpoint was signed after their month; a StateRefused too
├── MonthUnusable           no year that viewings can be of; an InputRefused too
├── OwnViewing              nobody reviews what he was shown himself; a NotAllowed too
├── ViewingReviewed         a viewing is reviewed once; a StateRefused too
└── PostEnded               the post was given up before; a StateRefused too

What redaction refuses: redaction_errors.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from casework.errors import InputRefused, NotAllowed, StateRefused

PAPER_PROBLEMS: Mapping[str, str] = {
    "type": "is neither PDF nor JPEG nor PNG: scan or photograph it as one of these",
    "empty": "is empty: choose the file again",
    "too_large": "is larger than 4 MiB: scan it with fewer dots per inch",
    "too_many": "would be the eleventh of this request: ten fit",
}


@dataclass(eq=False)
class NoWay(StateRefused):
    """`who` is a word of ASKERS, `access` one of ACCESS_KINDS."""

    who: str
    access: str

    def __str__(self) -> str:
        return (
            f"no rule that holds now lets {self.who} {self.access} footage; see liuhen admin retrieval list, and have "
            "a version loaded that does"
        )


@dataclass(eq=False)
class NotTheApprover(NotAllowed):
    """`names`: who holds the post now, and may decide."""

    request_id: uuid.UUID
    post: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        there = f"ask {' or '.join(self.names)}" if self.names else "have somebody named to it"
        return f"request {self.request_id} is decided on by the {self.post}: {there}"


@dataclass(eq=False)
class NotTheAsker(NotAllowed):
    request_id: uuid.UUID

    def __str__(self) -> str:
        return f"the papers of request {self.request_id} are handed in by whoever asked"


@dataclass(eq=False)
class PapersMissing(StateRefused):
    """`missing` are words of PAPERS."""

    request_id: uuid.UUID
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"request {self.request_id} lacks papers: {', '.join(self.missing)}; have them filed first"


@dataclass(eq=False)
class PapersUnusable(InputRefused):
    """`problem` is a word of PAPER_PROBLEMS."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {PAPER_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class VisitorUnusable(InputRefused):
    def __str__(self) -> str:
        return "of an organ or a lawyer the body has to be named too: an office, a law firm"


@dataclass(eq=False)
class ConsentMissing(InputRefused):
    request_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"request {self.request_id} is for the originals, not redacted: approve it with your consent and its "
            "reason (consent_reason), or refuse it and have redacted copies asked for"
        )


@dataclass(eq=False)
class ConsentNotAsked(InputRefused):
    request_id: uuid.UUID

    def __str__(self) -> str:
        return f"request {self.request_id} is for redacted copies: approve it without consent to the originals"


@dataclass(eq=False)
class PostUnfit(InputRefused):
    """`role` is the one that goes with the post."""

    name: str
    post: str
    role: str

    def __str__(self) -> str:
        return f"{self.name} cannot be {self.post}: whoever is, is active and has the role {self.role}"


@dataclass(eq=False)
class PostEnded(StateRefused):
    ended_at: datetime

    def __str__(self) -> str:
        return f"the post was given up at {self.ended_at.isoformat()}; nothing more to do"


@dataclass(eq=False)
class MonthNotOver(StateRefused):
    month: str

    def __str__(self) -> str:
        return f"viewings of {self.month} are drawn by the first checkpoint after that month: choose one before it"


@dataclass(eq=False)
class MonthUnusable(InputRefused):
    month: str

    def __str__(self) -> str:
        return f"{self.month} is of no year from 1990 to 2200: check the year"


@dataclass(eq=False)
class OwnViewing(NotAllowed):
    grant_id: uuid.UUID

    def __str__(self) -> str:
        return "nobody reviews what he was shown himself: another auditor does"


@dataclass(eq=False)
class ViewingReviewed(StateRefused):
    grant_id: uuid.UUID

    def __str__(self) -> str:
        return "this viewing was reviewed before; what was said stays"


@dataclass(eq=False)
class OwnRequest(NotAllowed):
    request_id: uuid.UUID

    def __str__(self) -> str:
        return f"request {self.request_id} is your own; somebody else has to decide on it"


@dataclass(eq=False)
class ExpiryUnusable(InputRefused):
    """`latest` is the last instant that can be chosen."""

    expires_at: datetime
    latest: datetime

    def __str__(self) -> str:
        return (
            f"a grant cannot end at {self.expires_at.isoformat()}: choose a time from now to {self.latest.isoformat()}"
        )


@dataclass(eq=False)
class AlreadyDecided(StateRefused):
    """`state` is "approved" or "refused"."""

    request_id: uuid.UUID
    state: str
    decided_at: datetime | None

    def __str__(self) -> str:
        when = "" if self.decided_at is None else f" at {self.decided_at.isoformat()}"
        return f"request {self.request_id} was {self.state}{when}; revoke the grant, or have it asked again"


@dataclass(eq=False)
class AlreadyRevoked(StateRefused):
    grant_id: uuid.UUID
    revoked_at: datetime

    def __str__(self) -> str:
        return f"grant {self.grant_id} was revoked at {self.revoked_at.isoformat()}; nothing more to do"
