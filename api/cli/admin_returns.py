"""What `liuhen admin returns` says of a version of which returns are owed."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.returns.rules import list_return_rules, load_returns
from storage.catalog.returns import ReturnRule


def _says(row: ReturnRule) -> Facts:
    return {"returns": row.rules["returns"]}


ADMIN = RuleAdmin("return_rule", list_return_rules, load_returns, _says)
