"""Room that a container keeps for itself is no damage, and what was overwritten with zeros still is."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ebml import read_element
from ingest.media import findings as code
from ingest.media.padding import padding_of
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner

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
