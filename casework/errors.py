"""What casework refuses. Each error carries its facts; the text says what to do.

    CaseworkError
    ├── Unknown                     no unit, person, grant … of that id; an UnknownSubject of retention too
    ├── NotAllowed
    │   ├── RoleNotAllowed          a DeedNotAllowed of retention too: not with this role, or not any more
    │   └── OwnAccount              nobody changes his own role, or deactivates himself
    ├── InputRefused
    │   ├── TextUnusable            empty, too long, or with control characters
    │   ├── WordUnknown             not one of the few words that a field knows
    │   ├── Taken                   a number, name or code that stands for something else already
    │   ├── SpanUnusable            a span that ends before it begins, or has no time zone
    │   ├── PlaceUnusable           half a place, or degrees that are nowhere on earth
    │   ├── PersonUnusable          somebody who cannot be what he is named as
    │   ├── NobodyAssigned          an assignment without officer and device
    │   └── RangeOutside            bytes that an object does not have
    ├── StateRefused
    │   ├── StageOutOfOrder         the stages of a case come as its procedure says
    │   ├── StageNeeds              something must be there before that stage
    │   ├── OfficersMissing         too few certified officers handle the case
    │   ├── OfficerReleased         he handles the case no more
    │   ├── ProcedureSettled        the case keeps its procedure
    │   ├── CaseClosed              the case takes no more changes
    │   ├── CaseArchived            nothing is put in or taken out any more, but by a supplement
    │   └── AlreadyFinished         the export has its statement, and keeps it
    └── AccessRefused               no footage for this person now; `reason` is a word of REFUSAL_REASONS

Each package has its own beside these: unit_errors.py, linking/errors.py, retrieval/errors.py, …
What is looked up in a person's own unit (retention/subjects.py) raises retention's UnknownSubject and OutsideUnit.
`str()` says what is wrong and what to do; where one is raised, nothing was changed.
"""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from datetime import datetime

from retention.errors import DeedNotAllowed, UnknownSubject

REFUSAL_REASONS = {
    "inactive": "the account is no longer active; ask the administrator",
    "other_unit": "it belongs to another unit; ask somebody there",
    "not_linked": "it stands in no case yet, and access is by case; have it linked first",
    "no_grant": "there is no grant; ask for one, with the case and the purpose",
    "not_yours": "the grant is somebody else's; ask for one of your own",
    "wrong_kind": "the grant is of another kind (view or copy); ask for one of the kind that is needed",
    "wrong_case": "the grant is for another case; ask for one for this case",
    "expired": "the grant has expired; ask again",
    "revoked": "the grant was revoked; ask whoever revoked it",
    "secrecy": "its case's class of secrecy keeps it from you; ask a supervisor of the unit",
    "asker_secrecy": "the case's class of secrecy keeps it from whoever asked; refuse the request, or name him an "
    "officer of the case",
    "never_copied": "recordings of this class of secrecy are not copied out of the archive; look at them here",
    "redacted_only": "the grant is for redacted copies; ask for these, or for the originals, with the reason",
    "consent_needed": "originals leave only with the approver's express consent; ask for a copy, with the reason why "
    "the originals are needed; to look at the recording, play it on its page",
    "reason_needed": "you are not at work on the case; say first why you read it",
    "released": "you no longer handle the case that you were let view directly; ask for a grant",
}

HANDLER_PROBLEMS = {
    "left": "has left; name another officer",
    "uncertified_then": "no certificate held on the day the case was opened; correct the register or name another",
    "uncertified_in_act": "no certificate held on the day of an act he took part in; correct the act or the register",
    "uncertified_now": "no certificate holds today; enter the new one or name another officer",
}
PERSON_PROBLEMS = {
    "left": "has left; choose somebody of the list",
    "no_officer": "is neither officer nor supervisor; choose somebody of the list",
    "other_case": "cannot be named in an act of another case; choose an act of this one",
    "uncertified": "had no valid certificate on that day; correct the officer, the day or the register",
}
STAGE_NEEDS = {
    "hearing_held": "enter the hearing as an act of the case, with its end",
    "procedure_stated": "state the procedure of the case first",
}


@dataclass(eq=False)
class CaseworkError(Exception):
    """Anything casework raises on purpose. Survives pickling, because workers hand it over between processes."""

    def __reduce__(self) -> tuple[type[Exception], tuple[object, ...]]:
        return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))


@dataclass(eq=False)
class Unknown(CaseworkError, UnknownSubject):
    """As retention says it, for what is not looked up in the person's own unit."""


@dataclass(eq=False)
class NotAllowed(CaseworkError):
    """Somebody else may do it, or nobody."""


@dataclass(eq=False)
class RoleNotAllowed(NotAllowed, DeedNotAllowed):
    """As retention says it. `deed` is a word of casework/permission.py."""


@dataclass(eq=False)
class OwnAccount(NotAllowed):
    person_id: uuid.UUID

    def __str__(self) -> str:
        return "your own role and account are changed by another administrator"


@dataclass(eq=False)
class InputRefused(CaseworkError):
    """What was handed in cannot be used as it is."""


@dataclass(eq=False)
class TextUnusable(InputRefused):
    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field} {self.problem}; correct it and send it again"


@dataclass(eq=False)
class WordUnknown(InputRefused):
    field: str
    found: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field} {self.found!r} is none of: {', '.join(self.known)}"


