"""Whose request it is, and which upload it names: asked of the catalog, or known from a moment ago.

A station with many small files would have the catalog asked twice for each of them. So what it said of a bearer token
is believed for `believe_seconds`, counted from before it was asked, and a refusal ends that at once. Signed requests
are asked for each time: each of them is let in once. And an upload that was opened here is known as it was then:
enough for whoever finishes it, who learns from its lock and its row if it ended meanwhile, and for nobody else.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from ingest.stations.credential import PresentedCredential
from ingest.stations.errors import CredentialRefused
from ingest.uploads.contract import Admitted, Asked, StationIdentity, UploadRecord, UploadRegister
from ingest.uploads.errors import NotOwner, UploadUnknown
from ingest.uploads.gathering import Gathering, in_threads
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.request import Request

_SIGNED = frozenset({"signature", "signature-input"})
_MOST_STATIONS = 1000
_MOST_OPENED = 10_000
_NO_CLAIMS = UploadClaims()

_Shown = tuple[str, bytes | None]


class _Known(NamedTuple):
    station: StationIdentity
    until: float


class Admission:
    """For the requests of one event loop. Each question to the catalog is shared by all who ask at the time."""

    def __init__(self, register: UploadRegister, believe_seconds: float) -> None:
        self._believe_seconds = believe_seconds
        self._ask_soon: Gathering[Asked, Admitted] = in_threads(register.admit, "upload-admit")
        self._prove_soon: Gathering[Asked, Admitted] = in_threads(partial(register.admit, again=True), "upload-prove")
        self._stations: dict[_Shown, _Known] = {}
        self._opened: dict[str, UploadRecord] = {}

    async def station_of(self, request: Request) -> StationIdentity:
        """Raises CredentialRefused, RegisterUnavailable."""
        known = self._known_station(request.presented)
        return known or (await self._ask(self._ask_soon, Asked(request.presented))).station

    async def upload_of(self, request: Request) -> tuple[StationIdentity, UploadRecord]:
        """Asked afresh: the credential, then the upload, then whether the one belongs to the other.

        Raises CredentialRefused, UploadUnknown, NotOwner, RegisterUnavailable.
        """
        admitted = await self._ask(self._ask_soon, Asked(request.presented, request.upload_id))
        record = _owned(admitted.station, admitted.record)
        request.proved(record.upload_id)
        return admitted.station, record

    def remembered_upload(self, request: Request) -> UploadRecord | None:
        """The upload as it was opened here, its claims left out, if its station is known from a moment ago.

        Raises NotOwner.
        """
        record = self._opened.get(request.upload_id or "")
        station = None if record is None else self._known_station(request.presented)
        if station is None:
            return None
        record = _owned(station, record)
        request.proved(record.upload_id)
        return record

    async def prove_again(self, presented: PresentedCredential) -> None:
        """That a request whose body is arriving may still send it, by what the catalog says now.

        Nothing is believed here: what was said before would add to the time that a revocation takes. All bodies that
        ask at the time share one question, signed or not. Raises CredentialRefused, RegisterUnavailable.
        """
        await self._ask(self._prove_soon, Asked(presented))

    def remember(self, record: UploadRecord) -> None:
        """An upload that was opened just now, without its claims: they may take 16 KiB, and whoever finishes it asks
        for none of them.
        """
        if len(self._opened) >= _MOST_OPENED:
            self._opened.pop(next(iter(self._opened)))
        self._opened[record.upload_id] = replace(record, claims=_NO_CLAIMS)

    def forget(self, upload_id: str) -> None:
        """One that has ended, or is about to: nobody finishes it any more."""
        self._opened.pop(upload_id, None)

    def _known_station(self, presented: PresentedCredential) -> StationIdentity | None:
        shown = _shown(presented)
        known = None if shown is None else self._stations.get(shown)
        return known.station if known is not None and time.monotonic() < known.until else None

    async def _ask(self, soon: Gathering[Asked, Admitted], asked: Asked) -> Admitted:
        shown, asked_at = _shown(asked.presented), time.monotonic()
        try:
            admitted = await soon(asked)
        except CredentialRefused:
            if shown is not None:
                self._stations.pop(shown, None)
            raise
        if shown is not None:
            if len(self._stations) >= _MOST_STATIONS:
                self._stations.clear()
            self._stations[shown] = _Known(admitted.station, asked_at + self._believe_seconds)
        return admitted


def _shown(presented: PresentedCredential) -> _Shown | None:
    """What a bearer's requests have in common; None for what has to be asked each time."""
    headers = presented.headers
    if _SIGNED & headers.keys() or presented.bearer_token is None:
        return None
    return headers["authorization"], presented.certificate_sha256


def _owned(station: StationIdentity, record: UploadRecord | None) -> UploadRecord:
    """The upload that a request names, for its own station and nobody else."""
    if record is None:
        raise UploadUnknown
    if record.station_id != station.station_id:
        raise NotOwner(record.upload_id)
    return record
