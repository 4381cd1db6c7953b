"""`python -m tests.torture --kills 1000 --seed 1`: everything is killed, again and again, and nothing may be lost."""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Namespaces of its own: the mounts and every process of the run go with it, whatever ends it, and the list of
# processes holds no others.
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_PR_SET_PDEATHSIG = 1
AS_ROOT_INSIDE = ("--user", "--map-root-user")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most-minutes", type=float, default=0.0, help="0: by the number of kills")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is None:
        return enter_namespaces(options)
    from tests.torture.run import run

    most_minutes = options.most_minutes or 12 + options.kills * 10 / 60
    return run(options.inside, options.seed, options.kills, time.monotonic() + 60 * most_minutes)


def enter_namespaces(options: argparse.Namespace) -> int:
    """Run in namespaces over a folder of its own, which is kept, and named, when something was found."""
    folder = Path(tempfile.mkdtemp(prefix="liuhen-torture-"))
    again = [sys.executable, "-m", "tests.torture", "--inside", str(folder), "--kills", str(options.kills)]
    again += ["--seed", str(options.seed), "--most-minutes", str(options.most_minutes)]
    own_user = () if os.geteuid() == 0 else AS_ROOT_INSIDE
    # A shell is the first process inside: it reaps what loses its parent.
    command = [*NAMESPACES, *own_user, "sh", "-c", 'mount -t tmpfs tmpfs /dev/shm && "$@"; exit $?', "sh", *again]
    code = subprocess.run(command, check=False, preexec_fn=die_with_parent).returncode
    if code == 0:
        shutil.rmtree(folder)
    else:
        print(f"evidence kept in {folder}", file=sys.stderr)
    return code


def die_with_parent() -> None:
    """Whatever ends the starter, TERM or KILL, ends what it started: unshare with it, and with that all inside."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
