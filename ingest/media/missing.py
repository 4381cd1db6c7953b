"""What a damaged file lacks, in bytes, frames and seconds, and where the loss begins. Derived from what was counted.

Frames and bytes are counts. Seconds are worked out of them, and are approximate wherever the rate of frames varies.
Where a container declares no total (a transport stream, fragments) nobody can say how much there was: nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingest.media import findings as code
from ingest.media.findings import Extent, Findings, Missing, Stream

UNCODED_FAMILIES = ("pcm_", "adpcm_")


@dataclass(frozen=True)
class Share:
    """How much of the declared there is, by frames or by bytes."""

    present: int
    declared: int

    @property
    def of_one(self) -> float:
        return min(1.0, self.present / self.declared)


def with_what_is_missing(found: Findings) -> Findings:
    """`found` with its account of the loss, where it is damaged."""
    if found.state != "damaged":
        return found
    extent = found.extent or Extent(0, 0)
    share = share_of(found.main, extent)
    declared = declared_seconds(found)
    present = None if share is None or declared is None else round(declared * share.of_one, 3)
    present = least(present, *(track.present_seconds for track in extent.tracks))
    first_byte = first_missing_byte(found, extent)
    return replace(
        found,
        missing=Missing(
            declared_seconds=declared,
            present_seconds=present,
            declared_frames=extent.declared_frames,
            present_frames=extent.present_frames,
            missing_bytes=max(0, extent.declared_bytes - extent.present_bytes),
            first_missing_byte=first_byte,
            first_missing_seconds=first_missing_seconds(found, present, first_byte, extent),
        ),
    )


def least(*seconds: float | None) -> float | None:
    """What follows the end of the first track that ends before its time is missing of that one at least."""
    return min((each for each in seconds if each is not None), default=None)


def share_of(main: Stream | None, extent: Extent) -> Share | None:
    """Of frames where they were declared and counted; of bytes where each second of sound takes as many."""
    if extent.declared_frames and extent.present_frames is not None:
        return Share(extent.present_frames, extent.declared_frames)
    even = main is not None and (main.codec or "").startswith(UNCODED_FAMILIES)
    return Share(extent.present_bytes, extent.declared_bytes) if even and extent.declared_bytes else None


def declared_seconds(found: Findings) -> float | None:
    """The container's word. Of an AVI that lost its index, and of a cut WAV, ffprobe reports what is left; the header
    counted frames, or bytes of which each second takes as many."""
    main, extent = found.video, found.extent
    uncoded = found.main is not None and (found.main.codec or "").startswith("pcm_")
    cut = extent is not None and extent.declared_bytes > extent.present_bytes > 0
    if found.container == "wav" and uncoded and cut and extent is not None and found.duration_seconds is not None:
        return round(found.duration_seconds * extent.declared_bytes / extent.present_bytes, 3)
    if (found.container or "").startswith("avi") and main is not None and main.frames_declared and main.fps:
        return max(found.duration_seconds or 0.0, round(main.frames_declared / main.fps, 3))
    return found.duration_seconds


def first_missing_byte(found: Findings, extent: Extent) -> int | None:
    """Where zeros begin, else where the file ends before its time; None where no byte is known to be gone."""
    zeros = next((reason for reason in found.reasons if reason.code == code.ZERO_FILLED), None)
    if zeros is not None:
        return int(zeros.facts["first_at"])
    return extent.present_bytes if extent.declared_bytes > extent.present_bytes else None


def first_missing_seconds(found: Findings, present: float | None, at: int | None, extent: Extent) -> float | None:
    """A cut ends what is there. A hole lies at about its share of the bytes: only the index would know better."""
    if any(reason.code == code.ZERO_FILLED for reason in found.reasons):
        declared = declared_seconds(found)
        if at is None or not declared or not extent.declared_bytes:
            return None
        return round(declared * min(1.0, at / extent.declared_bytes), 3)
    return present if at is not None else None
