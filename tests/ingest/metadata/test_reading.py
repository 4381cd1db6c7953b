"""One file of each kind that says where it was made: what was written is what is read, and nothing else."""

from __future__ import annotations

import io
import json
import random
import struct
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.containers import PACKETS, SEQUENCE_BRANDS, STILL_BRANDS
from ingest.media.boxes import Allowance
from ingest.media.findings import Findings
from ingest.media.signs import read_packets
from ingest.metadata import mp4
from ingest.metadata.claims import Claim, Claims, claims_as_facts
from ingest.metadata.nmea import points_of_nmea
from ingest.metadata.reading import UNFINISHED, is_photograph, read_file_facts
from ingest.metadata.subtitle_positions import point_of_cue
from ingest.metadata.track_facts import claims_of_tracks
from ingest.sealing.claims import read_claims
from tests.ingest.metadata import telemetry_written as written

HERE = (31.2304, 121.4737)
NOTHING = Findings("opens", (), "mov", None, (), None, 1, {}, "ffprobe", "8.1.2", "namespaces")
DEFAULTS = mp4.Budget.__init__.__defaults__ or ()


def read(tmp_path: Path, content: bytes) -> Claims:
    path = tmp_path / "file"
    path.write_bytes(content)
    return claims_of_tracks(json.loads(json.dumps(read_file_facts(path))).get("tracks"))


def located(claims: Claims) -> dict[str, Any]:
    (claim,) = claims.of("location")
    assert isinstance(claim.value, dict)
    return {"source": claim.source, **claim.value}


def rows(claims: Claims) -> list[tuple[int | None, ...]]:
    (track,) = claims.tracks
    return list(track.points)


def test_gps5_is_scaled_and_spread_over_its_second(tmp_path: Path) -> None:
    samples = [written.gps5_payload([(*HERE, 12.5, 1.5, 1.6)] * 4, clock=f"26010101300{n}.000") for n in range(3)]
    claims = read(tmp_path, written.mp4_with_track(b"gpmd", b"meta", samples))
    assert rows(claims)[:2] == [(0, 312304000, 1214737000, 1250, 150, 3), (250, 312304000, 1214737000, 1250, 150, 3)]
    assert len(rows(claims)) == 12
    (time,) = claims.of("gps_time")
    assert time.value == {"time": "2026-01-01T01:30:00.000Z", "spread_seconds": 0.0}


def test_gps9_has_its_own_time_and_fix(tmp_path: Path) -> None:
    """9,497 days after 2000-01-01 is 2026-01-01."""
    samples = [written.gps9_payload(*HERE, 9497, 5400 + n, 1.2, 3) for n in range(2)]
    claims = read(tmp_path, written.mp4_with_track(b"gpmd", b"meta", samples))
    assert rows(claims) == [(1000 * n, 312304000, 1214737000, 1250, 150, 3) for n in range(2)]
    assert claims.of("gps_time")[0].value["time"] == "2026-01-01T01:30:00.000Z"  # type: ignore[index]


@pytest.mark.parametrize("said", [0x38, 0x28, 0x20, 0x10, 0x0], ids=hex)
def test_tracks_of_fragmented_mp4_are_read_from_every_fragment(tmp_path: Path, said: int) -> None:
    """Length and size of a sample stand in one of three places."""
    samples = [written.gps5_payload([(*HERE, 12.5, 1.5, 1.6)] * (n + 1)) for n in range(4)]
    claims = read(tmp_path, written.fragmented_mp4(b"gpmd", b"meta", samples, said=said))
    assert [row[0] for row in rows(claims)] == [0, 1000, 1500, 2000, 2333, 2667, 3000, 3250, 3500, 3750]


