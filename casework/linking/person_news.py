"""What a person says of one recording is news of others: of its act, and of the clock of its shift."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.linking.looks import ask_for_another_look
from casework.linking.same_act import others_of_act
from casework.recordings.answered import answered_to_be, see
from casework.recordings.clocks import SAME_SHIFT
from storage.catalog.recordings import Recording
from storage.measures import shifted


def ask_about_neighbours(session: Session, recording: Recording) -> None:
    """Look again at the other segments of the act, and at what the same device recorded in the same shift."""
    touched = set(others_of_act(session, recording.id))
    (seen,) = see(session, [recording])
    about = recording.started_at
    if seen.device and about is not None:
        near = Recording.started_at.between(shifted(about, -SAME_SHIFT), shifted(about, SAME_SHIFT))
        of_station = (Recording.unit_id == recording.unit_id) & (Recording.station_id == recording.station_id)
        answered = Recording.id.in_(answered_to_be({recording.unit_id}, seen.device))
        for same in (Recording.device == seen.device, answered):
            others = select(Recording.id).where(of_station, same, near, Recording.id != recording.id)
            touched.update(session.scalars(others))
    if touched:
        ask_for_another_look(session, because="person", recordings=touched)
