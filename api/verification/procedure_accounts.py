"""What the ledger says of procedure: versions of the checklist and their days."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.accounts import Step, Subject, as_stated, ended
from api.verification.element_accounts import rule_version
from storage.catalog.procedure import RecordingChecklist

PROCEDURE_SUBJECTS: Sequence[Subject] = (
    Subject(
        RecordingChecklist,
        (
            Step("checklist.loaded", rule_version, makes=True),
            Step("checklist.superseded", lambda entry: as_stated(entry, "last_day")),
            Step("checklist.came_into_force", ended("in_force")),
        ),
    ),
)
