"""When a recording began: each clock apart, and one best estimate that says how far it may be off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.media.findings import Findings
from ingest.metadata.claims import Claim, Claims, gather
from ingest.metadata.container_tags import claims_from_tags
from ingest.metadata.file_name import claims_from_name
from ingest.metadata.times import (
    AFTER_RECEIPT,
    AT_THE_END,
    CONTRADICTED,
    LONG_BEFORE_RECEIPT,
    LOOKS_RESET,
    MAY_BE_LOCAL,
    OFF_AGAINST_GPS,
    ROLLED_OVER,
    Z_WAS_LOCAL,
    Assessment,
    ClockWord,
    assess_times,
    withhold_refused,
)

NAME = "AB00001_000123_20260101093000.MP4"
START = datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
RECEIVED = START + timedelta(hours=9)


def container(**tags: str) -> Claims:
    empty: dict[str, Any] = dict.fromkeys(("container", "duration_seconds", "extent"))
    found = Findings("intact", (), streams=(), orientation=1, tags=tags, tool="", tool_version="", sandbox="", **empty)
    return claims_from_tags(found)


def gps(moment: datetime, spread: float = 0.5) -> Claim:
    value = {"time": moment.isoformat(), "spread_seconds": spread}
    return Claim("gps_time", value, "track:gpmf", "stated")


def assess(*claims: Claim, received_at: datetime = RECEIVED, seconds: float | None = 60.0) -> Assessment:
    return assess_times(gather(claims), received_at, seconds)


def best_of(assessment: Assessment) -> ClockWord:
    assert assessment.best is not None
    return assessment.best


def word_of(assessment: Assessment, source: str) -> ClockWord:
    return next(word for word in assessment.words if word.source == source)


def test_satellites_come_first_and_show_how_far_the_recorders_clock_is_off() -> None:
    """The GoPro of media-facts.md: a Z that is California's time, and eighteen seconds."""
    begun = datetime(2019, 11, 18, 23, 45, 14, tzinfo=UTC)
    said = assess(*container(creation_time="2019-11-18T15:45:32.000000Z").stated, gps(begun))
    assert (best_of(said).time, best_of(said).uncertainty_seconds) == (begun, 2.5)
    clock = word_of(said, "tag:creation_time")
    assert clock.offset_from(best_of(said).time) == -28_782
    assert clock.notes == (Z_WAS_LOCAL, OFF_AGAINST_GPS)


def test_a_name_says_what_the_z_beside_it_means() -> None:
    """Most recorders here: the name in local time, the tag in local time with a Z."""
    local = assess(*claims_from_name(NAME).stated, *container(creation_time="2026-01-01T09:30:00Z").stated)
    assert (best_of(local).time, best_of(local).role) == (START, "name")
    assert word_of(local, "tag:creation_time").offset_from(START) == 28_800
    assert word_of(local, "tag:creation_time").notes == (Z_WAS_LOCAL,)
    utc = assess(*claims_from_name(NAME).stated, *container(creation_time="2026-01-01T01:30:00Z").stated)
    assert (best_of(utc).time, word_of(utc, "tag:creation_time").offset_from(START)) == (START, 0)


def test_a_z_alone_may_be_eight_hours_off_and_says_so() -> None:
    said = best_of(assess(*container(creation_time="2026-01-01T01:30:00Z").stated))
    assert said.time == START
    assert said.uncertainty_seconds == 28_800 + 300
    assert said.notes == (MAY_BE_LOCAL,)


def test_a_z_that_would_lie_in_the_future_was_local_time() -> None:
    """Docked two hours after it was made: as UTC it would not have happened yet."""
    claims = container(creation_time="2026-01-01T09:30:00Z").stated
    said = best_of(assess(*claims, received_at=START + timedelta(hours=2)))
    assert (said.time, said.notes, said.uncertainty_seconds) == (START, (Z_WAS_LOCAL,), 300)


def test_a_tag_that_says_what_the_name_says_is_not_a_zone_older_where_both_lie_after_the_receipt() -> None:
    """A clock 101 minutes ahead: 16:41 in the name, 08:41 UTC in the tag, docked at 16:26. Not filmed at 08:41."""
    named = claims_from_name("AB00001_000123_20260101164114.MP4").stated
    tagged = container(creation_time="2026-01-01T08:41:14Z").stated
    docked = datetime(2026, 1, 1, 8, 26, tzinfo=UTC)
    said = assess(*named, *tagged, received_at=docked)
    assert said.best is None
    assert word_of(said, "tag:creation_time").notes == (MAY_BE_LOCAL, AFTER_RECEIPT)
    alone = best_of(assess(*tagged, received_at=docked))
    assert (alone.time, alone.notes) == (docked - timedelta(hours=7, minutes=44, seconds=46), (Z_WAS_LOCAL,))


