"""Cards that are never empty."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from tests.compose.chaos.stations import DockingStation

_PAUSE_SECONDS = 0.25


class Feeder:
    """Fills each station's card again until it is told to stop."""

    def __init__(self, stations: Sequence[DockingStation]) -> None:
        self._stations = stations
        self._stop = threading.Event()
        self._working = threading.Thread(target=self._work, name="feeder", daemon=True)

    def start(self) -> None:
        self._working.start()

    def stop(self) -> None:
        self._stop.set()
        self._working.join()

    def _work(self) -> None:
        while not self._stop.wait(_PAUSE_SECONDS):
            for station in self._stations:
                station.fill()
