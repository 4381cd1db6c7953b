"""Archiving on a case's page: its class of secrecy, what keeps it from being archived, its archive and catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from api.http.problems.archiving import what_is_missing
from api.http.reading.archiving import is_licensed
from api.http.sessions import language_of
from api.pages.visit import Visit
from casework.archived import find_archive
from casework.archiving.catalogues import catalogues_of
from casework.archiving.errors import Missing
from casework.archiving.readiness import Readiness, Wanted, readiness_of
from casework.archiving.retention_rules import length_of
from casework.archiving.secrecy import STATE_SECRET, secrecy_stated
from casework.organisation import names_of
from casework.permission import MAY
from casework.secrecy import ORDINARY
from integrity.catalogue import parse_catalogue
from retention.classes import list_classes
from storage.catalog.archiving import SECRECY_CLASSES, CaseArchive
from storage.catalog.casework import Case, CaseLink
from storage.catalog.recordings import Recording

MOST_OFFERED = 100
# What whoever archives says in the form itself is nothing that keeps him from it.
SAID_IN_THE_FORM = ("no_secrecy", "no_retention", "stages_skipped")


def build_archiving(visit: Visit, case: Case, sees: bool) -> Mapping[str, Any]:
    """What the case page's parts about archiving are filled from."""
    session, role, licensed = visit.session, visit.person.role, is_licensed(visit.archive)
    archive, stated = find_archive(session, case.id), secrecy_stated(session, case.id)
    versions = catalogues_of(session, case.id)
    ready = readiness_of(session, case, Wanted(licensed=licensed), visit.now)
    people = {row.stated_by for row in stated} | {row.made_by for row in versions}
    people |= set() if archive is None else {archive.archived_by}
    return {
        "archive": archive,
        "sees_dossiers": sees and role in MAY["see_dossiers"],
        "secrecy": stated,
        "secrecy_class": stated[0].secrecy_class if stated else ORDINARY,
        "secrecy_choices": [each for each in SECRECY_CLASSES if licensed or each != STATE_SECRET],
        "may_state": role in MAY["state_secrecy"],
        "may_archive": role in MAY["archive_cases"],
        "missing": [] if archive else lacking(visit, ready),
        "skipped_names": visit.translate("、").join(visit.word("stage", each) for each in ready.skipped),
        "least": ready.least,
        "kept_for": {row.code: row for row in list_classes(session)},
        "long_enough": [
            row for row in list_classes(session) if length_of(row) >= length_of(ready.least.retention_class)
        ],
        "catalogues": [(row, parse_catalogue(row.content)) for row in reversed(versions)] if sees else [],
        "catalogue_names": names_of(session, people),
        "supplementable": supplementable(visit, archive),
    }


def lacking(visit: Visit, ready: Readiness) -> list[str]:
    """What somebody has to do before the case can be archived, in the reader's language."""
    chinese = language_of(visit.request) == "zh"

    def said(each: Missing) -> str:
        return what_is_missing(each) if chinese else str(each)

    return [said(each) for each in ready.missing if each.code not in SAID_IN_THE_FORM]


def supplementable(visit: Visit, archive: CaseArchive | None) -> tuple[Recording, ...]:
    """Recordings of the unit that stand in no case: the latest, for whoever adds one to an archived case."""
    if archive is None or visit.person.role not in MAY["archive_cases"]:
        return ()
    linked = select(CaseLink.id).where(CaseLink.recording_id == Recording.id, CaseLink.ended_at.is_(None)).exists()
    statement = select(Recording).where(Recording.unit_id == archive.unit_id, ~linked)
    return tuple(visit.session.scalars(statement.order_by(Recording.sealed_at.desc()).limit(MOST_OFFERED)))
