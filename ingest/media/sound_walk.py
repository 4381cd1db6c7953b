"""The frames of sound that lies in no container, one after the other: each says by itself how long it is.

What lies between frames is gone over, as players do; what follows the last one is no sound, whatever it is: zeros of
room that a recorder set aside, a tag, another file. This runs inside the sandbox (inside.py), within an allowance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from ingest.media.boxes import Allowance

PIECE_BYTES: Final = 1 << 20
_TAG_BYTES: Final = 128
_APE_BYTES: Final = 32


@dataclass(frozen=True)
class Frame:
    """`samples` of `hertz` a second are what it lasts."""

    size: int
    samples: int
    hertz: int


@dataclass(frozen=True)
class FrameKind:
    """How the frames of one coding are told. `frame_at`: what begins at a place of a piece of the file, None where no
    frame does. `next_frame`: from a place on, before a last one, where frames go on beyond doubt; behind the last one
    where they do not. Neither looks at more than `looks_ahead` bytes behind the place; a head has `head_bytes`, and the
    `first_byte`, where it is always the same."""

    frame_at: Callable[[bytes, int], Frame | None]
    next_frame: Callable[[bytes, int, int], int]
    head_bytes: int
    looks_ahead: int
    first_byte: bytes = b""


@dataclass(frozen=True)
class SoundFrames:
    """`end` is where the last frame ends by its own word, and may lie beyond the end of the file. Tags behind it are
    counted to it. Where it is not `complete` there was no time for all, and this is what was counted by then."""

    seconds: float
    end: int
    frames: int
    complete: bool


@dataclass
class _Walk:
    """What was counted so far. `last_end`: where the last frame ends, counted or torn. `is_unbroken`: nothing but
    frames was met."""

    kind: FrameKind
    end: int
    last_end: int
    samples: Counter[int] = field(default_factory=Counter)
    frames: int = 0
    is_unbroken: bool = True

    def take(self, piece: bytes, at: int) -> int:
        """Count the frames of what lies at a place of the file. How far that was."""
        is_last = at + len(piece) >= self.end
        # What is looked at behind a frame lies in the same piece.
        place, stop = 0, len(piece) - (self.kind.head_bytes if is_last else self.kind.looks_ahead)
        while place <= stop:
            frame = self.kind.frame_at(piece, place)
            if frame is None:
                if not self.frames:
                    return 0
                self.is_unbroken = False
                place = self.kind.next_frame(piece, place + 1, stop)
                continue
            self.last_end = at + place + frame.size
            if self.last_end > self.end:
                return len(piece)
            self.samples[frame.hertz] += frame.samples
            self.frames += 1
            place += frame.size
        return len(piece) if is_last else place

    def ended_at(self, handle: BinaryIO) -> int:
        """Where the last frame ends: the one that is torn only where frame followed upon frame up to it."""
        if not self.is_unbroken:
            return min(self.last_end, self.end)
        handle.seek(self.last_end)
        rest = handle.read(max(0, min(self.kind.head_bytes, self.end - self.last_end)))
        is_torn_head = bool(self.kind.first_byte) and rest.startswith(self.kind.first_byte)
        return self.last_end + (self.kind.head_bytes if is_torn_head and len(rest) < self.kind.head_bytes else 0)

    def seconds(self) -> float:
        return round(sum(samples / hertz for hertz, samples in self.samples.items()), 3)


def walk_frames(handle: BinaryIO, at: int, present: int, kind: FrameKind, allowance: Allowance) -> SoundFrames | None:
    """From the frame at a place to the end of the file; None where no whole one begins there."""
    walk = _Walk(kind, end_of_frames(handle, present), at)
    while at < walk.end and allowance.allows(boxes=1):
        handle.seek(at)
        reached = walk.take(handle.read(min(PIECE_BYTES, walk.end - at)), at)
        if not reached:  # No frame at all, or it was cut while it was read.
            break
        at += reached
    if not walk.frames:
        return None
    ended_at = walk.end if allowance.spent else walk.ended_at(handle)
    # The tags lie behind what is there, whole or torn, and not behind what was found to be no sound.
    end = ended_at if ended_at < walk.end else ended_at + present - walk.end
    return SoundFrames(walk.seconds(), end, walk.frames, complete=not allowance.spent)


def end_of_frames(handle: BinaryIO, present: int) -> int:
    """Before the tags that players put behind: ID3 version 1, and APE with the size in its last bytes."""
    end = present
    handle.seek(max(0, end - _TAG_BYTES))
    if handle.read(3) == b"TAG" and end > _TAG_BYTES:
        end -= _TAG_BYTES
    handle.seek(max(0, end - _APE_BYTES))
    footer = handle.read(_APE_BYTES)
    if footer.startswith(b"APETAGEX"):
        has_header = footer[23] & 0x80
        size = int.from_bytes(footer[12:16], "little") + (_APE_BYTES if has_header else 0)
        end -= size if _APE_BYTES <= size < end else 0
    return end
