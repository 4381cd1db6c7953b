"""`liuhen up` whose children begin through entry.py, restart quickly, and have clocks that the driver can shift.

Run by path as `up.py CONTROL`. The supervisor, its plan and its children are the archive's own; changed are how a
child's command begins (forked or not), its preload, and the pause before a restart.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import api.engines.watched as watched
from api.cli.main import run
from api.engines.launch import Child, Launch

PAUSE_SECONDS = 0.3
FAKETIME = "faketime/libfaketimeMT.so.1"
PROGRAMS = {"api.cli.main": "entry.py", "api.engines.fork_server": "forks.py"}
"""What runs in place of a module. A fork of the second goes on as the first does."""


def clock_environment(control: Path, name: str) -> dict[str, str]:
    """What gives one process a clock of its own, read each second from CONTROL/clock.NAME.

    Only the wall clock: waiting goes by the monotonic one, and the times of files are the machine's.
    """
    clock = control / f"clock.{name}"
    if not clock.exists():
        clock.write_text("+0\n")
    return {
        "LD_PRELOAD": str(find_preload()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def find_preload() -> Path:
    found = sorted(Path("/usr/lib").glob(f"*/{FAKETIME}"))
    if not found:
        raise SystemExit("libfaketime is missing: apt-get install libfaketime")
    return found[0]


def through_entry(launch: Launch, control: Path) -> Launch:
    name = launch.log_path.stem
    argv = launch.argv
    for module, program in PROGRAMS.items():
        if module in argv:
            path = str(Path(__file__).with_name(program))
            argv = (sys.executable, "-P", path, str(control), *argv[argv.index(module) + 1 :])
    return replace(launch, argv=argv, environment={**launch.environment, **clock_environment(control, name)})


def main() -> None:
    control = Path(sys.argv[1])
    watched._FIRST_PAUSE_SECONDS = watched._LONGEST_PAUSE_SECONDS = PAUSE_SECONDS
    watched.Child = lambda launch: Child(through_entry(launch, control))  # type: ignore[misc,assignment]
    sys.exit(run(["--verbose", "up"]))


if __name__ == "__main__":
    main()
