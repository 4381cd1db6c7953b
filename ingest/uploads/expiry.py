"""When the time of an unfinished upload is over: counted from the last bytes of it that became durable, up to a bound.

A slow line may take weeks over a long recording, and loses nothing by it as long as it moves. The bound is there
because all that while the upload keeps its place and its room. When it last moved says the file beside its bytes;
asking, or taking its lock, moves nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.uploads.contract import UploadLimits, UploadRecord
from ingest.uploads.offset_file import RecordedOffset


def expiry_of(record: UploadRecord, recorded: RecordedOffset, limits: UploadLimits) -> datetime:
    """Whole seconds, UTC. Never before what was told at the creation, never after the bound that was set then."""
    latest = record.expires_at_latest or record.expires_at
    if recorded.progressed_seconds == 0:
        return record.expires_at
    progressed_at = datetime.fromtimestamp(recorded.progressed_seconds, UTC)
    return max(record.expires_at, min(progressed_at + limits.expires_after, latest))


def plan_expiry(limits: UploadLimits, now: datetime) -> tuple[datetime, datetime]:
    """Of an upload that is created now: when it expires if nothing comes of it, and the bound."""
    whole = now.replace(microsecond=0)
    latest = whole + limits.lasts_at_most
    return min(whole + limits.expires_after, latest), latest
