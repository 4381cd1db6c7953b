"""A small real program to be supervised: it says when it is ready and does what its argument names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(behaviour: str, ready_file: str) -> None:
    print(f"{behaviour} begins", flush=True)
    if behaviour == "fails":
        sys.exit("the disk of this child is on fire")
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour == "parent":
        # A grandchild in a session of its own, and one that its parent forgets.
        subprocess.Popen(["sleep", "300"], start_new_session=True)
        subprocess.Popen(["sleep", "300"])
    if behaviour != "silent":
        Path(ready_file).write_text(str(os.getpid()))
    time.sleep(300)


if __name__ == "__main__":
    main(*sys.argv[1:])
