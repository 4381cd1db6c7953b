from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ingest.dock.marks import MarkRules, marked_files
from ingest.dock.source import Source, SourceFile
from ingest.metadata.clock import CLOCK_UNSET, NO_SUCH_TIME
from ingest.metadata.evidence_marks import AFTER, AMID, AT_THE_START, BEFORE
from ingest.metadata.file_name import HALF_OF_THE_DAY, NO_IDENTITY, PATTERNS, claims_from_name
from ingest.metadata.own_names import read_patterns


def test_the_standard_s_name_gives_device_officer_and_start_in_shanghai_time() -> None:
    claims = claims_from_name("AB00001_000123_20260101093000.MP4")
    device, officer, started = claims.stated
    assert (device.kind, device.value) == ("device", "AB00001")
    assert (officer.kind, officer.value) == ("officer", "000123")
    assert started.value == {"time": "2026-01-01T01:30:00Z", "zone": "Asia/Shanghai"}
    assert (started.kind, started.confidence, started.source) == ("started_at", "assumed", "name:ga/t-947")
    assert "supposed" in started.notes[0]


def test_a_maker_who_writes_utc_is_taken_at_his_word() -> None:
    started = claims_from_name("PXL_20260101_093000123.mp4").best("started_at")
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
    ("GS010123.360", "gopro", None, None, 1),
    ("20260101093000-20260101093500.mp4", "from-to", None, "2026-01-01T01:30:00Z", None),
    ("Camera01_20260101093000_20260101093500.mp4", "from-to", None, "2026-01-01T01:30:00Z", None),
    ("ch01_20260101093000123_20260101093500456.mp4", "from-to", None, "2026-01-01T01:30:00Z", None),
    ("2026-01-01 09-30-00.mkv", "iso", None, "2026-01-01T01:30:00Z", None),
    ("2026-01-01T09:30:00+08:00.mp4", "iso", None, "2026-01-01T01:30:00Z", None),
    ("Screenrecorder-2026-01-01-09-30-00-123.mp4", "iso", None, "2026-01-01T01:30:00Z", None),
    ("WCCTV_20260101T013000Z.mp4", "iso-utc", None, "2026-01-01T01:30:00Z", None),
    ("MVIMG_20260101_093000.jpg", "phone", None, "2026-01-01T01:30:00Z", None),
    ("Screen_Recording_20260101_093000.mp4", "phone", None, "2026-01-01T01:30:00Z", None),
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


def said_by(name: str, **more: Any) -> dict[str, Any]:
    """Each kind's values; a time as it is in UTC."""
    found: dict[str, Any] = {}
    for claim in claims_from_name(name, **more).stated:
        value = claim.value if isinstance(claim.value, str) else claim.value.get("time", claim.value.get("number"))
        found[claim.kind] = value
    return found


STARTED = {"started_at": "2026-01-01T01:30:00Z"}
NUMBERED = {**STARTED, "sequence": 1}
BY_STANDARD = {**STARTED, "device": "AB00001", "officer": "000123"}
MARKED = [
    ("AB00001_000123_20260101093000_IMP.MP4", BY_STANDARD),
    ("AB00001_000123_20260101093000-imp (2).MP4", BY_STANDARD),
    ("AB00001_000123_20260101093000_重要.MP4", BY_STANDARD),
    ("AB00001_000123_20260101093000_RO.MP4", BY_STANDARD),
    ("AB00001_000123_20260101093000_SOS.MP4", BY_STANDARD),
    ("AB00001_000123_20260101093000_LOCK.MP4", BY_STANDARD),
    ("AB00001_IMP_000123_20260101093000.MP4", BY_STANDARD),
    ("AB00001_000123_20260101093000_0001_IMP.MP4", {**BY_STANDARD, "sequence": 1}),
    ("IMP_AB00001_000123_20260101093000.MP4", BY_STANDARD),
    ("EMR-AB00001_000123_20260101093000.MP4", BY_STANDARD),
    ("EVT_AB00001_000123_20260101093000_IMP.MP4", BY_STANDARD),
    ("重要AB00001_000123_20260101093000.MP4", BY_STANDARD),
    ("重要_AB00001_000123_20260101093000.MP4", BY_STANDARD),
    ("20260101_093000_IMP.mp4", STARTED),
    ("20260101_093000_0001_IMP.MP4", NUMBERED),
    ("SOS_20260101_093000.MP4", STARTED),
    ("20260101_093000_EF.mp4", STARTED),
    ("EVT_2026_01_01_09_30_00_F.MP4", STARTED),
    ("LOCK_DSJ00042_20260101093000.mp4", {**STARTED, "device": "DSJ00042"}),
]