def test_hours_of_fragments_are_read_to_their_end(tmp_path: Path) -> None:
    """A fragment a second: more boxes than a file without fragments may have."""
    seconds = 11_000
    whole = written.fragmented_mp4(b"gpmd", b"meta", [written.gps5_payload([(*HERE, 12.5, 1.5, 1.6)])] * seconds)
    claims = read(tmp_path, whole)
    found = rows(claims)
    assert (len(found), found[0][0], found[-1][0]) == (seconds, 0, (seconds - 1) * 1000)
    assert claims.of("track")[0].notes == ()


def test_a_track_that_takes_too_long_is_kept_as_far_as_it_was_read_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [written.gps5_payload([(*HERE, 12.5, 1.5, 1.6)])] * 50
    whole = written.mp4_with_track(b"gpmd", b"meta", samples)
    monkeypatch.setattr(mp4.Budget.__init__, "__defaults__", (mp4.MOST_BOXES, 20 * len(samples[0]), *DEFAULTS[2:]))
    claims = read(tmp_path, whole)
    assert 0 < len(rows(claims)) < 20
    assert claims.of("track")[0].notes == ("not_read_to_the_end:0",)


def test_a_cut_fragment_costs_only_itself(tmp_path: Path) -> None:
    whole = written.fragmented_mp4(b"gpmd", b"meta", [written.gps5_payload([(*HERE, 12.5, 1.5, 1.6)])] * 4)
    for gone in (1, 100, 200):
        assert len(rows(read(tmp_path, whole[:-gone]))) == 3
    assert len(rows(read(tmp_path, whole[:-250]))) == 2


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (written.gps5_payload([(*HERE, 9540.0, 0.0, 0.0)], fix=0), "no_fix"),
        (written.gps5_payload([(*HERE, 12.0, 0.0, 0.0)], precision=9999), "poor_precision"),
        (written.gps5_payload([(0.0, 0.0, 0.0, 0.0, 0.0)]), "zero_zero_is_no_fix"),
        (written.gps9_payload(*HERE, 9497, 5400, 1.2, 0), "no_fix"),
    ],
)
def test_plausible_coordinates_without_a_fix_are_no_place(tmp_path: Path, payload: bytes, reason: str) -> None:
    claims = read(tmp_path, written.mp4_with_track(b"gpmd", b"meta", [payload] * 3))
    assert claims.stated == ()
    assert claims.tracks == ()
    assert [(w.kind, w.source, w.reason) for w in claims.withheld] == [("location", "track:gpmf", reason)]


@pytest.mark.parametrize("older", [True, False])
def test_blocks_of_a_novatek_chip_are_read_from_mp4(tmp_path: Path, older: bool) -> None:
    blocks = [written.free_gps_block(*HERE, second, older=older) for second in range(3)]
    blocks.append(written.free_gps_block(39.9, 116.4, 3, fix=b"V"))
    claims = read(tmp_path, written.mp4_with_blocks(blocks))
    assert located(claims)["source"] == "track:novatek"
    assert [row[0] for row in rows(claims)] == [0, 1000, 2000]
    # Floats of 32 bits hold ddmm.mmmm to about a metre.
    assert rows(claims)[0][1] == pytest.approx(312304000, abs=100)
    assert claims.of("track")[0].notes == ("no_fix:1",)
    assert claims.of("gps_time") == ()


# As ExifTool's notes show them: scrambled degrees in the fields of the plain layouts.
AKASO = bytes.fromhex(
    "0e000000270000002c000000e3070000050000001d000000414e4500000000 00f14e3e3d90dfca40".replace(" ", "")
)
ACE = bytes.fromhex("08000000220000000100000018000000080000001000000041 4e4500674e69695a384a54".replace(" ", ""))


@pytest.mark.parametrize(
    "block",
    [
        b"freeGPS \0\0\0\0" + b"YndAkasoCar".ljust(32, b"\0") + AKASO,
        b"freeGPS \0\0\0\0" + ACE,
        b"freeGPS \0\0\0\0IQS_A7_20150417\0Mar 29 2017, 16:" + written.free_gps_block(*HERE, 0)[48:],
    ],
)
def test_scrambled_degrees_are_no_place(tmp_path: Path, block: bytes) -> None:
    whole = (b"\0\0\x01\0" + block).ljust(256, b"\0")
    assert read(tmp_path, written.mp4_with_blocks([whole] * 3)).stated == ()


