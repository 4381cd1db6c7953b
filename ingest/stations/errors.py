"""What can go wrong with a docking station. Each error carries its facts; nothing was changed when one is raised.

IngestError
├── RequestRefused
│   └── CredentialRefused       no station credential, or an unknown one, at whatever address
│       ├── CredentialRevoked   proved, and its station is revoked
│       └── SignatureOutOfDate  signed by a clock too far from the server's
└── StationError
    ├── StationUnknown          no station of that id
    ├── StationNameUnusable     empty, too long, or more than one line
    ├── StationNameTaken        another station, perhaps one of another unit or a revoked one, has that name
    ├── StationRevoked          its credential was taken away before
    ├── StationCodeRefused      a one-time code that is mistyped, used, void or expired
    ├── StationKeyTaken         this public key was enrolled before: a station makes a new pair each time
    ├── StationKeyUnproven      a new public key came without a proof by its secret half
    ├── StationKeyReplaced      the station's key was replaced meanwhile
    ├── CertificateTaken        another station is bound to this client certificate
    └── SignatureRefused        a request's signature proves nothing; `reason` is for our own log
        └── SignatureStale      it was made too long ago, or too far ahead of the server's clock
"""

from __future__ import annotations

import uuid
from datetime import datetime

from ingest.errors import IngestError, RequestRefused


class StationError(IngestError):
    """Something about a station's enrolment; nothing was changed."""


class StationUnknown(StationError):
    def __init__(self, station_id: uuid.UUID) -> None:
        super().__init__(f"there is no station {station_id}; check the id")
        self.station_id = station_id


class StationNameUnusable(StationError):
    def __init__(self, problem: str) -> None:
        super().__init__(f"the station's name {problem}; give it a name of one line")
        self.problem = problem


class StationNameTaken(StationError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"a station named {name} is there already. If it is this very one, press “Change” in its row of the list "
            "and then “Make a one-time code”; if it is another, or the list has none of that name to change (revoked, "
            "or another unit's), choose another name"
        )
        self.name = name


class StationRevoked(StationError):
    def __init__(self, station_id: uuid.UUID, revoked_at: datetime) -> None:
        super().__init__(
            f"station {station_id} was revoked at {revoked_at.isoformat()}, which is final: for a station that is to "
            "go on, register one under another name"
        )
        self.station_id = station_id
        self.revoked_at = revoked_at


class StationCodeRefused(StationError):
    def __init__(self) -> None:
        super().__init__(
            "the one-time code is mistyped, used or expired: check it, or ask the administrator for a new code"
        )


class StationKeyTaken(StationError):
    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key {key_id} was enrolled before; make a new key pair")
        self.key_id = key_id


class StationKeyUnsafe(StationError):
    """Of a point under which anybody can sign, or of none (integrity/ed25519_points.py)."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key {key_id} is no Ed25519 key that can prove anything; make a new key pair")
        self.key_id = key_id


class StationKeyUnproven(StationError):
    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"the key {key_id} came without Station-Key-Proof, which shows that its secret half is there: bring the "
            "station's agent up to date (docs/stations.md)"
        )
        self.key_id = key_id


class StationKeyReplaced(StationError):
    def __init__(self, station_id: uuid.UUID) -> None:
        super().__init__(f"the credential of station {station_id} was replaced meanwhile; use the new one")
        self.station_id = station_id


class CertificateTaken(StationError):
    def __init__(self, certificate_sha256: str) -> None:
        super().__init__(
            f"another station is bound to the client certificate {certificate_sha256}: give this one its own, or "
            "unbind the other one first"
        )
        self.certificate_sha256 = certificate_sha256


class SignatureRefused(StationError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"signature refused: {reason}")
        self.reason = reason


class SignatureStale(SignatureRefused):
    def __init__(self, created: datetime, server_time: datetime) -> None:
        super().__init__(f"made at {created.isoformat()}, received at {server_time.isoformat()}")
        self.created = created
        self.server_time = server_time


class CredentialRefused(RequestRefused):
    """`reason` is for our own log; whoever has proved nothing is told nothing about which credentials exist."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"credential refused: {reason}")
        self.reason = reason


class CredentialRevoked(CredentialRefused):
    """Says why, for it tells nobody of a station but itself: whoever asks has proved that the credential is his. Sent
    for a new code to that name, which has none any more, he would go round in a circle.
    """

    def __init__(self, station_id: uuid.UUID, revoked_at: datetime | None = None) -> None:
        when = f" at {revoked_at.isoformat()}" if revoked_at else " meanwhile"
        super().__init__(f"station {station_id} was revoked{when}")
        self.station_id = station_id


class SignatureOutOfDate(CredentialRefused):
    """Says why as well: the station can sign again by the server's clock."""

    def __init__(self, created: datetime, server_time: datetime) -> None:
        super().__init__(f"signed at {created.isoformat()}, received at {server_time.isoformat()}")
        self.created = created
        self.server_time = server_time.replace(microsecond=0)
