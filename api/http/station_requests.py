"""Requests that stations send to the API: proved by token, signature or certificate, as under /uploads."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.http.sessions import archive_of
from ingest.stations.authentication import ProvedStation, admit
from ingest.stations.credential import PresentedCredential


async def read_body(request: Request) -> bytes:
    """The bytes that a signature's Content-Digest speaks of; they are there already (api/http/body_limit.py)."""
    return await request.body()


def require_station(request: Request, body: Annotated[bytes, Depends(read_body)]) -> ProvedStation:
    """Raises CredentialRefused, SignatureOutOfDate."""
    presented = PresentedCredential.of(request.scope)
    return admit(archive_of(request).database, presented, body if presented.has_body else None)


Sender = Annotated[ProvedStation, Depends(require_station)]