def test_degrees_with_decimals_are_no_place_in_the_gulf_of_guinea(tmp_path: Path) -> None:
    """Which is what they are as degrees and minutes in one number."""
    as_minutes = struct.pack("<ff", *map(written.minutes, HERE))
    block = written.free_gps_block(*HERE, 0)
    plain = block.replace(as_minutes, struct.pack("<ff", *HERE))
    assert plain != block
    assert read(tmp_path, written.mp4_with_blocks([plain] * 3)).stated == ()


def test_a_blackvue_log_is_read(tmp_path: Path) -> None:
    log = "".join(f"[17672322{n:02}000]{written.rmc(*HERE, n)}" for n in range(3))
    content = written.box(b"ftyp", b"isom") + written.box(b"free", written.box(b"gps ", log.encode()))
    assert located(read(tmp_path, content))["source"] == "track:blackvue"


@pytest.mark.parametrize("bare", [True, False])
def test_private_streams_of_a_transport_stream_are_read(tmp_path: Path, bare: bool) -> None:
    pieces = [written.packets(256, written.elementary(0xE0, 10.0 + n, b"\0" * 3000)) for n in range(3)]
    for n in range(3):
        block = written.free_gps_block(*HERE, n)[48 if bare else 4 :]
        pieces.insert(2 * n + 1, written.packets(768, written.elementary(0xBD, 10.0 + n, block)))
    claims = read(tmp_path, b"".join(pieces))
    assert located(claims)["source"] == "track:ts_novatek"
    assert [row[0] for row in rows(claims)] == [0, 1000, 2000]


@pytest.mark.parametrize("packet_bytes", [size for size, _ in PACKETS])
def test_nmea_in_a_transport_stream_has_the_streams_own_time(tmp_path: Path, packet_bytes: int) -> None:
    pieces = []
    for n in range(4):
        pieces.append(written.packets(256, written.elementary(0xE0, 7.0 + n, b"\0" * 999), packet_bytes))
        text = (written.gga(n) + written.rmc(*HERE, n)).encode()
        pieces.append(written.packets(770, written.elementary(0xBF - 2, 7.5 + n, text), packet_bytes))
    claims = read(tmp_path, b"".join(pieces))
    assert located(claims)["source"] == "track:ts_nmea"
    assert [row[0] for row in rows(claims)] == [500, 1500, 2500, 3500]
    assert claims.of("gps_time")[0].value["time"] == "2026-01-01T01:29:59.500Z"  # type: ignore[index]


@pytest.mark.parametrize("packet_bytes", [size for size, _ in PACKETS])
def test_the_breaks_of_a_transport_stream_are_found_whatever_lies_between_its_packets(
    tmp_path: Path, packet_bytes: int
) -> None:
    clock = [*(n / 25 for n in range(50)), *(600 + n / 25 for n in range(50))]
    pieces = (written.packets(256, written.elementary(0xE0, at, b"\0" * 999), packet_bytes) for at in clock)
    (tmp_path / "film.ts").write_bytes(b"".join(pieces))
    said = read_file_facts(tmp_path / "film.ts")["runs"]
    assert [(run["offset_seconds"], run["by_clock"]) for run in said] == [(0.0, True), (600.0, True)]
    with (tmp_path / "film.ts").open("rb") as film:
        found = read_packets(film, size := (tmp_path / "film.ts").stat().st_size, Allowance.of_one_file())
    assert found is not None
    assert (found.declared, found.trailing) == (size, 0)


