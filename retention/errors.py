"""What retention refuses. Each error carries its facts; the text says what to do.

    RetentionError
    ├── UnknownRetentionClass       no class of that code
    ├── UnknownSubject              no recording, case, hold … of that id
    ├── OutsideUnit                 it belongs to another unit; casework raises this very one
    ├── DeedNotAllowed              the person's role may not do this, or the person is no longer active
    ├── ReasonUnusable              a reason is empty, too long, or holds control characters
    ├── HoldTargetUnclear           neither or both of recording and case were named
    ├── AlreadyReleased             the hold has ended before
    ├── ShorteningRefused           the class would keep the recording for less long: never by one person
    ├── ClassUnchanged              the recording is in that class already
    ├── OriginalsCold               originals lie in the cold place, and have to be brought back first
    ├── KeyStillNamed               something hangs on a key-encryption key that was to be destroyed
    └── CursorInvalid               a list's cursor that no list gave out

`str()` says what is wrong and what to do; where one is raised, nothing was changed.
"""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(eq=False)
class RetentionError(Exception):
    """Anything retention raises on purpose; nothing was changed. Survives pickling, because workers hand it over."""

    def __reduce__(self) -> tuple[type[Exception], tuple[object, ...]]:
        return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))


@dataclass(eq=False)
class UnknownRetentionClass(RetentionError):
    code: str

    def __str__(self) -> str:
        return f"there is no retention class {self.code!r}; choose one of the list of classes"


@dataclass(eq=False)
class UnknownSubject(RetentionError):
    """`kind` is the table's word: "recording", "case", "hold" …"""

    kind: str
    id: uuid.UUID | str

    def __str__(self) -> str:
        return f"there is no {self.kind} {self.id}; check the id"


@dataclass(eq=False)
class OutsideUnit(RetentionError):
    """The one refusal of its kind, in retention and in casework: told to somebody signed in, it is an entry."""

    kind: str
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.kind} {self.id} belongs to another unit; ask somebody there"


@dataclass(eq=False)
class DeedNotAllowed(RetentionError):
    """`deed` names what was asked for, in words of a table of deeds; `allowed` are the roles that may."""

    deed: str
    role: str
    allowed: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.role} may not {self.deed.replace('_', ' ')}; ask one of: {', '.join(self.allowed)}"


@dataclass(eq=False)
class ReasonUnusable(RetentionError):
    problem: str

    def __str__(self) -> str:
        return f"the reason {self.problem}; say in a sentence why"


@dataclass(eq=False)
class HoldTargetUnclear(RetentionError):
    def __str__(self) -> str:
        return "a hold is on one recording or on one case; name exactly one of the two"


@dataclass(eq=False)
class AlreadyReleased(RetentionError):
    hold_id: uuid.UUID
    released_at: datetime

    def __str__(self) -> str:
        return f"hold {self.hold_id} was released at {self.released_at.isoformat()}; nothing more to do"


@dataclass(eq=False)
class ShorteningRefused(RetentionError):
    """`kept_until` and `would_be_until` of None mean for ever."""

    recording_id: uuid.UUID
    kept_until: date | None
    would_be_until: date | None

    def __str__(self) -> str:
        return (
            f"recording {self.recording_id} is kept {_until(self.kept_until)} and would be kept "
            f"{_until(self.would_be_until)}: shortening takes two persons and a delay, which comes later; "
            "choose a class that keeps it longer"
        )


@dataclass(eq=False)
class ClassUnchanged(RetentionError):
    recording_id: uuid.UUID
    code: str

    def __str__(self) -> str:
        return f"recording {self.recording_id} is in class {self.code!r} already; nothing was changed"


@dataclass(eq=False)
class CursorInvalid(RetentionError):
    text: str

    def __str__(self) -> str:
        return "this cursor was not given out by a list; start again at the list's first page"


def _until(day: date | None) -> str:
    return "permanently" if day is None else f"until {day.isoformat()}"


@dataclass(eq=False)
class OriginalsCold(RetentionError):
    """`estimated_seconds`: until they are in the store; None where they were not asked for, or nobody can say."""

    recording_ids: tuple[uuid.UUID, ...]
    estimated_seconds: int | None = None

    def __str__(self) -> str:
        return (
            f"{len(self.recording_ids)} originals lie in the cold place and were asked for: {self.expected}; "
            "ask again then"
        )

    @property
    def expected(self) -> str:
        if self.estimated_seconds is None:
            return "nobody can say when they are here"
        return f"they are here in about {max(1, round(self.estimated_seconds / 60))} min"


@dataclass(eq=False)
class KeyStillNamed(RetentionError):
    """`by`: the tables whose rows, `rows` together, have data keys wrapped under it."""

    kek_id: str
    by: tuple[str, ...]
    rows: int

    def __str__(self) -> str:
        return f"key {self.kek_id} is not destroyed: {self.rows} rows need it ({', '.join(self.by)})"
