"""What the ledger says of required elements: which versions of the policy there are, and on which days they hold."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.accounts import Facts, Step, Subject, as_stated, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.elements import ElementPolicy


def _policy(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "jurisdiction", "version", "valid_from", "last_day", "source_sha256")
    by_person = entry.actor_id if entry.actor_kind == "person" else None
    return {**stated, "unit_id": unit_of(entry), "loaded_by": by_person, "in_force": False, "of_its_source": True}


ELEMENT_SUBJECTS: Sequence[Subject] = (
    Subject(
        ElementPolicy,
        (
            Step("policy.loaded", _policy, makes=True),
            Step("policy.superseded", lambda entry: as_stated(entry, "last_day")),
            Step("policy.came_into_force", lambda _: {"in_force": True}),
        ),
    ),
)
