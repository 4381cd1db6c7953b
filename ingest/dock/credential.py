"""What the station proves itself with. A plain token or a key that signs: the rest of the agent does not care which."""

from __future__ import annotations

from collections.abc import Mapping
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
