"""What was seen in a file: values that probe gives and everybody else reads. Hostile bytes give findings alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal

from ingest.containers import SEQUENCE_BRANDS, STILL_BRANDS
from ingest.media.avi_chunks import PictureChunks
from ingest.media.sample_tables import TrackExtent
from integrity.hidden_signs import without_hidden

State = Literal["intact", "opens", "damaged", "unreadable"]
Kind = Literal["video", "audio", "still", "none"]
Fact = str | int | float

# Why a file is not "intact". Codes are stable: they are stored and translated.
EMPTY_FILE: Final = "empty_file"
NOT_MEDIA: Final = "not_media"  # no demuxer knows it
FORMAT_REFUSED: Final = "format_refused"  # a demuxer knows it, and the policy forbids that one
NO_STREAMS: Final = "no_streams"
NOT_PROBED_IN_TIME: Final = "not_probed_in_time"
PROBE_STOPPED: Final = "probe_stopped"  # it broke another limit, or died of a signal
MOOV_MISSING: Final = "moov_missing"
ENDS_EARLY: Final = "ends_early"  # containers declare more bytes than there are
FRAMES_MISSING: Final = "frames_missing"
NO_DECODABLE_FRAME: Final = "no_decodable_frame"
DECODER_COMPLAINED: Final = "decoder_complained"
INDEX_UNMET: Final = "index_unmet"  # in the place of what the index names stands something else
TIME_MISSING: Final = "time_missing"  # containers declare more time than there are pictures and sound for
ZERO_FILLED: Final = "zero_filled"  # runs of zeros where footage was meant to come
FRAGMENTS_BROKEN: Final = "fragments_broken"  # of an MP4: between two fragments stands what is no part of it
# Words about a file that may stand beside "intact".
TRAILING_BYTES: Final = "trailing_bytes"  # something follows the last box and is none
NO_DECODER: Final = "no_decoder"  # this archive's tools cannot decode the codec; others can
PICTURE_TOO_LARGE: Final = "picture_too_large"  # a photograph of more pixels than are decoded here (commands.py)
SEVERAL_PICTURES: Final = "several_pictures"  # of pictures one after the other only the first few were looked at
CLOCK_JUMPS: Final = "clock_jumps"  # what it holds does not follow without a break, by the times of its pictures
EDIT_HIDES: Final = "edit_hides"  # of an MP4: its edit list keeps a part from whoever plays it
SECOND_FILE: Final = "second_file"  # behind the first film, sound or photograph there is another one
UNCLAIMED: Final = "unclaimed_bytes"  # much of it belongs to no track, and no player shows it
FURTHER_PICTURES: Final = "further_pictures"  # more than one track of pictures: the copies show the first
FURTHER_SOUNDS: Final = "further_sounds"  # more than one track of sound: the copies have the first
ATTACHED_FILES: Final = "attached_files"  # of Matroska: no player shows them, and the copies have none
READING_STOPPED: Final = "reading_stopped"  # boxes, EXIF or tracks could not be read to their end
PARSER_FAILED: Final = "parser_failed"  # looking at it broke a program of ours; the file was not understood
BARE_MJPEG: Final = "mjpeg"
"""A film of JPEGs one after the other, in no container: the name that ffmpeg has for it."""
# None of these makes a file damaged, however many there are.
MERE_WORDS: Final = frozenset(
    {
        TRAILING_BYTES,
        NO_DECODER,
        PICTURE_TOO_LARGE,
        SEVERAL_PICTURES,
        CLOCK_JUMPS,
        EDIT_HIDES,
        SECOND_FILE,
        UNCLAIMED,
        FURTHER_PICTURES,
        FURTHER_SOUNDS,
        ATTACHED_FILES,
        READING_STOPPED,
        PARSER_FAILED,
    }
)


@dataclass(frozen=True)
class Reason:
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """`frames_declared` is the container's word, `frames_present` what was counted, where it was."""

    index: int
    kind: str
    codec: str | None
    profile: str | None = None
    width: int | None = None
    height: int | None = None
    rotation: int = 0
    fps: float | None = None
    pix_fmt: str | None = None
    channels: int | None = None
    sample_rate: int | None = None
    is_picture: bool = False
    length_prefixed: bool = True
    frames_declared: int | None = None
    frames_present: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def gives_nothing(self) -> bool:
        """Whether no frame of it decodes, or nobody here knows what it is coded in."""
        return self.frames_present == 0 or self.codec is None


