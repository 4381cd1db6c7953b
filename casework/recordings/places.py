"""A place on earth, as files claim it and as answers keep it."""

from __future__ import annotations

from dataclasses import dataclass

from storage.measures import metres_between


@dataclass(frozen=True)
class Place:
    """Degrees of WGS 84."""

    latitude: float
    longitude: float

    def metres_from(self, other: Place) -> float:
        return metres_between(self.latitude, self.longitude, other.latitude, other.longitude)


def place_of_value(value: str) -> Place | None:
    """As an answer keeps a place. None for what is no place on earth."""
    try:
        latitude, longitude = (float(part) for part in value.split(","))
    except ValueError:
        return None
    inside = -90 <= latitude <= 90 and -180 <= longitude <= 180
    return Place(latitude, longitude) if inside else None


def place_of(latitude: float | None, longitude: float | None) -> Place | None:
    return None if latitude is None or longitude is None else Place(latitude, longitude)
