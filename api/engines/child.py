"""Become another program that ends with its parent: run by path as `python -I -S child.py PPID SIGNAL UID -- ARGV…`.

PR_SET_PDEATHSIG has to be set in the child itself, between fork and exec. Doing that in `preexec_fn` runs Python in a
fork of a process that may have threads; this program is exec'd first and has none. It imports nothing but the
standard library, so that it starts in a few milliseconds, and leaves no process of its own: it execs ARGV.

UID is "-", or the number the caller's own id gets inside a new user namespace: PostgreSQL refuses to run as id 0, and
inside such a namespace root's files keep their owner while the process holds no privilege outside.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

EXIT_NAMESPACE_REFUSED = 125
EXIT_PROGRAM_MISSING = 127
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


def main(arguments: list[str]) -> None:
    parent, death_signal, inner_id, separator, *argv = arguments
    if separator != "--" or not argv:
        sys.exit("usage: child.py PPID SIGNAL UID -- ARGV…")
    libc = ctypes.CDLL(None, use_errno=True)
    if inner_id != "-":
        _enter_user_namespace(libc, int(inner_id))
    # After the namespace: a change of credentials clears the signal again (prctl(2)).
    end_with_parent(int(parent), int(death_signal))
    # An ignored signal stays ignored through exec: Python ignores the first two, nohup and `sh -c "… &"` the others.
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execv(argv[0], argv)  # noqa: S606  the program is the caller's choice, and no shell is wanted
    except OSError as error:
        print(f"cannot run {argv[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(EXIT_PROGRAM_MISSING)


def end_with_parent(parent: int, death_signal: int) -> None:
    """Have the kernel send `death_signal` here when our parent ends. SystemExit when that is no longer `parent`."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")


def _enter_user_namespace(libc: ctypes.CDLL, inner_id: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    try:
        if libc.unshare(_CLONE_NEWUSER) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/gid_map", f"{inner_id} {outer_gid} 1")
        _write("/proc/self/uid_map", f"{inner_id} {outer_uid} 1")
    except OSError as error:
        print(f"user namespace refused: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(EXIT_NAMESPACE_REFUSED)


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1:])
