"""People who play what is sealed, range after range through the proxy, and hold each byte against what was sent."""

from __future__ import annotations

import hashlib
import random
import ssl
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache

import httpx

from api.demo.client import trusting
from tests.compose.chaos.clerk import Playable
from tests.compose.chaos.observed import Playback, ReadBack
from tests.compose.chaos.people import UnitAccess
from tests.compose.prepared import Clock
from tests.compose.stack import Stack
from tests.torture.files import Footage, PlannedFile

VIEWERS = 3
LONGEST_SPAN_BYTES = 2 << 20
PATIENCE_SECONDS = 30.0
"""Without a byte: then it is an error. Less than the proxy's own patience, so that what hangs shows here."""
_PAUSE_SECONDS = (0.05, 0.3)


class Audience:
    """`playbacks` grows."""

    def __init__(
        self, stack: Stack, units: Mapping[str, UnitAccess], footage: Footage, playable: list[Playable], clock: Clock
    ) -> None:
        self._stack, self._units, self._playable, self._clock = stack, units, playable, clock
        self._trusted = trusting(stack.authority)
        self._content: Callable[[PlannedFile], bytes] = lru_cache(maxsize=32)(footage.content)
        self.playbacks: list[Playback] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, seed: int) -> None:
        for number in range(VIEWERS):
            source = random.Random(f"viewer {number} {seed}")
            thread = threading.Thread(target=self._watch, args=(source,), name=f"viewer-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, source: random.Random) -> None:
        with self._client() as client:
            while not self._stop.wait(source.uniform(*_PAUSE_SECONDS)):
                if self._playable:
                    chosen = source.choice(self._playable)
                    self.playbacks.append(self._play(client, chosen, *_choose_span(source, self._content(chosen.file))))

    def _client(self) -> httpx.Client:
        assert isinstance(self._trusted, ssl.SSLContext)
        return httpx.Client(base_url=self._stack.url, timeout=PATIENCE_SECONDS, trust_env=False, verify=self._trusted)

    def _play(self, client: httpx.Client, chosen: Playable, first: int, expected: bytes) -> Playback:
        asked_at = self._clock.now()
        last, size = first + len(expected) - 1, len(self._content(chosen.file))
        headers = self._shown(chosen) | {"Range": f"bytes={first}-{last}"}
        came, wrong, error, refused = 0, 0, "", False
        try:
            with client.stream("GET", _address(chosen), headers=headers) as answer:
                whole = answer.status_code == 206 and answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
                if not whole:
                    error, refused = f"HTTP {answer.status_code}", answer.status_code < 500
                else:
                    for piece in answer.iter_raw():
                        wrong += count_wrong(piece, expected[came : came + len(piece)])
                        came += len(piece)
                    if came < len(expected):
                        error = f"{came} of {len(expected)} bytes"
        except httpx.TransportError as broken:
            error = f"{type(broken).__name__} after {came} of {len(expected)} bytes"
        ended_at = self._clock.now()
        return Playback(asked_at, ended_at, chosen.recording_id, first, len(expected), error, refused, wrong)

    def read_back(self) -> dict[str, ReadBack]:
        """Each recording whole, by its id. For the end: an error then is what it is."""
        with self._client() as client:
            return {each.recording_id: self._read_whole(client, each) for each in list(self._playable)}

    def _read_whole(self, client: httpx.Client, chosen: Playable) -> ReadBack:
        try:
            answer = client.get(_address(chosen), headers=self._shown(chosen))
        except httpx.TransportError as broken:
            return ReadBack(error=type(broken).__name__)
        if answer.status_code != 200:
            return ReadBack(error=f"HTTP {answer.status_code}")
        return ReadBack(hashlib.sha256(answer.content).hexdigest(), len(answer.content))

    def _shown(self, chosen: Playable) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._units[chosen.unit].viewer}"}


def count_wrong(came: bytes, expected: bytes) -> int:
    """Bytes of `came` that are others, or more, than `expected`."""
    if came == expected:
        return 0
    return len(came) - len(expected) + sum(one != other for one, other in zip(came, expected, strict=False))


def _choose_span(source: random.Random, content: bytes) -> tuple[int, bytes]:
    """The first byte, and the bytes from there on: of a whole file one time in four where it is not too long."""
    first = 0 if source.random() < 0.25 else source.randrange(len(content))
    length = LONGEST_SPAN_BYTES if first == 0 else source.randint(1, LONGEST_SPAN_BYTES)
    return first, content[first : first + length]


def _address(chosen: Playable) -> str:
    return f"/api/v1/recordings/{chosen.recording_id}/original"
