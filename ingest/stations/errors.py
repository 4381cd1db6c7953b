"""What can go wrong with a docking station. Each error carries its facts; nothing was changed when one is raised.

IngestError
└── StationError
    ├── StationUnknown          no station of that id
    ├── StationNameUnusable     empty, too long, or more than one line
    ├── StationNameTaken        another station, perhaps one of another unit or a revoked one, has that name
    ├── StationRevoked          its credential was taken away before
    └── SignatureRefused        a request's signature proves nothing; `reason` is for our own log
        └── SignatureStale      it was made too long ago, or too far ahead of the server's clock

A request whose credential proves nothing is a CredentialRefused of ingest/uploads/errors.py, at whatever address.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from ingest.errors import IngestError


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
        super().__init__(f"a station named {name} is there already; choose another name")
        self.name = name


class StationRevoked(StationError):
    def __init__(self, station_id: uuid.UUID, revoked_at: datetime) -> None:
        super().__init__(f"station {station_id} was revoked at {revoked_at.isoformat()}; nothing more to do")
        self.station_id = station_id


class SignatureRefused(StationError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"signature refused: {reason}")
        self.reason = reason


class SignatureStale(SignatureRefused):
    def __init__(self, created: datetime, server_time: datetime) -> None:
        super().__init__(f"made at {created.isoformat()}, received at {server_time.isoformat()}")
        self.created = created
        self.server_time = server_time
