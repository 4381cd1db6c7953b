"""One person's transaction: what it refuses about footage is entered in a transaction of its own, and then refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from api.archive import Archive
from api.credentials import Viewer
from casework.access import record_refusal, record_refused_deed
from casework.errors import AccessRefused
from casework.procedure.errors import OwnExplanation
from casework.retrieval.errors import NotTheApprover, OwnRequest
from casework.retrieval.redaction_errors import OwnRedaction
from casework.units import line_of, unit_of
from retention.errors import OutsideUnit, UnknownSubject


@contextmanager
def doing(archive: Archive, viewer: Viewer) -> Iterator[Session]:
    """A transaction, committed when the block ends: before the response, never after it."""
    with entering_refusals(archive, viewer), archive.database.transaction() as session:
        yield session


@contextmanager
def looking(archive: Archive, viewer: Viewer) -> Iterator[Session]:
    """A session that only reads."""
    with entering_refusals(archive, viewer), archive.database.reading() as session:
        yield session


@contextmanager
def entering_refusals(archive: Archive, viewer: Viewer) -> Iterator[None]:
    try:
        yield
    except UnknownSubject as unknown:
        elsewhere = _elsewhere(archive, viewer, unknown)
        if elsewhere is None:
            raise
        with archive.database.transaction() as session:
            _enter(session, viewer, elsewhere)
        raise elsewhere from unknown
    except (AccessRefused, OwnRequest, NotTheApprover, OwnExplanation, OwnRedaction, OutsideUnit) as refused:
        with archive.database.transaction() as session:
            _enter(session, viewer, refused)
        raise


def _elsewhere(archive: Archive, viewer: Viewer, unknown: UnknownSubject) -> OutsideUnit | None:
    """What row security did not show to casework may be another unit's: that it is is told, and nothing more."""
    if not isinstance(unknown.id, uuid.UUID):
        return None
    with archive.database.reading() as session:
        unit_id = unit_of(session, unknown.kind, unknown.id)
        if unit_id is None or viewer.person.unit_id in line_of(session, unit_id):
            return None
    return OutsideUnit(unknown.kind, unknown.id)


def _enter(
    session: Session,
    viewer: Viewer,
    refused: AccessRefused | OwnRequest | NotTheApprover | OwnExplanation | OwnRedaction | OutsideUnit,
) -> None:
    person = viewer.person
    if isinstance(refused, OwnRequest):
        record_refused_deed(session, person, "access_request", refused.request_id, "own_approval")
    elif isinstance(refused, NotTheApprover):
        record_refused_deed(session, person, "access_request", refused.request_id, "not_the_approver")
    elif isinstance(refused, OwnExplanation):
        record_refused_deed(session, person, "act_explanation", refused.explanation_id, "own_confirmation")
    elif isinstance(refused, OwnRedaction):
        record_refused_deed(session, person, "redaction", refused.redaction_id, "own_redaction")
    elif isinstance(refused, OutsideUnit):
        record_refused_deed(session, person, refused.kind, refused.id, "other_unit")
    elif refused.subject == "recording":
        record_refusal(session, person, refused.subject_id, refused.reason)
    else:
        record_refused_deed(session, person, refused.subject, refused.subject_id, refused.reason)
