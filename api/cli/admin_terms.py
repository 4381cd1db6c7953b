"""What `liuhen admin terms` says of a version of the terms."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.deadlines.loading import load_terms
from casework.deadlines.versions import list_term_rules
from storage.catalog.deadlines import TermRule


def _says(row: TermRule) -> Facts:
    return {"rank": row.rules["rank"], "terms": row.rules["terms"]}


ADMIN = RuleAdmin("terms", list_term_rules, load_terms, _says)
