"""After the last kill: all that was begun comes to its end by itself, in a time that is bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tests.compose.chaos.looking import rows_now
from tests.compose.chaos.stations import DockingStation
from tests.compose.prepared import Say
from tests.compose.stack import Stack

_WITHOUT_PROGRESS_SECONDS = 300.0
_PAUSE_SECONDS = 1.0


def settle(stack: Stack, stations: Sequence[DockingStation], say: Say) -> None:
    """What is left when nothing moves any more is for the judge to count."""
    left = wait_while(lambda: [name for station in stations for name in station.waiting()])
    say(f"files left on cards: {len(left)}")
    for station in stations:
        station.stop()
    left = wait_while(lambda: rows_now(stack).without_end)
    say(f"rows of work without an end: {len(left)}")


def wait_while(left: Callable[[], Sequence[str]], seconds: float = _WITHOUT_PROGRESS_SECONDS) -> Sequence[str]:
    """Until nothing is left; or what is left where for so many seconds it did not become less."""
    least, since = None, time.monotonic()
    while found := left():
        if least is None or len(found) < least:
            least, since = len(found), time.monotonic()
        if time.monotonic() - since > seconds:
            return found
        time.sleep(_PAUSE_SECONDS)
    return ()
