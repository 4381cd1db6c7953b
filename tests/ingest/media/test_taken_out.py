"""Minutes that were taken out of a film whose every size is true still: what held them was renamed to room, or tables
were shortened. What was declared when they were there is held against what is there now."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.ebml import read_element
from ingest.media import findings as code
from ingest.media.damage import measure_boxes
from ingest.media.findings import Findings
from ingest.media.indexes import LOOKS
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from ingest.media.whole import decode_whole
from ingest.sealing.damage_claims import claims_of_damage

MakeClip = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=12")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=12")
X264 = ("-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "25")
AVI = (*PICTURE, *TONE, "-c:v", "mjpeg", "-c:a", "pcm_s16le", "film.avi")
LONG_AVI = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=80", "-c:v", "mjpeg", "film.avi")
MATROSKA = (*PICTURE, *TONE, *X264, "-cluster_time_limit", "1000", "film.mkv")
FRAGMENTED = (*PICTURE, *X264, "-movflags", "frag_keyframe+empty_moov+default_base_moof", "film.mp4")
MP4 = (*PICTURE, *X264, "-bf", "0", "film.mp4")
CLUSTER, CUES = b"\x1f\x43\xb6\x75", b"\x1c\x53\xbb\x6b"


def codes(found: Findings) -> list[str]:
    return [reason.code for reason in found.reasons]


def chunks(film: bytes) -> Iterator[tuple[bytes, int]]:
    """Those of the list of pictures, with where their heads are."""
    at = film.index(b"movi") + 4
    end = at - 4 + int.from_bytes(film[at - 8 : at - 4], "little")
    while at < end:
        kind, size = struct.unpack_from("<4sI", film, at)
        yield kind, at
        at += 8 + size + size % 2


def renamed(film: bytes, kind: bytes, first: int, last: int, name: bytes = b"JUNK") -> bytes:
    content = bytearray(film)
    for _, at in [each for each in chunks(film) if each[0] == kind][first:last]:
        content[at : at + 4] = name
    return bytes(content)


def with_places_in_the_file(film: bytes) -> bytes:
    """As some writers count in their index: from the beginning, and not from the list."""
    content, at, base = bytearray(film), film.rindex(b"idx1") + 8, film.index(b"movi")
    for entry in range(at, len(film) - 15, 16):
        struct.pack_into("<I", content, entry + 8, struct.unpack_from("<I", film, entry + 8)[0] + base)
    return bytes(content)


@pytest.mark.parametrize("name", [b"JUNK", b"abcd"])
@pytest.mark.parametrize("place", [bytes, with_places_in_the_file])
def test_pictures_of_an_avi_that_were_renamed_are_missing(
    runner: MediaRunner, make_clip: MakeClip, name: bytes, place: Callable[[bytes], bytes]
) -> None:
    film = make_clip(*AVI)
    whole = place(film.read_bytes())
    film.write_bytes(whole)
    assert (probe_media(film, runner).state, codes(probe_media(film, runner))) == ("opens", [])
    film.write_bytes(renamed(whole, b"00dc", 200, 300, name))
    found = probe_media(film, runner)
    assert (found.state, codes(found)) == ("damaged", [code.INDEX_UNMET, code.FRAMES_MISSING])
    assert found.reasons[0].facts["gone"] == 100
    assert found.missing is not None
    assert (found.missing.declared_frames, found.missing.present_frames) == (300, 200)
    (claim,) = claims_of_damage(found)
    assert (claim.value["reasons"], claim.confidence) == ("index_unmet frames_missing", "stated")


def test_sound_of_an_avi_that_was_renamed_below_a_whole_picture_is_missing(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    film = make_clip(*AVI)
    film.write_bytes(renamed(film.read_bytes(), b"01wb", 4, 9))
    found = probe_media(film, runner)
    assert (found.state, codes(found)) == ("damaged", [code.INDEX_UNMET])


def test_one_picture_between_the_looks_is_missed_by_who_decodes_all(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*LONG_AVI)
    assert decode_whole(film, probe_media(film, runner), runner).state == "intact"
    film.write_bytes(renamed(film.read_bytes(), b"00dc", 1, 2))
    assert len(list(chunks(film.read_bytes()))) > 2 * LOOKS
    found = probe_media(film, runner)
    assert (found.state, codes(found)) == ("opens", [])
    seen = decode_whole(film, found, runner)
    assert (seen.state, seen.reason) == ("damaged", code.FRAMES_MISSING)
    assert (seen.declared_frames, seen.decoded_frames) == (2000, 1999)


def test_an_avi_whose_index_was_shortened_as_well_has_less_than_its_header_says(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    film = make_clip(*AVI)
    content = bytearray(renamed(film.read_bytes(), b"00dc", 200, 300))
    at = content.rindex(b"idx1") + 8
    pictures = [entry for entry in range(at, len(content) - 15, 16) if content[entry : entry + 4] == b"00dc"]
    for entry in pictures[200:]:
        content[entry : entry + 4] = b"JUNK"
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert (found.state, codes(found)) == ("damaged", [code.TIME_MISSING])
    assert found.reasons[0].facts == {"declared_seconds": 12.0, "present_seconds": 8.0}
    assert found.missing is not None
    assert (found.missing.declared_seconds, found.missing.present_seconds) == (12.0, 8.0)
    assert found.missing.first_missing_seconds == 8.0


def test_an_avi_whose_index_became_room_too_has_less_than_its_header_says(
    runner: MediaRunner, make_clip: MakeClip
) -> None:
    film = make_clip(*AVI)
    whole = film.read_bytes()
    without_index = whole[: whole.rindex(b"idx1")] + b"JUNK" + whole[whole.rindex(b"idx1") + 4 :]
    film.write_bytes(without_index)
    assert (probe_media(film, runner).state, codes(probe_media(film, runner))) == ("opens", [])
    film.write_bytes(renamed(without_index, b"00dc", 100, 200))
    found = probe_media(film, runner)
    assert (found.state, codes(found)) == ("damaged", [code.TIME_MISSING, code.FRAMES_MISSING])
    assert found.reasons[0].facts == {"declared_seconds": 12.0, "present_seconds": 8.0}


def elements(film: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at < end:
        head = read_element(film[at : at + 12])
        assert head is not None
        assert head.size_bytes is not None
        yield head.kind, at, at + head.head_bytes + head.size_bytes
        at += head.head_bytes + head.size_bytes


def into(film: bytes, start: int) -> int:
    head = read_element(film[start : start + 12])
    assert head is not None
    return start + head.head_bytes


def top(film: bytes) -> list[tuple[bytes, int, int]]:
    ((_, segment, end),) = [each for each in elements(film, 0, len(film)) if each[0] == b"\x18\x53\x80\x67"]
    return list(elements(film, into(film, segment), end))


def voided(film: bytes, *spans: tuple[int, int]) -> bytes:
    content = bytearray(film)
    for start, end in spans:
        room = b"\xec" + ((1 << 56) | (end - start - 9)).to_bytes(8) if end - start >= 9 else b""
        content[start : start + len(room)] = room
    return bytes(content)


def without_pictures(film: bytes, clusters: list[tuple[int, int]]) -> bytes:
    """Blocks of the first track become room, those of the second stay."""
    spans = []
    for start, end in clusters:
        blocks = [each for each in elements(film, into(film, start), end) if each[0] == b"\xa3"]
        spans += [(at, stop) for _, at, stop in blocks if film[into(film, at)] == 0x81]
    return voided(film, *spans)


def test_clusters_that_became_room_are_missing(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*MATROSKA)
    whole = film.read_bytes()
    assert (probe_media(film, runner).state, codes(probe_media(film, runner))) == ("opens", [])
    clusters = [(start, end) for kind, start, end in top(whole) if kind == CLUSTER]
    (cues,) = [(start, end) for kind, start, end in top(whole) if kind == CUES]
    assert len(clusters) >= 12
    last = clusters[-4:]
    for changed, told in (
        (voided(whole, *last), [code.INDEX_UNMET, code.TIME_MISSING]),
        (voided(whole, *last, cues), [code.TIME_MISSING]),
        (without_pictures(whole, last), [code.TIME_MISSING]),
        (voided(whole, *clusters[:3]), [code.INDEX_UNMET]),
    ):
        film.write_bytes(changed)
        found = probe_media(film, runner)
        assert (found.state, codes(found)) == ("damaged", told)
        if code.TIME_MISSING in told:
            assert found.missing is not None
            assert found.missing.declared_seconds == pytest.approx(12, abs=0.1)
            assert found.missing.present_seconds == found.missing.first_missing_seconds == pytest.approx(8, abs=1.1)


def test_fragments_that_became_room_are_missing(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*FRAGMENTED)
    content = bytearray(film.read_bytes())
    assert codes(probe_media(film, runner)) == []
    moofs = [at for at in range(len(content)) if content.startswith(b"moof", at)]
    assert len(moofs) == 12
    for at in moofs[-4:]:
        (size,) = struct.unpack_from(">I", content, at - 4)
        content[at : at + 4] = content[at - 4 + size + 4 : at - 4 + size + 8] = b"free"
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert (found.state, found.reasons[0].code) == ("damaged", code.INDEX_UNMET)
    assert found.reasons[0].facts == {"named": 12, "gone": 4}


def test_tables_that_were_shortened_have_less_than_their_track_says(runner: MediaRunner, make_clip: MakeClip) -> None:
    film = make_clip(*MP4)
    content = bytearray(film.read_bytes())
    assert codes(probe_media(film, runner)) == []
    for table in (b"stts", b"stsz"):  # of the one the first row's count, of the other that of all
        at = content.index(table) + 12
        assert struct.unpack_from(">I", content, at) == (300,)
        struct.pack_into(">I", content, at, 200)
    film.write_bytes(content)
    found = probe_media(film, runner)
    assert (found.state, found.reasons[0].code) == ("damaged", code.TIME_MISSING)
    assert found.reasons[0].facts == {"declared_seconds": 12.0, "present_seconds": 8.0}


def test_an_index_that_points_nowhere_says_nothing(make_clip: MakeClip) -> None:
    """It is the index that is wrong: each player reads the film without it."""
    film = make_clip(*AVI)
    content = bytearray(film.read_bytes())
    for entry in range(content.rindex(b"idx1") + 8, len(content) - 15, 16):
        struct.pack_into("<I", content, entry + 8, struct.unpack_from("<I", content, entry + 8)[0] + 3)
    film.write_bytes(content)
    boxes = measure_boxes(film)
    assert boxes is not None
    assert boxes.indexed is None
