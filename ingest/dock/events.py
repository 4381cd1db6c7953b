"""What the agent says while it works, to whoever listens: a person's screen, a program's JSON lines, a test.

`file` is the path below its source, after the source's label where there are several. `sent_bytes` have left this
machine, `acknowledged_bytes` are durable at the archive: after any crash an upload goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ingest.dock.words import Words


@dataclass(frozen=True, slots=True)
class FolderListed:
    """`event: folder`: how much there is to take over. Once, before anything is sent; of a watching agent, whenever
    that changes, all since it began: a file that is found again counts once. `skipped`: what is no footage, each named
    once.
    """

    files: int
    size_bytes: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceFound:
    """`event: source_found`: a watched folder or a mounted recorder is there. `label` begins the names of its files."""

    label: str
    path: str


@dataclass(frozen=True, slots=True)
class SourceGone:
    """`event: source_gone`: it was unmounted, pulled out or cannot be listed; the agent goes on when it is back.

    `files_left` of those found on it are not received yet. `reason` is {"en": …, "zh": …}, as in every event.
    """

    label: str
    reason: Words
    files_left: int = 0


@dataclass(frozen=True, slots=True)
class SourceMissing:
    """`event: source_missing`: a watched place is not there or cannot be entered; told once, until it is found."""

    path: str
    reason: Words


@dataclass(frozen=True, slots=True)
class SourceSlow:
    """`event: source_slow`: whoever asked it for something has waited for `lasts_seconds`, and has no answer, not even
    an error. Others go on; nothing more is asked of it until it answers. Told again seldom while it lasts.
    """

    label: str
    path: str
    lasts_seconds: float


@dataclass(frozen=True, slots=True)
class SourceAnswers:
    """`event: source_answers`: it did after so long, and goes on; only where it was told of as slow."""

    label: str
    path: str
    lasted_seconds: float


@dataclass(frozen=True, slots=True)
class FileGrowing:
    """`event: growing`: it is still written to; its turn comes when it no longer changes."""

    file: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FileEmpty:
    """`event: empty`, once a file: there is nothing in it to send, and it stays; as a recorder leaves it whose battery
    dies as it begins."""

    file: str


@dataclass(frozen=True, slots=True)
class AddressOpen:
    """`event: warning`, at most once, before anything is sent: what is sent to `url` can be read on its way.

    `reason` is {"en": …, "zh": …}.
    """

    url: str
    reason: Words


@dataclass(frozen=True, slots=True)
class FileDigested:
    """`event: digested`: the whole file was read here."""

    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class UploadBegun:
    """`event: upload`: bytes are about to flow from `offset` on; `resumed` when an earlier attempt got that far.

    `marked`: the recorder marked it as evidence.
    """

    file: str
    upload_id: str
    offset: int
    size_bytes: int
    resumed: bool
    marked: bool = False


@dataclass(frozen=True, slots=True)
class BytesMoved:
    """`event: progress`, with `total_sent_bytes`, `total_acknowledged_bytes` and `total_size_bytes` beside it."""

    file: str
    upload_id: str
    sent_bytes: int
    acknowledged_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Paused:
    """`event: retry`: something is in the way, and the agent tries again after `wait_seconds`.

    `file` is empty when it concerns the whole run. `archive_away`: every file meets the same (ArchiveAway). `reason` is
    {"en": …, "zh": …}.
    """

    file: str
    reason: Words
    wait_seconds: float
    archive_away: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveAway:
    """`event: archive_away`: the archive does not answer, or says that it cannot work now. Once for all files, and
    again where it lasts; `lasts_seconds` so far.
    """

    reason: Words
    lasts_seconds: float


@dataclass(frozen=True, slots=True)
class ArchiveBack:
    """`event: archive_back`: it answers again, after so long; only where it was told of as away."""

    lasted_seconds: float


@dataclass(frozen=True, slots=True)
class FileUploaded:
    """`event: uploaded`: every byte was acknowledged; the receipt is awaited."""

    file: str
    upload_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ReceiptHeld:
    """`event: receipt`: the receipt was checked and is kept on this machine."""

    file: str
    upload_id: str
    size_bytes: int
    recording_id: str
    token_time: str
    ledger_index: int
    repeat: bool


@dataclass(frozen=True, slots=True)
class FileWiped:
    """`event: wiped`: removed from the folder."""

    file: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FileGone:
    """`event: gone`: its removal was cut off, as by a power cut, and it is not in its folder now. Removed, or its
    card is not the one that is there: should it be back, it has its turn again.
    """

    file: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FileChanged:
    """`event: changed`: it is not what was read or sent before. It is not removed; it is read, and sent anew."""

    file: str


@dataclass(frozen=True, slots=True)
class FileStays:
    """`event: left`: nothing more is done for it in this run. `kind` is the name of a class in errors.py."""

    file: str
    kind: str
    reason: Words


@dataclass(frozen=True, slots=True)
class ClockMeasured:
    """`event: clock`: the station's clock minus the server's, known to `uncertainty_seconds`. Nothing is adjusted."""

    offset_seconds: float
    uncertainty_seconds: float


@dataclass(frozen=True, slots=True)
class ReportFailed:
    """`event: report_failed`: the archive did not take the station's report; told once until one is taken again."""

    reason: Words


@dataclass(frozen=True, slots=True)
class ReportTaken:
    """`event: report_taken`: after one was not, a report was taken again."""


Event = (
    FolderListed
    | SourceFound
    | SourceGone
    | SourceMissing
    | SourceSlow
    | SourceAnswers
    | FileGrowing
    | FileEmpty
    | AddressOpen
    | FileDigested
    | UploadBegun
    | BytesMoved
    | Paused
    | ArchiveAway
    | ArchiveBack
    | FileUploaded
    | ReceiptHeld
    | FileWiped
    | FileGone
    | FileChanged
    | FileStays
    | ClockMeasured
    | ReportFailed
    | ReportTaken
)

EVENT_NAMES: Mapping[type[Event], str] = {
    FolderListed: "folder",
    SourceFound: "source_found",
    SourceGone: "source_gone",
    SourceMissing: "source_missing",
    SourceSlow: "source_slow",
    SourceAnswers: "source_answers",
    FileGrowing: "growing",
    FileEmpty: "empty",
    AddressOpen: "warning",
    FileDigested: "digested",
    UploadBegun: "upload",
    BytesMoved: "progress",
    Paused: "retry",
    ArchiveAway: "archive_away",
    ArchiveBack: "archive_back",
    FileUploaded: "uploaded",
    ReceiptHeld: "receipt",
    FileWiped: "wiped",
    FileGone: "gone",
    FileChanged: "changed",
    FileStays: "left",
    ClockMeasured: "clock",
    ReportFailed: "report_failed",
    ReportTaken: "report_taken",
}


class Listener(Protocol):
    """Hears every event, from several threads at once; must not raise and must not block for long."""

    def __call__(self, event: Event, /) -> None: ...
