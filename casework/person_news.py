"""What a person says of one recording is news of others: of its act, and of the clock of its shift."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.acts import others_of_act
from casework.clocks import SAME_SHIFT
from casework.looks import ask_for_another_look
from storage.catalog.recordings import Recording
from storage.measures import shifted


def ask_about_neighbours(session: Session, recording: Recording) -> None:
    """Look again at the other segments of the act, and at what the same device recorded in the same shift."""
    touched = set(others_of_act(session, recording.id))
    if recording.device and recording.started_at is not None:
        about = recording.started_at
        near = Recording.started_at.between(shifted(about, -SAME_SHIFT), shifted(about, SAME_SHIFT))
        same = (Recording.unit_id == recording.unit_id) & (Recording.device == recording.device)
        others = select(Recording.id).where(same, near, Recording.station_id == recording.station_id)
        touched.update(session.scalars(others.where(Recording.id != recording.id)))
    if touched:
        ask_for_another_look(session, because="person", recordings=touched)
