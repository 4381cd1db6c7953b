"""What the tus server needs from the catalog, and the limits it works under."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from ingest.errors import RequestRefused
from ingest.stations.credential import PresentedCredential
from ingest.uploads.metadata import UploadClaims
from storage.catalog.uploads import GONE_STATES

PROMISED_BYTES = 1 << 20
"""An upload of no more, and of known length, is opened without waiting for the disk. Should the database crash within a
second its row may be lost: the station, which still has the bytes, is told 404 and opens it again.
"""


def nothing() -> None:
    """What there is to do meanwhile where all was done before."""


@dataclass(frozen=True)
class UploadLimits:
    """How much, how slow and how long. Times in seconds unless they are timedeltas.

    What an operator may set has no default here: the settings have it, and nobody else.
    """

    max_upload_bytes: int
    max_deferred_bytes: int
    """What is reserved for an upload of unknown length, and may arrive of it before its length is declared."""
    expires_after: timedelta
    """Since the last bytes that became durable, or since the creation."""
    lasts_at_most: timedelta
    """Since the creation, however it progresses: all that while it keeps its room."""
    minimum_bytes_per_second: int
    rate_window_seconds: float
    keep_free_bytes: int
    """Staging room that creations leave alone, for the offset records and for what is under way."""
    takeover_seconds: float = 30
    """How long a newer request waits for the older one of the same upload to let go."""
    record_offset_bytes: int = 64 << 20
    record_offset_seconds: float = 2
    """A long body's offset is made durable this often, so that SIGKILL costs little."""
    ask_again_seconds: float = 0.25
    """A long body's authority is asked for again this often, and of the catalog each time."""
    believe_seconds: float = 0.2
    """What the catalog said of a bearer token counts this long for a request that begins. So a revocation counts after
    this, the above and one look around (reception.py) at the latest: clearly within a second.
    """
    retry_after_seconds: int = 30


@dataclass(frozen=True)
class StationIdentity:
    """A station whose credential was checked, with its limits (its own, or the defaults)."""

    station_id: UUID
    unit_id: UUID
    max_uploads: int
    max_waiting_bytes: int


@dataclass(frozen=True)
class UploadRecord:
    """What the catalog knows of an upload. `state` is one of storage.catalog.uploads.UPLOAD_STATES.

    While the length is deferred, `declared_length` is what is reserved for it instead. `expires_at` holds as long as
    nothing has come of it, `expires_at_latest` whatever comes (expiry.py); None: the same. `node` has its bytes.
    """

    upload_id: str
    station_id: UUID
    unit_id: UUID
    declared_length: int
    claims: UploadClaims
    state: str
    expires_at: datetime
    length_is_deferred: bool = False
    expires_at_latest: datetime | None = None
    node: str = ""

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def is_gone(self) -> bool:
        return self.state in GONE_STATES


@dataclass(frozen=True)
class Asked:
    """Whose request this is, and what there is of the upload it names, if it names one."""

    presented: PresentedCredential
    upload_id: str | None = None


@dataclass(frozen=True)
class Admitted:
    """A proved station, and the upload that was asked for, whosoever it is. None: there is no such upload."""

    station: StationIdentity
    record: UploadRecord | None


@dataclass(frozen=True)
class Opening:
    """An upload that a proved station wants to begin. `declared_length` as in UploadRecord.

    `creation_key` is the station's own word for this creation (creation_key.py), None where it has none. `node` is the
    one that will have its bytes.
    """

    station: StationIdentity
    upload_id: str
    declared_length: int
    claims: UploadClaims
    expires_at: datetime
    length_is_deferred: bool = False
    creation_key: str | None = None
    expires_at_latest: datetime | None = None
    node: str = ""

    @property
    def record(self) -> UploadRecord:
        """The upload as it is once it is open."""
        return UploadRecord(
            upload_id=self.upload_id,
            station_id=self.station.station_id,
            unit_id=self.station.unit_id,
            declared_length=self.declared_length,
            claims=self.claims,
            state="open",
            expires_at=self.expires_at,
            length_is_deferred=self.length_is_deferred,
            expires_at_latest=self.expires_at_latest,
            node=self.node,
        )


