"""One run under load: what is done to the archive meanwhile, the end of all that was begun, and what was seen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tests.compose.chaos.clerk import Clerk
from tests.compose.chaos.feeder import Feeder
from tests.compose.chaos.looking import NODES, public_keys, reconcile, rows_now, verify
from tests.compose.chaos.observed import Observed, UploadEvents
from tests.compose.chaos.outages import Outage
from tests.compose.chaos.people import enrol_station, make_units
from tests.compose.chaos.served import Served
from tests.compose.chaos.settle import settle
from tests.compose.chaos.stations import STATIONS, DockingStation
from tests.compose.chaos.viewers import Audience
from tests.compose.prepared import Clock
from tests.compose.stack import Stack
from tests.torture.files import Footage

LONGEST_CLIP_BYTES = 3 << 19
"""Their copies are made meanwhile: what takes an encoder minutes is for `make corpus`."""


class Driven(Protocol):
    """What is done to the archive, and what that was."""

    @property
    def outages(self) -> Sequence[Outage]: ...

    @property
    def complaints(self) -> Sequence[str]: ...

    def run(self, served: Served) -> None: ...


def observe_under_load(stack: Stack, driver: Driven, seed: int, folder: Path, clock: Clock) -> Observed:
    """All that was seen. What the stations have written down stays in `folder`."""
    footage = Footage(seed, find_clips())
    units = make_units(stack)
    stations = [
        DockingStation(number, enrol_station(stack, number, unit), stack, folder, footage, clock)
        for number, (unit, _) in enumerate(STATIONS)
    ]
    clerk = Clerk(stack, units, footage)
    audience = Audience(stack, units, footage, clerk.playable, clock)
    clock.say(f"{len(stations)} stations, seed {seed}")
    with ExitStack() as undo:
        for station in stations:
            undo.callback(station.stop)
        feeder = Feeder(stations)
        feeder.start()
        clerk.start()
        for station in stations:
            station.start(clerk.take)
        audience.start(seed)
        undo.callback(audience.stop)
        undo.callback(feeder.stop)
        driver.run(Served(stations, audience, clock))
        clock.say("now everything has to come to its end")
        feeder.stop()
        settle(stack, stations, clock.say)
        audience.stop()
    clerk.finish()
    return _look(stack, stations, clerk, audience, driver, clock)


def find_clips() -> list[Path]:
    """Real films, of the corpus that the environment names; none where it names none."""
    named = os.environ.get("LIUHEN_CORPUS")
    found = sorted(Path(named).rglob("*.mp4")) if named else []
    return [path for path in found if path.stat().st_size <= LONGEST_CLIP_BYTES]


def _look(
    stack: Stack, stations: Sequence[DockingStation], clerk: Clerk, audience: Audience, driver: Driven, clock: Clock
) -> Observed:
    keys, ledger_vkey = public_keys(stack)
    read_back = audience.read_back()
    clock.say(f"{len(read_back)} recordings read back")
    verified = verify(stack)
    clock.say(f"liuhen verify has ended with {verified.code}")
    reconciled = {node: reconcile(stack, node) for node in NODES}
    clock.say(f"liuhen reconcile has ended with {', '.join(str(ran.code) for ran in reconciled.values())}")
    return Observed(
        sent=[file for station in stations for file in station.sent()],
        kept=[kept for station in stations for kept in station.kept(keys, ledger_vkey)],
        rows=rows_now(stack),
        read_back=read_back,
        verified=verified,
        reconciled=reconciled,
        playbacks=audience.playbacks,
        outages=driver.outages,
        uploads=UploadEvents(
            [received.at for station in stations for received in station.received],
            [moment for station in stations for moment in station.refused_at],
        ),
        complaints=[
            *driver.complaints,
            *clerk.complaints,
            *(complaint for station in stations for complaint in station.complaints),
            *(f"{name} is not healthy at the end" for name in _unhealthy(stack)),
        ],
    )


def _unhealthy(stack: Stack) -> list[str]:
    try:
        stack.wait_until_healthy(60)
    except AssertionError:
        return stack.unhealthy()
    return []
