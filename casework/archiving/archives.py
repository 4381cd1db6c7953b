"""Archiving a closed case (归档), and adding to an archived one what came late (补充归档).

A supervisor does it: the head of the unit answers for what it hands to the archive (档案法), an archivist of its own
few units have, and one more role would be one more person who sees everything (docs/decisions/).

Whoever archives takes locks as everybody does who works on recordings: their rows first, then the case's, then the lock
that keeps others from putting recordings into it (casework/archived.py); and waits for nothing any more.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.archived import find_archive
from casework.archiving.catalogues import make_catalogue, notes_of, skipped_notes
from casework.archiving.contents import contents_of
from casework.archiving.errors import AlreadyArchived, NotArchivable, NotArchived, NothingAdded, RecordingsMoved
from casework.archiving.readiness import Readiness, Wanted, readiness_of
from casework.archiving.secrecy import state_secrecy
from casework.linking.by_hand import place_by_hand
from casework.linking.errors import AlreadyLinked
from casework.open_cases import record_case_change
from casework.permission import require
from casework.secrecy import class_of, secrecy_of
from casework.wording import known_word, required_text
from retention.classes import keep_at_least
from retention.subjects import row_in_unit
from storage.catalog.archiving import SECRECY_CLASSES, CaseArchive, CaseCatalogue
from storage.catalog.casework import STAGES, Case, CaseLink
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.keystore import KeyStore

KEPT_LONGER = "案件归档 / archived with its case"


def archive_case(session: Session, by: Person, case_id: uuid.UUID, wanted: Wanted, keys: KeyStore) -> CaseArchive:
    """Archive a closed case: its class of secrecy and its retention fixed, its catalogue made, nothing changed after.

    Every recording that stands in it is kept at least as long as the class says. All of it or nothing.
    Raises NotArchivable with everything that is missing, AlreadyArchived, RecordingsMoved, WordUnknown,
    UnknownRetentionClass, what `state_secrecy` does where the class is another one, TextUnusable, RoleNotAllowed,
    UnknownSubject, OutsideUnit.
    """
    require(by, "archive_cases")
    if wanted.secrecy_class is not None:
        known_word("secrecy_class", wanted.secrecy_class, SECRECY_CLASSES)
    now, case = datetime.now(UTC), row_in_unit(session, by, Case, case_id)
    locked = _lock_recordings(session, by, _linked(session, case.id))
    case = _lock_case(session, by, case.id)
    earlier = find_archive(session, case.id)
    if earlier is not None:
        raise AlreadyArchived(case.id, earlier.archived_at)
    ready = readiness_of(session, case, wanted, now)
    if ready.missing:
        raise NotArchivable(case.id, ready.missing)
    if set(_linked(session, case.id)) - locked:
        raise RecordingsMoved(case.id)
    _settle_secrecy(session, by, case, wanted)
    assert wanted.retention_class is not None
    keep_at_least(session, by, locked, wanted.retention_class, KEPT_LONGER, keys)
    return _archive(session, by, case, wanted, ready, now)


def supplement_archive(
    session: Session,
    by: Person,
    case_id: uuid.UUID,
    recordings: Sequence[tuple[uuid.UUID, str]],
    reason: str,
    keys: KeyStore,
) -> CaseCatalogue:
    """Put recordings, each into a stage, into an archived case: another version of its catalogue beside the others.

    Raises NotArchived, NothingAdded, AlreadyLinked, WordUnknown, TextUnusable, RoleNotAllowed, UnknownSubject,
    OutsideUnit.
    """
    require(by, "archive_cases")
    reason, adding = required_text("reason", reason), dict(recordings)
    if not recordings or len(adding) < len(recordings):
        raise NothingAdded("twice" if recordings else "none")
    for stage in adding.values():
        known_word("stage", stage, STAGES)
    now = datetime.now(UTC)
    case = row_in_unit(session, by, Case, case_id)
    _lock_recordings(session, by, adding)
    case = _lock_case(session, by, case.id)
    archive = find_archive(session, case.id)
    if archive is None:
        raise NotArchived(case.id)
    for recording_id in sorted(set(adding) & set(_linked(session, case.id))):
        raise AlreadyLinked(case.id, recording_id)
    keep_at_least(session, by, adding, archive.retention_class, KEPT_LONGER, keys)
    catalogue = _supplement(session, by, case, archive, adding, reason, now)
    for recording_id, stage in adding.items():
        recording = session.get_one(Recording, recording_id)
        place_by_hand(session, by, recording, case, stage, reason, supplements=True)
    return catalogue


def _archive(session: Session, by: Person, case: Case, wanted: Wanted, ready: Readiness, now: datetime) -> CaseArchive:
    reason = required_text("skipped_reason", wanted.skipped_reason or "") if ready.skipped else None
    row = CaseArchive(
        id=uuid.uuid4(),
        unit_id=case.unit_id,
        case_id=case.id,
        secrecy_class=class_of(session, case.id),
        retention_class=wanted.retention_class,
        rules=[str(each) for each in ready.least.rules],
        skipped_reason=reason,
        archived_by=by.id,
        archived_at=now,
    )
    session.add(row)
    session.flush()
    notes = skipped_notes(by, ready.skipped, reason or "", now)
    items = (*ready.items, *notes)
    catalogue = make_catalogue(session, by, case, row, items, now, secrecy_class=row.secrecy_class)
    data = {
        "archive_id": str(row.id),
        "secrecy_class": row.secrecy_class,
        "retention_class": row.retention_class,
        "rules": row.rules,
        **_named(catalogue, len(items)),
    }
    record_case_change(session, by, case, "case.archived", data, {} if reason is None else {"skipped_reason": reason})
    return row


def _supplement(
    session: Session,
    by: Person,
    case: Case,
    archive: CaseArchive,
    adding: dict[uuid.UUID, str],
    reason: str,
    now: datetime,
) -> CaseCatalogue:
    """The catalogue goes before what it lists: the database lets no recording into the case without it."""
    notes = notes_of(session, case.id)
    items = (*contents_of(session, case, adding), *notes)
    secrecy_class = class_of(session, case.id)
    catalogue = make_catalogue(session, by, case, archive, items, now, secrecy_class=secrecy_class, reason=reason)
    data = _named(catalogue, len(items))
    record_case_change(session, by, case, "case.archive_supplemented", data, {"reason": reason})
    return catalogue


def _named(catalogue: CaseCatalogue, items: int) -> dict[str, str | int]:
    return {
        "catalogue_id": str(catalogue.id),
        "version": catalogue.version,
        "catalogue_sha256": catalogue.sha256.hex(),
        "items": items,
    }


def _settle_secrecy(session: Session, by: Person, case: Case, wanted: Wanted) -> None:
    """The class that is named at archiving is stated as at any other time."""
    stated = secrecy_of(session, case.id)
    if wanted.secrecy_class is not None and (stated is None or stated.secrecy_class != wanted.secrecy_class):
        state_secrecy(session, by, case.id, wanted.secrecy_class, licensed=wanted.licensed)


def _linked(session: Session, case_id: uuid.UUID) -> list[uuid.UUID]:
    statement = select(CaseLink.recording_id).where(CaseLink.case_id == case_id, CaseLink.ended_at.is_(None))
    return list(session.scalars(statement))


def _lock_recordings(session: Session, by: Person, recording_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Always in one order."""
    return {row_in_unit(session, by, Recording, each, lock=True).id for each in sorted(recording_ids)}


def _lock_case(session: Session, by: Person, case_id: uuid.UUID) -> Case:
    case = row_in_unit(session, by, Case, case_id, lock=True)
    session.execute(select(func.pg_advisory_xact_lock(func.archiving_lock(case_id))))
    return case
