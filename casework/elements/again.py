"""How a recording becomes due to be judged, for the first time or again: whoever changes a fact notes whom it touches.

A note is a row of its own in the transaction of the change: it waits for nobody, and nobody for it. Whoever judges
takes the notes first and reads the facts after them: so a change is either read, or its note is still there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, Select, func, insert, or_, select
from sqlalchemy.orm import Session

from casework.units import unit_tree
from storage.catalog.devices import Device
from storage.catalog.elements import JudgementDue, RecordingJudgement
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import Recording


def ask_for_another_judgement(session: Session, recordings: Iterable[Recording]) -> None:
    """Of these recordings, which may be new here."""
    rows = [{"recording_id": row.id, "unit_id": row.unit_id} for row in recordings]
    if rows:
        session.execute(insert(JudgementDue), rows)


def ask_for_another_judgement_where(session: Session, touched: ColumnElement[bool]) -> None:
    """Of the recordings of which this holds."""
    _note(session, select(Recording.id, Recording.unit_id).where(touched))


def ask_for_another_judgement_of_device(session: Session, device: Device) -> None:
    """Its entry in the register, or who has it, has changed. To units beside its own it is known as another's."""
    anywhere = Recording.unit_id.in_(select(Unit.id))  # for the index, which begins with the unit
    ask_for_another_judgement_where(session, anywhere & (Recording.device == device.code))
    # An answer may have named it.
    _note_judged(session, RecordingJudgement.device_id == device.id)


def ask_for_another_judgement_of_officer(session: Session, person: Person) -> None:
    """A person, an account or a certificate has changed."""
    if person.badge_number is not None:
        ask_for_another_judgement_where(session, Recording.officer == person.badge_number)
    _note_judged(session, RecordingJudgement.officer_id == person.id)


def ask_for_another_judgement_since(session: Session, unit_id: uuid.UUID | None, day: date) -> None:
    """A version of the policy was loaded that holds from this day on."""
    since = or_(RecordingJudgement.day >= day, RecordingJudgement.day.is_(None))
    if unit_id is not None:
        since &= RecordingJudgement.unit_id.in_(select(unit_tree(unit_id).c.id))
    _note_judged(session, since)


def ask_for_another_judgement_of_all(session: Session) -> int:
    """Of every recording there is; how many."""
    _note(session, select(Recording.id, Recording.unit_id).order_by(Recording.sealed_at))
    return session.scalar(select(func.count()).select_from(Recording)) or 0


def _note_judged(session: Session, touched: ColumnElement[bool]) -> None:
    _note(session, select(RecordingJudgement.recording_id, RecordingJudgement.unit_id).where(touched))


def _note(session: Session, recordings: Select[uuid.UUID, uuid.UUID]) -> None:
    session.execute(insert(JudgementDue).from_select(["recording_id", "unit_id"], recordings))
