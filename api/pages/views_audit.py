"""The auditor's page: the signed head of the ledger, its entries, and what has left the archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.http.reading.entries import EntryFilter, list_entries
from api.http.reading.scope import is_at_the_top
from api.pages.ledger_shown import count_waiting, show_entries
from api.pages.views_requests import cases_by_id
from api.pages.visit import Visit
from api.words.ledger import ACTIONS
from casework.export import list_exports
from casework.organisation import names_of
from casework.permission import MAY
from integrity.checkpoint import Checkpoint
from integrity.errors import EvidenceError
from retention.own_units import own_units
from storage.catalog.access import Export
from storage.catalog.casework import Case
from storage.ledger.checkpoints import latest_checkpoint

ROWS = 50


@dataclass(frozen=True)
class Head:
    """The latest checkpoint, opened with the ledger's key; `problem` when it does not open."""

    checkpoint: Checkpoint | None
    signed_at: datetime | None
    note: str
    problem: str | None


@dataclass(frozen=True)
class ExportRow:
    export: Export
    case: Case
    person: str


def build_audit(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["verify_the_archive"])
    filters = {name: visit.asked(name)[:200] for name in ("action", "subject")}
    wanted = EntryFilter(action=filters["action"] or None, subject_id=filters["subject"] or None)
    entries = list_entries(visit.session, visit.person, wanted, visit.after, ROWS)
    return {
        "head": read_head(visit),
        "may_verify": is_at_the_top(visit.session, visit.person),
        "waiting": count_waiting(visit.session),
        "entries": show_entries(entries.items),
        "next": visit.with_query(after=entries.next) if entries.next else None,
        "filters": filters,
        "actions": sorted(ACTIONS, key=lambda action: (action.split(".")[0], action)),
        "exports": export_rows(visit),
    }


def read_head(visit: Visit) -> Head:
    row = latest_checkpoint(visit.session)
    if row is None:
        return Head(None, None, "", None)
    note = row.note.decode("utf-8", "replace")
    try:
        latest = visit.archive.ledger.latest()
    except EvidenceError as error:
        return Head(None, row.signed_at, note, str(error))
    return Head(None if latest is None else latest[0], row.signed_at, note, None)


def export_rows(visit: Visit) -> tuple[ExportRow, ...]:
    exports = list_exports(visit.session, own_units(visit.person), limit=ROWS).items
    cases = cases_by_id(visit, (row.case_id for row in exports))
    names = names_of(visit.session, {row.person_id for row in exports})
    return tuple(ExportRow(row, cases[row.case_id], names.get(row.person_id, "")) for row in exports)
