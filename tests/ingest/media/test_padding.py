"""Room that a container keeps for itself is no damage, and what was overwritten with zeros still is."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ebml import read_element
from ingest.media import findings as code
from ingest.media.findings import Reason
from ingest.media.padding import padding_of
from ingest.media.probe import probe_media
from ingest.media.renditions import RenditionMade, make_proxy
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole

MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=4,noise=alls=30:allf=t")
H264 = (*PICTURE, "-pix_fmt", "yuv420p", "-preset", "veryfast", "-g", "25")
ROOM = 128 << 10


def in_mp4(film: bytes) -> bytes:
    at = film.index(b"moof") - 4
    return film[:at] + struct.pack(">I4s", ROOM + 8, b"free") + bytes(ROOM) + film[at:]


def in_avi(film: bytes) -> bytes:
    """Between the headers and the movie, as recorders leave it for an index."""
    at = film.index(b"movi") - 8
    size = struct.unpack_from("<I", film, 4)[0] + ROOM + 8
    return (
        film[:4] + struct.pack("<I", size) + film[8:at] + struct.pack("<4sI", b"JUNK", ROOM) + bytes(ROOM) + film[at:]
    )


KEPT: dict[str, tuple[tuple[str, ...], Callable[[bytes], bytes]]] = {
    "mkv": ((*H264, "-reserve_index_space", str(ROOM)), bytes),
    "mp4": ((*H264, "-movflags", "frag_keyframe+empty_moov+default_base_moof"), in_mp4),
    "avi": ((*PICTURE, "-c:v", "mjpeg"), in_avi),
}


@pytest.mark.parametrize("kind", list(KEPT))
def test_room_that_the_container_keeps_is_no_damage(runner: MediaRunner, make_clip: MakeClip, kind: str) -> None:
    arguments, change = KEPT[kind]
    film = make_clip(*arguments, f"roomy.{kind}")
    film.write_bytes(change(film.read_bytes()))
    assert bytes(ROOM // 2) in film.read_bytes()
    assert sum(end - start for start, end in padding_of(film)) >= ROOM - 100
    found = probe_media(film, runner)
    assert (found.state, found.reasons) == ("opens", ())


@pytest.mark.parametrize("kind", list(KEPT))
def test_footage_that_became_zeros_is_damage_beside_room(runner: MediaRunner, make_clip: MakeClip, kind: str) -> None:
    arguments, change = KEPT[kind]
    film = make_clip(*arguments, f"zeroed.{kind}")
    content = bytearray(change(film.read_bytes()))
    middle = max((end for _, end in padding_of(film)), default=0) + (len(content) - ROOM) // 3
    content[middle : middle + ROOM] = bytes(ROOM)
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert code.ZERO_FILLED in [reason.code for reason in found.reasons]
    assert found.state == "damaged"


def test_a_maker_s_mark_behind_a_stream_is_no_torn_packet(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*H264, "-f", "mpegts", "marked.ts")
    whole = film.read_bytes()
    film.write_bytes(whole + b"MAKER" * 20)
    assert (probe_media(film, runner).state, probe_media(film, runner).reasons) == ("opens", ())
    film.write_bytes(whole[:-100])
    assert probe_media(film, runner).state == "damaged"


SHORT = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=duration=2:sample_rate=48000")
BOTH = (*SHORT, *TONE, "-pix_fmt", "yuv420p", "-g", "25")
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
WHOLE: dict[str, tuple[str, ...]] = {
    "film.mkv": BOTH,
    "film.mp4": BOTH,
    "fragments.mp4": (*BOTH, *FRAGMENTS),
    "film.avi": (*BOTH, "-c:v", "mpeg4", "-c:a", "mp3"),
    "film.ts": (*BOTH, "-c:a", "aac"),
    "film.m2ts": (*BOTH, "-c:a", "aac", "-mpegts_m2ts_mode", "1"),
    "film.mpg": (*BOTH, "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob"),
    "sound.wav": (*TONE, "-c:a", "adpcm_ima_wav"),
    "sound.aac": (*TONE, "-c:a", "aac"),
    "sound.mp3": (*TONE, "-c:a", "mp3"),
}
BEHIND = {"zeros": bytes(100_000), "many zeros": bytes(9 << 20), "a maker's words": b"MAKER'S OWN WORDS " * 200}


@pytest.mark.parametrize("behind", list(BEHIND))
@pytest.mark.parametrize("name", list(WHOLE))
def test_what_stands_behind_a_whole_recording_is_a_note_and_no_damage(
    runner: MediaRunner, make_clip: MakeClip, name: str, behind: str
) -> None:
    """Recorders set room aside and do not give it back. All of the recording decodes, and nothing else does."""
    film = make_clip(*WHOLE[name], name)
    before = probe_media(film, runner)
    assert (before.state, before.reasons) == ("opens", ())
    frames = decode_whole(film, before, runner).decoded_frames
    film.write_bytes(film.read_bytes() + BEHIND[behind])
    found = probe_media(film, runner)
    assert (found.state, found.reasons) == ("opens", (Reason(code.TRAILING_BYTES, {"bytes": len(BEHIND[behind])}),))
    # Of MP3 it is that of its frames now: with the silence that its encoder put around it.
    assert found.duration_seconds == pytest.approx(before.duration_seconds, abs=0.05)
    seen = decode_whole(film, found, runner)
    assert (seen.state, seen.decoded_frames) == ("intact", frames)


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "sound.wav"])
def test_a_hole_within_is_damage_whatever_stands_behind(runner: MediaRunner, make_clip: MakeClip, name: str) -> None:
    """Of bare sound a decoder tells: it has no long runs, and this one is shorter. ADPCM decodes whatever it is."""
    film = make_clip(*WHOLE[name], name)
    content = bytearray(film.read_bytes())
    content[len(content) // 2 : len(content) // 2 + len(content) // 4] = bytes(len(content) // 4)
    film.write_bytes(bytes(content) + bytes(100_000))
    found = probe_media(film, runner)
    assert "damaged" in (found.state, decode_whole(film, found, runner).state)


@pytest.mark.parametrize("hole", [bytes(60_000), random.Random(1).randbytes(60_000)], ids=["zeros", "noise"])
def test_fragments_behind_a_hole_are_part_of_the_film(runner: MediaRunner, make_clip: MakeClip, hole: bytes) -> None:
    """Boxes end there, and so does whoever plays it: what follows is no trailer all the same."""
    film = make_clip(*H264, *FRAGMENTS, "film.mp4")
    content = film.read_bytes()
    at = [found.start() - 4 for found in re.finditer(b"moof", content)][2] - 30_000
    film.write_bytes(content[:at] + hole + content[at + len(hole) :])
    found = probe_media(film, runner)
    assert found.state == "damaged"
    assert code.TRAILING_BYTES not in [reason.code for reason in found.reasons]
    (broken,) = [reason.facts for reason in found.reasons if reason.code == code.FRAGMENTS_BROKEN]
    assert (broken["places"], int(broken["at"]) - at) == (1, 30_000)


def test_of_two_films_of_avi_in_one_file_length_and_copies_are_of_the_first(
    runner: MediaRunner, make_clip: MakeClip, out: Path
) -> None:
    """A demuxer goes on into the second. As of an MP4 it is told where it stands, and that copies have it not."""
    film = make_clip(*WHOLE["film.avi"], "film.avi")
    whole = film.read_bytes()
    for behind in (whole, whole[: len(whole) // 2]):
        film.write_bytes(whole + behind)
        found = probe_media(film, runner)
        told = Reason(code.SECOND_FILE, {"at": len(whole), "bytes": len(behind)})
        assert (found.state, found.reasons) == ("opens", (told,))
        assert found.duration_seconds == pytest.approx(2.0, abs=0.06)
        assert decode_whole(film, found, runner).decoded_frames == 50
    proxy = make_proxy(film, found, out, runner)
    assert isinstance(proxy, RenditionMade)
    assert proxy.facts["duration_seconds"] == pytest.approx(2.0, abs=0.1)
    assert proxy.facts["frames"] == 50


def test_fragments_of_another_film_are_none_of_the_first(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*BOTH, *FRAGMENTS, "fragments.mp4")
    whole = film.read_bytes()
    film.write_bytes(whole + bytes(3000) + whole)
    found = probe_media(film, runner)
    assert [(reason.code, dict(reason.facts)) for reason in found.reasons] == [
        (code.TRAILING_BYTES, {"bytes": 3000 + len(whole)})
    ]


@given(st.binary(max_size=16))
def test_no_bytes_make_an_element_raise(start: bytes) -> None:
    found = read_element(start)
    assert found is None or (found.head_bytes >= 2 and (found.size_bytes is None or found.size_bytes >= 0))


@pytest.mark.parametrize("first", [b"\x1a\x45\xdf\xa3", b"RIFF\x10\0\0\0AVI ", b"\0\0\0\x08free", b""])
@given(noise=st.binary(max_size=400))
def test_no_file_makes_it_raise(tmp_path_factory: pytest.TempPathFactory, first: bytes, noise: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(first + noise)
    size = path.stat().st_size
    assert all(0 <= start <= end <= size for start, end in padding_of(path))
