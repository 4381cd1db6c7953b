"""Minutes that somebody cut out of a film, or put where no player looks: what is said of them, and what copies show."""

from __future__ import annotations

import io
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from ingest.media import findings as code
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.renditions import RenditionMade, make_proxy, make_sprite
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole

MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=12")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=12")
X264 = ("-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "25")
FILM = (*PICTURE, *TONE, *X264)
FRAGMENTED = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
LIVE = ("-cluster_time_limit", "1000", "-live", "1")
CLUSTER = b"\x1f\x43\xb6\x75"


def boxes(content: bytes, at: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= (end or len(content)):
        size, kind = struct.unpack_from(">I4s", content, at)
        yield kind, at, at + size
        at += size


def without_fragments(film: bytes, first: int, last: int, *, also: bytes = b"") -> bytes:
    """As somebody cuts it who knows what a box is; `also`: a kind of box that is made unreadable in all of them."""
    kept, number = [], -1
    for kind, at, end in boxes(film):
        number += kind == b"moof"
        if kind in (b"moof", b"mdat") and first <= number < last:
            continue
        kept.append(film[at:end] if kind != b"moof" or not also else film[at:end].replace(also, b"free"))
    return b"".join(kept)


def codes(found: Findings) -> list[str]:
    return [reason.code for reason in found.reasons]


def runs(found: Findings) -> list[tuple[float, float, bool]]:
    return [(round(run.offset_seconds, 1), round(run.seconds, 1), run.by_clock) for run in found.runs]


def with_one_long_picture(film: bytes, number: int, seconds: int) -> bytes:
    """The first track's table of lengths says so of one picture, counted from 0; moov is last, so nothing moves."""
    at = film.index(b"stts")
    size, count, length = struct.unpack_from(">I8xI", film, at - 4)[0], *struct.unpack_from(">II", film, at + 12)
    assert (size, length * 25 > 0) == (24, True)
    told = [(number, length), (1, length * 25 * seconds), (count - number - 1, length)]
    told = [row for row in told if row[0]]
    table = struct.pack(">4sII", b"stts", 0, len(told)) + b"".join(struct.pack(">II", *row) for row in told)
    film = film[: at - 4] + struct.pack(">I", len(table) + 4) + table + film[at - 4 + size :]
    return grown(film, at, len(table) + 4 - size)


def grown(film: bytes, at: int, by: int) -> bytes:
    """The boxes around a place, longer by so much."""
    content, start, end = bytearray(film), 0, len(film) - by
    while True:
        for kind, box_at, box_end in boxes(film, start, end):
            if box_at < at - 4 < box_end and kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
                struct.pack_into(">I", content, box_at, box_end - box_at + by)
                start, end = box_at + 8, box_end
                break
        else:
            return bytes(content)


def with_edits(film: bytes, *shown: tuple[int, int]) -> bytes:
    """All edit lists of the film, with these pieces instead: milliseconds of showing, and of the track's beginning."""
    at = 0
    while (at := film.find(b"edts", at + 1)) > 0:
        (size,) = struct.unpack_from(">I", film, at - 4)
        around = film.rindex(b"trak", 0, at)
        (scale,) = struct.unpack_from(">I", film, film.index(b"mdhd", around) + 16)
        rows = b"".join(struct.pack(">IiI", long, begin * scale // 1000, 1 << 16) for long, begin in shown)
        edits = struct.pack(">I4sII", 16 + len(rows), b"elst", 0, len(shown)) + rows
        edits = struct.pack(">I4s", len(edits) + 8, b"edts") + edits
        film = grown(film[: at - 4] + edits + film[at - 4 + size :], at, len(edits) - size)
    return film


def test_fragments_that_were_taken_out_leave_a_hole(runner: MediaRunner, make_clip: MakeClip, tmp_path: Path) -> None:
    whole = make_clip(*FILM, *FRAGMENTED, "whole.mp4")
    assert (codes(probe_media(whole, runner)), probe_media(whole, runner).runs) == ([], ())
    film = tmp_path / "cut.mp4"
    film.write_bytes(without_fragments(whole.read_bytes(), 4, 8))
    found = probe_media(film, runner)
    assert codes(found) == [code.CLOCK_JUMPS]
    assert runs(found) == [(0, 4, True), (8, 4, True)]
    assert found.duration_seconds == pytest.approx(12, abs=0.1)


def test_one_that_is_short_is_told_by_the_number_of_the_next(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    film = tmp_path / "cut.mp4"
    film.write_bytes(without_fragments(make_clip(*FILM, *FRAGMENTED, "whole.mp4").read_bytes(), 4, 5))
    assert runs(probe_media(film, runner)) == [(0, 4, True), (5, 7, True)]


def test_where_fragments_say_no_time_what_follows_may_be_anywhere(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    film, whole = tmp_path / "cut.mp4", make_clip(*FILM, *FRAGMENTED, "whole.mp4").read_bytes()
    film.write_bytes(without_fragments(whole, 4, 8, also=b"tfdt"))
    assert runs(probe_media(film, runner)) == [(0, 4, True), (4, 4, False)]
    film.write_bytes(without_fragments(whole, 0, 0, also=b"tfdt"))
    assert probe_media(film, runner).runs == ()


@pytest.mark.parametrize("torn", [0, 7])
def test_clusters_that_were_taken_out_leave_a_hole(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, torn: int
) -> None:
    """Cut at their beginnings, or somewhere: players look for the next one."""
    whole = make_clip(*FILM, *LIVE, "whole.mkv")
    assert (codes(probe_media(whole, runner)), probe_media(whole, runner).runs) == ([], ())
    content, film = whole.read_bytes(), tmp_path / "cut.mkv"
    places = [at for at in range(len(content)) if content.startswith(CLUSTER, at)]
    assert len(places) >= 12
    third = len(places) // 3
    film.write_bytes(content[: places[third] + torn] + content[places[2 * third] + torn :])
    found = probe_media(film, runner)
    assert codes(found) == [code.CLOCK_JUMPS]
    first, second = found.runs
    assert first.seconds == pytest.approx(4, abs=1.1)
    assert second.offset_seconds - first.seconds == pytest.approx(4, abs=1.1)
    assert second.by_clock


@pytest.mark.parametrize(
    ("number", "expected"),
    [(100, [(0, 4, True), (3604, 8, True)]), (299, [(0, 12, True)])],
)
def test_a_picture_that_is_said_to_last_for_an_hour_is_one_picture(
    runner: MediaRunner,
    make_clip: MakeClip,
    tmp_path: Path,
    number: int,
    expected: list[tuple[float, float, bool]],
) -> None:
    """In the middle, or as the last one."""
    film = tmp_path / "held.mp4"
    whole = make_clip(*PICTURE, *X264, "-bf", "0", "-use_editlist", "0", "whole.mp4").read_bytes()
    film.write_bytes(with_one_long_picture(whole, number, 3600))
    found = probe_media(film, runner)
    assert codes(found) == [code.CLOCK_JUMPS]
    assert runs(found) == expected


def test_no_pause_is_believed_that_lasts_for_weeks(runner: MediaRunner, make_clip: MakeClip, tmp_path: Path) -> None:
    film = tmp_path / "held.mp4"
    whole = make_clip(*PICTURE, *X264, "-bf", "0", "-video_track_timescale", "25", "whole.mp4").read_bytes()
    film.write_bytes(with_one_long_picture(whole, 100, 40 * 86400))
    assert runs(probe_media(film, runner)) == [(0, 4, True), (4, 8, False)]


@pytest.mark.parametrize("name", ["sparse.mp4", "sparse.mkv"])
def test_a_film_of_a_picture_every_few_seconds_has_no_holes(
    runner: MediaRunner, make_clip: MakeClip, name: str
) -> None:
    sparse = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=1/5:duration=100")
    found = probe_media(make_clip(*sparse, *X264, name), runner)
    assert (found.runs, codes(found)) == ((), [])


def test_what_an_edit_list_hides_is_told_and_shown(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path
) -> None:
    film = tmp_path / "edited.mp4"
    whole = make_clip(*FILM, "-movie_timescale", "1000", "whole.mp4")
    assert probe_media(whole, runner).hidden_seconds is None
    film.write_bytes(with_edits(whole.read_bytes(), (4000, 0), (4000, 8000)))
    found = probe_media(film, runner)
    (reason,) = found.reasons
    assert reason.code == code.EDIT_HIDES
    assert reason.facts["seconds"] == pytest.approx(4, abs=0.1)
    assert found.duration_seconds == pytest.approx(12, abs=0.1)
    seen = decode_whole(film, found, runner)
    assert (seen.state, seen.decoded_frames) == ("intact", 300)
    made = make_proxy(film, found, out, runner)
    assert isinstance(made, RenditionMade)
    assert (made.facts["frames"], made.facts["video"]) == (300, "copy")
    assert made.facts["duration_seconds"] == pytest.approx(12, abs=0.1)
    assert isinstance(make_sprite(film, found, out, runner), RenditionMade)


def test_sound_that_an_edit_list_hides_below_a_whole_picture_is_told(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path
) -> None:
    whole = make_clip(*FILM, "-movie_timescale", "1000", "whole.mp4").read_bytes()
    at = [n for n in range(len(whole)) if whole.startswith(b"elst", n)]
    assert len(at) == 2
    content, film = bytearray(whole), tmp_path / "silenced.mp4"
    struct.pack_into(">I", content, at[1] + 12, 3000)  # of the sound three seconds are shown
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert codes(found) == [code.EDIT_HIDES]
    assert found.hidden_seconds == pytest.approx(9, abs=0.1)
    made = make_proxy(film, found, out, runner)
    assert isinstance(made, RenditionMade)
    shown = probe_media(made.path, runner).audio
    assert shown is not None
    assert shown.frames_declared == pytest.approx(12 * 44100 / 1024, abs=3)


def test_every_track_of_pictures_is_told_and_decoded(runner: MediaRunner, make_clip: MakeClip, tmp_path: Path) -> None:
    decoy = make_clip("-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=2", *X264, "decoy.mp4")
    both, ffmpeg = tmp_path / "both.mp4", runner.tools.ffmpeg.program.path
    words = ("-map", "0:v", "-map", "1:v", "-map", "1:a", "-c", "copy")
    film = make_clip(*FILM, "whole.mp4")
    subprocess.run([ffmpeg, "-nostdin", "-v", "error", "-i", decoy, "-i", film, *words, both], check=True)
    found = probe_media(both, runner)
    assert [(reason.code, reason.facts) for reason in found.reasons] == [(code.FURTHER_PICTURES, {"tracks": 2})]
    assert decode_whole(both, found, runner).state == "intact"
    content = bytearray(both.read_bytes())
    at = content.index(b"mdat")
    middle = at + int.from_bytes(content[at - 4 : at]) * 2 // 3
    content[middle : middle + 20_000] = bytes(range(1, 251)) * 80
    both.write_bytes(content)
    assert decode_whole(both, found, runner).state == "damaged"


def test_a_film_under_the_brand_of_a_photograph_is_a_film(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path
) -> None:
    content, film = bytearray(make_clip(*FILM, "whole.mp4").read_bytes()), tmp_path / "film.heic"
    content[8:12] = b"heic"
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert (found.kind, found.is_photographed) == ("video", False)
    assert isinstance(make_proxy(film, found, out, runner), RenditionMade)


JPEG = ("-f", "lavfi", "-i", "testsrc2=size=160x120", "-frames:v", "1")
SHORT = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=2")
COATS = {
    "mp4": ((*SHORT, *X264), FILM),
    "mkv": ((*SHORT, *X264), FILM),
    "avi": ((*SHORT, "-c:v", "mjpeg"), (*PICTURE, *TONE, "-c:v", "mjpeg", "-c:a", "pcm_s16le")),
    "wav": (("-f", "lavfi", "-i", "sine=duration=2"), TONE),
    "jpg": (JPEG, FILM),
    "png": ((), ()),
}


def small_png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("coat", list(COATS))
def test_a_file_behind_the_first_is_told(runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, coat: str) -> None:
    if coat == "png":
        first, second = small_png(), make_clip(*FILM, "film.mp4").read_bytes()
    else:
        kinds = (coat, "mp4" if coat == "jpg" else coat)
        pairs = zip(COATS[coat], kinds, ("first", "second"), strict=True)
        first, second = (make_clip(*words, f"{name}.{kind}").read_bytes() for words, kind, name in pairs)
    film = tmp_path / f"two.{coat}"
    film.write_bytes(first)
    assert code.SECOND_FILE not in codes(probe_media(film, runner))
    film.write_bytes(first + second)
    told = [reason.facts for reason in probe_media(film, runner).reasons if reason.code == code.SECOND_FILE]
    assert told == [{"at": len(first), "bytes": len(second)}]


def test_what_is_no_file_behind_a_photograph_is_told_where_there_is_much_of_it(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    content, picture = make_clip(*JPEG, "a.jpg").read_bytes(), tmp_path / "a.jpg"
    for behind, told in ((4_000, []), (100_000, [(code.TRAILING_BYTES, {"bytes": 100_000})])):
        picture.write_bytes(content + b"\x55" * behind)
        found = probe_media(picture, runner)
        assert (found.state, [(reason.code, reason.facts) for reason in found.reasons]) == ("intact", told)


def with_list(first: bytes, *pictures: bytes, said: int | None = None) -> bytes:
    """A JPEG that lists the pictures behind it as phones do (CIPA DC-007, MPF), with them behind it."""
    count = 1 + len(pictures)
    begins = [len(first) + 8 + 50 + 16 * count - 10 + sum(map(len, pictures[:n])) for n in range(len(pictures))]
    listed = [(len(first), 0), *zip((said or len(each) for each in pictures), begins, strict=True)]
    rows = b"".join(struct.pack(">IIIHH", 0, size, begin, 0, 0) for size, begin in listed)
    index = b"MM\0*" + struct.pack(">IH", 8, 3)
    index += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, count)
    index += struct.pack(">HHIII", 0xB002, 7, len(rows), 50, 0)
    content = b"MPF\0" + index + rows
    return first[:2] + b"\xff\xe2" + struct.pack(">H", len(content) + 2) + content + first[2:] + b"".join(pictures)


@pytest.mark.parametrize("said", [None, 10_000_000])
def test_behind_the_pictures_that_a_photograph_lists_a_film_is_told(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, said: int | None
) -> None:
    """Whatever the list says of how long its pictures are."""
    small, film = make_clip(*JPEG, "small.jpg").read_bytes(), make_clip(*FILM, "film.mp4").read_bytes()
    photograph, picture = with_list(small, small, small, said=said), tmp_path / "a.jpg"
    for behind, told in ((b"", []), (film, [{"at": len(photograph), "bytes": len(film)}])):
        picture.write_bytes(photograph + behind)
        found = probe_media(picture, runner)
        assert [reason.facts for reason in found.reasons if reason.code == code.SECOND_FILE] == told


def test_a_list_of_pictures_that_is_none_hides_nothing(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    small, film = make_clip(*JPEG, "small.jpg").read_bytes(), make_clip(*FILM, "film.mp4").read_bytes()
    broken = small[:2] + b"\xff\xe2\x00\x10MPF\0MM\0*\xff\xff\xff\xff\0\0" + small[2:]
    picture = tmp_path / "a.jpg"
    picture.write_bytes(broken + film)
    assert codes(probe_media(picture, runner)).count(code.SECOND_FILE) == 1


def test_a_second_track_of_pictures_in_another_codec_is_decoded_too(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    two = ("-map", "0", "-map", "1", "-c:v:0", "libx264", "-c:v:1", "mpeg4", "-pix_fmt", "yuv420p")
    film = make_clip(*PICTURE, *SHORT, *two, "two.mp4")
    found = probe_media(film, runner)
    assert [each.codec for each in found.films] == ["h264", "mpeg4"]
    assert decode_whole(film, found, runner).state == "intact"
    content = bytearray(film.read_bytes())
    spoiled = tmp_path / "spoiled.mp4"
    at = content.index(b"\0\0\x01\xb6", len(content) // 4)  # a picture of MPEG-4
    content[at + 4 : at + 400] = b"\xff" * 396
    spoiled.write_bytes(content)
    assert decode_whole(spoiled, probe_media(spoiled, runner), runner).state == "damaged"


def test_a_second_track_that_has_no_decoder_keeps_nothing_from_the_first(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    two = ("-map", "0", "-map", "1", "-c:v:0", "libx264", "-c:v:1", "mpeg4", "-pix_fmt", "yuv420p")
    content, film = make_clip(*PICTURE, *SHORT, *two, "two.mp4").read_bytes(), tmp_path / "other.mp4"
    film.write_bytes(content.replace(b"mp4v", b"v310"))  # a codec that ffmpeg knows by name alone
    found = probe_media(film, runner)
    assert decode_whole(film, found, runner).state == "intact"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.mark.parametrize(("kind", "before"), [(b"free", b""), (b"skip", b""), (b"uuid", bytes(16)), (b"abcd", b"")])
def test_a_film_in_room_that_the_first_one_keeps_is_told(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, kind: bytes, before: bytes
) -> None:
    first, second = (make_clip(*words, name).read_bytes() for words, name in ((SHORT, "a.mp4"), (FILM, "b.mp4")))
    film = tmp_path / "film.mp4"
    film.write_bytes(first + box(kind, before + second))
    told = [reason.facts for reason in probe_media(film, runner).reasons if reason.code == code.SECOND_FILE]
    assert told == [{"at": len(first) + 8 + len(before), "bytes": len(second)}]


def test_a_small_picture_or_an_empty_room_in_a_film_is_nothing_to_tell(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    """As recorders leave them: a thumbnail, a log, and room for an index that stayed small."""
    first, small = make_clip(*SHORT, "a.mp4").read_bytes(), make_clip(*JPEG, "small.jpg").read_bytes()
    film = tmp_path / "film.mp4"
    for room in (box(b"free", small * 20), box(b"free", bytes(4 << 20)), box(b"free", b"$GPRMC,1" * 9000)):
        film.write_bytes(first + room)
        assert codes(probe_media(film, runner)) == []


def test_samples_that_no_table_names_any_more_are_told(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    """The tables say ten of three hundred pictures; the others are still there."""
    large = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=12", *X264, "-crf", "10")
    content, film = bytearray(make_clip(*large, "a.mp4").read_bytes()), tmp_path / "film.mp4"
    film.write_bytes(content)
    assert codes(probe_media(film, runner)) == []
    sizes = content.index(b"stsz") + 12
    assert struct.unpack_from(">I", content, sizes) == (300,)
    kept = sum(struct.unpack_from(">10I", content, sizes + 4))
    struct.pack_into(">I", content, sizes, 10)
    film.write_bytes(content)
    told = [reason.facts for reason in probe_media(film, runner).reasons if reason.code == code.UNCLAIMED]
    mdat = next(end - at - 8 for kind, at, end in boxes(content) if kind == b"mdat")
    free = next((end - at - 8 for kind, at, end in boxes(content) if kind == b"free"), 0)
    assert told == [{"bytes": mdat + free - kept}]


@pytest.mark.parametrize("name", [b"free", b"abcd"])
def test_a_track_that_was_renamed_is_told_however_little_it_has(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, name: bytes
) -> None:
    """Sound is a fiftieth of a film: of what no track has that much would be little."""
    content, film = bytearray(make_clip(*FILM, "a.mp4").read_bytes()), tmp_path / "film.mp4"
    at = content.rindex(b"trak")
    sizes = content.index(b"stsz", at) + 8
    assert struct.unpack_from(">I", content, sizes) == (0,)
    (count,) = struct.unpack_from(">I", content, sizes + 4)
    content[at : at + 4] = name
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert [stream.kind for stream in found.streams] == ["video"]
    told = [reason.facts for reason in found.reasons if reason.code == code.UNCLAIMED]
    assert told == [{"bytes": sum(struct.unpack_from(f">{count}I", content, sizes + 8))}]


def test_every_track_of_sound_is_told_and_decoded(runner: MediaRunner, make_clip: MakeClip, tmp_path: Path) -> None:
    two = ("-map", "0", "-map", "1", "-map", "1", "-c:a:0", "aac", "-c:a:1", "pcm_s16le")
    film = make_clip(*FILM, *two, "two.mov")
    found = probe_media(film, runner)
    assert [(reason.code, reason.facts) for reason in found.reasons] == [(code.FURTHER_SOUNDS, {"tracks": 2})]
    assert found.to_decode == (*found.films, *found.sounds)
    assert decode_whole(film, found, runner).state == "intact"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(content)) + content + b"\0" * (len(content) & 1)


def in_riff(film: bytes, kind: bytes, content: bytes) -> tuple[bytes, int]:
    """With one chunk more at its end, and where that one's content is."""
    (size,) = struct.unpack_from("<I", film, 4)
    assert size + 8 == len(film)
    more = chunk(kind, content)
    return film[:4] + struct.pack("<I", size + len(more)) + film[8:] + more, len(film) + 8


def in_segment(film: bytes, name: bytes, content: bytes) -> tuple[bytes, int]:
    """With one element more at the Segment's end, whose length takes eight bytes as ffmpeg writes it."""
    at = film.index(b"\x18\x53\x80\x67") + 4
    more = name + ((1 << 56) | len(content)).to_bytes(8) + content
    longer = int.from_bytes(film[at : at + 8]) + len(more)
    return film[:at] + longer.to_bytes(8) + film[at + 8 :] + more, len(film) + len(name) + 8


ROOMS: dict[str, tuple[str, Callable[[bytes, bytes], tuple[bytes, int]]]] = {
    "JUNK of an AVI": ("avi", lambda film, content: in_riff(film, b"JUNK", content)),
    "a chunk that nobody knows": ("avi", lambda film, content: in_riff(film, b"abcd", content)),
    "JUNK of a WAV": ("wav", lambda film, content: in_riff(film, b"JUNK", content)),
    "Void": ("mkv", lambda film, content: in_segment(film, b"\xec", content)),
    "an element that nobody knows": ("mkv", lambda film, content: in_segment(film, b"\x7f\x11", content)),
}


@pytest.mark.parametrize("room", list(ROOMS))
def test_what_lies_in_room_that_another_container_keeps_is_told(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, room: str
) -> None:
    kind, put = ROOMS[room]
    first, second = make_clip(*COATS[kind][0], f"first.{kind}").read_bytes(), make_clip(*FILM, "b.mkv").read_bytes()
    film = tmp_path / "film"
    film.write_bytes(first)
    length = probe_media(film, runner).duration_seconds
    noise = bytes(range(1, 256)) * 6000
    for content, told in (
        *(() if "nobody" in room else ((bytes(4 << 20), []),)),  # set aside for an index, and not needed
        (noise[:500_000], []),
        (noise, [code.UNCLAIMED]),
        (second, [code.SECOND_FILE]),
    ):
        film.write_bytes(put(first, content)[0])
        found = probe_media(film, runner)
        assert (found.state, codes(found), found.duration_seconds) == ("opens", told, length)
    assert found.reasons[0].facts == {"at": put(first, second)[1], "bytes": len(second)}


def test_files_that_a_film_carries_are_told(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path, out: Path
) -> None:
    film, carrying = make_clip(*SHORT, *X264, "film.mkv"), tmp_path / "carrying.mkv"
    hidden = make_clip(*FILM, "hidden.mp4")
    ffmpeg = str(runner.tools.ffmpeg.program.path)
    words = ("-attach", hidden, "-metadata:s:t", "mimetype=application/octet-stream", "-c", "copy")
    subprocess.run([ffmpeg, "-nostdin", "-v", "error", "-i", film, *words, carrying], check=True)
    found = probe_media(carrying, runner)
    assert [(reason.code, reason.facts) for reason in found.reasons] == [
        (code.ATTACHED_FILES, {"files": 1}),
        (code.SECOND_FILE, {"at": carrying.read_bytes().index(hidden.read_bytes()), "bytes": hidden.stat().st_size}),
    ]
    made = make_proxy(carrying, found, out, runner)
    assert isinstance(made, RenditionMade)
    assert [stream.kind for stream in probe_media(made.path, runner).streams] == ["video"]


def test_a_live_recording_is_as_long_as_its_pictures_say(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    """Whose recorder lost its power: nobody came back to say how long it is."""
    whole, film = make_clip(*FILM, *LIVE, "whole.mkv"), tmp_path / "cut.mkv"
    assert probe_media(whole, runner).duration_seconds == pytest.approx(12, abs=0.1)
    film.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert probe_media(film, runner).duration_seconds == pytest.approx(6, abs=1)


def test_what_is_hidden_behind_more_room_than_anybody_keeps_is_not_passed_over_in_silence(
    runner: MediaRunner, make_clip: MakeClip, tmp_path: Path
) -> None:
    first, second = make_clip(*SHORT, *X264, "first.mkv").read_bytes(), make_clip(*FILM, "b.mkv").read_bytes()
    film = tmp_path / "film.mkv"
    film.write_bytes(in_segment(in_segment(first, b"\xec", b"")[0] + b"\xec\x80" * 210_000, b"\xec", second)[0])
    content = bytearray(film.read_bytes())
    at = content.index(b"\x18\x53\x80\x67") + 4
    content[at : at + 8] = ((1 << 56) | (len(content) - at - 8)).to_bytes(8)
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert [(reason.code, reason.facts) for reason in found.reasons] == [
        (code.READING_STOPPED, {"by": "extent: cost too much"})
    ]
