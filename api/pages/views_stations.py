"""The stations' page: how each of them is, who has fallen silent, and the credentials they go by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from api.pages.visit import Visit
from api.words.durations import clock_words
from casework.permission import MAY
from casework.units import units_below
from ingest.stations.overview import StationOverview, overviews
from storage.catalog.stations import Station

_SHOWN_FIRST = ("silent", "unenrolled", "away", "online", "revoked")


def build_stations(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["list_stations"])
    tree = units_below(visit.session, visit.person.unit_id)
    of_tree = Station.unit_id.in_([node.unit.id for node in tree])
    stations = visit.session.scalars(select(Station).where(of_tree).order_by(Station.name)).all()
    allowed = visit.archive.settings.station_clock_seconds
    seen = overviews(visit.session, stations, datetime.now(UTC))
    clocks_off = {each.station.id for each in seen if each.has_clock_off(allowed)}
    seen = sorted(seen, key=lambda each: _place(each, each.station.id in clocks_off))
    return {
        "tree": tree,
        "units": {node.unit.id: node.unit for node in tree},
        "rows": seen,
        "silent": [each for each in seen if each.condition == "silent"],
        "clocks_off": clocks_off,
        "silent_hours": visit.archive.settings.station_silent_hours,
        "settings": visit.archive.settings,
        "GIB": 1 << 30,
        "clock_words": lambda seconds: clock_words(seconds, visit.translate),
        "may_change": visit.person.role == "administrator",
    }


def _place(seen: StationOverview, is_clock_off: bool) -> tuple[int, bool]:
    """What somebody should look at comes first: right after the silent, and before who is to be enrolled yet, whoever
    writes wrong times without noticing."""
    place = _SHOWN_FIRST.index(seen.condition)
    return (min(place, 1), False) if is_clock_off else (place, True)
