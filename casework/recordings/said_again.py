"""What was said of a recording when its bytes came again, as far as nobody had said so of it when it was sealed.

Whose word is right is for a person to say: judging asks about both, and the linker asks instead of linking.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.recordings.answered import Seen
from casework.recordings.clocks import timed_by_satellites
from storage.catalog.recordings import ReceivedAgain, Recording

Again = Mapping[uuid.UUID, Sequence[ReceivedAgain]]

MOST_SEEN: Final = 16
_KEPT: Final = (
    "id",
    "unit_id",
    "original_name",
    "media_state",
    "latitude",
    "longitude",
    "place_source",
    "duration_seconds",
    "sealed_at",
)


def fetch_said_again(session: Session, recording_ids: Collection[uuid.UUID]) -> Again:
    """In the order in which they came; no key for what came once, or was said to be the same each time."""
    found: dict[uuid.UUID, list[ReceivedAgain]] = defaultdict(list)
    rows = select(ReceivedAgain).where(ReceivedAgain.recording_id.in_(recording_ids), ReceivedAgain.differs != [])
    for row in session.scalars(rows.order_by(ReceivedAgain.recorded_at, ReceivedAgain.upload_id)):
        found[row.recording_id].append(row)
    return dict(found)


def see_otherwise(session: Session, seen: Sequence[Seen]) -> dict[uuid.UUID, list[Seen]]:
    """Each as it would be seen by what was said of it again, where no answer says which is right. Never to be stored.

    What was said twice is seen once, and more than MOST_SEEN a person could not choose among."""
    again = fetch_said_again(session, [each.id for each in seen])
    found: dict[uuid.UUID, list[Seen]] = {}
    for each in (one for one in seen if one.id in again):
        views: dict[tuple[str | None, str | None, datetime | None], Seen] = {}
        for view in (_by(each, row) for row in again[each.id] if _is_open(each, row)):
            views.setdefault((view.device, view.officer, view.row.started_at), view)
        if views:
            found[each.id] = list(views.values())[:MOST_SEEN]
    return found


def _is_open(seen: Seen, again: ReceivedAgain) -> bool:
    said = set(again.differs) - seen.said.elements - ({"time"} if _by_satellites(seen.row) else set())
    return bool({"device", "officer", "time"} & said)


def _by_satellites(row: Recording) -> bool:
    return timed_by_satellites(row.started_at_source, row.started_at_uncertainty_seconds, row.claims)


def _by(seen: Seen, again: ReceivedAgain) -> Seen:
    """Where it says nothing, what was sealed counts; and the satellites count for whatever people say of the time."""
    row, start = seen.row, _start_of(seen.row)
    if again.started_at is not None and not _by_satellites(row):
        start = {
            "started_at": again.started_at,
            "started_at_source": again.started_at_source,
            "started_at_uncertainty_seconds": again.started_at_uncertainty_seconds,
        }
    said = Recording(
        **{name: getattr(row, name) for name in _KEPT},
        **start,
        station_id=again.station_id,
        received_at=again.received_at,
        claims=again.claims,
        device=again.device or row.device,
        officer=again.officer or row.officer,
    )
    return Seen(said, seen.said)


def _start_of(row: Recording) -> dict[str, Any]:
    names = ("started_at", "started_at_source", "started_at_uncertainty_seconds")
    return {name: getattr(row, name) for name in names}
