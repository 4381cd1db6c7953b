"""What a run has seen: all that its judge goes by, without a container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.commands import Ran
from tests.compose.chaos.outages import Outage
from tests.torture.rows import ArchiveRows


@dataclass(frozen=True)
class Sent:
    """A file that was put on a station's card. `gone`: its agent has removed it, which it does for a receipt alone."""

    name: str
    station: int
    unit: str
    sha256: str
    size_bytes: int
    gone: bool = True


@dataclass(frozen=True)
class Kept:
    """A receipt that a station's agent keeps. `refused`: why it does not hold, if it does not."""

    station: int
    sha256: str
    recording_id: str
    upload_id: str
    refused: str = ""


@dataclass(frozen=True)
class ReadBack:
    """A recording, read whole through the archive's own playback at the end; `error` where that was not to be had."""

    sha256: str = ""
    size_bytes: int = 0
    error: str = ""


@dataclass(frozen=True)
class Playback:
    """One range that was asked for. `error`: empty where all of it came.

    `refused`: it was answered with what no outage is an excuse for, such as 403 or 404. `wrong_bytes`: so many of those
    that came, also before an error, are not what was sent.
    """

    asked_at: float
    ended_at: float
    recording_id: str
    first_byte: int
    size_bytes: int
    error: str = ""
    refused: bool = False
    wrong_bytes: int = 0


@dataclass(frozen=True)
class UploadEvents:
    """Moments at which agents held a receipt, or were refused or cut and tried again."""

    received_at: Sequence[float] = ()
    refused_at: Sequence[float] = ()


@dataclass(frozen=True)
class Observed:
    """`complaints`: what went wrong in the run itself, such as work that stood still after everything was back."""

    sent: Sequence[Sent]
    kept: Sequence[Kept]
    rows: ArchiveRows
    read_back: Mapping[str, ReadBack]
    verified: Ran
    reconciled: Mapping[str, Ran]
    playbacks: Sequence[Playback]
    outages: Sequence[Outage]
    uploads: UploadEvents = field(default_factory=UploadEvents)
    complaints: Sequence[str] = ()
