"""Docking stations: what administrators see and ask, and what stations themselves send."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.http.schema.base import Answer, Form, Sha256Hex, ShortText, within_the_calendar
from api.http.schema.ledger import KeyItem
from ingest.stations.limits import MOST_BYTES, MOST_UPLOADS
from ingest.stations.overview import StationOverview

_LARGEST = (1 << 63) - 1


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds control characters")
    return text


class NewStation(Form):
    name: ShortText = Field(examples=["三大队采集站"])
    unit_id: uuid.UUID | None = Field(default=None, description="one's own unit when it is not named")


class EnrolledStation(Answer):
    """`token` is shown here and never again; a file with this whole answer is what `liuhen dock` takes."""

    station_id: uuid.UUID
    name: str = Field(examples=["三大队采集站"])
    token: str = Field(examples=["lhs1.…"])


class StationCodeAnswer(Answer):
    """`code` is shown here and never again. `receipt_key` is the fingerprint that the station may be told beside it."""

    station_id: uuid.UUID
    station: str = Field(examples=["三大队采集站"])
    code: str = Field(examples=["ABCDE-FGHJK-MNPQR-STUVW"])
    expires_at: datetime
    receipt_key: str = Field(description="hex SHA-256 of the key that signs receipts")


class CertificateBinding(Form):
    """Null: bound to none any more."""

    sha256: Sha256Hex | None = Field(description="of the client certificate's DER")


class StationLimits(Form):
    """Of this station alone, both of them; null: what the settings say."""

    max_uploads: int | None = Field(ge=1, le=MOST_UPLOADS, description="uploads open at once", examples=[256])
    max_waiting_bytes: int | None = Field(
        ge=1, le=MOST_BYTES, description="bytes open or waiting to be sealed", examples=[1 << 38]
    )


class StationItem(Answer):
    """Of a station that reports nothing, as plain tus clients do, what only a report says is null."""

    id: uuid.UUID
    unit_id: uuid.UUID
    name: str = Field(examples=["三大队采集站"])
    created_at: datetime
    revoked_at: datetime | None
    condition: str = Field(description="online, away, silent, unenrolled or revoked", examples=["online"])
    credential: str = Field(description="key, token, certificate or none", examples=["key"])
    key_id: str | None
    certificate_sha256: str | None
    max_uploads: int | None = Field(description="uploads open at once; null: what the settings say")
    max_waiting_bytes: int | None = Field(description="bytes open or waiting to be sealed; null likewise")
    code_expires_at: datetime | None = Field(description="of a one-time code that was shown and not used yet")
    last_seen_at: datetime | None
    last_upload_at: datetime | None
    reported_at: datetime | None = Field(description="by the station's own clock")
    agent_version: str | None = Field(examples=["0.1.0"])
    free_bytes: int | None
    waiting_files: int | None
    clock_offset_seconds: float | None = Field(description="station minus server")
    clock_uncertainty_seconds: float | None
    silent_since: datetime | None
    clock_off_since: datetime | None

    @classmethod
    def of(cls, seen: StationOverview) -> StationItem:
        station, state = seen.station, seen.state
        certificate = station.certificate_sha256
        reported = {name: getattr(state, name, None) for name in cls.model_fields.keys() & _OF_STATE}
        return cls(
            id=station.id,
            unit_id=station.unit_id,
            name=station.name,
            created_at=station.created_at,
            revoked_at=station.revoked_at,
            condition=seen.condition,
            credential=seen.credential,
            key_id=seen.key_id,
            certificate_sha256=None if certificate is None else certificate.hex(),
            max_uploads=station.max_uploads,
            max_waiting_bytes=station.max_waiting_bytes,
            code_expires_at=seen.code_expires_at,
            last_seen_at=seen.last_seen_at,
            last_upload_at=seen.last_upload_at,
            **reported,
        )


_OF_STATE = {
    "reported_at", "agent_version", "free_bytes", "waiting_files", "clock_offset_seconds", "clock_uncertainty_seconds",
    "silent_since", "clock_off_since",
}  # fmt: skip


class Enrolment(Form):
    """Sent by a station, without any other credential: the code that an administrator was shown, and its own key."""

    code: ShortText = Field(examples=["ABCDE-FGHJK-MNPQR-STUVW"])
    public_key: Sha256Hex = Field(description="the 32 raw bytes of an Ed25519 public key, hex")


class NewStationKey(Form):
    """Sent by a station with the credential that the key replaces."""

    public_key: Sha256Hex = Field(description="the 32 raw bytes of an Ed25519 public key, hex")


class EnrolledKey(Answer):
    """What the station pins: whose receipts it believes. `key_id` is the keyid of its signatures from now on."""

    station_id: uuid.UUID
    name: str = Field(examples=["三大队采集站"])
    key_id: str
    receipt_key: str = Field(description="hex SHA-256 of the key that signs receipts")
    ledger_vkey: str
    keys: list[KeyItem] = Field(description="every public key that the archive has announced")
    server_time: datetime


class NewReport(BaseModel):
    """A station's own word about itself. What an agent newer than this archive says beyond it is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    agent_version: Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_printable)] = Field(
        examples=["0.1.0"]
    )
    free_bytes: int = Field(ge=0, le=_LARGEST)
    waiting_files: int = Field(ge=0, le=(1 << 31) - 1)
    at: Annotated[AwareDatetime, AfterValidator(within_the_calendar)] = Field(description="by the station's own clock")
    clock_offset_seconds: float | None = Field(
        default=None, ge=-1e10, le=1e10, allow_inf_nan=False, description="station minus server"
    )
    clock_uncertainty_seconds: float | None = Field(default=None, ge=0, le=1e10, allow_inf_nan=False)


class ReportTaken(Answer):
    server_time: datetime