def test_a_clock_that_runs_ahead_of_the_receipt_is_not_believed() -> None:
    said = assess(*claims_from_name("AB00001_000123_20270101093000.MP4").stated)
    assert said.best is None
    assert said.words[0].notes == (AFTER_RECEIPT,)


def test_a_clock_a_few_minutes_fast_is_believed() -> None:
    said = assess(*claims_from_name(NAME).stated, received_at=START - timedelta(minutes=4))
    assert best_of(said).time == START


def test_a_recording_cannot_end_after_its_receipt() -> None:
    said = assess(*claims_from_name(NAME).stated, received_at=START + timedelta(minutes=30), seconds=3600)
    assert said.best is None


@pytest.mark.parametrize("raw", ["1970-01-01T00:00:00Z", "1904-01-01T00:00:00Z", "1980-01-06T00:00:12Z"])
def test_a_clock_that_was_never_set_says_nothing(raw: str) -> None:
    claims = container(creation_time=raw)
    assert claims.stated == ()
    assert [w.reason for w in claims.withheld] == ["clock_never_set"]
    assert assess(*claims.stated).best is None


def test_a_clock_that_began_again_on_new_years_day_may_be_anywhere() -> None:
    said = assess(*claims_from_name("AB00001_000123_20150101000312.MP4").stated)
    assert LOOKS_RESET in best_of(said).notes
    assert best_of(said).uncertainty_seconds > 10 * 365 * 86_400
    other = Claim("clock", {"time": "2026-01-01T01:31:00Z"}, "exif:DateTimeOriginal", "stated")
    assert best_of(assess(*claims_from_name("AB00001_000123_20150101000312.MP4").stated, other)).role == "device"


RECEIVED_LATE = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
DOCKED = [
    # A recorder that began again on its firmware's day, a year and a half before: just then, and later that day.
    ("DSJ00042_20250601000012.mp4", RECEIVED_LATE, LOOKS_RESET),
    ("DSJ00042_20250601032012.mp4", RECEIVED_LATE, LONG_BEFORE_RECEIPT),
    ("DSJ00042_20240715143000.mp4", RECEIVED_LATE, LONG_BEFORE_RECEIPT),
    # Eight months: at midnight sharp a firmware's day, at half past two in the afternoon a late docking.
    ("DSJ00042_20260315000200.mp4", RECEIVED_LATE, LOOKS_RESET),
    ("DSJ00042_20260315143000.mp4", RECEIVED_LATE, None),
    # Eight in the morning is midnight in UTC, and the beginning of a shift.
    ("DSJ00042_20260315080000.mp4", RECEIVED_LATE, None),
    # A night shift five weeks ago began at midnight.
    ("DSJ00042_20261022000200.mp4", RECEIVED_LATE, None),
    # A first of January by day, docked on 5 February, and its first hour; and one that nobody docked in time.
    ("DSJ00042_20260101093000.mp4", datetime(2026, 2, 5, 2, 0, tzinfo=UTC), None),
    ("DSJ00042_20260101003000.mp4", datetime(2026, 1, 20, 2, 0, tzinfo=UTC), None),
    ("DSJ00042_20260101003000.mp4", datetime(2026, 2, 5, 2, 0, tzinfo=UTC), LOOKS_RESET),
    ("DSJ00042_20260101093000.mp4", RECEIVED_LATE, LOOKS_RESET),
    ("DSJ00042_20251201093000.mp4", RECEIVED_LATE, None),
]


@pytest.mark.parametrize(("name", "received_at", "doubt"), DOCKED, ids=str)
def test_a_time_long_before_the_receipt_is_doubted_and_late_docking_is_not(
    name: str, received_at: datetime, doubt: str | None
) -> None:
    said = best_of(assess(*claims_from_name(name).stated, received_at=received_at))
    assert said.notes == (() if doubt is None else (doubt,))
    off = 300.0 if doubt is None else (received_at - said.time).total_seconds()
    assert said.uncertainty_seconds == off


def test_a_clock_that_nothing_doubts_comes_before_one_that_is_too_old() -> None:
    tag = Claim("clock", {"time": "2026-11-27T01:00:00Z"}, "exif:DateTimeOriginal", "assumed")
    old = claims_from_name("DSJ00042_20250601000012.mp4").stated
    said = assess(*old, tag, received_at=RECEIVED_LATE)
    assert (best_of(said).source, best_of(said).uncertainty_seconds) == ("exif:DateTimeOriginal", 300)
    assert word_of(said, "name:device-time").notes == (LOOKS_RESET,)


