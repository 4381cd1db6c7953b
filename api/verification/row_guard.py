"""Row security stands as it was built: each table of units is under it, and what lets people in is the package's.

Whoever owns the database can take it away; here it shows.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from api.verification.audit import Audit
from storage.catalog.row_security import WITHOUT_ROW_SECURITY
from storage.migrations.shipped_functions import shipped_bodies

FUNCTIONS: Final = (
    "entered_seal",
    "let_in",
    "let_in_person",
    "bearer_of",
    "enter",
    "enter_whole",
    "password_asked",
    "enter_by_password",
    "has_administrator",
    "enter_by_code",
    "entered_words",
    "seen_units",
    "units_above",
    "sees_all",
    "is_let_through",
    "may_see",
    "unit_of",
    "sealed_object_of",
    "note_sent_bytes",
    "redacted_copies_due",
    "operating_figures",
    "sought_ids",
    "file_review_eligible",
    "sought_public_ids",
    "public_items",
    "public_steps",
    "public_changes",
    "public_units",
)
_BODIES = text(
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname = ANY(:names)"
)
# A policy of the application's, or of everybody's, that lets rows be read, changed or removed without asking for units.
_LAX = text("""
    SELECT c.relname,
        c.relrowsecurity AND NOT EXISTS (
            SELECT FROM pg_policy p
            WHERE p.polrelid = c.oid AND p.polpermissive AND NOT 'liuhen_worker'::regrole = ALL (p.polroles)
                AND coalesce(pg_get_expr(p.polqual, p.polrelid) !~ '(seen_units|units_above)\\(', false)
                AND NOT (c.relname = 'person' AND p.polcmd = 'r')
        ) AS holds
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'unit_id' AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT c.relname = ANY(:without)
    ORDER BY c.relname
""")


def check_row_security(audit: Audit) -> None:
    """Name each table that is not under it, or has a policy that lets more through, and each changed function."""
    wanted = shipped_bodies()
    with audit.archive.database.reading() as session:
        bodies = {row.proname: row.prosrc for row in session.execute(_BODIES, {"names": list(FUNCTIONS)})}
        tables = session.execute(_LAX, {"without": list(WITHOUT_ROW_SECURITY)}).all()
    for name in FUNCTIONS:
        if bodies.get(name) != wanted[name]:
            found = "none" if name not in bodies else "another body"
            audit.findings.add("guard_missing", f"function {name}", "as the migrations make it", found)
    for table, holds in tables:
        if not holds:
            audit.findings.add(
                "guard_missing",
                f"table {table}",
                "rows of the units that are seen",
                "row security is off, or lets more through",
            )
