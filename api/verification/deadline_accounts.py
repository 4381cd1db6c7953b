"""What the ledger says of deadlines: versions of the terms and their days, the days off of years."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.accounts import Facts, Step, Subject, as_stated, ended, made_at
from api.verification.element_accounts import rule_version
from integrity.ledger_entry import LedgerEntry
from storage.catalog.deadlines import CalendarYear, TermRule


def _year(entry: LedgerEntry) -> Facts:
    by_person = entry.actor_id if entry.actor_kind == "person" else None
    stated = as_stated(entry, "year", "ordinal", "source_sha256")
    return {**stated, "loaded_by": by_person, **made_at(entry, "loaded_at"), "of_its_source": True}


DEADLINE_SUBJECTS: Sequence[Subject] = (
    Subject(
        TermRule,
        (
            Step("terms.loaded", rule_version, makes=True),
            Step("terms.superseded", lambda entry: as_stated(entry, "last_day")),
            Step("terms.came_into_force", ended("in_force")),
        ),
    ),
    Subject(CalendarYear, (Step("calendar.loaded", _year, makes=True),)),
)
