"""The gate over decisions (docs/review.md), and what else the database refuses by itself, stand as they were built: the
functions are the package's, the triggers are at work. Whoever owns the database can take them out; here it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text

from api.verification.audit import Audit
from storage.migrations.shipped_functions import shipped_bodies

TRIGGERS: Final[Mapping[str, tuple[str, ...]]] = {
    "require_coming_end": ("review_scope_rule",),
    "require_opened_now": ("case",),
    "require_sound_decision": ("decision",),
    "require_sound_version": ("decision_version",),
    "require_sound_submission": ("decision_submission",),
    "require_sound_review": ("decision_review",),
    "require_open_gate": ("decision_issue",),
    "require_sound_disagreement": ("decision_disagreement",),
    "require_sound_session": ("committee_session",),
    "require_sound_attendance": ("committee_attendance",),
    "require_sound_transfer": ("crime_transfer",),
    "require_issued_to_serve": ("case_service",),
    "require_service_proof": ("case_service",),
    "require_proven_service": ("case_term",),
    "require_decided_to_execute": ("case_stage",),
    "require_decided_event": ("case_event",),
    "require_named_decision": ("case_event",),
    "require_named_paper": ("document",),
    "require_decided_term": ("case_term",),
    "require_decided_to_serve": ("case_act_statement",),
    "require_decided_entry": ("ledger_entry",),
    "require_paper_entry": ("ledger_entry",),
    "require_own_duty": ("publication_duty",),
    "require_sound_publication": ("publication",),
    "require_sound_publication_version": ("publication_version",),
    "require_step_in_turn": ("publication_step",),
    "show_publication": ("publication_step",),
    "require_shown_to_post": ("publication_posting",),
    "require_published_entry": ("ledger_entry",),
    "enqueue_push": ("publication_step",),
    "require_gate_to_push": ("publication_push",),
    "require_push_in_time": ("publication_push",),
    "require_pushed_entry": ("ledger_entry",),
    "require_document_gate": ("document_number", "final_document", "sealed_document"),
    "require_sound_return": ("unit_return",),
    "require_return_to_settle": ("unit_return",),
    "require_return_to_send": ("return_sending",),
    "require_sending_of_receipt": ("return_receipt",),
    "require_sound_dossier": ("dossier",),
    "require_sound_reading": ("document_reading",),
    "require_sound_end": ("unit",),
    "require_live_unit": (
        "adviser",
        "case",
        "device",
        "disclosure_rule",
        "document_issuer",
        "document_number",
        "document_template",
        "element_policy",
        "file_review",
        "officer_certificate",
        "person",
        "person_post",
        "publication_duty",
        "publication_rule",
        "recording_checklist",
        "retention_rule",
        "retrieval_rule",
        "return_rule",
        "review_scope_rule",
        "reviewer_qualification",
        "room",
        "score_sheet_rule",
        "station",
        "station_code",
        "term_rule",
        "unit",
        "unit_seal",
    ),
    "require_return_of_live_unit": ("unit_return",),
    "require_dossier_check": ("dossier",),
    "require_left_the_public": ("case_term",),
    "require_ended_publication": ("case_event",),
    "require_going_publication": ("publication_version", "publication_step"),
}
"""Each trigger's function, and the tables it is asked for."""
FUNCTIONS: Final = (
    *TRIGGERS,
    "carried_on_by",
    "chinese_day",
    "is_period_of",
    "are_figures_of",
    "stated_facts",
    "whole_amount",
    "review_scope_of",
    "takes_part_in",
    "qualified_to_review",
    "standing_opinion_of",
    "pass_of",
    "gate_refusals",
    "case_gate_refusals",
    "event_refusals",
    "refuse_at_the_gate",
    "refuse_unless_issued",
    "is_proven_service",
    "lock_case_in_turn",
    "lock_case_of_decisions",
    "require_now",
    "answers_are_whole",
    "document_gate",
    "revocation_refusals",
    "leave_refusals",
    "paper_refusals",
    "decision_of_service",
    "serves_decision_of",
    "bare_number",
    "said_otherwise",
    "unnamed_refusals",
    "number_refusals",
    "deciding_since",
    "bare_party",
    "is_same_party",
    "session_lets",
    "has_publication_duty",
    "require_publication_duty",
    "names_somebody",
    "publication_gate",
    "revoked_publications",
    "stands_in_public",
    "fell_with_its_decision",
    "is_ended_publication",
)
_BODIES = text(
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname = ANY(:names)"
)
_AT_WORK = text("""
    SELECT p.proname, c.relname FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgenabled IN ('O', 'A') AND c.relnamespace = 'public'::regnamespace AND p.proname = ANY(:names)
""")


def check_gate(audit: Audit) -> None:
    """Name each function that says something else than the package's, and each trigger that is not at work."""
    wanted = shipped_bodies()
    with audit.archive.database.reading() as session:
        bodies = {row.proname: row.prosrc for row in session.execute(_BODIES, {"names": list(FUNCTIONS)})}
        at_work = {(row.proname, row.relname) for row in session.execute(_AT_WORK, {"names": list(TRIGGERS)})}
    for name in FUNCTIONS:
        if bodies.get(name) != wanted[name]:
            found = "none" if name not in bodies else "another body"
            audit.findings.add("guard_missing", f"function {name}", "as the migrations make it", found)
    for name, tables in TRIGGERS.items():
        for table in tables:
            if (name, table) not in at_work:
                audit.findings.add("guard_missing", f"table {table}", f"a trigger that asks {name}", "none at work")
