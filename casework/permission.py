"""Who may do what with cases and the archive: one table, so that it can be read, and questioned, at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from casework.errors import RoleNotAllowed
from retention.permission import require_role
from storage.catalog.organisation import Person

MAY: Mapping[str, tuple[str, ...]] = {
    "change_the_organisation": ("administrator",),
    "work_on_cases": ("officer", "supervisor"),
    "return_a_stage": ("supervisor",),
    "close_a_case_early": ("supervisor",),
    "withdraw_assignments_of_closed_cases": ("supervisor",),
    "state_secrecy": ("officer", "supervisor"),
    "loosen_secrecy": ("supervisor",),
    "archive_cases": ("supervisor",),
    "withdraw_acts": ("supervisor",),
    "withdraw_events": ("supervisor",),
    "explain_gaps": ("officer", "supervisor"),
    "confirm_explanations": ("supervisor",),
    "write_documents": ("officer", "supervisor"),
    "write_review_opinions": ("legal_reviewer",),
    "sign_documents": ("officer", "supervisor", "legal_reviewer"),
    "seal_documents": ("officer", "supervisor"),
    "withdraw_documents": ("supervisor",),
    "draft_decisions": ("officer", "supervisor"),
    "submit_decisions": ("officer", "supervisor"),
    "issue_decisions": ("supervisor",),
    "review_decisions": ("legal_reviewer",),
    "keep_qualifications": ("administrator",),
    "keep_advisers": ("legal_reviewer",),
    "see_transfers": ("supervisor", "legal_reviewer"),
    "end_transfers": ("supervisor",),
    "take_the_book": ("supervisor", "auditor", "administrator"),
    "take_credit_lines": ("supervisor", "publisher", "administrator"),
    "open_file_reviews": ("supervisor", "administrator"),
    "score_file_reviews": ("supervisor", "legal_reviewer"),
    "answer_file_reviews": ("supervisor",),
    "see_file_reviews": ("supervisor", "legal_reviewer", "auditor", "administrator"),
    "make_dossiers": ("supervisor", "publisher"),
    "see_dossiers": ("supervisor", "legal_reviewer", "publisher", "auditor"),
    "draw_up_returns": ("supervisor", "publisher"),
    "check_returns": ("supervisor", "legal_reviewer"),
    "send_returns": ("supervisor", "publisher"),
    "see_returns": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "see_statistics": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "see_publications": ("officer", "supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "link_recordings": ("officer", "supervisor"),
    "answer_elements": ("officer", "supervisor"),
    "ask_for_access": ("officer", "supervisor", "legal_reviewer", "auditor"),
    "approve_as_chief": ("supervisor",),
    "approve_as_head_of_legal": ("legal_reviewer",),
    "redact": ("officer", "supervisor", "legal_reviewer"),
    "check_redactions": ("officer", "supervisor", "legal_reviewer"),
    "read_papers": ("supervisor", "legal_reviewer", "auditor"),
    "revoke_view": ("supervisor",),
    "revoke_copy": ("supervisor", "legal_reviewer"),
    "list_people": ("administrator", "auditor"),
    "issue_others_tokens": ("administrator",),
    "list_others_tokens": ("administrator", "auditor"),
    "enrol_stations": ("administrator",),
    "list_stations": ("administrator", "auditor"),
    "keep_devices": ("administrator",),
    "issue_devices": ("administrator", "supervisor"),
    "keep_rooms": ("administrator",),
    "list_rooms": ("officer", "supervisor", "auditor", "administrator"),
    "keep_certificates": ("administrator",),
    "keep_policies": ("administrator",),
    "list_devices": ("administrator", "supervisor", "auditor"),
    "oversee_retrieval": ("auditor",),
    "read_the_ledger": ("auditor", "administrator"),
    "read_the_entries_of_every_unit": ("auditor",),
    "verify_the_archive": ("auditor",),
}


@dataclass(frozen=True)
class Clearance:
    """Whom a class of secrecy (密级) lets see a case's recordings and documents: roles, and roles of its officers.

    `copied`: whether recordings of such a case leave the archive in packages at all.
    """

    anyone: tuple[str, ...]
    handlers: tuple[str, ...] = ()
    copied: bool = True


# Each lets in nobody that the one before does not: which of two is the stricter is never in doubt (S13: a
# class drives access). To see is not to be granted: whoever is let in still asks.
OPEN_TO: Mapping[str, Clearance] = {
    "ordinary": Clearance(("officer", "supervisor", "legal_reviewer", "publisher", "auditor", "administrator")),
    "privacy": Clearance(("supervisor", "legal_reviewer", "auditor"), handlers=("officer",)),
    "business_secret": Clearance(("supervisor", "legal_reviewer"), handlers=("officer",)),
    "state_secret": Clearance(("supervisor",), handlers=("officer",), copied=False),
}


def may_copy_class(secrecy_class: str) -> bool:
    return OPEN_TO[secrecy_class].copied


def require(person: Person, deed: str) -> None:
    """Raises RoleNotAllowed unless the person is active and has a role that may do `deed`."""
    require_role(person, deed, MAY[deed], RoleNotAllowed)
