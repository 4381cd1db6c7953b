from __future__ import annotations

import time
from datetime import UTC

import pytest

from ingest.metadata.clock import CLOCK_UNSET, NO_SUCH_TIME
from ingest.metadata.file_name import PATTERNS, claims_from_name


def test_the_standard_s_name_gives_device_officer_and_start_in_shanghai_time() -> None:
    claims = claims_from_name("AB00001_000123_20260101093000.MP4")
    device, officer, started = claims.stated
    assert (device.kind, device.value) == ("device", "AB00001")
    assert (officer.kind, officer.value) == ("officer", "000123")
    assert started.value == {"time": "2026-01-01T01:30:00Z", "zone": "Asia/Shanghai"}
    assert (started.kind, started.confidence, started.source) == ("started_at", "assumed", "name:ga/t-947")
    assert "supposed" in started.notes[0]


def test_another_zone_may_be_supposed() -> None:
    started = claims_from_name("20260101093000.mp4", UTC).best("started_at")
    assert started is not None
    assert started.value == {"time": "2026-01-01T09:30:00Z", "zone": "UTC"}


@pytest.mark.parametrize("known", PATTERNS, ids=lambda known: known.source)
def test_every_pattern_reads_its_own_example(known: object) -> None:
    claims = claims_from_name(known.example)  # type: ignore[attr-defined]
    assert {claim.source for claim in claims.stated} == {known.source}  # type: ignore[attr-defined]
    started = claims.best("started_at")
    if "time" in known.regex.groupindex or "clock" in known.regex.groupindex:  # type: ignore[attr-defined]
        assert started is not None
        assert started.value["time"] == "2026-01-01T01:30:00Z"  # type: ignore[index]


# As cameras, recorders and their programs really write them: name, source, device, started, number.
REAL = [
    ("192.168.0.64_01_20190319093422939_MOTION_DETECTION.jpg", "hikvision-event", None, "2019-03-19T01:34:22Z", None),
    ("10.11.37.189_01_20150917094425492_FACE_DETECTION.jpg", "hikvision-event", None, "2015-09-17T01:44:25Z", None),
    (
        "gg_733804851_20190319124752348_MOTION_DETECTION.jpg",
        "hikvision-serial",
        "733804851",
        "2019-03-19T04:47:52Z",
        None,
    ),
    ("NVR_ch1_main_20230619064223_20230619064228.dav", "dahua", None, "2023-06-18T22:42:23Z", None),
    ("XVR_ch1_main_20260604130000_20260604135959.mp4", "dahua", None, "2026-06-04T05:00:00Z", None),
    ("Axon_Body_2_Video_2018-03-18_2118.mp4", "axon", None, "2018-03-18T13:18:00Z", None),
    ("GX010123.MP4", "gopro", None, None, 1),
    ("GH020123.MP4", "gopro", None, None, 2),
    ("GOPR0123.MP4", "gopro-first", None, None, 0),
    ("GP010123.MP4", "gopro-later", None, None, 1),
    ("2019_0214_081502_001.MP4", "novatek", None, "2019-02-14T00:15:02Z", 1),
    ("2023_1123_170512_0043F.MP4", "novatek", None, "2023-11-23T09:05:12Z", 43),
    ("REC_190314-081502-000123F.TS", "novatek-file", None, "2019-03-14T00:15:02Z", 123),
    ("NO20230114-081502-000123F.MP4", "novatek-file", None, "2023-01-14T00:15:02Z", 123),
    ("20230816_175500_0123F.MP4", "day-clock-number", None, "2023-08-16T09:55:00Z", 123),
    ("20230816175500_000123A.MP4", "day-clock-number", None, "2023-08-16T09:55:00Z", 123),
    ("20160102_142839_NF.mp4", "blackvue", None, "2016-01-02T06:28:39Z", None),
    ("REC_2020_05_31_09_30_00_F.MP4", "rec", None, "2020-05-31T01:30:00Z", None),
    ("IMG_20230501_120102.jpg", "phone", None, "2023-05-01T04:01:02Z", None),
    ("VID20230501120102.mp4", "phone", None, "2023-05-01T04:01:02Z", None),
    ("PXL_20230501_040102123.TS.mp4", "pixel", None, "2023-05-01T04:01:02Z", None),
    ("DJI_20230501120102_0007_D.MP4", "drone", None, "2023-05-01T04:01:02Z", 7),
    ("AB00001_000123_20260101093000 (1).MP4", "ga/t-947", "AB00001", "2026-01-01T01:30:00Z", None),
    ("AB00001_000123_20260101093000_0002.MP4", "ga/t-947-numbered", "AB00001", "2026-01-01T01:30:00Z", 2),
]