def test_age_alone_is_no_doubt_where_satellites_and_the_recorders_clock_agree() -> None:
    begun = datetime(2024, 5, 1, 6, 30, tzinfo=UTC)
    name = claims_from_name("AB00001_000123_20240501143000.MP4").stated
    said = assess(*name, gps(begun), received_at=RECEIVED_LATE)
    assert (best_of(said).role, word_of(said, "name:ga/t-947").notes) == ("gps", ())
    assert best_of(said).uncertainty_seconds == 2.5
    far = assess(*name, gps(begun + timedelta(days=400)), received_at=RECEIVED_LATE)
    assert LONG_BEFORE_RECEIPT in word_of(far, "name:ga/t-947").notes


def recording_of(year: int, month: int, day: int) -> dict[str, tuple[Claim, ...]]:
    """Every source of a time alone, and those that may be of one clock together, all at ten in the morning, UTC."""
    at = datetime(year, month, day, 10, tzinfo=UTC)
    written = f"{at:%Y-%m-%dT%H:%M:%S}Z"
    local = at + timedelta(hours=8)
    name = claims_from_name(f"AB00001_000123_{local:%Y%m%d%H%M%S}.MP4").stated
    tag = container(creation_time=f"{at:%Y-%m-%dT%H:%M:%S}.000000Z").stated
    android = container(creation_time=f"{at:%Y-%m-%dT%H:%M:%S}.000000Z", **{"com.android.version": "14"}).stated
    camera = Claim("clock", {"time": written}, "exif:DateTimeOriginal", "assumed")
    zoned = Claim("clock", {"time": written}, "exif:DateTimeOriginal", "stated")
    apple = container(**{"com.apple.quicktime.creationdate": f"{local:%Y-%m-%dT%H:%M:%S}+0800"}).stated
    fixed = Claim("clock", {"time": written}, "exif:gps", "stated")
    station = Claim("started_at", {"time": written}, "station", "stated")
    return {
        "satellites": (gps(at),),
        "satellites twice": (gps(at), Claim("gps_time", {"time": written}, "track:camm", "stated")),
        "satellites of a still": (fixed,),
        "satellites and a still's": (gps(at), fixed),
        "station": (station,),
        "name": name,
        "tag": tag,
        "name and tag": (*name, *tag),
        "Android": android,
        "Android and name": (*android, *name),
        "Apple": apple,
        "camera": (camera,),
        "camera with zone": (zoned,),
    }


SOURCES = sorted(recording_of(2026, 1, 1))


@settings(deadline=None)
@given(st.sampled_from(SOURCES), st.integers(0, 25 * 366), st.integers(1, 3))
@example("satellites", 7168, 1)
@example("Android", 400, 3)
def test_no_source_whatever_vouches_for_itself(source: str, days_ago: int, times: int) -> None:
    """However often one clock says it: long before the receipt, the truth may lie anywhere until then."""
    day = RECEIVED_LATE - timedelta(days=days_ago)
    said = assess(*recording_of(day.year, day.month, day.day)[source] * times, received_at=RECEIVED_LATE, seconds=0.0)
    if said.best is None:
        return
    ago = RECEIVED_LATE - said.best.time
    if ago > timedelta(days=366):
        assert said.best.uncertainty_seconds >= ago.total_seconds()
        assert LONG_BEFORE_RECEIPT in said.best.notes or LOOKS_RESET in said.best.notes


ROUND = timedelta(weeks=1024)
TRUE = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
WITNESSES = {
    "receipt": (),
    "station": (Claim("started_at", {"time": TRUE.isoformat()}, "station", "stated"),),
    "name": claims_from_name("AB00001_000123_20260301100000.MP4").stated,
    "tag": container(creation_time="2026-03-01T10:00:00.000000Z").stated,
    "camera": (Claim("clock", {"time": TRUE.isoformat()}, "exif:DateTimeOriginal", "assumed"),),
}


@pytest.mark.parametrize("witness", sorted(WITNESSES))
@pytest.mark.parametrize("source", ["track:nmea", "exif:gps"])
@pytest.mark.parametrize("late", [timedelta(hours=3), timedelta(days=200)], ids=str)
def test_satellites_a_round_of_weeks_back_are_withheld_with_a_reason(
    witness: str, source: str, late: timedelta
) -> None:
    """A receiver that counts its weeks from another beginning: the day of week is right, the year is 2006."""
    kind: Any = "clock" if source == "exif:gps" else "gps_time"
    wrong = Claim(kind, {"time": (TRUE - ROUND).isoformat()}, source, "stated")
    claims = gather([wrong, *WITNESSES[witness]])
    said = assess_times(claims, TRUE + late, 60.0)
    assert word_of(said, source).notes[-1:] == (ROLLED_OVER,)
    kept = withhold_refused(claims, said)
    assert not [claim for claim in kept.stated if claim.source == source]
    assert [(w.kind, w.source, w.reason) for w in kept.withheld] == [(kind, source, ROLLED_OVER)]
    if witness == "receipt":
        assert said.best is None
    else:
        assert abs(best_of(said).time - TRUE) <= timedelta(hours=8)
        assert OFF_AGAINST_GPS not in best_of(said).notes