class UploadRegister(Protocol):
    """Uploads as rows. The offset is not among them: it is a file beside its bytes.

    Every method is called from several threads and several processes at once. All of them block, except for
    `open_uploads`, which is awaited.

    What changes, changes together with its ledger entry: on return both are durable, except for the opening of what is
    promised (PROMISED_BYTES); when a method raises, neither happened. Any of them raises RegisterUnavailable when the
    catalog does not answer; the caller may then simply ask again.

    The changes of state (finish, terminate, expire) each happen at most once: exactly one caller, in whichever
    process, gets True, and only an open upload changes. They return False for one that is not open, or not there.

    Those that take several at once answer each for itself, in order, and let none wait for another's refusal.
    """

    def admit(self, asked: Sequence[Asked], *, again: bool = False) -> Sequence[Admitted | Exception]:
        """The station that each request's credential proves, and the upload it names: in one question, however many.

        Asks afresh each time: a revocation counts at once. `again`: the requests were let in before and their bodies
        are still arriving; whether one is too old, or was seen before, is no longer asked. What is wrong with one is
        its own answer, not the batch's: CredentialRefused where its credential proves nothing, always before a byte of
        its body was asked for. Raises RegisterUnavailable, which is everybody's.
        """
        ...

    async def open_uploads(self, openings: Sequence[Opening]) -> Sequence[UploadRecord | RequestRefused]:
        """Reserve each upload's length of its station's quota and open it, as one step; the record of what is open.

        Where the station's creation key has a live upload already, neither expired nor terminated, nothing is reserved
        or opened: the record is that upload's, by its own id, on whatever node and in whatever state, also of a station
        that is at its limits. Of many that bring one key at once, one opens it.

        Two stations never wait for each other; two requests of one station do, so its limits hold exactly.
        Refusals: TooManyUploads, TooManyTerminated, QuotaExceeded, CredentialRefused, or LongerThanQuota when the
        station could never have that much waiting.
        """
        ...

    def keep_promises(self) -> None:
        """Make every opening durable that was answered before. To be called before any byte of one is acknowledged
        without its finish, which does the same.
        """
        ...

    def find_upload(self, upload_id: str) -> UploadRecord | None: ...

    def find_settled(self, upload_id: str) -> UploadRecord | None:
        """As it is once whoever is ending it has done so, or given up."""
        ...

    def states_of(self, upload_ids: Sequence[str]) -> Mapping[str, str]:
        """The state of each that there is of them, by id, in one question."""
        ...

    def declare_length(self, record: UploadRecord, station: StationIdentity, length: int) -> None:
        """Fix the length of an upload that deferred it, once, and reserve that much in place of what was reserved.

        For the holder of the upload's lock. Refusals leave it as it was: QuotaExceeded, LongerThanQuota as in
        `open_uploads`, or UploadGone when the upload is no longer open, or its length no longer deferred.
        """
        ...

    def finish_uploads(
        self, records: Sequence[UploadRecord], meanwhile: Callable[[], None] = nothing
    ) -> Sequence[bool]:
        """Hand uploads to custody. The caller has made all their bytes durable, or does so `meanwhile`: that is called
        once at most, nobody hears of an end before it has returned, and what it raises ends nothing and is raised.
        """
        ...

    def terminate_upload(self, record: UploadRecord) -> bool:
        """Give the upload up, because its station said so or its creation failed, and free its quota."""
        ...

    def expire_upload(self, record: UploadRecord) -> bool:
        """Give the upload up because its time is over, and free its quota."""
        ...

    def note_seen(self, record: UploadRecord) -> None:
        """That the upload's station is sending. No change of state, and no entry."""
        ...

    def list_open(self, node: str, due_by: datetime | None = None) -> Iterator[UploadRecord]:
        """A node's open uploads, of all stations, oldest first: all, or those that were to expire by then.

        They are read in portions, and others may change them meanwhile.
        """
        ...
