"""Bringing back an original from the cold place (调回): for whoever holds a grant to it, and in that grant's name."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from casework.access import GrantFound, find_grant, find_named_grant
from casework.errors import AccessRefused
from retention.recalls import Whereabouts, ask_for, where_is
from storage.catalog.organisation import Person


def recall(session: Session, person: Person, recording_id: uuid.UUID, now: datetime) -> Whereabouts | None:
    """Where the original is now that it was asked for; None where it is in the store. Raises AccessRefused, Unknown."""
    grant = grant_to_recall(session, person, recording_id, now)
    ask_for(session, person, grant.grant_id, recording_id)
    return where_is(session, recording_id)


def recall_by(
    session: Session, person: Person, recording_id: uuid.UUID, grant_id: uuid.UUID, now: datetime
) -> Whereabouts | None:
    """As `recall`, under this grant and no other that the person has. Raises as `find_named_grant` does."""
    grant = find_named_grant(session, person, recording_id, grant_id, now)
    ask_for(session, person, grant.grant_id, recording_id)
    return where_is(session, recording_id)


def grant_to_recall(session: Session, person: Person, recording_id: uuid.UUID, now: datetime) -> GrantFound:
    """To view or to copy: what is asked for is of use with either. Raises as `find_grant` does, to view."""
    try:
        return find_grant(session, person, recording_id, "view", now)
    except AccessRefused:
        try:
            return find_grant(session, person, recording_id, "copy", now)
        except AccessRefused:
            pass
        raise
