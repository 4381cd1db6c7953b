"""Where a case can go on, as a Chinese sentence says it."""

from __future__ import annotations

from api.pages.words import HANDLER_PROBLEMS, PROCEDURES, STAGES
from casework.errors import OfficersMissing, ProcedureSettled, StageOutOfOrder


def next_stages(error: StageOutOfOrder) -> str:
    if not error.following:
        return "其后没有其他环节"
    return f"下一环节：{'或'.join(STAGES[each] for each in error.following)}"


PERSON_PROBLEMS = {
    "left": "已离任，请从列表中选择",
    "no_officer": "不是执法人员或主管，请从列表中选择",
    "other_case": "参加的是另一案件的执法行为，请选择本案的执法行为",
    "uncertified": "当日没有有效的执法证；请核对人员、日期或名册",
}


def officers_missing(error: OfficersMissing) -> str:
    unsound = "".join(f"；{name}：{HANDLER_PROBLEMS[problem]}" for name, problem in error.unsound)
    return f"须有 {error.needed} 名持有效执法证的承办人员，现有 {error.sound} 名{unsound}。请指定承办人员或更正名册"


def possible_procedures(error: ProcedureSettled) -> str:
    if not error.possible:
        return "不能再变更程序（程序只在作出决定前变更：简易转普通、普通转听证）"
    return f"只能变更为：{'、'.join(PROCEDURES[each] for each in error.possible)}"
