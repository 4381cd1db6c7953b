"""What a recording that is new to the linker says of its device's clock: then the shift's others are due again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from casework.intervals import Interval, merge, without
from casework.linking.clock_doubt import clock_in_doubt, rival_moves
from casework.linking.looks import mark
from casework.linking.observation import find_moment
from casework.linking.surroundings import Surroundings
from casework.recordings.answered import Seen
from casework.recordings.clocks import (
    LEAST_UNCERTAINTY_SECONDS,
    SAME_DOCKING,
    SAME_SHIFT,
    docking_of,
    learn_offset,
    own_clock,
    timed_by_satellites,
)
from storage.catalog.recordings import Recording
from storage.measures import shifted


def ask_about_shifts(session: Session, new: Iterable[Seen], around: Surroundings) -> int:
    """Make those due again, and say how many. By the devices' locks no other linker is at their recordings."""
    touched = [condition for row in new if (condition := _touched_by(row, around)) is not None]
    if not touched:
        return 0
    return mark(session, select(Recording.id).where(or_(*touched)))


def _touched_by(recording: Seen, around: Surroundings) -> ColumnElement[bool] | None:
    """None for what is of no known device: it says nothing of any clock."""
    if recording.device is None:
        return None
    about = _teaches_about(recording, around) or _changes_doubt_about(recording, around)
    touched = [] if about is None else [_made_about(about, recording)]
    touched += [Recording.received_at.between(*came) for came in _comes_into_doubt(recording, around)]
    if later := _docked_since(recording, around):
        touched.append(Recording.id.in_(later))
    if not touched:
        return None
    of_device = Recording.device == recording.device
    if around.answered_to_be:
        of_device |= Recording.id.in_(around.answered_to_be)
    return (Recording.unit_id == recording.unit_id) & of_device & (Recording.id != recording.id) & or_(*touched)


def _docked_since(recording: Seen, around: Surroundings) -> list[uuid.UUID]:
    """What was docked well after this, and was looked at without it: it may claim to be from before this docking."""
    came = recording.row.received_at
    return [
        each.id
        for each in around.neighbours.get((recording.unit_id, recording.device or ""), ())
        if each.looked_at and each.station_id == recording.row.station_id and each.received_at >= came + SAME_DOCKING
    ]


def _made_about(about: datetime, recording: Seen) -> ColumnElement[bool]:
    # Also those no clock could be believed for: what was learnt now may be what they lacked.
    near = Recording.started_at.between(shifted(about, -2 * SAME_SHIFT), shifted(about, 2 * SAME_SHIFT))
    unknown = Recording.started_at.is_(None) & (Recording.received_at >= recording.row.received_at - 2 * SAME_SHIFT)
    return near | unknown


def _teaches_about(recording: Seen, around: Surroundings) -> datetime | None:
    """By which time of its clock, if what was known of the clock's offset before is not what is known now."""
    row = recording.row
    word = own_clock(row.claims)
    timed = timed_by_satellites(row.started_at_source, row.started_at_uncertainty_seconds, row.claims)
    if word is None or not recording.device or not timed:
        return None
    known = around.known.get((recording.unit_id, recording.device), ())
    docking = docking_of(row.station_id, row.received_at, row.claims)
    before = learn_offset([each for each in known if each.looked_at], word, docking)
    now = learn_offset(known, word, docking)
    if before is None or now is None:
        return None if before is now else word.time
    return word.time if abs(now.seconds - before.seconds) > LEAST_UNCERTAINTY_SECONDS else None


def _comes_into_doubt(recording: Seen, around: Surroundings) -> list[Interval]:
    """When others came whose clock is in doubt by this one, whose own time cannot be true, and was by none before it.

    Of a thousand such recordings each would else have all that came before it looked at again.
    """
    if recording.row.started_at is not None:
        return []
    came = recording.row.received_at
    doubted = merge(
        (each.received_at - SAME_SHIFT, each.received_at + SAME_SHIFT)
        for each in around.neighbours.get((recording.unit_id, recording.device or ""), ())
        if each.looked_at and each.started_at is None and each.station_id == recording.row.station_id
    )
    return without((came - SAME_SHIFT, came + SAME_SHIFT), doubted)


def _changes_doubt_about(recording: Seen, around: Surroundings) -> datetime | None:
    if recording.row.started_at is None:
        return None
    moment = find_moment(recording, around)
    if moment is None or moment.basis != "claimed":
        return None
    before, now = (_doubts(recording, around, before=each) for each in (True, False))
    return recording.row.started_at if before != now else None


def _doubts(recording: Seen, around: Surroundings, before: bool) -> tuple[bool, frozenset[timedelta]]:
    return clock_in_doubt(recording, around, before), frozenset(rival_moves(recording, around, before))
