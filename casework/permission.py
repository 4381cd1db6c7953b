"""Who may do what with cases and the archive: one table, so that it can be read, and questioned, at a glance."""

from __future__ import annotations

from collections.abc import Mapping

from casework.errors import RoleNotAllowed
from retention.permission import require_role
from storage.catalog.organisation import Person

MAY: Mapping[str, tuple[str, ...]] = {
    "change_the_organisation": ("administrator",),
    "work_on_cases": ("officer", "supervisor"),
    "return_a_stage": ("supervisor",),
    "close_a_case_early": ("supervisor",),
    "withdraw_acts": ("supervisor",),
    "withdraw_events": ("supervisor",),
    "explain_gaps": ("officer", "supervisor"),
    "confirm_explanations": ("supervisor",),
    "link_recordings": ("officer", "supervisor"),
    "answer_elements": ("officer", "supervisor"),
    "ask_for_access": ("officer", "supervisor", "legal_reviewer", "auditor"),
    "approve_view": ("supervisor",),
    "approve_copy": ("supervisor", "legal_reviewer"),
    "list_people": ("administrator", "auditor"),
    "issue_others_tokens": ("administrator",),
    "list_others_tokens": ("administrator", "auditor"),
    "enrol_stations": ("administrator",),
    "list_stations": ("administrator", "auditor"),
    "keep_devices": ("administrator",),
    "issue_devices": ("administrator", "supervisor"),
    "keep_certificates": ("administrator",),
    "keep_policies": ("administrator",),
    "list_devices": ("administrator", "supervisor", "auditor"),
    "read_the_ledger": ("auditor", "administrator"),
    "read_the_entries_of_every_unit": ("auditor",),
    "verify_the_archive": ("auditor",),
}


def require(person: Person, deed: str) -> None:
    """Raises RoleNotAllowed unless the person is active and has a role that may do `deed`."""
    require_role(person, deed, MAY[deed], RoleNotAllowed)
