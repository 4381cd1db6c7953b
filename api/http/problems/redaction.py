"""Redactions, checks and redacted copies that are refused."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from casework.retrieval import redaction_errors as redaction

SPANS: Mapping[str, str] = {"box": "方框", "mute": "静音时段"}
SPAN_PROBLEMS: Mapping[str, str] = {
    "too_many": "超出数量：方框、静音时段各不超过 200 个，请合并相邻的",
    "no_number": "中有不是数字的内容，请填写数字",
    "no_style": "的方式不对：请选择涂黑（black）或模糊（blur）",
    "no_size": "没有宽度或高度，请重新画框",
    "outside": "超出画面：左、上、宽、高都按占画面的比例填写（0 至 1，即 0% 至 100%），请重新画框",
    "no_time": "的时间不对：须从 0 秒或以后开始，并在开始之后结束",
    "after_the_end": "超出记录的时长（{length} 秒）：请改小，或不填结束时间，即到末尾",
    "no_picture": "无法设定：该记录没有画面，只能设定静音",
    "no_sound": "无法设定：该记录没有声音，只能设定方框",
}
MISSING: Mapping[str, str] = {
    "unstated": "尚未设定遮蔽（无须遮蔽的也须注明）",
    "unchecked": "遮蔽尚待第二人核对",
    "returned": "遮蔽已被退回，须重新设定",
}
COPY_PROBLEMS: Mapping[str, str] = {
    "due": "正在制作，请稍后再来",
    "failed": "未能制作，原因见副本的结果；可以重新申请制作",
    "outdated": "制作之后又重新设定了遮蔽，请重新制作",
}
VERDICTS: Mapping[str, str] = {"passed": "通过", "returned": "退回"}


def _span(error: redaction.SpansUnusable) -> Facts:
    length = "" if error.length is None else f"{error.length:g}"
    return {"kind": SPANS[error.kind], "problem": SPAN_PROBLEMS[error.problem].format(length=length)}


def _missing(error: redaction.RedactionsMissing) -> Facts:
    if not error.missing:
        return {"why": "案件中没有可以制作副本的记录；请先归入记录"}
    each = "；".join(f"“{name}”{MISSING[problem]}" for name, problem in error.missing)
    return {"why": f"未制作任何副本：{each}"}


PROBLEMS: Problems = {
    redaction.SpansUnusable: Problem(422, "redaction", "第 {number} 个{kind}{problem}。未作任何设定", facts=_span),
    redaction.NothingToHideIn: Problem(409, "nothing-to-hide-in", "该记录没有可以解码的画面或声音，无法制作遮蔽副本"),
    redaction.OwnRedaction: Problem(403, "own-redaction", "不能核对自己设定的遮蔽，须由他人核对"),
    redaction.RedactionChecked: Problem(
        409,
        "redaction-checked",
        "该遮蔽已核对（{verdict}）；如需更改请重新设定",
        facts=lambda error: {"verdict": VERDICTS[error.verdict]},
    ),
    redaction.RedactionReplaced: Problem(409, "redaction-replaced", "此后又重新设定了遮蔽，请核对最新的一版"),
    redaction.RedactionsMissing: Problem(409, "redactions-missing", "{why}", facts=_missing),
    redaction.CopyNotThere: Problem(
        409, "copy-not-there", "遮蔽副本{problem}", facts=lambda error: {"problem": COPY_PROBLEMS[error.state]}
    ),
}
