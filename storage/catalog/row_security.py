"""Which tables are under row security (migration 0052): all that say whose unit a row is of, but those written here;
and what is read by whoever has not signed in.

docs/decisions/0021 says more; a test holds this list against the database, and `liuhen verify` the database against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RULES: Final = (
    "disclosure_rule",
    "document_template",
    "element_policy",
    "notice_rule",
    "publication_rule",
    "recording_checklist",
    "retention_rule",
    "retrieval_rule",
    "return_rule",
    "review_scope_rule",
    "score_sheet_rule",
    "term_rule",
)
"""Of versions that are loaded: a unit's own, or the city's."""
WITHOUT_ROW_SECURITY: Final[Mapping[str, str]] = {
    # Stations are let in by their own credentials; what they bring is neither footage nor a case before it is sealed.
    **dict.fromkeys(
        (
            "upload",
            "station",
            "station_code",
            "station_key",
            "station_load",
            "station_report",
            "station_state",
        ),
        "of a station, which is nobody's sign-in",
    ),
    "receipt": "a station's, signed for it: digest and size of what it sent",
    # Work to be done: ids and states, written by triggers and by whoever changes a fact.
    **dict.fromkeys(
        ("judgement_due", "linking_done", "media_job", "recording_set_aside", "sidecar_look"),
        "a list of work: ids of recordings and states",
    ),
    "object_look": "a list of work: ids, sizes and what was found of their bytes",
    "object_replica": "likewise, of the second store",
    "cold_object": "likewise, of the cold place",
    "ledger_entry": "opaque ids and commitments by construction; whatever anybody does writes it",
    # Rules are the city's, and public.
    **dict.fromkeys(RULES, "rules in force, which bind every unit below"),
    # A unit writes in the name, by the seal and by the numbers of the one above it.
    **dict.fromkeys(("document_issuer", "document_number", "unit_seal"), "the unit above's, used by those below it"),
    # Whose number a certificate is, who holds which post and which recorder: asked across units, and on public boards.
    **dict.fromkeys(
        (
            "device",
            "device_issue",
            "officer_certificate",
            "person_post",
            "publication_duty",
            "reviewer_qualification",
            "room",
        ),
        "the register: its numbers are unique beyond a unit, and boards show it",
    ),
}
"""Each with the reason."""
SEEN_BY_NOBODY: Final[Mapping[str, str]] = {
    **WITHOUT_ROW_SECURITY,
    **dict.fromkeys(("unit", "person"), "the directory: names on boards and documents of every unit, no password"),
    **dict.fromkeys(
        ("ledger_sequence", "ledger_checkpoint", "signing_key_epoch"),
        "of the ledger: positions, roots and public keys, to be handed to anybody",
    ),
    **dict.fromkeys(
        ("calendar_year", "retention_class", "gate_began", "notice_began"), "of the city's rules, which are public"
    ),
    "alembic_version": "which schema the database has: a number, and every process looks whether it is its own",
    "one_time_code": "the first administrator's: of his code the hash, of 99 random bits",
    "replica_store": "where the second store is, and whether it works: /readyz says so to anybody",
    "cold_store": "likewise, of the cold place",
    "backup_moment": "when backups were made: /readyz and /metrics say so to anybody",
    "sign_in_failure": "who tries to sign in has not signed in: names that were tried, and from where",
    "station_nonce": "of a station's requests: random numbers, each good once",
}
"""What is read by the application's role with nobody signed in, each with the reason; of all other tables no row is.
What the public reads of publications it reads by functions (migration 0065)."""
