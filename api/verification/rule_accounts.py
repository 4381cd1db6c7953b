"""What the ledger says of rules, whatever they rule: each version as it was loaded, ended, came into force.

One table of the kinds of rules there are: where their versions stand, and how a row is read out of its source again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, unit_of
from casework.archiving import retention_rules
from casework.checklists import checklists
from casework.deadlines import versions
from casework.documents import templates
from casework.elements import policies
from casework.filereview import sheets
from casework.notices import rules as notices
from casework.publication import disclosures, publicity
from casework.retrieval import rules as retrieval
from casework.returns import rules as returns
from casework.review import scopes
from casework.rules.versions import Versions
from integrity.ledger_entry import LedgerEntry

KINDS: Final[Sequence[tuple[Versions[Any], Callable[[Any], bool]]]] = (
    (policies.POLICIES, policies.is_of_its_source),
    (checklists.CHECKLISTS, checklists.is_of_its_source),
    (versions.TERMS, versions.is_of_its_source),
    (retention_rules.RETENTION_RULES, retention_rules.is_of_its_source),
    (templates.TEMPLATES, templates.is_of_its_source),
    (scopes.SCOPES, scopes.is_of_its_source),
    (retrieval.RETRIEVAL, retrieval.is_of_its_source),
    (publicity.PUBLICITY, publicity.is_of_its_source),
    (disclosures.DISCLOSURES, disclosures.is_of_its_source),
    (sheets.SHEETS, sheets.is_of_its_source),
    (returns.RETURNS, returns.is_of_its_source),
    (notices.NOTICE_RULES, notices.is_of_its_source),
)
"""The versions of a kind, and whether one of its rows is what its source says."""


def _loaded(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "jurisdiction", "version", "valid_from", "last_day", "source_sha256")
    by_person = entry.actor_id if entry.actor_kind == "person" else None
    loaded: Facts = {"unit_id": unit_of(entry), "loaded_by": by_person, **made_at(entry, "loaded_at")}
    return {**stated, **loaded, "in_force": None, "of_its_source": True}


RULE_SUBJECTS: Sequence[Subject] = tuple(
    Subject(
        kind.model,
        (
            Step(f"{kind.word}.loaded", _loaded, makes=True),
            Step(f"{kind.word}.superseded", lambda entry: as_stated(entry, "last_day")),
            Step(f"{kind.word}.came_into_force", ended("in_force")),
        ),
    )
    for kind, _ in KINDS
)
