"""Who was at work on which case, and when: read off the footage's names, so that linking has something to go by.

A unit knows this from its roster. The demo, given any folder, takes what the files' names claim: everything of one
device and officer on one day was one patrol for the main case, and at its end the officer also worked on the other one.
What was recorded then may belong to either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.metadata.claims import Claim, Claims
from ingest.metadata.file_name import claims_from_name
from integrity.fields import format_instant
from storage.claims import stated_time

# Longer than a clip is likely to be, so that a patrol covers its last recording.
_AFTERWARDS = timedelta(minutes=30)
# Recorders' clocks are believed to five minutes: a patrol that begins only then might have missed its first recording.
_BEFORE = timedelta(minutes=10)
_MOMENT = timedelta(minutes=5)
_YEARS = range(1971, 2200)


@dataclass(frozen=True)
class Assignment:
    """As the API takes it."""

    case_number: str
    device: str | None
    officer: str | None
    starts_at: datetime
    ends_at: datetime

    def form(self) -> dict[str, str | None]:
        return {
            "device": self.device,
            "officer": self.officer,
            "starts_at": format_instant(self.starts_at),
            "ends_at": format_instant(self.ends_at),
        }


@dataclass(frozen=True)
class _Sighting:
    device: str | None
    officer: str | None
    at: datetime


def plan_assignments(names: Iterable[str], main_case: str, other_case: str) -> tuple[Assignment, ...]:
    """One patrol for each device and officer, and the one moment that belongs to both cases. Empty without claims."""
    sightings = [found for name in names if (found := _sighted(claims_from_name(name))) is not None]
    if not sightings:
        return ()
    patrols: dict[tuple[str | None, str | None], list[datetime]] = {}
    for each in sightings:
        patrols.setdefault((each.device, each.officer), []).append(each.at)
    planned = [
        Assignment(main_case, device, officer, min(times) - _BEFORE, max(times) + _AFTERWARDS)
        for (device, officer), times in patrols.items()
    ]
    last = max(sightings, key=lambda each: each.at)
    # The other case was the officer's: another camera may have been worn there.
    device = None if last.officer else last.device
    return (*planned, Assignment(other_case, device, last.officer, last.at - _MOMENT, last.at + _MOMENT))


def _sighted(claims: Claims) -> _Sighting | None:
    device, officer, started = _text(claims.best("device")), _text(claims.best("officer")), claims.best("started_at")
    if started is None or not (device or officer):
        return None
    at = stated_time(started.value)
    # A clock that was never set claims the year it was made in, or none; no roster goes by that.
    if at is None or at.year not in _YEARS:
        return None
    return _Sighting(device, officer, at)


def _text(claim: Claim | None) -> str | None:
    return claim.value if claim is not None and isinstance(claim.value, str) else None
