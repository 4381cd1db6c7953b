"""Giving way to other processes, also where the scheduler goes by sessions before it goes by niceness."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

HTTP_NICENESS: Final = 7
"""Behind custody, whose files have arrived already: sixteen uploads at full speed leave it a quarter of two cores
otherwise. At 5 a receipt beside them took 2.1 seconds, at 7 it takes 1.7, and a page beside sealing 39 ms instead of
34; far behind, pages would wait for every backlog. That of each queue's worker stands with the queue
(api/tasks/queues.py)."""

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
