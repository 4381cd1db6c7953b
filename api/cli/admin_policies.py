"""What `liuhen admin policy` says of a version of the required elements, and of what it no longer demands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.elements.policies import list_policies, load_policy, lost_demands
from casework.elements.policy_file import PolicyFile, Rules, read_policy
from storage.catalog.elements import ElementPolicy


def lost_lines(facts: Mapping[str, Any]) -> list[str]:
    """What the version that is superseded demanded, and this one does not."""
    lines = []
    for lost in facts["no_longer_demanded"]:
        act = lost["act"]
        scope = "一切记录 / of every recording" if act is None else f"行为 {act} / of the act {act}"
        lines.append(f"不再要求 / no longer demanded: {lost['element']}（{scope}）")
    day = facts["nothing_after"]
    if day is not None:
        lines.append(f"{day} 之后不再有任何要求 / nothing is demanded after {day}")
    return lines


def _lost(session: Session, row: ElementPolicy, file: PolicyFile) -> tuple[tuple[str, str | None], ...]:
    """Against the version that this one ends; other series may demand it all the same."""
    for before in list_policies(session):
        same = (before.jurisdiction, before.unit_id, before.version) == (row.jurisdiction, row.unit_id, file.supersedes)
        if same:
            return lost_demands(Rules.from_json(before.rules), file.rules)
    return ()


def _consequences(session: Session, row: ElementPolicy, content: bytes) -> Facts:
    stated = read_policy(content)
    lost = [{"element": element, "act": act} for element, act in _lost(session, row, stated)]
    nothing_after = stated.last_day.isoformat() if stated.supersedes and stated.last_day else None
    return {"no_longer_demanded": lost, "nothing_after": nothing_after}


def _says(row: ElementPolicy) -> Facts:
    return Rules.from_json(row.rules).as_json()


ADMIN = RuleAdmin("policy", list_policies, load_policy, _says, _consequences, lost_lines)
