"""A tool's process group as this host sees it: who is left of it, and what processor time it has taken."""

from __future__ import annotations

import os
import time
from typing import Any

from ingest.media.errors import SandboxFailed

# SIGKILL of the group and the end of the pid namespace take effect at once; this is for a machine under load.
DYING_SECONDS = 10.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def own_group() -> dict[str, Any]:
    """Popen's words for a process group of its own.

    In the worker's session, whose share of the processors it then lives on (sched(7), autogroup); but where that has a
    terminal in a session of its own, so that the tool has none to write into.
    """
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return {"process_group": 0}
    return {"start_new_session": True}


def wait_for_group(group: int) -> None:
    """Until nobody is left of a group that was killed: SIGKILL is sent at once and takes effect a moment later.

    The tool may have closed its pipes, so their end of file alone does not tell; leaving the group it cannot. Its
    number is not given to anybody else while a member lives."""
    until = time.monotonic() + DYING_SECONDS
    while has_living_member(group):
        if time.monotonic() > until:
            raise SandboxFailed("running", f"process group {group} outlived SIGKILL; see `ps -o pid,pgid,stat,args`")
        time.sleep(0.001)


def has_living_member(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # Dead but not reaped counts as well above, and a container's first process may never reap.
    return any(is_alive_in(group, name) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208 - names are all that is wanted


def is_alive_in(group: int, process: str) -> bool:
    """After the state and the parent comes the process group.

    Asked of every process of the machine after every file, hence without a Path and without text.
    """
    fields = stat_of(process)
    return fields is not None and len(fields) > 2 and int(fields[2]) == group and fields[0] not in b"ZX"


def processor_seconds_of(group: int) -> float:
    """What the members of a group have used, all their threads together, in user and kernel mode; 0 of one that ended.

    proc_pid_stat(5): utime and stime are the 14th and 15th field, the 12th and 13th after the name in parentheses.
    """
    ticks = 0
    for process in os.listdir("/proc"):  # noqa: PTH208 - names are all that is wanted
        fields = stat_of(process) if process.isdecimal() else None
        if fields is not None and int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_A_SECOND


def stat_of(process: str) -> list[bytes] | None:
    """The fields of proc_pid_stat(5) from the state on; None of a process that is gone."""
    try:
        descriptor = os.open(f"/proc/{process}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            said = os.read(descriptor, 4096)
        finally:
            os.close(descriptor)
    except OSError:
        return None
    return said.rpartition(b")")[2].split()
