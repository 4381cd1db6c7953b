"""What `liuhen admin retention` says of a version of the rules of retention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.archiving.retention_rules import list_retention_rules, load_retention
from storage.catalog.archiving import RetentionRule


def retention_lines(facts: Mapping[str, Any]) -> Sequence[str]:
    """What a version says of classes, cases and acts, in words."""
    return (
        *map(_class_line, facts["classes"]),
        *_demand_lines("案件 / case", facts["cases"]),
        *_demand_lines("执法行为 / act", facts["acts"]),
    )


def _class_line(each: Mapping[str, Any]) -> str:
    months = "永久 / for ever" if each["months"] is None else f"{each['months']} 个月 / months"
    return f"{each['code']}  {each['name']['zh']} / {each['name']['en']}  {months}"


def _demand_lines(what: str, demands: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (f"{what} {each['of']}  ≥ {each['at_least']}  {'、'.join(each['law'])}" for each in demands)


def _says(row: RetentionRule) -> Facts:
    return dict(row.rules)


ADMIN = RuleAdmin("retention", list_retention_rules, load_retention, _says, lines=retention_lines)
