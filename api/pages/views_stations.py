"""The stations' page: how each of them is, who has fallen silent, and the credentials they go by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from api.pages.visit import Visit
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
    seen = sorted(overviews(visit.session, stations, datetime.now(UTC)), key=_place)
    return {
        "tree": tree,
        "units": {node.unit.id: node.unit for node in tree},
        "rows": seen,
        "silent": [each for each in seen if each.condition == "silent"],
        "silent_hours": visit.archive.settings.station_silent_hours,
        "settings": visit.archive.settings,
        "GIB": 1 << 30,
        "may_change": visit.person.role == "administrator",
    }


def _place(seen: StationOverview) -> int:
    """What somebody should look at comes first."""
    return _SHOWN_FIRST.index(seen.condition)