@pytest.mark.parametrize(("name", "said"), MARKED, ids=str)
def test_evidence_mark_takes_nothing_from_what_a_name_says(name: str, said: dict[str, Any]) -> None:
    assert said_by(name) == said


@pytest.mark.parametrize("sign", "_-")
def test_whatever_the_agent_takes_for_a_mark_is_taken_off(sign: str) -> None:
    plain = "AB00001_000123_20260101093000"
    names = [f"{word}{sign}{plain}.mp4" for word in BEFORE] + [f"{plain}{sign}{word}.mp4" for word in AFTER]
    names += [plain.replace("_", f"{sign}{word}_", 1) + ".mp4" for word in AMID]
    names += [f"{word}{plain}.mp4" for word in AT_THE_START]
    files = [SourceFile(name, 1, 0, 0o644, Source(Path("card"), "volume 1")) for name in names]
    assert marked_files(files, MarkRules()) == set(names)
    assert [name for name in names if said_by(name) != BY_STANDARD] == []


def test_own_pattern_may_be_of_the_mark_itself() -> None:
    own = read_patterns("x=IMP_{device:8}_{time}")
    assert claims_from_name("IMP_CZ-00042_20260101093000.mp4", own=own).stated == ()
    assert said_by("IMP_CZ000042_20260101093000.mp4", own=own)["device"] == "CZ000042"
    assert said_by("CZ000042_x_20260101093000_IMP.mp4", own=read_patterns("{device:8}_x_{time}")) == {
        **STARTED,
        "device": "CZ000042",
    }


WRITTEN_OTHERWISE = [
    ("ab00001_000123_20260101093000.mp4", BY_STANDARD),
    ("Axon Body 3 Video 2026-01-01 0930 X60A12345.mp4", {**STARTED, "device": "X60A12345"}),
    ("Axon Body 3 Video 2026-01-01 0930.mp4", STARTED),
    ("axon_body_3_video_2026-01-01_0930_x60a12345.mp4", {**STARTED, "device": "X60A12345"}),
    ("2026_0101_093000.MP4", STARTED),
    ("2026_0101_093000F.MP4", STARTED),
    ("EMR260101-093000-000001F.MP4", NUMBERED),
    ("DSJ00042_000123_20260101_093000.mp4", {**STARTED, "device": "DSJ00042", "officer": "000123"}),
    ("DSJ00042_000123_20260101093000_0001.mp4", {**NUMBERED, "device": "DSJ00042", "officer": "000123"}),
    ("dsj00042_20260101093000.mp4", {**STARTED, "device": "DSJ00042"}),
    ("AB00001-20260101-093000.mp4", {**STARTED, "device": "AB00001"}),
    ("HD00042_000123_20260101093000.mp4", {**STARTED, "device": "HD00042", "officer": "000123"}),
    ("0000042_000123_20260101093000.mp4", {**STARTED, "device": "0000042", "officer": "000123"}),
]


@pytest.mark.parametrize(("name", "said"), WRITTEN_OTHERWISE, ids=str)
def test_names_that_are_written_another_way(name: str, said: dict[str, Any]) -> None:
    assert said_by(name) == said