@dataclass(frozen=True)
class Extent:
    """What the containers declare against what is there. Frames are those of the first real video stream.

    `sample_bytes` is what an MP4's tables say its samples have together: more than is there where some share theirs.
    `tracks` are those of which some lie beyond the end, `chunks` those of an AVI's picture. `in_fragments`: an MP4 of
    which nobody knew how long it would be; `broken`: from where to where, in bytes, what is none lies between them."""

    declared_bytes: int
    present_bytes: int
    declared_frames: int | None = None
    present_frames: int | None = None
    counted_by: Literal["decoding", "packets"] | None = None
    sample_bytes: int | None = None
    tracks: tuple[TrackExtent, ...] = ()
    chunks: PictureChunks | None = None
    in_fragments: bool = False
    broken: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Missing:
    """What a damaged file lacks (missing.py). None: nobody can say. Seconds are approximate, counts are not."""

    declared_seconds: float | None = None
    present_seconds: float | None = None
    declared_frames: int | None = None
    present_frames: int | None = None
    missing_bytes: int | None = None
    first_missing_byte: int | None = None
    first_missing_seconds: float | None = None


CLOCKED: Final = ("mpegts", "mpeg")
READ_TO_THE_END: Final = frozenset({*CLOCKED, "amr", "aac", "mp3", "avi"})
"""Whatever follows the last packet or frame of these a demuxer takes for more of them."""
LONGEST_PLAYED_PAUSE: Final = 10.0
"""In seconds: ffmpeg's own (`-dts_delta_threshold`). What is longer nobody plays."""


@dataclass(frozen=True)
class Run:
    """What a film holds between two jumps of its pictures' times, from its beginning. `by_clock` is false after a clock
    began anew: such a run comes after the one before it, nobody knows when."""

    offset_seconds: float
    seconds: float
    by_clock: bool


@dataclass(frozen=True)
class Findings:
    """The state is about the file as a whole: "unreadable" means that nothing here can open it, "intact" that all of it
    was decoded, "opens" that nothing in its containers and first frames speaks against that, or nothing that was borne
    out. There is no damage without a reason."""

    state: State
    reasons: tuple[Reason, ...]
    container: str | None
    duration_seconds: float | None
    streams: tuple[Stream, ...]
    extent: Extent | None
    orientation: int
    tags: Mapping[str, str]
    tool: str
    tool_version: str
    sandbox: str
    # What the file's own bytes say (ingest/metadata/reading.py); claims are made of it, the row keeps those.
    contents: Mapping[str, Any] = field(default_factory=dict)
    missing: Missing | None = None
    # Of a film whose clock jumps; else none. `duration_seconds` is then from the first to the end of the last.
    runs: tuple[Run, ...] = ()
    # Of an MP4 whose edit list leaves out a part: how much of `duration_seconds`, which is of all there is.
    hidden_seconds: float | None = None

    def __post_init__(self) -> None:
        """Damage is signed, with its reasons: ValueError where there is none."""
        if self.state == "damaged" and all(reason.code in MERE_WORDS for reason in self.reasons):
            raise ValueError("a file was called damaged, and nothing says why")

    @property
    def kind(self) -> Kind:
        if self.video is not None:
            return "still" if self.is_still else "video"
        return "audio" if self.audio is not None else "none"

    @property
    def is_still(self) -> bool:
        """By its brand only where nothing in it moves: that is a word of four letters, which anybody may write."""
        if self.container is not None and ("_pipe" in self.container or self.container == "image2"):
            return True
        return self._has_brand(STILL_BRANDS) and not any((film.frames_declared or 0) > 1 for film in self.films)

    @property
    def is_photographed(self) -> bool:
        """One photograph, or several in a row, with the EXIF of photographs."""
        return self.is_still or self._has_brand(SEQUENCE_BRANDS)

    def _has_brand(self, brands: Iterable[str]) -> bool:
        said = (self.tags.get("major_brand", "") + self.tags.get("compatible_brands", "")).lower()
        return any(brand in said for brand in brands)

    @property
    def is_avi(self) -> bool:
        return self.container == "avi"

    @property
    def video(self) -> Stream | None:
        """The first moving or still picture; a cover in a music file is none."""
        return next(iter(self.films), None)

    @property
    def films(self) -> tuple[Stream, ...]:
        """All that move, of several cameras in one file."""
        return tuple(s for s in self.streams if s.kind == "video" and not s.is_picture)

    @property
    def sounds(self) -> tuple[Stream, ...]:
        return tuple(s for s in self.streams if s.kind == "audio" and s.codec not in (None, "unknown"))

    @property
    def attached_files(self) -> int:
        """What Matroska carries beside its tracks, a picture of the cover aside."""
        return sum(stream.kind == "attachment" for stream in self.streams)

    @property
    def to_decode(self) -> tuple[Stream, ...]:
        """Whatever moves or sounds, as far as anybody knows what it is coded in."""
        return tuple(each for each in (*self.films, *self.sounds) if each.codec is not None)

    @property
    def sure_to_decode(self) -> tuple[Stream, ...]:
        """The picture and the sound that count, and further ones of the same codec: if theirs has a decoder it has."""
        firsts = {kind[0].codec for kind in (self.films, self.sounds) if kind}
        return tuple(each for each in self.to_decode if each.codec in firsts)

    @property
    def main(self) -> Stream | None:
        """What a person would say the file is of: its picture, else its sound."""
        return self.video or self.audio

    @property
    def audio(self) -> Stream | None:
        return next(iter(self.sounds), None)

    @property
    def why_not_decoded(self) -> str | None:
        """Why nothing decodes its picture, or else its sound, though nothing is known against it."""
        said = (reason.code for reason in self.reasons)
        return next((each for each in said if each in (NO_DECODER, PICTURE_TOO_LARGE)), None)

    @property
    def is_clocked(self) -> bool:
        """Whether it is a stream whose pictures are found by a clock alone, which may begin anew."""
        return self.container in CLOCKED

    @property
    def read_up_to(self) -> int | None:
        """Where whoever makes a copy of it is to stop; None: at the end of the file. What follows the film is none of
        it, and is told by itself: copies of both would be longer than the recording is said to be."""
        extent = self.extent
        is_followed = extent is not None and 0 < extent.declared_bytes < extent.present_bytes
        return extent.declared_bytes if extent and is_followed and self.container in READ_TO_THE_END else None

    @property
    def has_jumping_clock(self) -> bool:
        return self.is_clocked and bool(self.runs)

    @property
    def played_seconds(self) -> float | None:
        """How long our copies are, and what a player's time counts to: of a stream whose clock paused ffmpeg leaves the
        pause out, as it does where the clock began anew."""
        if not self.has_jumping_clock:
            return self.duration_seconds
        gaps = (after.offset_seconds - before.offset_seconds - before.seconds for before, after in pairwise(self.runs))
        return sum(run.seconds for run in self.runs) + sum(gap for gap in gaps if 0 < gap <= LONGEST_PLAYED_PAUSE)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is known against it."""
        return self.state in ("intact", "opens")

    @property
    def torn_box(self) -> str | None:
        """Of an MP4 that ends before its time, the box it ends in."""
        ends = (reason.facts for reason in self.reasons if reason.code == ENDS_EARLY)
        return next((str(facts["box"]) for facts in ends if "box" in facts), None)

    @property
    def opens_by_fragments(self) -> bool:
        """What ends within the head of a fragment no tool opens that reads all heads first; what reads one fragment
        after the other has all that are whole."""
        return self.torn_box == "moof"

    @property
    def lost_its_index(self) -> bool:
        return any(reason.code == MOOV_MISSING for reason in self.reasons)

    @property
    def broken(self) -> tuple[tuple[int, int], ...]:
        """What keeps players and tools from the fragments behind it."""
        return () if self.extent is None else self.extent.broken

    @property
    def is_shown_by_its_recovery(self) -> bool:
        """Whether nothing opens it, or nothing all of it, so that copies are made of what was recovered."""
        return self.lost_its_index or bool(self.broken)

    @property
    def was_not_probed_in_time(self) -> bool:
        """Of the wall: a machine that had other things to do says so of any file."""
        return any(reason.code == NOT_PROBED_IN_TIME for reason in self.reasons)

    @property
    def may_be_recovered(self) -> bool:
        """Whether there is something moving or to be heard in it that a copy in a whole container would help."""
        return self.state == "damaged" and (self.kind in ("video", "audio") or self.lost_its_index)

    def as_facts(self) -> dict[str, Any]:
        """Everything but the contents, as JSON: for the row that keeps it, and whoever is shown that. Its tags are the
        file's own words: what steers a terminal or turns a line about is replaced in them."""
        facts = dataclasses.asdict(dataclasses.replace(self, contents={}))
        del facts["contents"]
        for tagged in (facts, *facts["streams"]):
            tagged["tags"] = {without_hidden(name): without_hidden(value) for name, value in tagged["tags"].items()}
        return {**facts, "kind": self.kind}


