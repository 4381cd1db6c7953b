"""Where a case can go on, as a Chinese sentence says it."""

from __future__ import annotations

from api.pages.words import PROCEDURES, STAGES
from casework.errors import ProcedureSettled, StageOutOfOrder


def next_stages(error: StageOutOfOrder) -> str:
    if not error.following:
        return "其后没有其他环节"
    return f"下一环节：{'或'.join(STAGES[each] for each in error.following)}"


def possible_procedures(error: ProcedureSettled) -> str:
    if not error.possible:
        return "不能再变更程序（程序只在作出决定前变更：简易转普通、普通转听证）"
    return f"只能变更为：{'、'.join(PROCEDURES[each] for each in error.possible)}"
