"""Puts each sealed recording into its unit's case, without which nobody may play it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from api.demo.client import trusting
from tests.compose.chaos.people import UnitAccess
from tests.compose.chaos.stations import STATIONS, Received
from tests.compose.stack import Stack
from tests.torture.files import Footage, PlannedFile

_AGAIN_SECONDS = 1.0
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Playable:
    """A recording that may be played, and whose bytes it has to have."""

    recording_id: str
    unit: str
    file: PlannedFile


class Clerk:
    """`playable` grows. What is refused because something is away is tried again, as a person would."""

    def __init__(self, stack: Stack, units: Mapping[str, UnitAccess], footage: Footage) -> None:
        self._stack, self._units, self._footage = stack, units, footage
        self.playable: list[Playable] = []
        self.complaints: list[str] = []
        self._taken: set[str] = set()
        self._waiting: queue.Queue[Received | None] = queue.Queue()
        self._working = threading.Thread(target=self._work, name="clerk", daemon=True)

    def start(self) -> None:
        self._working.start()

    def take(self, received: Received) -> None:
        self._waiting.put(received)

    def finish(self) -> None:
        """Once all that was taken is in its case."""
        self._waiting.put(None)
        self._working.join()

    def _work(self) -> None:
        trusted = trusting(self._stack.authority)
        with httpx.Client(
            base_url=self._stack.url, timeout=_PATIENCE_SECONDS, trust_env=False, verify=trusted
        ) as client:
            while (received := self._waiting.get()) is not None:
                if received.recording_id not in self._taken:
                    self._taken.add(received.recording_id)
                    self._put_into_case(client, received)

    def _put_into_case(self, client: httpx.Client, received: Received) -> None:
        access = self._units[STATIONS[received.station][0]]
        form = {"recording_id": received.recording_id, "stage": "investigation", "reason": "同一现场"}
        while (status := self._ask(client, access, form)) >= 500:
            time.sleep(_AGAIN_SECONDS)
        # 409: the answer to the first time was lost.
        if status not in (201, 409):
            self.complaints.append(f"{received.recording_id} is not put into its case: HTTP {status}")
            return
        file = next(each for each in self._footage.planned if each.name == received.name)
        self.playable.append(Playable(received.recording_id, access.code, file))

    def _ask(self, client: httpx.Client, access: UnitAccess, form: Mapping[str, str]) -> int:
        headers = {"Authorization": f"Bearer {access.officer}"}
        try:
            return client.post(f"/api/v1/cases/{access.case_id}/links", json=form, headers=headers).status_code
        except httpx.TransportError:
            return 599
