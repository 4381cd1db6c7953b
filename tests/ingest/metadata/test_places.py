"""Of several places in one file: one, if they are of one place; else none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.metadata.claims import Claim, Claims, Confidence, KeptTrack
from ingest.metadata.places import CONTRADICTED_PLACE
from ingest.sealing.best_claims import best_claims, state_best

RECEIVED = datetime(2026, 3, 1, tzinfo=UTC)
SHANGHAI, NEARBY, BEIJING = (31.2304, 121.4737), (31.2351, 121.4802), (39.9042, 116.4074)


def at(place: tuple[float, float], source: str, confidence: Confidence = "stated") -> Claim:
    return Claim("location", {"latitude": place[0], "longitude": place[1]}, source, confidence)


def track(*places: tuple[float, float]) -> KeptTrack:
    rows = tuple((n * 1000, round(a * 1e7), round(b * 1e7), None, None, 3) for n, (a, b) in enumerate(places))
    return KeptTrack("gpmf", rows, bytes(32))


@pytest.mark.parametrize(
    "said",
    [
        Claims((at(SHANGHAI, "tag:location"), at(BEIJING, "tag:com.apple.quicktime.location.iso6709"))),
        Claims((at(SHANGHAI, "tag:location"), at(BEIJING, "track:text_track", "assumed"))),
        Claims((at(BEIJING, "track:gpmf"), at(SHANGHAI, "tag:location")), tracks=(track(BEIJING, BEIJING),)),
        Claims((at(SHANGHAI, "track:gpmf"), at(NEARBY, "exif:gps"), at(BEIJING, "tag:location"))),
    ],
)
def test_of_two_places_in_one_file_neither_is_believed_and_both_are_kept(said: Claims) -> None:
    judged = state_best(said, RECEIVED, None)
    best = best_claims(judged)
    assert (best.latitude, best.longitude, best.place_source) == (None, None, None)
    assert judged.of("location") == said.stated
    (withheld,) = judged.of("withheld")
    assert not isinstance(withheld.value, str)
    assert (withheld.value["kind"], withheld.value["reason"]) == ("location", CONTRADICTED_PLACE)
    for claim in said.stated:
        assert not isinstance(claim.value, str)
        assert f"{claim.value['latitude']:.5f}, {claim.value['longitude']:.5f}" in str(withheld.value["raw"])


@pytest.mark.parametrize(
    ("said", "source"),
    [
        (Claims((at(SHANGHAI, "tag:location"), at(NEARBY, "tag:stream0:location"))), "tag:location"),
        (Claims((at(SHANGHAI, "tag:location"), at(BEIJING, "exif:gps", "doubtful"))), "tag:location"),
        # A first fix came late, and a tag is of somewhere along the way.
        (
            Claims((at(BEIJING, "track:gpmf"), at(NEARBY, "tag:location")), tracks=(track(BEIJING, SHANGHAI),)),
            "track:gpmf",
        ),
    ],
)
def test_places_near_one_another_are_one_place(said: Claims, source: str) -> None:
    judged = state_best(said, RECEIVED, None)
    assert best_claims(judged).place_source == source
    assert judged.of("withheld") == ()
