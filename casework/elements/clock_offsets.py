"""A clock that was off by so much: what its own word on each recording comes to, once that is taken off.

The word is the claim's, and stays; what people say of the clock is an answer about each recording, as any other.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import Session

from casework.elements.candidates import CLOCK_OFFSET, Nearest
from casework.elements.errors import ValueUnusable
from casework.elements.facts import Facts, by_satellites
from storage.catalog.recordings import Recording
from storage.claims import stated_time
from storage.measures import shifted

MOST_AHEAD: Final = timedelta(days=40_000)
"""A clock that is off by more than a century is none."""
FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing that is answered began before."""
_OF_TIME: Final = '$[*] ? (@.kind == "started_at" || @.kind == "clock" || @.kind == "gps_time")'
"""A track may be among a recording's claims as well: a list of a thousand is not read for it."""


@dataclass(frozen=True)
class ClockOffset:
    """How far a clock was `ahead`, less than nothing where it was behind. Or `newest_at`: when that recording began of
    which the clock says the latest time among all that are answered together; so far ahead it was of each."""

    ahead: timedelta | None = None
    newest_at: datetime | None = None

    def ahead_of(self, claimed: Iterable[datetime]) -> timedelta | None:
        """None where no clock says anything."""
        if self.newest_at is None:
            return self.ahead
        newest = max(claimed, default=None)
        return None if newest is None else newest - self.newest_at


def claimed_start(started_at: datetime | None, claims: Sequence[Mapping[str, Any]]) -> datetime | None:
    """When its clock says that a recording began: as it was judged; where no clock is believed, as the surest says."""
    told = started_at or _said(claims, "started_at", "station") or _said(claims, "started_at") or _said(claims, "clock")
    return told or next((time for claim in claims if by_satellites(claim) and (time := _time(claim))), None)


def fetch_claimed_starts(session: Session, recording_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """By recording; none of those whose clocks say nothing."""
    said = func.jsonb_path_query_array(Recording.claims, cast(_OF_TIME, JSONPATH))
    statement = select(Recording.id, Recording.started_at, said).where(Recording.id.in_(recording_ids))
    rows = session.execute(statement).all() if recording_ids else ()
    found = {row_id: claimed_start(started_at, claims) for row_id, started_at, claims in rows}
    return {row_id: time for row_id, time in found.items() if time is not None}


def by_offset(facts: Sequence[Facts], offset: ClockOffset) -> dict[uuid.UUID, tuple[Nearest, ...]]:
    """Of each recording the time that its clock would have said if it had been right; none where it says nothing.

    Raises ValueUnusable for an offset that leaves one of them no time at all."""
    claimed = {each.recording.id: _claimed(each) for each in facts}
    ahead = offset.ahead_of(time for time in claimed.values() if time is not None)
    return {each: () if time is None or ahead is None else (_put_right(time, ahead),) for each, time in claimed.items()}


def _put_right(claimed: datetime, ahead: timedelta) -> Nearest:
    time = shifted(claimed, -ahead)
    if time < FIRST:
        raise ValueUnusable("time", "offset_too_far")
    return Nearest("time", time.isoformat(), CLOCK_OFFSET, "", {"at": time})


def _claimed(facts: Facts) -> datetime | None:
    return claimed_start(facts.recording.started_at, facts.recording.claims)


def _said(claims: Sequence[Mapping[str, Any]], kind: str, source: str | None = None) -> datetime | None:
    of_kind = (claim for claim in claims if claim.get("kind") == kind and not by_satellites(claim))
    said = (claim for claim in of_kind if source in (None, claim.get("source")))
    return next((time for claim in said if (time := _time(claim))), None)


def _time(claim: Mapping[str, Any]) -> datetime | None:
    return stated_time(claim.get("value"))
