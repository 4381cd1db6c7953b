"""Times at both ends of the calendar: no claim of one may raise, be believed, or hold anything up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.metadata.claims import Claim, Claims, gather
from ingest.metadata.clock import LATEST, NO_SUCH_TIME, OLDEST, time_claim
from ingest.metadata.contiguity import piece_of, place_pieces
from ingest.metadata.file_name import claims_from_name
from ingest.metadata.times import AT_THE_END, assess_times, moment_of
from ingest.metadata.track_facts import claims_of_tracks
from ingest.sealing.best_claims import best_claims, state_best
from ingest.sealing.claims import claims_of_station

RECEIVED = datetime(2026, 3, 1, 9, tzinfo=UTC)
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)
ZONES = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(min_value=datetime(1, 1, 1), timezones=ZONES)
SAID = (("started_at", "station"), ("started_at", "name:ga/t-947"), ("clock", "tag:creation_time"))


@pytest.mark.parametrize("year", [2100, 2600, 9999])
def test_a_name_of_the_far_future_is_withheld(year: int) -> None:
    said = claims_from_name(f"AB00001_000123_{year}1231230000.MP4")
    assert [claim.kind for claim in said.stated if claim.kind == "started_at"] == []
    assert [withheld.reason for withheld in said.withheld] == [NO_SUCH_TIME]
    station = claims_of_station({"started_at": f"{year}-12-31T23:00:00+08:00"})
    assert [withheld.reason for withheld in station.withheld] == [NO_SUCH_TIME]


def test_a_track_of_the_far_future_tells_no_time() -> None:
    facts = {"source": "gpmf", "points": [[0, 312304000, 1214737000, None, None, 3]], "spread_seconds": 0.0}
    told = claims_of_tracks([{**facts, "started_at": "2026-01-01T00:00:00+00:00"}])
    far = claims_of_tracks([{**facts, "started_at": "9999-12-31T23:59:59+00:00"}])
    assert (len(told.of("gps_time")), len(far.of("gps_time"))) == (1, 0)
    assert len(far.of("location")) == 1


def as_sealed_before(moment: datetime) -> Claims:
    """Every clock's claim of a moment, written before such times were withheld."""
    value = {"time": moment.isoformat()}
    clocks = [Claim(kind, value, source, "stated", notes) for kind, source in SAID for notes in ((), (AT_THE_END,))]  # type: ignore[arg-type]
    return Claims((*clocks, Claim("gps_time", value, "track:gpmf", "stated")))


@settings(max_examples=200, deadline=None)
@given(MOMENTS, st.sampled_from((None, 0.0, 60.0, 1e12)))
@example(FIRST, 60.0)
@example(LAST, 60.0)
@example(LAST.replace(tzinfo=UTC), None)
@example(FIRST.replace(tzinfo=timezone(timedelta(hours=14))), 60.0)
def test_no_moment_of_the_calendar_raises_or_is_believed_out_of_reach(moment: datetime, seconds: float | None) -> None:
    made = gather([time_claim(kind, moment, "raw", source) for kind, source in SAID])  # type: ignore[arg-type]
    for said in (made, as_sealed_before(moment)):
        for claim in said.stated:
            read = moment_of(claim)
            assert read is None or OLDEST <= read < LATEST
        best = best_claims(state_best(said, RECEIVED, seconds)).started_at
        assert best is None or OLDEST <= best <= RECEIVED + timedelta(minutes=10)
        pieces = [piece_of(name, said, min(seconds or 0.0, 86400.0)) for name in "ab"]
        assert sorted(place.id for place in place_pieces(pieces, 5.0)) == ["a", "b"]


@settings(max_examples=50, deadline=None)
@given(st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC)))
@example(LAST.replace(tzinfo=UTC))
@example(FIRST.replace(tzinfo=UTC))
def test_any_time_of_receipt_can_be_judged_against(received_at: datetime) -> None:
    said = claims_from_name("AB00001_000123_20260101093000.MP4")
    best = assess_times(said, received_at, 60.0).best
    assert best is None or best.time - received_at <= timedelta(minutes=10)