# fmt: off
NO_DEVICES = (
    "1080P", "720I", "4K60", "1080P30", "1920X1080", "H264", "H265", "X264", "HEVC1", "30FPS",
    "4MBPS", "CH01", "CHN1", "CHANNEL1", "CAM1", "CAM00042", "CAMERA2", "IPC1", "NVR1", "DVR01",
    "FRONT1", "REAR2", "CH01FRONT", "EVENT1", "EVT0001", "EMR0001", "SOS1", "LOCK1", "PARK0001", "VID1",
    "VIDEO1", "IMG0001", "DSC0001", "DSCF1234", "REC0001", "REC0002A", "FILE0001", "CLIP12", "PART1", "SEG001",
    "COPY2", "TRACK01", "C0001", "A123", "GX010123", "DJI0001", "MOVI0001", "TEST1", "0001", "123456",
    "110101", "20260101", "20251231", "260101", "D20260101", "T260101",
)
# fmt: on


@pytest.mark.parametrize("word", NO_DEVICES)
def test_words_and_numbers_that_are_no_device(word: str) -> None:
    for name in (f"{word}_20260101_093000.mp4", f"{word}_20260101093000.mp4", f"{word.lower()}-20260101093000.mp4"):
        claims = claims_from_name(name)
        kinds = [claim.kind for claim in claims.stated]
        assert "device" not in kinds, name
        assert [withheld.reason for withheld in claims.withheld] in ([NO_IDENTITY], []), name
        assert not claims.withheld or said_by(name) == STARTED, name


COPIED = (
    *(" (1)", "(1)", "(12)", "~2", "~13", " 2", " - 副本", " - 副本 (2)", " - 副本(2)", "副本", "的副本", " 的副本 2"),
    *(" 拷贝", " 拷贝 2", " - 复制", " - Copy", " - Copy (2)", " copy", " copy 2", "_copy", "~2 (1)", " (1) (2)"),
)


@pytest.mark.parametrize("added", COPIED)
def test_copying_takes_nothing_from_what_a_name_says_and_gives_it_no_other_maker(added: str) -> None:
    marked = [name for name, _ in MARKED if "(" not in name]
    for name in (*(known.example for known in PATTERNS), *(real[0] for real in REAL if "(" not in real[0]), *marked):
        stem, _, kind = name.rpartition(".")
        copied = f"{stem}{added}.{kind}"
        if added == " 2" and stem.lower().startswith("axon"):
            continue  # There it is the number that this maker writes.
        assert said_by(copied) == said_by(name), copied
        sources = [{claim.source for claim in claims_from_name(each).stated} for each in (name, copied)]
        assert sources[0] == sources[1], copied


PHONES = [
    ("VID_20260101_093000_1.mp4", "phone"),
    ("IMG_20260101_093000~2.jpg", "phone"),
    ("IMG_20260101_093000_1~2.jpg", "phone"),
    ("IMG_20260101_093000_BURST001_COVER.jpg", "phone"),
    ("VID_20260101_093000_HSR_240.mp4", "phone"),
    ("VID_20260101_093000_00_001.mp4", "phone"),
    ("VID20260101093000_01.mp4", "phone"),
    ("IMG_20260101_093000_HDR (1).jpg", "phone"),
    ("PXL_20260101_013000123.TS.mp4", "pixel"),
    ("PXL_20260101_013000123.TS~2.mp4", "pixel"),
    ("PXL_20260101_013000123.PORTRAIT-01.COVER.jpg", "pixel"),
    ("PXL_20260101_013000123 - 副本.mp4", "pixel"),
    ("20260101_093000(1).mp4", "day-clock-number"),
    ("20260101_093000 - 副本.mp4", "day-clock-number"),
    ("20260101_093000_001~2.jpg", "day-clock-number"),
    ("wx_camera_1767231000000(1).mp4", "wechat-camera"),
]


