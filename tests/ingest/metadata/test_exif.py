from __future__ import annotations

import itertools
import os
import struct
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from ingest.metadata import exif as exif_reading
from ingest.metadata.bounds import ReadingTooMuch
from ingest.metadata.claims import Claim, Claims
from ingest.metadata.clock import NO_SUCH_TIME
from ingest.metadata.exif import claims_of_tags, orientation_of_tags, read_exif
from ingest.metadata.location import HALF_MISSING, NOT_UNDERSTOOD, OTHER_DATUM
from ingest.metadata.points import AT_ZERO, IMPLAUSIBLE_ALTITUDE, NO_FIX, POOR_PRECISION, STALE_FIX, TOO_COARSE
from ingest.metadata.reading import UNFINISHED, has_no_exif, read_file_facts
from ingest.sealing.best_claims import best_claims, state_best

Ifd = dict[int, object]
RECEIVED = datetime(2026, 3, 1, 9, tzinfo=UTC)
SHANGHAI_GPS: Ifd = {1: "N", 2: (31.0, 13.0, 49.44), 3: "E", 4: (121.0, 28.0, 25.32)}


def photo(tmp_path: Path, gps: Ifd | None = None, exif: Ifd | None = None, image: Ifd | None = None) -> Path:
    tags = Image.Exif()
    tags.update(image or {})
    tags.get_ifd(0x8825).update(gps or {})
    tags.get_ifd(0x8769).update(exif or {})
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (16, 16)).save(path, exif=tags)
    return path


def claims_from_exif(path: Path) -> Claims:
    return claims_of_tags(read_exif(path.read_bytes()))


def orientation_of(path: Path) -> int:
    return orientation_of_tags(read_exif(path.read_bytes()))


@pytest.fixture
def corpus() -> Path:
    folder = os.environ.get("LIUHEN_CORPUS")
    if not folder:
        pytest.skip("LIUHEN_CORPUS is unset: it names the folder of real files that these tests read")
    return Path(folder)


def test_a_position_with_height_is_read(tmp_path: Path) -> None:
    (claim,) = claims_from_exif(photo(tmp_path, gps={**SHANGHAI_GPS, 5: b"\0", 6: 12.5})).of("location")
    assert claim.value == {"latitude": 31.2304, "longitude": 121.4737, "altitude_metres": 12.5}
    assert (claim.source, claim.confidence) == ("exif:gps", "stated")


@pytest.mark.parametrize(
    ("north", "east"),
    [
        ((31.2304, 0.0, 0.0), (121.4737, 0.0, 0.0)),
        ((31.0, 13.824, 0.0), (121.0, 28.422, 0.0)),
        ((31.0, 13.0, 49.44), (121.4737, 0.0, 0.0)),
    ],
)
def test_a_smallest_part_may_have_decimals(tmp_path: Path, north: tuple[float, ...], east: tuple[float, ...]) -> None:
    (claim,) = claims_from_exif(photo(tmp_path, gps={**SHANGHAI_GPS, 2: north, 4: east})).of("location")
    assert claim.value == {"latitude": 31.2304, "longitude": 121.4737}


def test_south_and_west_are_negative(tmp_path: Path) -> None:
    (claim,) = claims_from_exif(photo(tmp_path, gps={**SHANGHAI_GPS, 1: "S", 3: "W", 9: "A"})).of("location")
    assert claim.value == {"latitude": -31.2304, "longitude": -121.4737}
    assert claim.confidence == "stated"


