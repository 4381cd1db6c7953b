"""What a damaged file lacks, in bytes, frames and seconds, and where the loss begins. Derived from what was counted.

Frames and bytes are counts. Seconds are worked out of them, and are approximate wherever the rate of frames varies.
Where a container declares no total (an MPEG stream, fragments) nobody can say how much there was; how long what is
left of a stream is, the times in it say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from ingest.media import findings as code
from ingest.media.description import decimal, film_of
from ingest.media.findings import Extent, Findings, Missing, Stream

UNCODED_FAMILIES = ("pcm_", "adpcm_")
# Streams: none says how long it is as a whole. MPEG sound does where an encoder put a header before it.
WITHOUT_TOTAL: Final = frozenset({"mpegts", "mpeg", "aac", "amr", "h264", "hevc", code.BARE_MJPEG})
COUNTED_BY_A_HEADER: Final = "mp3"
MATROSKA: Final = "matroska"


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
    declared, present = declared_and_reached(found)
    declared = declared_seconds(found) if declared is None else declared
    by_tracks = (track.present_seconds for track in extent.tracks)
    present = least(present, present_seconds(found, extent, declared), *by_tracks)
    first_byte = first_missing_byte(found, extent)
    return replace(
        found,
        missing=Missing(
            declared_seconds=declared,
            present_seconds=present,
            declared_frames=extent.declared_frames,
            present_frames=extent.present_frames,
            missing_bytes=missing_bytes(found),
            first_missing_byte=first_byte,
            first_missing_seconds=first_missing_seconds(found, present, first_byte, extent),
        ),
    )


def missing_bytes(found: Findings) -> int | None:
    """None where nothing says how many there were: of what was not measured, of a stream without a total that ends with
    a whole packet, and of a film whose index was never written."""
    extent = found.extent
    if extent is None:
        return None
    beyond = extent.declared_bytes - extent.present_bytes
    return beyond if beyond > 0 else None if says_no_total(found) or found.lost_its_index else 0


def declared_and_reached(found: Findings) -> tuple[float | None, float | None]:
    """By a word of time that nothing fills (declared_time.py)."""
    facts = next((reason.facts for reason in found.reasons if reason.code == code.TIME_MISSING), None)
    return (None, None) if facts is None else (float(facts["declared_seconds"]), float(facts["present_seconds"]))


def least(*seconds: float | None) -> float | None:
    """What follows the end of the first track that ends before its time is missing of that one at least."""
    return min((each for each in seconds if each is not None), default=None)


def present_seconds(found: Findings, extent: Extent, declared: float | None) -> float | None:
    """By the share of the frames or bytes. In an AVI a chunk is a piece of time, and few of them may be pictures: those
    before the end of a cut file say how long it is, whatever they hold."""
    chunks = extent.chunks
    if found.is_avi and not has_hole(found) and chunks is not None and chunks.present is not None:
        return chunks.present_seconds
    if found.is_avi and not is_even(extent):
        return None
    share = share_of(found.main, extent)
    if share is None or declared is None:
        return reached_seconds(found, extent)
    return round(declared * share.of_one, 3)


def reached_seconds(found: Findings, extent: Extent) -> float | None:
    """Of what was cut and keeps its times with its pictures: how long those are that are there. What lies before a
    hole nobody has counted, nor what there is of a torn fragment, whose head has the times of all that was to be in it.
    """
    cut = extent.declared_bytes > extent.present_bytes
    if not cut or has_hole(found) or extent.present_frames == 0 or extent.in_fragments:
        return None
    if says_no_total(found):
        return found.duration_seconds
    film = film_of(MATROSKA if MATROSKA in (found.container or "").split(",") else None, found.contents.get("film"))
    return decimal(film.get("seconds"))


def says_no_total(found: Findings) -> bool:
    """So that its length is of what is there, or in fragments of what their heads say."""
    if found.container == COUNTED_BY_A_HEADER:
        return found.main is None or found.main.frames_declared is None
    return found.container in WITHOUT_TOTAL or (found.extent is not None and found.extent.in_fragments)


def has_hole(found: Findings) -> bool:
    return any(reason.code == code.ZERO_FILLED for reason in found.reasons)


def is_even(extent: Extent) -> bool:
    """Whether an AVI says of all its chunks that they are pictures."""
    return extent.chunks is not None and extent.chunks.is_even


def share_of(main: Stream | None, extent: Extent) -> Share | None:
    """Of frames where they were declared and counted; of bytes where each second of sound takes as many."""
    if extent.declared_frames and extent.present_frames is not None:
        return Share(extent.present_frames, extent.declared_frames)
    even = main is not None and (main.codec or "").startswith(UNCODED_FAMILIES)
    return Share(extent.present_bytes, extent.declared_bytes) if even and extent.declared_bytes else None


def declared_seconds(found: Findings) -> float | None:
    """The container's word, None where it says none. Of an AVI that lost its index, and of a cut WAV, ffprobe reports
    what is left; the header counted chunks, or bytes of which each second takes as many."""
    extent = found.extent
    cut = extent is not None and extent.declared_bytes > extent.present_bytes > 0
    if found.container == "wav" and cut and extent is not None and is_of_what_is_left(found, extent):
        return round((found.duration_seconds or 0.0) * extent.declared_bytes / extent.present_bytes, 3)
    if found.is_avi and extent is not None and (extent.chunks is not None or cut):
        declared = None if extent.chunks is None else extent.chunks.declared_seconds
        return None if declared is None else max(found.duration_seconds or 0.0, declared)
    return None if says_no_total(found) else found.duration_seconds


def is_of_what_is_left(found: Findings, extent: Extent) -> bool:
    """Whether ffprobe's length of a cut WAV was worked out of its bytes. A chunk `fact` counts samples, and where a
    writer put one (with G.711 most do) the length is that of before it was cut."""
    rate = byte_rate(found.main)
    if rate is None or found.duration_seconds is None:
        return False
    said = found.duration_seconds
    return abs(said - extent.present_bytes / rate) <= abs(said - extent.declared_bytes / rate)


def byte_rate(sound: Stream | None) -> int | None:
    """Bytes a second of sound that is not coded: its codec's name has the bits of a sample, G.711's are eight."""
    named = re.fullmatch(r"pcm_(?:[suf](\d{1,2})(?:le|be)?|[am]u?law)", (sound and sound.codec) or "")
    if named is None or sound is None or not sound.sample_rate or not sound.channels:
        return None
    return sound.sample_rate * sound.channels * int(named[1] or 8) // 8


def first_missing_byte(found: Findings, extent: Extent) -> int | None:
    """Where zeros begin, else where the file ends before its time; None where no byte is known to be gone."""
    zeros = next((reason for reason in found.reasons if reason.code == code.ZERO_FILLED), None)
    if zeros is not None:
        return int(zeros.facts["first_at"])
    return extent.present_bytes if extent.declared_bytes > extent.present_bytes else None


def first_missing_seconds(found: Findings, present: float | None, at: int | None, extent: Extent) -> float | None:
    """A cut ends what is there. A hole lies at about its share of the bytes: only the index would know better."""
    if has_hole(found):
        if found.is_avi and not is_even(extent):
            return None
        whole = declared_seconds(found) or found.duration_seconds
        if at is None or not whole or not extent.declared_bytes:
            return None
        return round(whole * min(1.0, at / extent.declared_bytes), 3)
    return present if at is not None or declared_and_reached(found)[1] is not None else None
