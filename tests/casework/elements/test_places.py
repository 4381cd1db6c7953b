"""A place that something else contradicts is asked about, whoever's word it is, and whether or not it is demanded."""

from __future__ import annotations

from typing import Any

import pytest

from casework.elements.again import ask_for_another_judgement
from casework.elements.candidates import find_nearest
from casework.elements.facts import gather_facts
from ingest.metadata.claims import Claim
from storage.catalog.recordings import PositionTrack, Recording
from tests.casework.elements.team import Team

HERE, THERE, FAR = (32.06, 118.76), (32.065, 118.76), (39.9, 116.4)
"""Half a kilometre lies between the first two, nine hundred between these and the third."""


def located(place: tuple[float, float], source: str = "tag:location") -> Claim:
    return Claim("location", {"latitude": place[0], "longitude": place[1]}, source, "stated")


TWO_PLACES = Claim(
    "withheld",
    {"kind": "location", "raw": "32.06000, 118.76000 / 39.90000, 116.40000", "reason": "places_contradict"},
    "probe",
    "doubtful",
)


def placed(team: Team, place: tuple[float, float] = HERE, source: str = "tag:location", **more: Any) -> Recording:
    return team.recording(latitude=place[0], longitude=place[1], place_source=source, **more)


def walk(team: Team, recording: Recording, *way: tuple[float, float], beside: bool = True) -> None:
    """A track of its own, or of a log beside it."""
    log = team.recording(original_name="log.nmea", kind="none", media_state="unreadable") if beside else recording
    rows = [[1000 * n, round(lat * 1e7), round(long * 1e7), 0, 0, 3] for n, (lat, long) in enumerate(way)]
    facts = {"source": "nmea" if beside else "gpmf", "point_count": len(rows), "points": rows, "sha256": b"digest"}
    team.session.add(PositionTrack(recording_id=recording.id, read_from=log.id, unit_id=recording.unit_id, **facts))
    team.session.flush()


def offered(team: Team, recording: Recording) -> list[tuple[str, str]]:
    facts = gather_facts(team.session, [recording.id])
    return [(each.basis, each.value) for each in find_nearest(team.session, facts, "place")[recording.id]]


@pytest.mark.parametrize(
    ("own_way", "log_way", "asked"),
    [
        ((), (THERE,), False),
        ((), (FAR,), True),
        ((), (FAR, THERE), False),  # it comes by in the end
        ((HERE, FAR), (FAR,), False),  # the recording gets there itself
        ((HERE, THERE), (FAR, FAR), True),
    ],
)
def test_a_log_of_another_place_is_asked_about(
    team: Team, own_way: tuple[Any, ...], log_way: tuple[Any, ...], asked: bool
) -> None:
    recording = placed(team)
    if own_way:
        walk(team, recording, *own_way, beside=False)
    walk(team, recording, *log_way)
    assert team.open(recording) == ({"place": ["place_contradicts"]} if asked else {})
    element = team.element(recording, "place")
    assert (element["value"], element["source"]) == ("32.060000,118.760000", "tag:location")
    if asked:
        assert offered(team, recording) == [("claim", "32.060000,118.760000"), ("sidecar", "39.900000,116.400000")]


def test_of_two_logs_the_second_is_held_against_the_first(team: Team) -> None:
    recording = placed(team, source="sidecar:nmea")
    walk(team, recording, HERE)
    assert team.open(recording) == {}
    walk(team, recording, FAR)
    ask_for_another_judgement(team.session, [recording])
    assert team.open(recording) == {"place": ["place_contradicts"]}


def test_two_places_in_one_file_are_asked_about_with_each_as_a_candidate(team: Team) -> None:
    act = Claim("act", "questioning", "station", "stated")
    recording = team.recording(claims=[act, located(HERE), located(FAR, "track:gpmf"), TWO_PLACES])
    walk(team, recording, THERE)
    assert team.open(recording) == {"place": ["place_contradicts"]}
    assert team.element(recording, "place")["value"] is None
    assert offered(team, recording) == [
        ("claim", "32.060000,118.760000"),
        ("claim", "39.900000,116.400000"),
        ("sidecar", "32.065000,118.760000"),
    ]
