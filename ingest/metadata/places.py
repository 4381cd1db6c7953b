"""The one place of a recording among those that its bytes claim; none where they are of different places.

Anybody can write a tag into a film, and a telephone writes the last place it knew. Nothing in a file says which of two
places is the wrong one, so neither is believed; both stay claims that a person can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ingest.metadata.claims import Claim, Claims, Withheld
from storage.measures import ONE_PLACE_METRES, metres_between

CONTRADICTED_PLACE: Final = "places_contradict"
JUDGED_HERE: Final = "probe"

Place = tuple[float, float]


def judge_places(said: Claims) -> tuple[Claim | None, tuple[Withheld, ...]]:
    """The first of the surest claims; or None, and why, where another of them is of a place elsewhere."""
    best = said.best("location")
    if best is None or best.confidence == "doubtful":
        return None, ()
    believed = [claim for claim in said.of("location") if claim.confidence != "doubtful"]
    if all(claim is best or are_near(best, claim, said) for claim in believed):
        return best, ()
    raw = " / ".join(f"{latitude:.5f}, {longitude:.5f}" for latitude, longitude in map(place_of, believed))
    return None, (Withheld("location", raw, JUDGED_HERE, CONTRADICTED_PLACE),)


def are_near(one: Claim, other: Claim, said: Claims) -> bool:
    """Where one of them begins a track, anywhere along it."""
    return any(
        metres_between(*place_of(here), *there) <= ONE_PLACE_METRES
        for here, way in ((one, other), (other, one))
        for there in places_along(way, said)
    )


def places_along(claim: Claim, said: Claims) -> Sequence[Place]:
    tracks = (track.points for track in said.tracks if f"track:{track.source}" == claim.source)
    rows = [((row[1] or 0) / 1e7, (row[2] or 0) / 1e7) for points in tracks for row in points]
    return rows or [place_of(claim)]


def place_of(claim: Claim) -> Place:
    if isinstance(claim.value, str):
        raise TypeError("a location is stated in degrees")
    return float(claim.value["latitude"]), float(claim.value["longitude"])