@pytest.mark.parametrize(("name", "source", "device", "started", "number"), REAL, ids=str)
def test_names_that_are_really_written(
    name: str, source: str, device: str | None, started: str | None, number: int | None
) -> None:
    claims = claims_from_name(name)
    assert {claim.source for claim in claims.stated} == {f"name:{source}"}
    assert [claim.value for claim in claims.of("device")] == ([] if device is None else [device])
    assert [claim.value["time"] for claim in claims.of("started_at")] == ([] if started is None else [started])  # type: ignore[index]
    assert [claim.value["number"] for claim in claims.of("sequence")] == ([] if number is None else [number])  # type: ignore[index]


def test_chapters_of_one_recording_have_its_number_in_common() -> None:
    first, second, other = (
        claims_from_name(f"{name}.MP4").of("sequence")[0] for name in ("GX010123", "GX020123", "GX010124")
    )
    assert first.value["group"] == second.value["group"] != other.value["group"]  # type: ignore[index]


def test_a_word_in_capitals_is_no_device() -> None:
    assert claims_from_name("HOLIDAY_20260101093000.mp4").stated == ()


@pytest.mark.parametrize("known", PATTERNS, ids=lambda known: known.source)
def test_no_name_makes_a_pattern_slow(known: object) -> None:
    """Of every piece of an example, repeated to the longest name there is: half a second for a thousand of them."""
    example = known.example  # type: ignore[attr-defined]
    pieces = {example[at : at + size] for at in range(len(example)) for size in (1, 2, 3, 7)}
    begun = time.process_time()
    for piece in pieces:
        known.regex.fullmatch((example + piece * 255)[:254] + "!")  # type: ignore[attr-defined]
        known.regex.fullmatch((piece * 255)[:255])  # type: ignore[attr-defined]
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "name",
    [
        "holiday.mp4",
        "",
        "AB00001_000123_2026010109300.MP4",
        "x" * 5000,
        "AB00001_000123_20260101093000",
        "AB00001_000123_٢٠٢٦٠١٠١٠٩٣٠٠٠.MP4",
    ],
)
def test_other_names_claim_nothing(name: str) -> None:
    assert claims_from_name(name).stated == ()


def test_folders_before_the_name_do_not_matter() -> None:
    assert claims_from_name("DCIM\\100\\AB00001_000123_20260101093000.MP4").of("officer")[0].value == "000123"
    assert claims_from_name("a/b/AB00001_000123_20260101093000.MP4").of("device")[0].value == "AB00001"


@pytest.mark.parametrize(
    ("moment", "reason"),
    [("20261301093000", NO_SUCH_TIME), ("20260230093000", NO_SUCH_TIME), ("19700101000012", CLOCK_UNSET)],
)
def test_a_time_that_cannot_be_is_withheld_with_its_reason(moment: str, reason: str) -> None:
    claims = claims_from_name(f"AB00001_000123_{moment}.MP4")
    assert claims.of("started_at") == ()
    assert [(w.raw.replace("-", ""), w.reason) for w in claims.withheld] == [(moment, reason)]
    assert claims.of("device")[0].value == "AB00001"