@pytest.mark.parametrize(
    ("gps", "reason"),
    [
        ({1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}, AT_ZERO),
        ({**SHANGHAI_GPS, 2: (IFDRational(0, 0), IFDRational(0, 0), IFDRational(0, 0))}, NOT_UNDERSTOOD),
        ({1: "N", 2: (31.0, 13.0, 49.44)}, NOT_UNDERSTOOD),
        ({**SHANGHAI_GPS, 2: (31.0, 73.0, 49.44)}, NOT_UNDERSTOOD),
        ({**SHANGHAI_GPS, 2: (31.23, 13.0, 49.44)}, NOT_UNDERSTOOD),
        ({**SHANGHAI_GPS, 4: (121.47, 28.0, 0.0)}, NOT_UNDERSTOOD),
        ({**SHANGHAI_GPS, 4: (121.0, 28.422, 25.32)}, NOT_UNDERSTOOD),
        ({**SHANGHAI_GPS, 9: "V"}, NO_FIX),
        ({**SHANGHAI_GPS, 5: b"\0", 6: 9540.0}, IMPLAUSIBLE_ALTITUDE),
        ({**SHANGHAI_GPS, 5: b"\1", 6: 600.0}, IMPLAUSIBLE_ALTITUDE),
        ({**SHANGHAI_GPS, 11: 25.0}, POOR_PRECISION),
        ({**SHANGHAI_GPS, 31: 1500.0}, POOR_PRECISION),
        ({**SHANGHAI_GPS, 18: "TOKYO"}, OTHER_DATUM),
        ({**SHANGHAI_GPS, 27: b"ASCII\0\0\0CELLID"}, POOR_PRECISION),
        ({**SHANGHAI_GPS, 27: b"ASCII\0\0\0MANUAL"}, NO_FIX),
        ({**SHANGHAI_GPS, 2: (31.0, 0.0, 0.0), 4: (121.0, 0.0, 0.0)}, TOO_COARSE),
        ({**SHANGHAI_GPS, 2: (31.0, 14.0, 0.0), 4: (121.0, 28.0, 0.0)}, TOO_COARSE),
        ({**SHANGHAI_GPS, 4: (0.0, 0.0, 0.0)}, AT_ZERO),
        ({2: SHANGHAI_GPS[2], 3: "E", 4: SHANGHAI_GPS[4]}, HALF_MISSING),
        ({1: "N", 2: SHANGHAI_GPS[2], 4: SHANGHAI_GPS[4]}, HALF_MISSING),
        ({**SHANGHAI_GPS, 3: "?"}, HALF_MISSING),
    ],
)
def test_no_position_is_better_than_a_wrong_one(tmp_path: Path, gps: Ifd, reason: str) -> None:
    """And where the receiver had none, its time is not the satellites'."""
    claims = claims_from_exif(photo(tmp_path, gps={**gps, 7: (1.0, 29.0, 42.0), 29: "2026:01:01"}))
    assert claims.of("location") == claims.of("clock") == ()
    assert [(w.kind, w.reason) for w in claims.withheld] == [("location", reason), ("clock", NO_FIX)]
    sealed = state_best(claims, RECEIVED, None)
    assert best_claims(sealed).place_source is best_claims(sealed).started_at is None


@pytest.mark.parametrize(("minutes_later", "is_believed"), [(0, True), (9, True), (11, False), (360, False)])
def test_a_fix_from_long_before_the_shutter_is_where_the_camera_was(
    tmp_path: Path, minutes_later: int, is_believed: bool
) -> None:
    """Where its clock says the zone. What it says of the time stays, and contradicts, by whole hours as well."""
    hour, minute = divmod(9 * 60 + minutes_later, 60)
    gps: Ifd = {**SHANGHAI_GPS, 7: (1.0, 0.0, 0.0), 29: "2026:01:01"}
    exif: Ifd = {0x9003: f"2026:01:01 {hour:02}:{minute:02}:00", 0x9011: "+08:00"}
    claims = claims_from_exif(photo(tmp_path, gps=gps, exif=exif))
    assert bool(claims.of("location")) is is_believed
    assert [(w.kind, w.reason) for w in claims.withheld] == ([] if is_believed else [("location", STALE_FIX)])
    best = best_claims(state_best(claims, RECEIVED, None))
    assert best.started_at_uncertainty_seconds == max(60.0, minutes_later * 60.0)
    del exif[0x9011]
    assert claims_from_exif(photo(tmp_path, gps=gps, exif=exif)).of("location")


