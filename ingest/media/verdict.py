"""From what was seen to a state: opens, damaged or unreadable, and what is missing. Compares declared with present.

`intact` is said of a photograph alone, which the first look decodes whole; of all else whole.py says it, later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ingest.media import findings as code
from ingest.media.damage import Boxes
from ingest.media.declared_time import time_missing
from ingest.media.findings import Extent, Fact, Findings, Reason, Stream
from ingest.media.missing import declared_seconds
from ingest.media.reader import FileFacts

Count = Callable[[Findings], tuple[tuple[Stream, ...], Any]]
# The frames of these are what their bytes are: zeros in them are silence or black, not a hole.
BARE_SOUND = ("amr", "aac", "mp3")
JPEGS = ("image2", "jpeg_pipe")
UNCODED = ("pcm_", "rawvideo", "v210")
# Of these each is damage by itself.
LOSSES = (code.ENDS_EARLY, code.INDEX_UNMET, code.TIME_MISSING, code.FRAGMENTS_BROKEN)
# One byte pads an odd RIFF, and a player's tag is 128: what is longer deserves a word.
SHORTEST_TRAILER_BYTES = 256
# Before MPEG sound and behind it, from three frames of the slowest rate.
MOST_SILENCE_SECONDS = 0.3


def explain_failure(found: Findings, facts: FileFacts) -> Findings:
    """An MP4 that lost its index (moov) is damaged, not foreign: its footage is there and may be recovered."""
    boxes = facts.boxes
    extra = (*zero_filled(facts), *not_read(facts))
    found = replace(found, reasons=(*found.reasons, *extra), contents=facts.contents)
    if boxes is None:
        return found
    found = replace(found, extent=extent_of(boxes))
    if found.reasons[0].code in (code.NOT_MEDIA, code.NO_STREAMS) and lost_its_index(boxes):
        reasons = (Reason(code.MOOV_MISSING), *ends_early(boxes), *extra)
        return replace(found, state="damaged", reasons=reasons, container="mp4", streams=(), duration_seconds=None)
    return found


def lost_its_index(boxes: Boxes) -> bool:
    """None was written, or power was lost while it was."""
    return boxes.complete and "mdat" in boxes.kinds and ("moov" not in boxes.kinds or boxes.reaching == "moov")


def judge(found: Findings, facts: FileFacts, complaints: str, count: Count) -> Findings:
    """`found` as described; `count` is asked only where something speaks against it, because it decodes everything."""
    notes = not_read(facts)
    boxes = facts.boxes
    if found.is_still:
        notes = (*trailing(boxes), *notes)
        return judge_still(found, complaints, notes, boxes)
    if found.container == code.BARE_MJPEG:  # The first of many ends, and the file does not.
        boxes = None
    found = replace(found, extent=None if boxes is None else extent_of(boxes))
    lost = () if boxes is None else ends_early(boxes)
    # Bytes that no sample is in are a word about the file, and no damage.
    harmless = lost if boxes is not None and boxes.nothing_lost else ()
    lost = () if harmless else lost
    short = () if lost else time_missing(found, facts.contents.get("film"), found.extent)
    elsewhere = (*fragments_broken(boxes), *index_unmet(boxes), *short)
    zeros = () if is_uncoded(found.main) else zero_filled(facts)
    nothing = tuple(reason for reason in found.reasons if reason.code == code.NO_DECODABLE_FRAME)
    kept = tuple(reason for reason in found.reasons if reason not in nothing)
    notes = (*kept, *harmless, *jumps(found), *hides(found), *further_tracks(found), *trailing(boxes), *notes)
    if not (lost or elsewhere or zeros or nothing):
        return replace(found, reasons=notes)
    return weigh(found, (*lost, *elsewhere, *zeros), notes, count)


def weigh(found: Findings, signs: tuple[Reason, ...], notes: tuple[Reason, ...], count: Count) -> Findings:
    """Count what is left. Where every declared frame is there, zeros are a note and no damage. A file that ends before
    its time, or lacks what its index names, is damaged even then: its sound may be gone.
    First packets that gave no picture are no sign by themselves: where pictures come later, as after the middle of a
    long group, nothing has turned up."""
    streams, counted_by = count(found)
    found = replace(found, streams=streams)
    main = found.main
    declared, present = (main.frames_declared, main.frames_present) if main else (None, None)
    extent = found.extent or Extent(0, 0)
    if extent.broken:  # Whoever counts stops at the first of them.
        declared = present = counted_by = None
    found = replace(
        found, extent=replace(extent, declared_frames=declared, present_frames=present, counted_by=counted_by)
    )
    cut = any(sign.code in LOSSES for sign in signs)
    # As many pictures as an AVI has chunks are all there are, where no index says which of those are empty.
    all_there = (declared, None if extent.chunks is None else extent.chunks.declared)
    if present and present in all_there and not cut:
        return replace(found, reasons=(*signs, *notes))
    reasons = (*signs, *frames_missing(found, declared, present))
    return replace(found, state="damaged" if reasons else found.state, reasons=(*reasons, *notes))


def frames_missing(found: Findings, declared: int | None, present: int | None) -> tuple[Reason, ...]:
    nothing = (Reason(code.NO_DECODABLE_FRAME),) if present == 0 else ()
    if declared is None or present is None or present >= declared:
        return nothing
    facts: dict[str, Fact] = {"declared_frames": declared, "present_frames": present}
    if (seconds := declared_seconds(found)) is not None:
        facts["declared_seconds"] = seconds
    return (Reason(code.FRAMES_MISSING, facts), *nothing)


def judge_still(found: Findings, complaints: str, notes: tuple[Reason, ...], boxes: Boxes | None = None) -> Findings:
    """A picture was decoded whole by the look at it, which costs little: a cut JPEG shows nowhere else. One of many
    tiles was not, but the boxes it lies in tell. Of a JPEG its last mark tells, where the decoder does not: that bears
    with a missing one, and what it complains of is worse."""
    nothing = any(reason.code == code.NO_DECODABLE_FRAME for reason in found.reasons)
    if found.why_not_decoded is not None:  # What is said of it then is of that, and no word about the file.
        complaints = ""
    is_told = found.container in JPEGS and (nothing or bool(complaints))
    if boxes is not None and boxes.missing_bytes and not boxes.nothing_lost and not is_told:
        found = replace(found, extent=extent_of(boxes))
        return replace(found, state="damaged", reasons=(*ends_early(boxes), *found.reasons, *notes))
    if nothing:
        return replace(found, state="damaged", reasons=(Reason(code.NO_DECODABLE_FRAME), *notes))
    if complaints:
        return replace(found, state="damaged", reasons=(Reason(code.DECODER_COMPLAINED), *notes))
    whole = found.container in ("image2", "jpeg_pipe", "png_pipe") and not found.reasons
    return replace(found, state="intact" if whole else found.state, reasons=(*found.reasons, *notes))


def extent_of(boxes: Boxes) -> Extent:
    return Extent(
        boxes.declared_bytes,
        boxes.present_bytes,
        sample_bytes=boxes.sample_bytes or None,
        tracks=boxes.lacking,
        chunks=boxes.chunks,
        in_fragments="moof" in boxes.kinds,
        broken=tuple((span.at, span.end) for span in boxes.broken),
    )


def with_declared_frames(found: Findings, boxes: Boxes | None) -> Findings:
    """What ffprobe leaves out: how many frames the header of MPEG sound says there are, and how long those of sound
    without a container are together, of which it makes a guess. And what it mistakes for frames: the chunks of an AVI,
    empty ones among its pictures, and single samples of its sound."""
    main = found.main
    if main is None or boxes is None:
        return found
    if found.container in BARE_SOUND and boxes.sound_seconds is not None:
        found = replace(found, duration_seconds=length_of_sound(found, boxes.sound_seconds, boxes.sound_frames))
    if found.is_avi:
        found = replace(found, duration_seconds=length_of_avi(found, boxes))
        chunks = boxes.chunks if main.kind == "video" else None
        frames = None if chunks is None else chunks.declared_pictures
    elif boxes.sound_frames is not None and main.kind == "audio" and main.frames_declared is None:
        frames = boxes.sound_frames
    else:
        return found
    counted = (replace(each, frames_declared=frames) if each is main else each for each in found.streams)
    return replace(found, streams=tuple(counted))


def length_of_sound(found: Findings, seconds: float, declared_frames: int | None) -> float:
    """Of a stream that says how many frames it has ffprobe leaves out the silence that the encoder put around it."""
    said = found.duration_seconds
    is_better = declared_frames is not None and said is not None and 0 <= seconds - said <= MOST_SILENCE_SECONDS
    return said if is_better and said is not None else seconds


def length_of_avi(found: Findings, boxes: Boxes) -> float | None:
    """Of its sounds ffprobe guesses by the bytes of the whole file, or says nothing; and nothing too of a film that was
    never closed, whose chunks of pictures were counted."""
    seconds, sound = found.duration_seconds, boxes.sound_seconds
    if sound is not None:
        return sound if found.video is None else max(seconds or 0.0, sound)
    return seconds or (None if boxes.chunks is None else boxes.chunks.there_seconds) or seconds


def ends_early(boxes: Boxes) -> tuple[Reason, ...]:
    if not boxes.missing_bytes:
        return ()
    facts: dict[str, Fact] = {"declared_bytes": boxes.declared_bytes, "present_bytes": boxes.present_bytes}
    if boxes.reaching is not None:
        facts["box"] = boxes.reaching
    return (Reason(code.ENDS_EARLY, facts),)


def index_unmet(boxes: Boxes | None) -> tuple[Reason, ...]:
    indexed = None if boxes is None else boxes.indexed
    if indexed is None or not indexed.gone:
        return ()
    return (Reason(code.INDEX_UNMET, {"named": indexed.named, "gone": indexed.gone}),)


def fragments_broken(boxes: Boxes | None) -> tuple[Reason, ...]:
    """Players stop there, and know nothing of what follows."""
    if boxes is None or not boxes.broken:
        return ()
    gone = sum(span.bytes for span in boxes.broken)
    return (Reason(code.FRAGMENTS_BROKEN, {"places": len(boxes.broken), "bytes": gone, "at": boxes.broken[0].at}),)


def zero_filled(facts: FileFacts) -> tuple[Reason, ...]:
    if facts.zeros is None:
        return ()
    return (Reason(code.ZERO_FILLED, {"about_bytes": facts.zeros.bytes, "first_at": facts.zeros.first_at}),)


def trailing(boxes: Boxes | None) -> tuple[Reason, ...]:
    if boxes is None:
        return ()
    if boxes.second_bytes >= SHORTEST_TRAILER_BYTES:
        return (Reason(code.SECOND_FILE, {"at": boxes.second_at or 0, "bytes": boxes.second_bytes}),)
    if boxes.unclaimed_bytes:
        return (Reason(code.UNCLAIMED, {"bytes": boxes.unclaimed_bytes}),)
    if boxes.trailing_bytes < SHORTEST_TRAILER_BYTES:
        return ()
    return (Reason(code.TRAILING_BYTES, {"bytes": boxes.trailing_bytes}),)


def jumps(found: Findings) -> tuple[Reason, ...]:
    return (Reason(code.CLOCK_JUMPS, {"runs": len(found.runs)}),) if found.runs else ()


def further_tracks(found: Findings) -> tuple[Reason, ...]:
    """Copies have the first of each: of several cameras or microphones, or of a film behind another one. Of what is
    attached they have nothing."""
    kinds = ((code.FURTHER_PICTURES, found.films), (code.FURTHER_SOUNDS, found.sounds))
    told = tuple(Reason(each, {"tracks": len(tracks)}) for each, tracks in kinds if len(tracks) > 1)
    return (*told, Reason(code.ATTACHED_FILES, {"files": found.attached_files})) if found.attached_files else told


def hides(found: Findings) -> tuple[Reason, ...]:
    """What whoever plays the original does not see. Our copies have it (encoding.py: all_of_it)."""
    return () if found.hidden_seconds is None else (Reason(code.EDIT_HIDES, {"seconds": found.hidden_seconds}),)


def not_read(facts: FileFacts) -> tuple[Reason, ...]:
    """What broke the reader says so, and changes no state: ffprobe's word stands by itself."""
    unfinished = () if facts.boxes is None or facts.boxes.complete else ("extent: cost too much",)
    return tuple(Reason(code.READING_STOPPED, {"by": words}) for words in (*unfinished, *facts.failed)[:4])


def is_uncoded(main: Stream | None) -> bool:
    return main is not None and (main.codec or "").startswith(UNCODED)
