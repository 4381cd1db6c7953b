from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.media.findings import Findings, Stream
from ingest.metadata.claims import Claims
from ingest.metadata.clock import CLOCK_UNSET, NO_SUCH_TIME, Z_IS_OFTEN_LOCAL
from ingest.metadata.container_tags import claims_from_tags
from ingest.metadata.location import NOT_UNDERSTOOD, OTHER_DATUM
from ingest.metadata.points import AT_ZERO, IMPLAUSIBLE_ALTITUDE, OUT_OF_RANGE, POOR_PRECISION, TOO_COARSE

NOTHING = Findings("intact", (), "mov,mp4", 1.0, (), None, 1, {}, "ffprobe", "8.1.2", "namespaces")


def claims_of(tags: dict[str, str], *streams: dict[str, str]) -> Claims:
    parts = tuple(Stream(n, "video", "h264", tags=stream) for n, stream in enumerate(streams))
    return claims_from_tags(replace(NOTHING, tags=tags, streams=parts))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("+51.4169-000.0806/", {"latitude": 51.4169, "longitude": -0.0806}),
        ("+32.0929+034.8620+028.516/", {"latitude": 32.0929, "longitude": 34.862, "altitude_metres": 28.52}),
        ("+51.5932-0.2431/", {"latitude": 51.5932, "longitude": -0.2431}),
        ("-3345.6-07030.5/", {"latitude": -33.76, "longitude": -70.5083333}),
        ("+31.23+121.47CRSepsg4979/", {"latitude": 31.23, "longitude": 121.47}),
        ("+311349.5+1212825.2+5CRSWGS_84/", {"latitude": 31.2304167, "longitude": 121.4736667, "altitude_metres": 5.0}),
    ],
)
def test_points_are_read_in_each_form_of_iso_6709(raw: str, value: dict[str, float]) -> None:
    (claim,) = claims_of({"location": raw}).of("location")
    assert claim.value == value


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("+00.0000+000.0000/", AT_ZERO),
        ("-00.00001+000.00002/", AT_ZERO),
        ("+91.0000+000.5000/", OUT_OF_RANGE),
        ("+31.0000+181.0000/", OUT_OF_RANGE),
        ("Shanghai", NOT_UNDERSTOOD),
        ("+1+1/", NOT_UNDERSTOOD),
        ("+31.2304", NOT_UNDERSTOOD),
        ("+31.2304+121.4737+9540.0/", IMPLAUSIBLE_ALTITUDE),
        ("+31.2304+121.4737-600/", IMPLAUSIBLE_ALTITUDE),
        ("+31+121/", TOO_COARSE),
        ("+31.2+121.4737/", TOO_COARSE),
        ("+3113+12128/", TOO_COARSE),
        ("+31.0000+121.0000/", TOO_COARSE),  # as ffprobe writes any loci
        ("+31.2304+000.0000/", AT_ZERO),
        ("+31.2304+121.4737CRSGCJ_02/", OTHER_DATUM),
        ("+31.2304+121.4737+5CRSTokyo", OTHER_DATUM),
        ("+" + "9" * 400 + "+120/", NOT_UNDERSTOOD),
    ],
)
def test_what_is_no_place_is_withheld_with_its_reason(raw: str, reason: str) -> None:
    claims = claims_of({"location": raw})
    assert claims.of("location") == ()
    assert [(w.kind, w.raw, w.reason) for w in claims.withheld] == [("location", raw, reason)]


@pytest.mark.parametrize("raw", ["2026-01-01", "20260101", "2026-W01-4", "09:30:00", "2026"])
def test_a_day_without_a_time_of_day_is_no_moment(raw: str) -> None:
    """It is not midnight."""
    claims = claims_of({"creation_time": raw})
    assert claims.of("clock") == ()
    assert [(w.kind, w.raw, w.reason) for w in claims.withheld] == [("clock", raw, NO_SUCH_TIME)]


def test_the_container_s_clock_is_doubtful_because_many_write_local_time() -> None:
    (claim,) = claims_of({"creation_time": "2026-01-01T09:30:00.000000Z"}).of("clock")
    assert (claim.value, claim.confidence) == ({"time": "2026-01-01T09:30:00Z"}, "doubtful")
    assert claim.notes == (Z_IS_OFTEN_LOCAL,)


def test_a_clock_with_an_offset_is_believed_more_and_shown_first() -> None:
    claims = claims_of(
        {"creation_time": "2026-01-01T01:30:00Z", "com.apple.quicktime.creationdate": "2026-01-01T09:30:05+0800"}
    )
    best = claims.best("clock")
    assert best is not None
    assert (best.value, best.confidence) == ({"time": "2026-01-01T01:30:05Z"}, "stated")


@pytest.mark.parametrize("raw", ["1970-01-01T00:00:00.000000Z", "1904-01-01T00:00:00Z"])
def test_a_clock_that_was_never_set_is_no_claim(raw: str) -> None:
    claims = claims_of({"creation_time": raw})
    assert claims.stated == ()
    assert claims.withheld[0].reason == CLOCK_UNSET


def test_the_same_claim_of_each_stream_is_made_once() -> None:
    when = {"creation_time": "2026-01-01T09:30:00Z"}
    other = {"creation_time": "2026-01-01T09:31:00Z"}
    claims = claims_of(when, when, other)
    assert [claim.source for claim in claims.of("clock")] == ["tag:creation_time", "tag:stream1:creation_time"]


def test_the_maker_s_tags_name_a_device() -> None:
    claims = claims_of({"com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "iPhone X"})
    assert claims.of("device")[0].value == "Apple iPhone X"


def test_years_at_the_edge_do_not_overflow() -> None:
    claims = claims_from_tags(replace(NOTHING, tags={"creation_time": "0001-01-01T00:00:00+14:00"}))
    assert claims.stated == ()
    assert len(claims.withheld) == 1


@pytest.mark.parametrize(("metres", "is_place"), [("14.99", True), ("300", True), ("1414.000000", False), ("?", True)])
def test_a_place_that_its_phone_knows_to_a_part_of_town_is_none(metres: str, is_place: bool) -> None:
    place = {"com.apple.quicktime.location.ISO6709": "+31.2304+121.4737+5.0/", "location": "+31.2304+121.4737+5.0/"}
    claims = claims_of({**place, "com.apple.quicktime.location.accuracy.horizontal": metres})
    assert bool(claims.of("location")) is is_place
    assert {w.reason for w in claims.withheld} == (set() if is_place else {POOR_PRECISION})
