"""Giving way to other processes, also where the scheduler goes by sessions before it goes by niceness."""

from __future__ import annotations

import os
import time
from pathlib import Path

NICENESS = {"http": 5, "housekeeping": 8, "staging": 8, "replica": 8, "media": 12, "encoding": 13}
"""Who gives way to whom, as nice(2) has it; whoever is not named gives way to nobody.

A file that has arrived is sealed before others arrive faster: sixteen uploads at full speed leave custody a quarter of
two cores otherwise. Then comes who waits for a page, before a film that is being encoded, or that was made to be hard
to; but nicer than this an encoder gets a thirtieth of a busy machine, and who waits for a redacted copy waits long.
"""

_SESSION = Path("/proc/self/autogroup")
# Without privileges the kernel lets one such write through in a tenth of a second, on the whole machine.
_PAUSE_SECONDS = 0.11
_ATTEMPTS = 30


def give_way(niceness: int) -> None:
    """Run behind whoever is not as nice; `niceness` as nice(2) has it, from 0 to 19.

    Linux shares processors among sessions first (sched(7), autogroup), and niceness counts within one. Each of our
    processes has a session of its own: without this the nicest would get as much as any other.
    """
    os.nice(niceness)
    for _ in range(_ATTEMPTS):
        try:
            _SESSION.write_text(str(niceness))
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return  # No such groups here, or none that may be set: then niceness alone counts.
        else:
            return
