"""What `liuhen admin review-scope` says of a version of the list of decisions that need a legal review."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.review.scope_file import triggers_of
from casework.review.scopes import list_scopes, load_scope
from storage.catalog.decisions import ReviewScopeRule


def _says(row: ReviewScopeRule) -> Facts:
    return {"triggers": [trigger.as_json() for trigger in triggers_of(row.rules).values()]}


ADMIN = RuleAdmin("review-scope", list_scopes, load_scope, _says)
