"""What rooms and their sessions refuse. The trunk is CaseworkError; nothing was changed.

CaseworkError
└── RoomError
    ├── RoomElsewhere       the room is of no unit that the device is registered for; an InputRefused too
    ├── RoomTimeUnusable    a time in the future, or of no zone; an InputRefused too
    ├── RoomNotYet          the room was not in use then; an InputRefused too
    ├── RoomClosed          the room is closed, or was then; a StateRefused too
    ├── RoomNotEmpty        devices are in it still; a StateRefused too
    ├── RoomInSession       somebody uses it then; a StateRefused too
    ├── SessionEnded        the session has its end already; a StateRefused too
    ├── SessionHasCase      the session is of a case already; a StateRefused too
    ├── SessionWithdrawn    the session was withdrawn before; a StateRefused too
    └── ActOfRoom           the act is a session of a room: what is said of it is said there; a StateRefused too
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from casework.errors import CaseworkError, InputRefused, StateRefused
from integrity.local_time import CHINA

TIME_PROBLEMS = {
    "without_zone": "says no time zone: add one, such as +08:00",
    "in_the_future": "lies in the future: enter what happened",
    "no_such_year": "lies outside the years 1990 to 2200: check the year",
}


@dataclass(eq=False)
class RoomError(CaseworkError):
    """Anything that rooms and their sessions refuse."""


@dataclass(eq=False)
class RoomElsewhere(RoomError, InputRefused):
    code: str
    room: str

    def __str__(self) -> str:
        return f"room {self.room} is not of the unit that has device {self.code}, nor of one below it: choose another"


@dataclass(eq=False)
class RoomTimeUnusable(RoomError, InputRefused):
    """`problem` is a key of TIME_PROBLEMS."""

    at: datetime
    problem: str

    def __str__(self) -> str:
        return f"{_local(self.at)} {TIME_PROBLEMS[self.problem]}"


@dataclass(eq=False)
class RoomNotYet(RoomError, InputRefused):
    room: str
    in_use_from: datetime

    def __str__(self) -> str:
        return f"room {self.room} is in use from {_local(self.in_use_from)} on: correct the time, or the room"


@dataclass(eq=False)
class RoomClosed(RoomError, StateRefused):
    room: str
    closed_at: datetime

    def __str__(self) -> str:
        return f"room {self.room} is closed since {_local(self.closed_at)}: choose another room, or an earlier time"


@dataclass(eq=False)
class RoomNotEmpty(RoomError, StateRefused):
    """`devices` are codes."""

    room: str
    devices: tuple[str, ...]

    def __str__(self) -> str:
        return f"room {self.room} still has {', '.join(self.devices)} in it: have them taken out first"


@dataclass(eq=False)
class RoomInSession(RoomError, StateRefused):
    """`ends_at` None: it is going on."""

    room: str
    starts_at: datetime
    ends_at: datetime | None

    def __str__(self) -> str:
        until = "and in use still" if self.ends_at is None else f"to {_local(self.ends_at)}"
        return f"room {self.room} was used from {_local(self.starts_at)} {until}: correct the time, or end that session"


@dataclass(eq=False)
class SessionEnded(RoomError, StateRefused):
    session_id: uuid.UUID
    ended_at: datetime

    def __str__(self) -> str:
        return (
            f"session {self.session_id} ended at {_local(self.ended_at)}; where that is wrong, have a supervisor "
            "withdraw it, and enter it anew"
        )


@dataclass(eq=False)
class SessionHasCase(RoomError, StateRefused):
    session_id: uuid.UUID
    case_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"session {self.session_id} is of case {self.case_id} already; where that is wrong, have a supervisor "
            "withdraw it, and enter it anew"
        )


@dataclass(eq=False)
class SessionWithdrawn(RoomError, StateRefused):
    session_id: uuid.UUID
    withdrawn_at: datetime

    def __str__(self) -> str:
        return f"session {self.session_id} was withdrawn at {_local(self.withdrawn_at)}; enter it anew if it took place"


@dataclass(eq=False)
class ActOfRoom(RoomError, StateRefused):
    act_id: uuid.UUID
    session_id: uuid.UUID

    def __str__(self) -> str:
        return (
            f"act {self.act_id} is session {self.session_id} of a room: end it, or have it withdrawn and entered anew, "
            "where rooms are used"
        )


def _local(moment: datetime) -> str:
    return (moment if moment.tzinfo is None else moment.astimezone(CHINA)).isoformat(timespec="minutes")