@pytest.mark.parametrize("clock", [(25.0, 0.0, 0.0), (1.0, 61.0, 0.0)])
def test_an_hour_that_no_day_has_is_no_satellites_time(tmp_path: Path, clock: tuple[float, float, float]) -> None:
    claims = claims_from_exif(photo(tmp_path, gps={**SHANGHAI_GPS, 7: clock, 29: "2026:01:01"}))
    assert claims.of("clock") == ()
    assert [(w.kind, w.reason) for w in claims.withheld] == [("clock", NO_SUCH_TIME)]


def test_what_a_receiver_says_of_a_good_fix_takes_nothing_away(tmp_path: Path) -> None:
    good: Ifd = {
        **SHANGHAI_GPS,
        27: b"ASCII\0\0\0GPS",
        5: b"\1",
        6: 4.0,
        9: "A",
        10: "3",
        11: 1.2,
        18: "WGS-84",
        31: 8.0,
    }
    sealed = state_best(claims_from_exif(photo(tmp_path, gps=good)), RECEIVED, None)
    assert (best_claims(sealed).latitude, best_claims(sealed).longitude) == (31.2304, 121.4737)
    assert sealed.of("best_place")[0].value["altitude_metres"] == -4.0  # type: ignore[index]


def test_a_place_that_is_doubted_is_no_place_of_a_recording() -> None:
    where = {"latitude": 31.2304, "longitude": 121.4737}
    said = Claims((Claim("location", where, "exif:gps", "doubtful"),))
    assert best_claims(state_best(said, RECEIVED, None)).place_source is None


def test_a_time_without_an_offset_is_supposed_to_be_local(tmp_path: Path) -> None:
    (claim,) = claims_from_exif(photo(tmp_path, exif={0x9003: "2026:01:01 09:30:00"})).of("clock")
    assert (claim.value, claim.confidence) == ({"time": "2026-01-01T01:30:00Z", "zone": "Asia/Shanghai"}, "assumed")


def test_a_time_with_an_offset_is_stated(tmp_path: Path) -> None:
    exif: Ifd = {0x9003: "2026:01:01 09:30:00", 0x9011: "+09:00"}
    (claim,) = claims_from_exif(photo(tmp_path, exif=exif)).of("clock")
    assert (claim.value, claim.confidence) == ({"time": "2026-01-01T00:30:00Z"}, "stated")


@pytest.mark.parametrize("blank", ["   :  ", "      ", ":"])
def test_an_offset_that_is_left_blank_is_no_offset_and_no_reason_to_withhold_the_time(
    tmp_path: Path, blank: str
) -> None:
    exif: Ifd = {0x9003: "2026:01:01 09:30:00", 0x9011: blank}
    (claim,) = claims_from_exif(photo(tmp_path, exif=exif)).of("clock")
    assert (claim.value, claim.confidence) == ({"time": "2026-01-01T01:30:00Z", "zone": "Asia/Shanghai"}, "assumed")


def test_the_satellites_time_is_a_claim_of_its_own(tmp_path: Path) -> None:
    gps: Ifd = {**SHANGHAI_GPS, 7: (1.0, 29.0, 42.0), 29: "2026:01:01"}
    claims = claims_from_exif(photo(tmp_path, gps=gps, exif={0x9003: "2026:01:01 09:30:00"}))
    assert [(c.source, c.value["time"]) for c in claims.of("clock")] == [  # type: ignore[index]
        ("exif:DateTimeOriginal", "2026-01-01T01:30:00Z"),
        ("exif:gps", "2026-01-01T01:29:42Z"),
    ]
    best = claims.best("clock")
    assert best is not None
    assert best.source == "exif:gps"


@pytest.mark.parametrize("raw", ["0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday", "2026:02:30 09:30:00"])
def test_a_time_that_cannot_be_is_withheld(tmp_path: Path, raw: str) -> None:
    claims = claims_from_exif(photo(tmp_path, exif={0x9003: raw}))
    assert claims.of("clock") == ()
    assert [w.reason for w in claims.withheld] in ([NO_SUCH_TIME], [])


