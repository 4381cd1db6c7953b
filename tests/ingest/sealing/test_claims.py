"""Claims from every source come together, and none of them can stop a sealing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingest.media.findings import Findings
from ingest.metadata.claims import Claim, Claims
from ingest.sealing.best_claims import best_claims, state_best
from ingest.sealing.claims import UNSTATABLE, claims_by_kind, claims_of_station, read_claims, withhold_unstatable
from integrity.canonical import canonical_json

UNREADABLE = Findings(
    state="unreadable",
    reasons=(),
    container=None,
    duration_seconds=None,
    streams=(),
    extent=None,
    orientation=1,
    tags={"make": "half a pair \ud800", "location": "+31.0+121.0+" + "9" * 30 + "/"},
    tool="ffprobe",
    tool_version="8",
    sandbox="none",
)


def test_the_stations_word_comes_before_the_names() -> None:
    said = {
        "filename": "AB00001_000123_20260101093000.MP4",
        "device": "XY00009",
        "started_at": "2026-01-02T08:00:00+08:00",
    }
    best = best_claims(read_claims(said, UNREADABLE))
    assert best.device == "XY00009"
    assert best.officer == "000123"
    assert best.started_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_mark_act_and_group_are_the_stations_claims() -> None:
    """Also of uploads that were begun before these keys were known."""
    keys = {"marked": "1", "act": "seizure", "group": "0f" * 16}
    for stated in ({"filename": "x.mp4", **keys}, {"filename": "x.mp4", "others": keys}):
        said = claims_of_station(stated)
        assert [(claim.kind, claim.value) for claim in said.stated] == [
            ("act", "seizure"),
            ("group", "0f" * 16),
            ("mark", "evidence"),
        ]
        assert {claim.source for claim in said.stated} == {"station"}
    assert claims_of_station({"marked": "yes"}).stated == ()


DAYS_ALONE = ("2026-03-01", "20260301", "2026-W09-7", "2026-03-01+08:00")


def test_a_stations_time_without_an_offset_is_local_and_says_so() -> None:
    (claim,) = claims_of_station({"started_at": "2026-01-01T09:30:00"}).of("started_at")
    assert claim.confidence == "assumed"
    assert best_claims(Claims((claim,))).started_at == datetime(2026, 1, 1, 1, 30, tzinfo=UTC)


def test_hostile_values_are_withheld_and_everything_left_can_be_stated() -> None:
    said = read_claims({"filename": "x.mp4"}, UNREADABLE)
    assert canonical_json(claims_by_kind(said))


@pytest.mark.parametrize("value", ["\ud800", "a\0b", {"latitude": 1e30, "longitude": 0.0}])
def test_what_no_manifest_can_hold_is_kept_as_withheld(value: object) -> None:
    said = withhold_unstatable(Claims((Claim("device", value, "test", "stated"),)))  # type: ignore[arg-type]
    assert said.stated == ()
    assert said.withheld[0].reason == UNSTATABLE


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "soon", "", *DAYS_ALONE])
def test_a_time_that_is_none_claims_nothing(said: str) -> None:
    assert claims_of_station({"started_at": said}).of("started_at") == ()


STEERING = "x\x1b[2J\r\nSet-Cookie: a=b\u202e\x9b"
SHOWN = "x\ufffd[2J\ufffd\ufffdSet-Cookie: a=b\ufffd\ufffd"


def test_nothing_a_file_says_can_steer_a_terminal_and_all_of_it_can_be_recognised() -> None:
    """From whichever reader: tags of a container, EXIF, a name, the station's own words."""
    tagged = replace(UNREADABLE, tags={"make": "ACME", "model": STEERING, "creation_time": STEERING})
    said = read_claims({"filename": "x.mp4", "officer": STEERING}, tagged)
    assert [claim.value for claim in said.of("device")] == [f"ACME {SHOWN}"]
    assert [claim.value for claim in said.of("officer")] == [SHOWN]
    judged = state_best(said, datetime(2026, 3, 1, tzinfo=UTC), None)
    (withheld,) = judged.of("withheld")
    assert isinstance(withheld.value, Mapping)
    assert withheld.value["raw"] == SHOWN
    odd = Claim("sequence", {"number": 1, "group\r": STEERING}, f"tag:{STEERING}", "stated", (STEERING,))
    (claim,) = withhold_unstatable(Claims((odd,))).stated
    assert (claim.value, claim.source) == ({"number": 1, "group\ufffd": SHOWN}, f"tag:{SHOWN}")
    assert claim.notes == (SHOWN,)
