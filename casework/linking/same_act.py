"""Segments of one act: where a person put one of them speaks for where the others belong."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from casework.linking.looks import ask_for_another_look
from storage.catalog.casework import CaseLink
from storage.catalog.recordings import Recording, RecordingSegment

# Tables, not classes: an alias of a class of forty columns takes longer to make than its query to run.
_OWN, _OTHER = (RecordingSegment.__table__.alias(name) for name in ("own", "other"))
_MINE, _THEIRS = (Recording.__table__.alias(name) for name in ("mine", "theirs"))
_ONE_ACT = and_(_OTHER.c.first_recording_id == _OWN.c.first_recording_id, _OTHER.c.recording_id != _OWN.c.recording_id)


def fetch_act_cases(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    """Where persons put other segments of the same act. What the linker put there itself is no evidence.

    Of one station alone: a file that another one uploads as the piece between two is of the act by its own word only.
    """
    statement = (
        select(_OWN.c.recording_id, func.array_agg(CaseLink.case_id))
        .join(_OTHER, _ONE_ACT)
        .join(CaseLink, CaseLink.recording_id == _OTHER.c.recording_id)
        .join(_MINE, _MINE.c.id == _OWN.c.recording_id)
        .join(_THEIRS, and_(_THEIRS.c.id == _OTHER.c.recording_id, _THEIRS.c.station_id == _MINE.c.station_id))
        .where(_OWN.c.recording_id.in_(ids), CaseLink.made_by == "person", CaseLink.ended_at.is_(None))
        .group_by(_OWN.c.recording_id)
    )
    return {recording_id: frozenset(cases) for recording_id, cases in session.execute(statement)}


def fetch_person_cases(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    """Where persons put these recordings themselves."""
    by_person = (CaseLink.made_by == "person", CaseLink.ended_at.is_(None))
    statement = select(CaseLink.recording_id, func.array_agg(CaseLink.case_id)).where(*by_person)
    found = session.execute(statement.where(CaseLink.recording_id.in_(ids)).group_by(CaseLink.recording_id))
    return {recording_id: frozenset(cases) for recording_id, cases in found}


def ask_about_regrouped(session: Session, recordings: Collection[uuid.UUID]) -> None:
    """These are segments of other acts than before: those of an act that a person spoke of are looked at again."""
    touched = list(fetch_act_cases(session, recordings))
    if touched:
        ask_for_another_look(session, because="segments", recordings=touched)


def others_of_act(session: Session, recording_id: uuid.UUID) -> Sequence[uuid.UUID]:
    statement = select(_OTHER.c.recording_id).join(_OWN, _ONE_ACT).where(_OWN.c.recording_id == recording_id)
    return session.scalars(statement).all()