def was_not_probed_in_time(facts: Mapping[str, Any]) -> bool:
    """Of a row's findings, as Findings says it."""
    reasons = facts.get("reasons") or ()
    return any(isinstance(said, Mapping) and said.get("code") == NOT_PROBED_IN_TIME for said in reasons)


def photograph_of_facts(facts: Mapping[str, Any]) -> Findings | None:
    """The findings of a row, as another look at the same bytes would give them again: of a photograph that was decoded
    whole when it came, all but the contents. None of anything else, of which a later look may know more."""
    if facts.get("state") != "intact" or facts.get("kind") != "still":
        return None
    return Findings(
        state="intact",
        reasons=tuple(Reason(**said) for said in facts["reasons"]),
        container=facts["container"],
        duration_seconds=facts["duration_seconds"],
        streams=tuple(Stream(**said) for said in facts["streams"]),
        extent=None,
        orientation=facts["orientation"],
        tags=facts["tags"],
        tool=facts["tool"],
        tool_version=facts["tool_version"],
        sandbox=facts["sandbox"],
    )


def not_understood(error: Exception) -> Findings:
    """For a file that broke the looking itself: nothing is known of it, and that is no reason not to keep it."""
    return Findings(
        state="unreadable",
        reasons=(Reason(PARSER_FAILED, {"error": type(error).__name__}),),
        container=None,
        duration_seconds=None,
        streams=(),
        extent=None,
        orientation=1,
        tags={},
        tool="none",
        tool_version="",
        sandbox="none",
    )
