"""What `liuhen admin policy` does: versions of the required elements, listed, shown, tried and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts, find_unit
from api.errors import UsageRefused
from casework.elements.policies import list_policies, load_policy, lost_demands
from casework.elements.policy_file import PolicyFile, Rules, read_policy
from integrity.fields import format_instant
from storage.catalog.devices import chinese_day
from storage.catalog.elements import ElementPolicy
from storage.catalog.organisation import Unit


def list_all(session: Session) -> list[Facts]:
    codes = {row.id: row.code for row in session.execute(select(Unit.id, Unit.code))}
    return [_facts(row, codes.get(row.unit_id) if row.unit_id else None) for row in list_policies(session)]


def show(session: Session, jurisdiction: str, version: int | None, unit_code: str | None) -> Facts:
    """With the YAML as it was loaded. Raises UsageRefused when there is none."""
    unit_id = None if unit_code is None else find_unit(session, unit_code).id
    for row in list_policies(session):
        if (row.jurisdiction, row.unit_id) == (jurisdiction, unit_id) and version in (None, row.version):
            return {**_facts(row, unit_code), "source": row.source}
    raise UsageRefused(
        f"没有这一版规则：{jurisdiction} {version or ''}；见 liuhen admin policy list",
        f"there is no such version: {jurisdiction} {version or ''}; see liuhen admin policy list",
    )


def take(session: Session, file: Path) -> Facts:
    """Load the file as the operator. Raises UsageRefused for one that cannot be read, and casework's errors."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageRefused(f"无法读取 {file}", f"{file} cannot be read") from error
    row = load_policy(session, OPERATOR, content, datetime.now(UTC))
    unit = None if row.unit_id is None else session.get_one(Unit, row.unit_id)
    stated = read_policy(content)
    lost = [{"element": element, "act": act} for element, act in _lost(session, row, stated)]
    nothing_after = stated.last_day.isoformat() if stated.supersedes and stated.last_day else None
    more = {"no_longer_demanded": lost, "nothing_after": nothing_after}
    return {**_facts(row, None if unit is None else unit.code), **more}


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


def policy_line(facts: Facts) -> str:
    state = "有效 / in force" if facts["in_force"] else "　"
    days = f"{facts['valid_from']} – {facts['last_day'] or '…'}"
    scope = facts["unit"] or "全部单位 / all units"
    name = f"{facts['jurisdiction']} {facts['version']}"
    return f"{name}  {days}  {scope}  {state}  {facts['title_zh']} / {facts['title_en']}"


def _facts(row: ElementPolicy, unit_code: str | None) -> Facts:
    today, rules = chinese_day(datetime.now(UTC)), Rules.from_json(row.rules)
    return {
        "id": str(row.id),
        "jurisdiction": row.jurisdiction,
        "version": row.version,
        "unit": unit_code,
        "title_zh": row.title_zh,
        "title_en": row.title_en,
        "valid_from": row.valid_from.isoformat(),
        "last_day": None if row.last_day is None else row.last_day.isoformat(),
        "in_force": row.valid_from <= today and (row.last_day is None or today <= row.last_day),
        "loaded_at": format_instant(row.loaded_at),
        "source_sha256": row.source_sha256.hex(),
        **rules.as_json(),
    }
