"""What `liuhen admin checklist` says of a version of the checklist of recordings."""

from __future__ import annotations

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.checklists.checklist_file import ActRule, acts_of
from casework.checklists.checklists import list_checklists, load_checklist
from storage.catalog.procedure import RecordingChecklist

RECORDING_WORDS = {"none": "不要求 / none", "some": "根据实际情况 / some", "whole": "全程 / whole"}


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


def _says(row: RecordingChecklist) -> Facts:
    return {"acts": [act.as_json() for act in acts_of(row.rules)]}


ADMIN = RuleAdmin("checklist", list_checklists, load_checklist, _says)
