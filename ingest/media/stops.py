"""Why a tool of ours came to no good end, and by whose fault: which decides whether a copy is tried again.

A word of these stands in `Confined.stopped`, `RenditionFailed.reason` and a job's outcome. Beside them there are exit
codes, signals and codes of findings.py, which say nothing of whose fault it was.
"""

from __future__ import annotations

from enum import StrEnum
from signal import SIGKILL


class Blame(StrEnum):
    """`FILE`: it is not tried again. `MACHINE`: it was no attempt. `UNKNOWN`: a few attempts settle it."""

    FILE = "file"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class Stop(StrEnum):
    """`is_limit`: the file broke a limit, so it is a bomb, or as good as one: it costs one limit, not three.

    `is_machine`: the same file might well have come through at another time. Where a machine's memory ends, the file
    may have been the reason all the same.
    """

    is_limit: bool
    is_machine: bool
    blame: Blame

    DEADLINE = "deadline", False, True, Blame.MACHINE
    """It passes on a busy machine whatever the file is, and so it is no limit."""
    ROOM = "room", False, True, Blame.MACHINE
    """It left too little of the disk for others."""
    RAN_SHORT = "ran short of memory or room", False, True, Blame.UNKNOWN
    KILLED = f"signal {SIGKILL:d}", False, True, Blame.UNKNOWN
    """How a machine ends a process when its memory is full. Whom we kill has another word of these."""
    PROCESSOR = "processor", True, False, Blame.FILE
    STALLED = "stalled", True, False, Blame.FILE
    STDOUT = "stdout", True, False, Blame.FILE
    OUTPUT = "output", True, False, Blame.FILE
    """Bytes in /out."""
    FILES = "files", True, False, Blame.FILE
    FILE_TYPE = "file type", True, False, Blame.FILE
    """It left anything but regular files in /out."""
    COPY_REFUSED = "copy refused", False, False, Blame.UNKNOWN
    NO_FRAME = "no frame came out of it", False, False, Blame.UNKNOWN

    def __new__(cls, word: str, is_limit: bool, is_machine: bool, blame: Blame) -> Stop:
        member = str.__new__(cls, word)
        member._value_ = word
        member.is_limit, member.is_machine, member.blame = is_limit, is_machine, blame
        return member

    @classmethod
    def of(cls, why: str) -> Stop | None:
        """None for what is none of them: an exit code, a signal of the program's own, a code of findings.py."""
        return next((stop for stop in cls if stop == why), None)


def signal_word(number: int | None) -> str:
    return f"signal {number}"


def exit_word(code: int | None) -> str:
    return f"exit code {code}"