def test_what_was_docked_years_late_shows_a_round_of_weeks_by_its_recorders_clock() -> None:
    said = assess(gps(TRUE - ROUND), *WITNESSES["name"], received_at=TRUE + timedelta(days=500))
    assert word_of(said, "track:gpmf").notes == (ROLLED_OVER,)
    assert (best_of(said).role, best_of(said).uncertainty_seconds) == ("name", 500 * 86_400)


def test_a_clock_that_its_receiver_set_a_round_of_weeks_back_is_doubted_with_it() -> None:
    name = claims_from_name("AB00001_000123_20060716100000.MP4").stated
    said = assess(gps(TRUE - ROUND), *name, received_at=TRUE + timedelta(hours=3))
    assert word_of(said, "track:gpmf").notes == (ROLLED_OVER,)
    assert (best_of(said).role, best_of(said).notes) == ("name", (LONG_BEFORE_RECEIPT,))
    assert best_of(said).uncertainty_seconds > 19 * 365 * 86_400


def test_satellites_later_than_the_receipt_are_withheld_and_exempt_nobody() -> None:
    """A round ahead, or nonsense: neither is believed, and a clock that agrees with it is no better for that."""
    claims = gather([gps(TRUE + ROUND), *WITNESSES["name"]])
    said = assess_times(claims, TRUE + timedelta(hours=3), 60.0)
    assert best_of(said).role == "name"
    kept = withhold_refused(claims, said)
    assert not kept.of("gps_time")
    assert [w.reason for w in kept.withheld] == [AFTER_RECEIPT]


def test_what_satellites_said_a_year_ago_is_no_round_of_weeks() -> None:
    for days in (0, 1, 30, 365, 1000, 7168 - 400, 7168 + 400):
        at = TRUE - timedelta(days=days)
        said = assess(gps(at), received_at=TRUE + timedelta(hours=3))
        assert ROLLED_OVER not in word_of(said, "track:gpmf").notes


def test_new_years_day_itself_is_no_reset() -> None:
    assert best_of(assess(*claims_from_name(NAME).stated)).notes == ()


def test_clocks_that_contradict_each_other_widen_the_estimate() -> None:
    station = Claim("started_at", {"time": "2026-01-01T02:30:00Z"}, "station", "stated")
    said = best_of(assess(station, *claims_from_name(NAME).stated))
    assert (said.role, said.uncertainty_seconds, said.notes) == ("station", 3600, (CONTRADICTED,))


def test_android_dates_a_file_as_it_closes_it() -> None:
    tags = {"creation_time": "2026-01-01T01:31:00.000000Z", "com.android.version": "14"}
    said = best_of(assess(*container(**tags).stated, seconds=60.0))
    assert (said.time, said.notes, said.uncertainty_seconds) == (START, (AT_THE_END,), 60)


def test_a_photograph_without_an_offset_is_off_by_the_zone_alone() -> None:
    camera = Claim("clock", {"time": "2026-01-01T09:30:20Z"}, "exif:DateTimeOriginal", "assumed")
    fixed = Claim("clock", {"time": "2026-01-01T01:30:00Z"}, "exif:gps", "stated")
    said = best_of(assess(camera, fixed, received_at=RECEIVED + timedelta(days=1), seconds=None))
    assert (said.role, said.time, said.uncertainty_seconds) == ("gps", START, 60)


def test_nothing_is_known_of_a_file_without_a_clock() -> None:
    assert assess() == Assessment((), None)


values = st.text(max_size=30) | st.fixed_dictionaries(
    {"time": st.text(max_size=30) | st.datetimes().map(str) | st.datetimes(timezones=st.just(UTC)).map(str)},
    optional={"spread_seconds": st.floats() | st.text(max_size=3)},
)
kinds = st.sampled_from(["gps_time", "clock", "started_at", "location"])
claims = st.builds(
    Claim,
    kinds,
    values,
    st.sampled_from(["station", "exif:gps", "tag:creation_time", "name:x", "track:gpx"]),
    st.sampled_from(["stated", "assumed", "doubtful"]),
    st.lists(st.sampled_from([AT_THE_END, "written as UTC, but many recorders write their local time there"])).map(
        tuple
    ),
)


@settings(deadline=None)
@given(st.lists(claims, max_size=6), st.floats() | st.none())
@example([], float("nan"))
def test_whatever_is_claimed_an_estimate_is_never_after_the_receipt(said: list[Claim], seconds: float | None) -> None:
    found = assess_times(gather(said), RECEIVED, seconds)
    if found.best is not None:
        assert found.best.time <= RECEIVED + timedelta(minutes=10)
        assert found.best.uncertainty_seconds >= 0