@pytest.mark.parametrize("brand", [*STILL_BRANDS, *SEQUENCE_BRANDS])
def test_a_photograph_by_its_brand_is_one_to_the_reader_and_at_sealing(brand: str) -> None:
    assert is_photograph(b"\0\0\0\x18ftyp" + brand.encode() + bytes(4))
    exif = claims_as_facts(Claims((Claim("device", "Maker Model", "exif:make+model", "stated"),)))
    found = replace(NOTHING, container="mov", tags={"major_brand": brand}, contents={"exif": exif})
    assert (found.is_still, found.is_photographed) == (brand in STILL_BRANDS, True)
    assert [claim.value for claim in read_claims({}, found).of("device")] == ["Maker Model"]
    film = replace(found, tags={"major_brand": "isom"})
    assert read_claims({}, film).of("device") == ()


def test_an_nmea_sidecar_gives_place_height_speed_and_time(tmp_path: Path) -> None:
    text = "".join(written.gga(n) + written.rmc(*HERE, n) for n in range(5))
    claims = read(tmp_path, text.encode())
    assert rows(claims)[1] == (1000, 312304000, 1214737000, 2150, 1000, 3)
    assert claims.of("gps_time")[0].value["time"] == "2026-01-01T01:30:00.000Z"  # type: ignore[index]


def test_a_torn_sentence_and_one_without_a_fix_give_nothing(tmp_path: Path) -> None:
    torn = written.rmc(*HERE, 0).replace("31", "32")
    claims = read(tmp_path, (torn + written.rmc(*HERE, 1, status="V")).encode())
    assert claims.stated == ()
    assert [w.reason for w in claims.withheld] == ["no_fix"]


@pytest.mark.parametrize(
    ("latitude", "longitude", "place"),
    [
        ("3113.8240,N", "12128.4220,E", (31.2304, 121.4737)),
        ("3350.,S", "07012,W", (-33 - 50 / 60, -70.2)),
        ("31.2304,N", "121.4737,E", None),
        ("3113.8240,N", "121.4737,E", None),
        ("-3350.00,S", "15112.00,E", None),
        ("-3350.00,N", "15112.00,E", None),
        ("313.8240,N", "12128.4220,E", None),
        ("03113.8240,N", "12128.4220,E", None),
        ("3113.8240,N", "2128.4220,E", None),
        ("3160.0000,N", "12128.4220,E", None),
        ("3113.8240,", "12128.4220,E", None),
        ("3113.8240,N", "12128.4220,N", None),
    ],
)
def test_degrees_and_minutes_have_as_many_digits_as_the_sentence_gives_them(
    latitude: str, longitude: str, place: tuple[float, float] | None
) -> None:
    """Degrees with decimals, as some write them there, would else be minutes: a place in the Gulf of Guinea."""
    sentence = written.nmea(f"GPRMC,093000,A,{latitude},{longitude},0.0,0.0,010126,,")
    said = [(point.latitude, point.longitude) for point in points_of_nmea(sentence)]
    assert said == ([] if place is None else [pytest.approx(place)])


@pytest.mark.parametrize("clock", ["0930001e20", "0930001e11", "093000inf", "093000.5.5", "09300"])
@pytest.mark.parametrize("first", [True, False])
def test_a_sentence_whose_time_is_no_time_costs_no_other_its_place(tmp_path: Path, clock: str, first: bool) -> None:
    """With a checksum that is right: whoever wrote it, the others are read."""
    odd = written.nmea(f"GPRMC,{clock},A,3113.8240,N,12128.4220,E,0.5,0.0,011126,,,A")
    good = "".join(written.rmc(*HERE, n) for n in range(5))
    claims = read(tmp_path, (odd + good if first else good + odd).encode())
    assert claims.of("gps_time")[0].value["time"] == "2026-01-01T01:30:00.000Z"  # type: ignore[index]
    assert len(rows(claims)) >= 5


def test_a_reader_that_breaks_costs_the_positions_alone_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ingest.metadata.reading.find_points", breaks)
    path = tmp_path / "a.nmea"
    path.write_text("".join(written.rmc(*HERE, n) for n in range(5)))
    assert read_file_facts(path) == {"not_understood": ["tracks"]}