@pytest.mark.parametrize(("name", "source"), PHONES, ids=str)
def test_suffix_of_a_phone_takes_its_time_from_no_name(name: str, source: str) -> None:
    claims = claims_from_name(name)
    assert said_by(name)["started_at"] == STARTED["started_at"]
    assert {claim.source for claim in claims.stated} == {f"name:{source}"}


@pytest.mark.parametrize("name", ["DSJ00042_20260101093000_0001.mp4", "DSJ00042_20260101_093000-1~2.mp4"])
def test_piece_of_a_device_s_file_says_which_it_is(name: str) -> None:
    assert said_by(name) == {**NUMBERED, "device": "DSJ00042"}


@pytest.mark.parametrize(
    "name",
    ["holiday - 副本.mp4", "holiday copy 2.mp4", "副本.mp4", "~2.mp4", "20260101 (1).mp4", "2026010109300 2.mp4"],
)
def test_what_was_copied_says_no_more_than_before(name: str) -> None:
    assert claims_from_name(name).stated == ()


@pytest.mark.parametrize("word", ["CAM1", "110101", "REC0001", "20260101"])
def test_register_may_know_a_device_that_looks_like_none(word: str) -> None:
    asked: list[str] = []
    said = said_by(f"{word}_20260101_093000.mp4", is_registered=lambda code: bool(asked.append(code)) or code == word)
    assert said == {**STARTED, "device": word}
    assert asked == [word]


@pytest.mark.parametrize("word", ["DSJ00042", "AB00001", "X60A12345", "CZ000042", "HD00042", "JLY20231", "J1234567"])
def test_what_looks_like_a_device_is_one_and_nobody_is_asked(word: str) -> None:
    def ask(code: str) -> bool:
        raise AssertionError(code)

    assert said_by(f"{word}_20260101_093000.mp4", is_registered=ask) == {**STARTED, "device": word}


def test_officer_beside_no_device_is_not_believed_either() -> None:
    claims = claims_from_name("REC0001_000123_20260101093000.MP4")
    assert [claim.kind for claim in claims.stated] == ["started_at"]
    assert [(said.kind, said.raw, said.reason) for said in claims.withheld] == [
        ("device", "REC0001", NO_IDENTITY),
        ("officer", "000123", NO_IDENTITY),
    ]
    assert said_by("DSJ00042_260101_20260101_093000.mp4") == {**STARTED, "device": "DSJ00042"}


@pytest.mark.parametrize(
    "name",
    [
        "holiday_summer_20260101093000.mp4",
        "HOLIDAY_SUMMER_20260101093000.mp4",
        "IMP_holiday.mp4",
        "重要.mp4",
        "_IMP.mp4",
    ],
)
def test_words_alone_say_nothing(name: str) -> None:
    claims = claims_from_name(name)
    assert (claims.stated, claims.withheld) == ((), ())


@pytest.mark.parametrize(
    "name",
    [
        "20260101_093000_PM.mp4",
        "20260101_093000PM.mp4",
        "VID_20260101_093000_pm (1).mp4",
        "REC_2026_01_01_09_30_00_AM.MP4",
        "2026_0101_093000_001PM.MP4",
    ],
)
def test_a_time_of_which_half_of_the_day_is_withheld(name: str) -> None:
    """It may be twelve hours later, or the letters may be a mode of recording: nobody knows."""
    said = claims_from_name(name)
    assert said.of("started_at") == ()
    assert [(w.kind, w.reason) for w in said.withheld] == [("started_at", HALF_OF_THE_DAY)]


@pytest.mark.parametrize(
    "name", ["20260101_093000_NF.mp4", "20260101_213000_PM.mp4", "AM00001_000123_20260101093000.MP4"]
)
def test_letters_that_say_nothing_of_the_half_of_a_day_take_no_time_away(name: str) -> None:
    assert len(claims_from_name(name).of("started_at")) == 1
