"""After the last kill: everything that was begun comes to its end by itself, in a time that is bounded."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from tests.torture.driver import Driver, shift_clock
from tests.torture.plan import CLOCKS, LARGE_SHIFTS_SECONDS
from tests.torture.system import READY_SECONDS, Engines, Station

RECEIVED_SECONDS = 600.0
"""Until the last card is empty: the agents' pauses, 15 s at most, and what still waits to be sealed."""
QUIET_SECONDS = 300.0
SWEPT_SECONDS = 120.0
TOLD_SECONDS = 15.0
MOST_RESERVED = 6
"""Uploads that are open though every card is empty: two a station."""
LATER_SECONDS = max(LARGE_SHIFTS_SECONDS) + 4 * 86_400
"""Unfinished uploads end three days after what the clock of their time said, which may have been ahead: the archive is
shown a later day instead of being waited for."""

Say = Callable[[str], None]
OWED = """
    SELECT 'upload ' || id || ' is ' || state || coalesce(': ' || failure_detail, '') FROM upload
    WHERE state IN ('finished', 'sealed')
    UNION ALL SELECT kind || ' of ' || recording_id || ' is due' FROM media_job WHERE state = 'due'
"""


def settle(driver: Driver, engines: Engines, stations: list[Station], say: Say) -> None:
    """Raises SystemExit naming what does not come to its end."""
    driver.calm()
    if not engines.wait_until_ready(READY_SECONDS):
        raise SystemExit("the archive does not answer again")
    _wait(say, "files are not received", RECEIVED_SECONDS, lambda: _left_on_cards(stations))
    say("every card is empty")
    for station in stations:
        station.end_agent()
    address = engines.admin("database")["worker"]
    _wait(say, "work is not done", QUIET_SECONDS, lambda: _owed(address))
    with psycopg.connect(address) as connection:
        require_few_reservations(connection)
    _set_clocks(engines, LATER_SECONDS)
    _wait(say, "uploads or staged files are left", SWEPT_SECONDS, lambda: _left_in_staging(engines, address))
    _set_clocks(engines, 0)
    say("nothing is owed any more")


def require_few_reservations(connection: psycopg.Connection) -> None:
    """Raises SystemExit when more was opened than sent. Each keeps its room for days: later days would hide it here.

    A creation is known by its station's key, however often its answer is lost. So only what an agent had to give up
    on its way may be left.
    """
    left = [str(row[0]) for row in connection.execute("SELECT id FROM upload WHERE state = 'open'")]
    if len(left) > MOST_RESERVED:
        raise SystemExit(f"{len(left)} uploads are reserved that nobody sends, such as {left[:5]}")


def _set_clocks(engines: Engines, seconds: int) -> None:
    """All of them: entries of a process whose clock is off from the database's are refused."""
    for clock in CLOCKS:
        shift_clock(engines.control, clock, seconds)
    time.sleep(1.5)


def _wait(say: Say, what: str, seconds: float, left: Callable[[], list[str]]) -> None:
    """Until nothing is left. Raises SystemExit where for so many seconds it did not become less: how much there is to
    do, and how fast the machine is, are no fault."""
    least, since = None, time.monotonic()
    told = since
    while found := left():
        if least is None or len(found) < least:
            least, since = len(found), time.monotonic()
        if time.monotonic() - since > seconds:
            raise SystemExit(f"{what}, and were no fewer after {seconds:g} s: {len(found)}, such as {found[:5]}")
        if time.monotonic() - told > TOLD_SECONDS:
            told = time.monotonic()
            say(f"{what} yet: {len(found)}, such as {found[0]}")
        time.sleep(0.5)


def _left_on_cards(stations: list[Station]) -> list[str]:
    for station in stations:
        station.keep_agent()
    return [name for station in stations for name in station.waiting()]


def _owed(address: str) -> list[str]:
    with psycopg.connect(address) as connection:
        return [str(row[0]) for row in connection.execute(OWED)]


def _left_in_staging(engines: Engines, address: str) -> list[str]:
    with psycopg.connect(address) as connection:
        uploads = [f"upload {row[0]}" for row in connection.execute("SELECT id FROM upload WHERE state = 'open'")]
    return uploads + [entry.name for entry in (engines.data / "staging").iterdir()]