@pytest.mark.parametrize(
    ("latitude", "longitude", "place"),
    [
        ("-33.85012 S", "151.20123 E", (-33.85012, 151.20123)),
        ("33.85012 S", "151.20123", (-33.85012, 151.20123)),
        ("-33.85012", "-70.51234 W", (-33.85012, -70.51234)),
        ("-33.85012 N", "151.20123 E", None),
        ("33.85012", "-151.20123 E", None),
    ],
)
def test_south_and_west_are_said_by_a_letter_or_a_minus_or_both(
    latitude: str, longitude: str, place: tuple[float, float] | None
) -> None:
    point = point_of_cue(f"latitude: {latitude} longitude: {longitude}", 0.0)
    assert (point and (point.latitude, point.longitude)) == place


@pytest.mark.parametrize(
    ("quality", "fixed"), [(0, False), (1, True), (2, True), (5, True), (6, False), (7, False), (8, False)]
)
def test_dead_reckoning_a_position_typed_in_and_a_simulator_are_no_fix(
    tmp_path: Path, quality: int, fixed: bool
) -> None:
    text = "".join(written.gga(n, quality) + written.rmc(*HERE, n) for n in range(5))
    assert bool(read(tmp_path, text.encode()).tracks) == fixed


@pytest.mark.parametrize(
    ("mode", "fixed"), [("A", True), ("D", True), ("N", False), ("E", False), ("M", False), ("S", False)]
)
def test_the_mode_of_a_sentence_says_so_too(tmp_path: Path, mode: str, fixed: bool) -> None:
    text = "".join(written.rmc(*HERE, n, mode=mode) for n in range(5))
    assert bool(read(tmp_path, text.encode()).tracks) == fixed


def test_a_log_that_began_before_its_receiver_had_a_fix_began_then(tmp_path: Path) -> None:
    """Twenty sentences without a fix or anything else: the film began twenty seconds before the first place."""
    void = "".join(written.nmea(f"GPRMC,0129{40 + n}.00,V,,,,,,,010126,,,N") for n in range(20))
    text = void + "".join(written.rmc(*HERE, n) for n in range(5))
    claims = read(tmp_path, text.encode())
    assert [row[0] for row in rows(claims)] == [20_000, 21_000, 22_000, 23_000, 24_000]
    (time,) = claims.of("gps_time")
    assert time.value == {"time": "2026-01-01T01:29:40.000Z", "spread_seconds": 20.0}
    assert claims.of("track")[0].notes == ("no_fix:20",)


@pytest.mark.parametrize("jumped", [False, True])
def test_blackvue_says_by_its_own_clock_how_long_after_the_first_frame_a_sentence_came(
    tmp_path: Path, jumped: bool
) -> None:
    """Unless that clock was put right in the middle."""
    stamps = [1_767_232_170_000 + 1000 * n for n in range(35)]
    stamps = [stamp + 7_200_000 * (jumped and n >= 30) for n, stamp in enumerate(stamps)]
    void = [written.nmea("GPRMC,,V,,,,,,,,,,N")] * 30
    sentences = [*void, *(written.rmc(*HERE, n) for n in range(5))]
    log = "".join(f"[{stamp}]{sentence}" for stamp, sentence in zip(stamps, sentences, strict=True))
    content = written.box(b"ftyp", b"isom") + written.box(b"free", written.box(b"gps ", log.encode()))
    claims = read(tmp_path, content)
    assert [row[0] for row in rows(claims)] == [30_000, 31_000, 32_000, 33_000, 34_000]
    (time,) = claims.of("gps_time")
    assert time.value == {"time": "2026-01-01T01:29:30.000Z", "spread_seconds": 30.0 if jumped else 0.0}