def test_camera_and_serial_number_name_the_device(tmp_path: Path) -> None:
    path = photo(tmp_path, image={0x010F: "NIKON", 0x0110: "COOLPIX P6000"}, exif={0xA431: "0042"})
    assert claims_from_exif(path).of("device")[0].value == "NIKON COOLPIX P6000 #0042"


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff\xe1\xff\xffExif\0\0II*\0\xff\xff\xff\xff", b"text", bytes(1000)]
)
def test_no_bytes_make_it_raise(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert claims_from_exif(path).stated == ()
    assert orientation_of(path) == 1


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_is_none_means_upright(tmp_path: Path, value: int) -> None:
    assert orientation_of(photo(tmp_path, image={274: value})) == 1


def test_a_real_camera_s_position(corpus: Path) -> None:
    claims = claims_from_exif(corpus / "exif-samples" / "jpg__gps__DSCN0012.jpg")
    (location,) = claims.of("location")
    assert location.value["latitude"] == pytest.approx(43.4671567, abs=1e-6)  # type: ignore[index]
    assert location.value["longitude"] == pytest.approx(11.885395, abs=1e-6)  # type: ignore[index]
    assert claims.of("device")[0].value == "NIKON COOLPIX P6000"


def test_every_photograph_of_the_corpus_is_read(corpus: Path) -> None:
    photos = [*corpus.rglob("*.jpg"), *corpus.rglob("*.jpeg"), *corpus.rglob("*.heic")]
    located = [path.name for path in photos if claims_from_exif(path).of("location")]
    assert len(photos) >= 20
    assert {"jpg__gps__DSCN0012.jpg", "t__images__GPS.jpg"} <= set(located)


def test_what_has_no_mark_of_exif_is_what_exifread_finds_nothing_in(corpus: Path, tmp_path: Path) -> None:
    """So that such a picture costs no start of it: whole, without its marks, and cut."""
    made = [tmp_path / f"made.{ending}" for ending in ("png", "webp")]
    for path in made:
        Image.new("RGB", (64, 64)).save(path)
    skipped = set()
    for path in (*made, *corpus.rglob("*.jpg"), *corpus.rglob("*.jpeg")):
        whole = path.read_bytes()
        unmarked = whole
        for mark in (b"Exif", b"eXIf", b"EXIF", b"Ducky", b"Adobe"):
            unmarked = unmarked.replace(mark, b"-" * len(mark))
        for content in (whole, unmarked, whole[:3000], unmarked[:3000]):
            if has_no_exif(content):
                assert read_exif(content) == {}, path
                skipped.add(path.suffix)
    assert {".jpg", ".png", ".webp"} <= skipped


def test_a_box_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    path = tmp_path / "loop.heic"
    path.write_bytes(struct.pack(">I4s4sI", 16, b"ftyp", b"heic", 0) + struct.pack(">I4sQ", 1, b"free", 0))
    begun = time.process_time()
    with pytest.raises(ReadingTooMuch):
        read_exif(path.read_bytes())
    assert time.process_time() - begun < 1
    assert read_file_facts(path) == {UNFINISHED: ["exif"]}


def test_tags_that_claim_the_same_bytes_over_and_over_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exif_reading, "MOST_BYTES_READ", 4 << 20)
    path = tmp_path / "fat.tif"
    entries = b"".join(struct.pack(">HHII", 0x010F, 2, 1 << 20, 0) for _ in range(60_000))
    path.write_bytes(b"MM\0*" + struct.pack(">IH", 8, 60_000) + entries + b"\0" * 4 + b"x" * (1 << 20))
    with pytest.raises(ReadingTooMuch):
        read_exif(path.read_bytes())
    assert read_file_facts(path) == {UNFINISHED: ["exif"]}


def test_a_busy_machine_keeps_nobody_from_reading_a_photograph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = photo(tmp_path, gps=SHANGHAI_GPS).read_bytes()
    hours = itertools.count(0.0, 3600.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(hours))
    assert claims_of_tags(read_exif(content)).of("location")
