"""Staged bytes whose upload the catalog does not know: it was brought back from a dump that is older than they are.

They may be the last copy there is (StoredCopyLost, ingest/sealing/errors.py), and a later dump may yet know them. So
they stay where a retry finds them, for as long as an unfinished upload lasts at most (sweeps.py). Nobody waits for
them, and they take room: while there are any, a note beside them says how many and how much, for whoever looks after
the archive.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import structlog

from ingest.uploads.errors import StagedBytesUnknown
from ingest.uploads.staging import Staging

_NOTE = "unknown.json"
_UNFINISHED_NOTE = "unknown.json.new"

log = structlog.get_logger()


@dataclass(frozen=True)
class UnknownBytes:
    """What is staged under an id that no row has. `changed_at`, UTC: when any of its files was last written."""

    upload_id: str
    size_bytes: int
    changed_at: datetime


@dataclass(frozen=True)
class UnknownTotal:
    """Of all that the last sweep found."""

    files: int = 0
    size_bytes: int = 0


def unknown_bytes(staging: Staging, upload_id: str) -> UnknownBytes | None:
    """Of an upload that has no row; None where there is not a byte, and nothing to lose."""
    changed_at = staging.last_change(upload_id)
    size_bytes = 0
    with suppress(FileNotFoundError):
        size_bytes = staging.bytes_path(upload_id).lstat().st_size
    if changed_at is None or size_bytes == 0:
        return None
    return UnknownBytes(upload_id, size_bytes, changed_at)


def note_unknown(folder: Path, found: Sequence[UnknownBytes]) -> None:
    """Write beside them what there is, and nothing where there is nothing. A disk that is full keeps the older note."""
    note, unfinished = folder / _NOTE, folder / _UNFINISHED_NOTE
    total = UnknownTotal(len(found), sum(each.size_bytes for each in found))
    before = read_unknown(folder)
    try:
        if not found:
            for path in (note, unfinished):
                path.unlink(missing_ok=True)
        elif total != before:
            log.warning("staging.unknown_files", **asdict(total))
            unfinished.write_text(json.dumps(asdict(total)))
            unfinished.replace(note)
    except OSError as error:
        log.exception("staging.unknown_files_not_noted", error=type(error).__name__)


def read_unknown(folder: Path) -> UnknownTotal:
    """As it was noted last."""
    try:
        return UnknownTotal(**json.loads((folder / _NOTE).read_text()))
    except (FileNotFoundError, ValueError, TypeError):  # none, or one that a power failure has torn
        return UnknownTotal()


def require_all_known(folder: Path) -> None:
    """Raises StagedBytesUnknown."""
    total = read_unknown(folder)
    if total.files:
        raise StagedBytesUnknown(total.files, total.size_bytes)