def test_camm_counts_as_satellites_do_and_some_of_its_writers_do_not(tmp_path: Path) -> None:
    """Satellites count no leap seconds: eighteen since 2017. Type 6 of the specification, which says from which day
    but not on which scale."""
    at = (datetime(2026, 1, 1, 1, 30, 18, tzinfo=UTC) - datetime(1980, 1, 6, tzinfo=UTC)).total_seconds()
    sample = struct.pack("<HHdiddf6f", 0, 6, at, 3, *HERE, 12.5, *(0.0,) * 6)
    claims = read(tmp_path, written.mp4_with_track(b"camm", b"meta", [sample]))
    (time,) = claims.of("gps_time")
    assert time.value == {"time": "2026-01-01T01:30:00.000Z", "spread_seconds": 18.0}


@pytest.mark.parametrize("day", ["2026-01-01", "20260101", "2026-W01-4"])
def test_a_day_alone_is_no_time_of_a_gpx_log(tmp_path: Path, day: str) -> None:
    point = f'<trkpt lat="31.2304" lon="121.4737"><time>{day}</time></trkpt>'
    gpx = f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{point}</trkseg></trk></gpx>'
    claims = read(tmp_path, gpx.encode())
    assert (len(claims.of("location")), claims.of("gps_time")) == (1, ())


def test_a_gpx_sidecar_is_read_without_expanding_anything(tmp_path: Path) -> None:
    point = '<trkpt lat="31.2304" lon="121.4737"><ele>4.5</ele><time>2026-01-01T01:30:0{}Z</time><fix>3d</fix></trkpt>'
    body = "".join(point.format(n) for n in range(3))
    gpx = (
        f'<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{body}</trkseg></trk></gpx>'
    )
    assert rows(read(tmp_path, gpx.encode()))[2] == (2000, 312304000, 1214737000, 450, None, 3)
    bomb = '<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + gpx.replace("4.5", "&b;")
    assert read(tmp_path, bomb.encode()) == Claims()


@pytest.mark.parametrize(
    "cue",
    [
        "[latitude: 31.2304] [longitude: 121.4737] [rel_alt: 1.500 abs_alt: 3.200]",
        "HOME(121.4,31.2) 2026.01.01 09:30:00\nGPS(121.4737,31.2304,19) BAROMETER:1.9",
        "F/2.8, SS 60.0, ISO 100, GPS (121.4737, 31.2304, 19), D 5.2m",
        "Lat: 31.2304 Lon: 121.4737 Alt: 3.2",
        written.rmc(*HERE, 0),
    ],
)
def test_positions_in_subtitles_are_read_beside_and_inside(tmp_path: Path, cue: str) -> None:
    srt = f"1\n00:00:00,000 --> 00:00:01,000\n{cue}\n\n2\n00:00:01,500 --> 00:00:02,000\n{cue}\n"
    beside = read(tmp_path, srt.encode())
    assert [row[:3] for row in rows(beside)] == [(0, 312304000, 1214737000), (1500, 312304000, 1214737000)]
    sample = len(cue.encode()).to_bytes(2) + cue.encode()
    inside = read(tmp_path, written.mp4_with_track(b"tx3g", b"sbtl", [sample] * 2))
    assert located(inside)["source"] == "track:text_track"
    assert [row[0] for row in rows(inside)] == [0, 1000]


@pytest.mark.parametrize(
    ("cue", "place"),
    [
        ("Lat: 31.2304 N Lon: 121.4737 E", (312304000, 1214737000)),
        ("Lat: 31.2304S Lon: 121.4737W", (-312304000, -1214737000)),
        ("lat=31°13'49\" lon=121°28'25\"", None),
        ("lat: 31 13 49 lon: 121 28 25", None),
        ("lat: 31 lon: 121", None),
        ("lat: 31.2 lon: 121.4737", None),
        ("lat: 31.230.4 lon: 121.4737", None),
        ("lat: 31,2304 lon: 121,4737", None),
        ("GPS(121,31,19)", None),
        ("GPS(121.4737,31.2304,19)", (312304000, 1214737000)),
        ("GPS(87.6168,43.8256,19)", (438256000, 876168000)),
        ("GPS(43.8256,87.6168,19)", None),  # Ürümqi, the latitude first
        ("GPS(39.4704,75.9898,19)", None),  # Kashgar
    ],
)
def test_a_place_in_words_is_read_whole_or_not_at_all(tmp_path: Path, cue: str, place: tuple[int, int] | None) -> None:
    """Of degrees, minutes and seconds the degrees alone would be a place a hundred kilometres away."""
    claims = read(tmp_path, f"1\n00:00:00,000 --> 00:00:01,000\n{cue}\n".encode())
    assert [row[1:3] for track in claims.tracks for row in track.points] == ([] if place is None else [place])


