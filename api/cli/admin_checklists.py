"""What `liuhen admin checklist` does: versions of the checklist of recordings, listed, shown, tried and loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts, find_unit
from api.errors import UsageRefused
from casework.checklists.checklist_file import ActRule, acts_of
from casework.checklists.checklists import list_checklists, load_checklist
from integrity.fields import format_instant
from storage.catalog.devices import chinese_day
from storage.catalog.organisation import Unit
from storage.catalog.procedure import RecordingChecklist

RECORDING_WORDS = {"none": "不要求 / none", "some": "根据实际情况 / some", "whole": "全程 / whole"}


def list_all(session: Session) -> list[Facts]:
    codes = {row.id: row.code for row in session.execute(select(Unit.id, Unit.code))}
    return [_facts(row, codes.get(row.unit_id) if row.unit_id else None) for row in list_checklists(session)]


def show(session: Session, jurisdiction: str, version: int | None, unit_code: str | None) -> Facts:
    """With the YAML as it was loaded. Raises UsageRefused when there is none."""
    unit_id = None if unit_code is None else find_unit(session, unit_code).id
    for row in list_checklists(session):
        if (row.jurisdiction, row.unit_id) == (jurisdiction, unit_id) and version in (None, row.version):
            return {**_facts(row, unit_code), "source": row.source}
    raise UsageRefused(
        f"没有这一版清单：{jurisdiction} {version or ''}；见 liuhen admin checklist list",
        f"there is no such version: {jurisdiction} {version or ''}; see liuhen admin checklist list",
    )


def take(session: Session, file: Path) -> Facts:
    """Load the file as the operator. Raises UsageRefused for one that cannot be read, and casework's errors."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageRefused(f"无法读取 {file}", f"{file} cannot be read") from error
    row = load_checklist(session, OPERATOR, content, datetime.now(UTC))
    return _facts(row, None if row.unit_id is None else session.get_one(Unit, row.unit_id).code)


def checklist_line(facts: Facts) -> str:
    state = "有效 / in force" if facts["in_force"] else "　"
    days = f"{facts['valid_from']} – {facts['last_day'] or '…'}"
    scope = facts["unit"] or "全部单位 / all units"
    name = f"{facts['jurisdiction']} {facts['version']}"
    return f"{name}  {days}  {scope}  {state}  {facts['title_zh']} / {facts['title_en']}"


def act_line(act: ActRule) -> str:
    """One kind of act in words."""
    parts = [f"{act.code}  {act.name_zh} / {act.name_en}", RECORDING_WORDS[act.recording]]
    if act.recording == "whole":
        parts.append(f"{act.devices} 台设备 / device(s)，{act.allowed_gap_seconds} s")
    if act.recording != "none":
        parts.append("可写理由代替 / a reason may stand" if act.written_reason else "理由须经确认 / reasons confirmed")
        closes = act.closes_with_gap
        parts.append("有缺口可结案 / closes with a gap" if closes else "有缺口不得结案 / no closing with a gap")
    return "  ".join([*parts, "、".join(act.law)])


def _facts(row: RecordingChecklist, unit_code: str | None) -> Facts:
    return {
        "id": str(row.id),
        "jurisdiction": row.jurisdiction,
        "version": row.version,
        "unit": unit_code,
        "title_zh": row.title_zh,
        "title_en": row.title_en,
        "valid_from": row.valid_from.isoformat(),
        "last_day": None if row.last_day is None else row.last_day.isoformat(),
        "in_force": row.holds_on(chinese_day(datetime.now(UTC))),
        "loaded_at": format_instant(row.loaded_at),
        "source_sha256": row.source_sha256.hex(),
        "acts": [act.as_json() for act in acts_of(row.rules)],
    }