@dataclass(eq=False)
class Taken(InputRefused):
    """`field` is "case number", "sign-in name", "badge number" or "unit code"."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field} {self.value} is taken; look it up, or choose another"


@dataclass(eq=False)
class SpanUnusable(InputRefused):
    starts_at: datetime
    ends_at: datetime
    problem: str

    def __str__(self) -> str:
        return f"the span {self.starts_at.isoformat()} – {self.ends_at.isoformat()} {self.problem}"


PLACE_PROBLEMS = {
    "half_a_place": "a place has a latitude and a longitude: give both, or neither",
    "exchanged": "latitude and longitude look exchanged: latitude is the one from -90 to 90",
    "off_the_earth": "latitude is from -90 to 90, longitude from -180 to 180",
}


@dataclass(eq=False)
class PlaceUnusable(InputRefused):
    """`problem` is a word of PLACE_PROBLEMS."""

    latitude: float | None
    longitude: float | None
    problem: str

    def __str__(self) -> str:
        return (
            f"the place {self.latitude}, {self.longitude} cannot be used: {PLACE_PROBLEMS[self.problem]}. Degrees are "
            "of WGS 84, as satellites give them; those of maps in China (GCJ-02) are some hundred metres off, so "
            "convert them first"
        )


@dataclass(eq=False)
class NobodyAssigned(InputRefused):
    def __str__(self) -> str:
        return "an assignment names an officer, a device or both; give at least one"


@dataclass(eq=False)
class RangeOutside(InputRefused):
    object_name: str
    first_byte: int
    last_byte: int
    size_bytes: int

    def __str__(self) -> str:
        return (
            f"bytes {self.first_byte}–{self.last_byte} of {self.object_name} were asked for, it has {self.size_bytes}; "
            "ask for bytes inside it"
        )


@dataclass(eq=False)
class StateRefused(CaseworkError):
    """It was possible once, or will be later, but not now."""


@dataclass(eq=False)
class StageOutOfOrder(StateRefused):
    """`following` are the stages that can be entered now; none when the last one was reached."""

    case_id: uuid.UUID
    current: str
    wanted: str
    following: tuple[str, ...]

    def __str__(self) -> str:
        then = f"the next one is {' or '.join(self.following)}" if self.following else "there is none after it"
        return f"case {self.case_id} is in stage {self.current} and cannot enter {self.wanted}: {then}"


@dataclass(eq=False)
class StageNeeds(StateRefused):
    """`missing` is a word of STAGE_NEEDS."""

    case_id: uuid.UUID
    wanted: str
    missing: str

    def __str__(self) -> str:
        return f"case {self.case_id} cannot enter {self.wanted} yet: {STAGE_NEEDS[self.missing]}"


@dataclass(eq=False)
class OfficersMissing(StateRefused):
    """`unsound`: names of those who do not count, each with a word of HANDLER_PROBLEMS."""

    case_id: uuid.UUID
    wanted: str
    needed: int
    sound: int
    unsound: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        why = "".join(f"; {name}: {HANDLER_PROBLEMS[problem]}" for name, problem in self.unsound)
        return (
            f"case {self.case_id} cannot enter {self.wanted} yet: {self.needed} officer(s) with valid certificates "
            f"must handle it, and {self.sound} do{why}"
        )


@dataclass(eq=False)
class OfficerReleased(StateRefused):
    released_at: datetime

    def __str__(self) -> str:
        return f"the officer was released at {self.released_at.isoformat()}; nothing more to do"


@dataclass(eq=False)
class PersonUnusable(InputRefused):
    """`problem` is a word of PERSON_PROBLEMS."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {PERSON_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class ProcedureSettled(StateRefused):
    """`possible` is what the procedure may become while the case is in this stage."""

    case_id: uuid.UUID
    procedure: str
    stage: str
    possible: tuple[str, ...]

    def __str__(self) -> str:
        then = f"it may become {' or '.join(self.possible)}" if self.possible else "it stays as it is"
        return f"case {self.case_id} follows the procedure {self.procedure} and is in stage {self.stage}: {then}"


@dataclass(eq=False)
class AssignmentWithdrawn(StateRefused):
    assignment_id: uuid.UUID
    withdrawn_at: datetime

    def __str__(self) -> str:
        at = self.withdrawn_at.isoformat()
        return f"assignment {self.assignment_id} was withdrawn at {at}; enter it anew if it was right"


@dataclass(eq=False)
class CaseClosed(StateRefused):
    case_id: uuid.UUID
    closed_at: datetime

    def __str__(self) -> str:
        return f"case {self.case_id} was closed at {self.closed_at.isoformat()} and takes no more changes"


@dataclass(eq=False)
class CaseArchived(StateRefused):
    case_id: uuid.UUID
    archived_at: datetime

    def __str__(self) -> str:
        return (
            f"case {self.case_id} was archived at {self.archived_at.isoformat()} and stays as it is; what came late is "
            "added by a supervisor's supplement, with a reason"
        )


@dataclass(eq=False)
class AlreadyFinished(StateRefused):
    export_id: uuid.UUID
    finished_at: datetime

    def __str__(self) -> str:
        return f"export {self.export_id} was finished at {self.finished_at.isoformat()}; start another one"


@dataclass(eq=False)
class AccessRefused(CaseworkError):
    """`subject` is what was asked for: "recording", "case", "document". Telling it a signed-in person is an entry."""

    reason: str
    subject: str
    subject_id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id} is not shown or copied: {REFUSAL_REASONS[self.reason]}"
