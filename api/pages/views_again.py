"""What was said otherwise of a recording when its bytes came again, as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.pages.visit import Visit
from casework.recordings.said_again import fetch_said_again
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station

MOST_SHOWN = 50


def again_of(visit: Visit, recording: Recording) -> Mapping[str, Any]:
    """`again`: the latest first, each with the name of the station that sent it."""
    session = visit.session
    rows = list(fetch_said_again(session, [recording.id]).get(recording.id, ()))[::-1][:MOST_SHOWN]
    stations = {row.station_id: session.get_one(Station, row.station_id).name for row in rows}
    return {"again": rows, "again_from": stations}
