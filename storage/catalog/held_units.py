"""How the database holds the unit of a row, of each table that says one: by a key over both (of_recording, of_case of
base.py), by a trigger, or by nothing, for the reasons written here. A test holds these lists against the database.

Row security asks for the unit that stands in a row: whoever could write another one there would place it in another
unit, or take it out of its own. docs/decisions/0021 says who sees what.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from storage.catalog.row_security import RULES

HELD_BY_TRIGGER: Final[Mapping[str, str]] = {
    # A case's, and of what goes on in it.
    **dict.fromkeys(
        ("case_act", "case_act_statement", "act_explanation", "case_event", "case_officer", "identity_shown"),
        "require_open_case",
    ),
    "notice_given": "require_open_case",
    "case_assignment": "require_own_case",
    "case_stage": "require_stage_step",
    "case_term": "require_standing_event",
    "term_answer": "require_own_term",
    "case_secrecy": "require_secrecy_turn",
    "case_archive": "require_archivable",
    "case_catalogue": "require_catalogue_of_archive",
    "case_service": "require_issued_to_serve",
    "dossier": "require_sound_dossier",
    "document": "require_begun_document",
    **dict.fromkeys(("document_text", "document_signature", "final_document"), "require_draft"),
    "sealed_document": "require_sealed_final",
    "document_reading": "require_sound_reading",
    "decision": "require_sound_decision",
    "decision_version": "require_sound_version",
    "decision_submission": "require_sound_submission",
    "decision_review": "require_sound_review",
    "decision_issue": "require_open_gate",
    "party_notice": "require_sound_party_notice",
    "party_reply": "require_sound_reply",
    "reply_answer": "require_sound_reply_answer",
    "decision_disagreement": "require_sound_disagreement",
    "committee_session": "require_sound_session",
    "committee_attendance": "require_sound_attendance",
    "crime_transfer": "require_sound_transfer",
    "publication": "require_sound_publication",
    "publication_version": "require_sound_publication_version",
    "publication_step": "require_step_in_turn",
    "publication_posting": "require_shown_to_post",
    "posting_evidence": "require_posting_of_evidence",
    "access_grant": "require_approved_request",
    "request_attachment": "require_pending_request",
    "viewing_review": "require_reviewable_viewing",
    "file_review_score": "require_sound_score",
    "file_review_finding": "require_sound_finding",
    "file_review_answer": "require_sound_answer",
    # A recording's.
    "redaction": "require_own_recording",
    "redaction_check": "require_second_person",
    "redacted_copy": "require_checked_redaction",
    # Of either, also of a unit that the row's unit carries on, or that carries it on: no key says that.
    "hold": "require_unit_of_case",
    # Of what else is a unit's own.
    "room_session": "require_room_in_use",
    "document_number": "require_next_number",
    "publication_duty": "require_own_duty",
    "file_review_draw": "require_fair_draw",
    "return_sending": "require_return_to_send",
    "return_receipt": "require_sending_of_receipt",
}
"""The function, which compares `NEW.unit_id` with what the row belongs to."""
HELD_BY_NOTHING: Final[Mapping[str, str]] = {
    # What is the first of its own: its unit is whose it was made to be, among those whom row security lets write it.
    **dict.fromkeys(
        (
            "person",
            "station",
            "device",
            "room",
            "adviser",
            "document_issuer",
            "unit_seal",
            "case",
            "file_review",
            "unit_return",
        ),
        "belongs to nothing but its unit",
    ),
    **dict.fromkeys(RULES, "a unit's own rules, or the city's"),
    # Stations and people go over to another unit when theirs is merged; what was said of them before stays that one's.
    **dict.fromkeys(
        ("station_code", "station_key", "station_load", "station_report", "station_state", "upload"),
        "of the station's unit of then: a station is nobody's sign-in, and goes over with its unit",
    ),
    **dict.fromkeys(
        ("custody_attempt", "receipt", "recording"),
        "of the upload's unit, which was the station's when it began: custody alone makes them, of what it read",
    ),
    **dict.fromkeys(
        ("device_issue", "officer_certificate", "person_post", "reviewer_qualification"),
        "of the unit of then of somebody, or of a recorder, who may have gone over since",
    ),
    **dict.fromkeys(
        ("api_token", "sign_in_session"),
        "one that is not of its person's unit lets nobody in (bearer_of, migration 0051)",
    ),
    # Whatever is entered, is entered with it.
    "ledger_entry": "the unit that its own bytes say (require_entry_columns), which are signed",
    "ledger_opening": "of its entry's: opens nothing where it is not, and `liuhen verify` says so",
    # No role of ours writes them but by a trigger of what they are about.
    **dict.fromkeys(("object_look", "object_replica"), "written by note_object alone, of what has the object"),
    "cold_object": "written by whoever moves originals, of the recording; no HTTP process may",
    "publication_push": "written by enqueue_push alone, of its step",
}
"""Each with the reason."""
MAY_BE_WRITTEN: Final[Mapping[str, str]] = {
    "recording_judgement": "the application's, whole: a key holds it",
    "device": "the worker's: it goes over when its unit is merged",
    "person": "likewise",
    "station": "likewise",
    "station_state": "likewise",
}
"""The tables in which a role of ours may change the unit of a row that is there, each with the reason."""
