"""Lists of recordings by what is known of them now: a condition that an index serves.

`Recording.state_now` asks for each row what was found since it was sealed. A list that wants the few damaged ones of a
hundred thousand would ask so often.
"""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, CompoundSelect, and_, exists, false, or_, select
from sqlalchemy.orm import aliased

from retention.own_units import Units, of_units
from storage.catalog.recordings import MEDIA_STATES, SETTLED_BY_DECODING, Recording, WholeDecoding


def is_in_state(state: str, units: Units) -> ColumnElement[bool]:
    """Of a row of Recording of these units: `state_now` is this word. No row is in a state that there is not."""
    if state not in MEDIA_STATES:
        return false()
    looked_at = WholeDecoding.recording_id == Recording.id
    sealed_so = Recording.media_state == state
    if state == "intact":
        return or_(sealed_so, and_(SETTLED_BY_DECODING, exists().where(looked_at, WholeDecoding.state == state)))
    if state == "damaged":
        return and_(or_(sealed_so, SETTLED_BY_DECODING), Recording.id.in_(_damaged(units)))
    said_since = and_(SETTLED_BY_DECODING, exists().where(looked_at, WholeDecoding.state != "not_decoded"))
    return and_(sealed_so, ~said_since)


def _damaged(units: Units) -> CompoundSelect[uuid.UUID]:
    """Sealed as damaged, or seen so since: few of a unit's, each found by an index of its own."""
    sealed = aliased(Recording)
    sealed_so = select(sealed.id).where(of_units(sealed.unit_id, units), sealed.media_state == "damaged")
    seen = select(WholeDecoding.recording_id).where(
        of_units(WholeDecoding.unit_id, units), WholeDecoding.state == "damaged"
    )
    return sealed_so.union_all(seen)
