"""Where the logs that lie beside recordings begin (ingest/metadata/sidecars.py), and which are of another place.

Anybody who may upload can write a log, and call it as a film is called: what it says against the film is for a person.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.catalog.recordings import PositionTrack, Recording
from storage.measures import ONE_PLACE_METRES, metres_between

Place: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class PlacesOfLogs:
    """`elsewhere`: of those that begin there, the ones whose way never comes near the recording's place or its ways."""

    begin: tuple[Place, ...] = ()
    elsewhere: tuple[Place, ...] = ()


def fetch_places_of_logs(session: Session, recordings: Sequence[Recording]) -> Mapping[uuid.UUID, PlacesOfLogs]:
    """By recording, also of those that have none. Ways are read only where a log does not begin at the place."""
    of_others = (
        PositionTrack.recording_id.in_([row.id for row in recordings]),
        PositionTrack.read_from != (PositionTrack.recording_id),
    )
    first = PositionTrack.points[0].label("first")
    columns = select(PositionTrack.recording_id, PositionTrack.id, first).where(*of_others)
    begin: dict[uuid.UUID, dict[uuid.UUID, Place]] = defaultdict(dict)
    for recording_id, track_id, row in session.execute(columns.order_by(PositionTrack.id)):
        begin[recording_id][track_id] = _place_of(row)
    return {row.id: _places(session, row, begin.get(row.id, {})) for row in recordings}


def _places(session: Session, row: Recording, begin: Mapping[uuid.UUID, Place]) -> PlacesOfLogs:
    if not begin or row.latitude is None or row.longitude is None:
        return PlacesOfLogs(tuple(begin.values()))
    own = row.latitude, row.longitude
    far = {track_id: place for track_id, place in begin.items() if not _are_near(own, place)}
    ways = _ways(session, row.id) if far else {}
    elsewhere = [
        place
        for track_id, place in far.items()
        if not any(_are_near(own, point) for point in ways[track_id])
        and not any(_are_near(place, point) for each, way in ways.items() if each not in begin for point in way)
    ]
    return PlacesOfLogs(tuple(begin.values()), tuple(elsewhere))


def _ways(session: Session, recording_id: uuid.UUID) -> dict[uuid.UUID, list[Place]]:
    rows = select(PositionTrack.id, PositionTrack.points).where(PositionTrack.recording_id == recording_id)
    return {track_id: [_place_of(row) for row in points] for track_id, points in session.execute(rows)}


def _place_of(row: Sequence[Any]) -> Place:
    return (row[1] or 0) / 1e7, (row[2] or 0) / 1e7


def _are_near(one: Place, other: Place) -> bool:
    return metres_between(*one, *other) <= ONE_PLACE_METRES
