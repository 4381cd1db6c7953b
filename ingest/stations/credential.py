"""What a request shows to prove which station sent it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

_SCHEME = "bearer"
CERTIFICATE = "liuhen.client_certificate_sha256"
"""Where an ASGI scope carries it: nothing that a client sends can set a scope's key."""


@dataclass(frozen=True)
class PresentedCredential:
    """The parts of a request that a credential may speak of, as they came over the wire.

    `method` is the request line's own, whatever X-HTTP-Method-Override says; `target` its path with the query;
    `authority` the Host header. The names of `headers` are in lower case. `certificate_sha256`: of the client
    certificate that a trusted proxy has checked (api/http/proxies.py), None without one.
    """

    method: str
    target: str
    authority: str
    headers: Mapping[str, str]
    certificate_sha256: bytes | None = None

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> PresentedCredential:
        """Of an ASGI request. Headers are Latin-1 text, which keeps every byte; what came twice is one list of both."""
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        query: bytes = scope.get("query_string", b"")
        target = (path + b"?" + query if query else path).decode("latin-1")
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return cls(scope["method"].upper(), target, headers.get("host", ""), headers, scope.get(CERTIFICATE))

    @property
    def bearer_token(self) -> str | None:
        """Of `Authorization: Bearer …`; None when there is no such header or nothing in it."""
        scheme, _, token = self.headers.get("authorization", "").strip().partition(" ")
        return token.strip() or None if scheme.lower() == _SCHEME else None

    @property
    def has_body(self) -> bool:
        """Whether one is announced (RFC 9112, 6.3), be it empty in the end: a signature has to bind it."""
        return "transfer-encoding" in self.headers or self.headers.get("content-length", "0") != "0"


def hash_station_token(token: str) -> bytes:
    """What `station.token_hash` holds. Tokens are long and random, so one SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8")).digest()