EXAMPLES = {
    "gpmf": written.mp4_with_track(b"gpmd", b"meta", [written.gps5_payload([(*HERE, 12.5, 1.5, 1.6)] * 9)] * 4),
    "gps9": written.mp4_with_track(b"gpmd", b"meta", [written.gps9_payload(*HERE, 9497, 5400, 1.2, 3)] * 9),
    "novatek": written.mp4_with_blocks([written.free_gps_block(*HERE, second) for second in range(9)]),
    "text": written.mp4_with_track(b"tx3g", b"sbtl", [b"\0\x1aLat: 31.2304 Lon: 121.4737"] * 3),
    "ts": b"".join(written.packets(768, written.elementary(0xBD, n, written.rmc(*HERE, n).encode())) for n in range(9)),
    "nmea": "".join(written.gga(n) + written.rmc(*HERE, n) for n in range(9)).encode(),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_no_mutation_of_a_file_makes_the_reader_raise(tmp_path: Path, kind: str) -> None:
    """Bytes replaced, cut out and doubled; and where something is still read, it can be stated."""
    chance, example = random.Random(kind), EXAMPLES[kind]
    for _ in range(150):
        content = bytearray(example)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(content))
            match chance.randrange(4):
                case 0:
                    content[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
                case 1:
                    content[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
                case 2:
                    del content[at : at + chance.randrange(1, 64)]
                case _:
                    content[at:at] = content[at : at + chance.randrange(1, 64)]
            content = content or bytearray(b"\0")
        claims = read(tmp_path, bytes(content))
        assert all(-90 <= claim.value["latitude"] <= 90 for claim in claims.of("location"))  # type: ignore[index, operator]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.sampled_from([b"", *(example[:40] for example in EXAMPLES.values())]), st.binary(max_size=400))
def test_no_bytes_make_the_reader_raise(tmp_path: Path, start: bytes, rest: bytes) -> None:
    read(tmp_path, start + rest)


def test_a_file_that_claims_endless_samples_is_given_up_in_time(tmp_path: Path) -> None:
    """2^32 samples of 2^32 - 1 chunks, all at the same byte."""
    content = EXAMPLES["gps9"]
    for kind, at in ((b"stts", 12), (b"stsz", 12), (b"stsc", 16)):
        place = content.index(kind) + at - 4 + 4
        content = content[:place] + b"\xff\xff\xff\xff" + content[place + 4 :]
    assert read(tmp_path, content).withheld == ()


class SlowDisk(io.BytesIO):
    """Each read takes a while of the wall, and next to nothing of the processor."""

    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(0.01)
        return super().read(size)


def test_a_slow_disk_spends_nothing_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """The track that is signed is the same on a machine that has other work."""
    monkeypatch.setattr(mp4, "LONGEST_SECONDS", 0.1)
    content, budget = struct.pack(">I4s", 8, b"free") * 30, mp4.Budget()
    assert len(list(mp4.boxes_in(SlowDisk(content), 0, len(content), budget))) == 30
    assert not budget.spent


def test_that_positions_were_not_looked_for_to_the_end_is_said_where_there_was_none_by_then(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(struct.pack(">I4s", 8, b"ftyp") + struct.pack(">I4s", 8, b"free") * (mp4.MOST_BOXES + 1))
    assert read_file_facts(path) == {UNFINISHED: ["tracks"]}
