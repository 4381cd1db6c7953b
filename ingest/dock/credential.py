"""What the station proves itself with. A plain token or a key that signs: the rest of the agent does not care which.

A key may be replaced while the agent runs: what the archive refuses is read again before anybody believes the refusal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ingest.stations.credential import PresentedCredential
from ingest.stations.signature import sign_request
from integrity.keys import SigningKey


class StationCredential(Protocol):
    """Immutable, usable from several threads.

    `pinned_key_id` is the receipt key that was handed over with it, hex SHA-256 of its SPKI. `station_id` and
    `ledger_vkey` are empty when it does not say. `binds_bodies`: requests with a body must state its digest.
    """

    @property
    def pinned_key_id(self) -> str: ...
    @property
    def station_id(self) -> str: ...
    @property
    def ledger_vkey(self) -> str: ...
    @property
    def credential_id(self) -> str:
        """Tells two stations apart in the agent's notes without keeping a secret there."""
        ...

    @property
    def binds_bodies(self) -> bool: ...
    def prove(self, request: PresentedCredential, now: datetime) -> Mapping[str, str]:
        """The headers that prove this one request, sent now by the server's clock."""
        ...


ReadAgain = Callable[[], StationCredential]
"""The credential as its file has it by now. May raise DockStopped, or TryAgain where a replacement is under way."""


class CredentialInUse:
    """The credential of a run, None where it has none. Safe to use from several threads."""

    def __init__(self, first: StationCredential | None, read_again: ReadAgain | None = None) -> None:
        self._current = first
        self._read_again = read_again
        self._lock = threading.Lock()

    @property
    def current(self) -> StationCredential | None:
        return self._current

    def instead_of(self, refused: StationCredential | None) -> StationCredential | None:
        """What to try now that the archive does not take `refused`; None where there is nothing. Raises as ReadAgain.

        Only the same station's: what was begun, and whose receipts are believed, stays as it was for the whole run.
        """
        with self._lock:
            if refused is None or self._current is not refused:
                return self._current
            if self._read_again is None:
                return None
            found = self._read_again()
            theirs, ours = ((each.credential_id, each.pinned_key_id) for each in (found, refused))
            if theirs != ours:
                return None
            self._current = found
            return found


@dataclass(frozen=True, slots=True)
class StationKey:
    """An enrolled key: each request is signed (RFC 9421, docs/stations.md). Its secret never leaves the station."""

    key: SigningKey = field(repr=False)
    station_id: str
    pinned_key_id: str
    ledger_vkey: str = ""
    binds_bodies: bool = True

    @property
    def credential_id(self) -> str:
        """The station's: a key that is replaced goes on with what the one before it began."""
        return f"station {self.station_id}"

    def prove(self, request: PresentedCredential, now: datetime) -> Mapping[str, str]:
        return sign_request(request, self.key, now)
