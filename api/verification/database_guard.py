"""What the database refuses by itself stands as this release made it: rights, row security, policies, triggers,
constraints, functions, roles. Whoever owns the database can take any of it away, or give a role of ours more; here it
shows.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from api.verification.audit import Audit
from storage.migrations.revision import own_revision, read_revision
from storage.migrations.shipped_guards import read_facts, shipped_facts

_MOST_SAID: Final = 5


def check_database(audit: Audit) -> None:
    """Name each table, function, role or schema of which something is missing, or more is there than was shipped."""
    with audit.archive.database.reading() as session:
        revision = read_revision(session)
        found = read_facts(session)
    if revision != own_revision():
        # Of another release's nothing is known here; that somebody only says so is no way round it.
        audit.findings.add("guard_missing", "schema", own_revision(), revision or "none")
        return
    wanted = shipped_facts()
    nothing: frozenset[str] = frozenset()
    for subject in sorted(wanted.keys() | found.keys()):
        lacking = wanted.get(subject, nothing) - found.get(subject, nothing)
        beyond = found.get(subject, nothing) - wanted.get(subject, nothing)
        if lacking or beyond:
            audit.findings.add("guard_missing", subject, _said(lacking, "nothing more"), _said(beyond, "none of it"))


def _said(facts: Set[str], otherwise: str) -> str:
    said = "; ".join(sorted(facts)[:_MOST_SAID])
    more = len(facts) - _MOST_SAID
    return (f"{said}; and {more} more" if more > 0 else said) or otherwise
