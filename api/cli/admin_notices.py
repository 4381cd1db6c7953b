"""What `liuhen admin notice-rule` says of a version of which notices a penalty owes."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.notices.rules import list_notice_rules, load_notice_rule
from storage.catalog.notices import NoticeRule


def _says(row: NoticeRule) -> Facts:
    return dict(row.rules)


ADMIN = RuleAdmin("notice-rule", list_notice_rules, load_notice_rule, _says)
