"""Acts, their gaps and explanations."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from api.shown import show_instant
from casework.procedure import errors as procedure

TIME_PROBLEMS: Mapping[str, str] = {
    "without_zone": "没有时区，请补充（如 +08:00）",
    "in_the_future": "晚于现在：请在执法行为开始、结束之后再登记",
    "ends_before_it_begins": "的结束早于开始，请更正",
    "too_long": "超过 31 天，请更正结束时间，或按日登记",
}
DUTIES_MISSING: Mapping[str, str] = {"identity_shown": "出示执法证件", "notice_given": "告知事由、依据和权利义务"}


def open_act(act: procedure.OpenAct) -> str:
    if act.state == "under_way":
        return f"“{act.name_zh}”尚未结束，请登记其结束时间"
    if act.state == "unserved":
        return f"“{act.name_zh}”没有证明，不算送达：请登记送达，并指明其照片或录像"
    if act.state == "duties":
        return f"“{act.name_zh}”没有登记{'、'.join(DUTIES_MISSING[duty] for duty in act.duties)}"
    what = {
        "missing": "没有记录",
        "short": f"因时钟误差或文件损坏存疑，其中至少 {act.short_by.total_seconds():.0f} 秒没有任何记录",
    }.get(act.state, "因时钟误差或文件损坏存疑")
    spans = "、".join(f"{show_instant(start)} 至 {show_instant(end)}" for start, end in act.spans)
    return f"“{act.name_zh}”的 {spans} {what}，且没有经确认的说明"


def _kind_unknown(error: procedure.ActKindUnknown) -> Facts:
    if not error.known:
        return {"why": f"{error.day} 没有有效的音像记录事项清单：请更正日期，或先载入涵盖该日的清单"}
    return {"why": f"{error.day} 的音像记录事项清单中没有“{error.kind}”，可用：{'、'.join(error.known)}"}


def _about_time(error: procedure.ActTimeUnusable) -> Facts:
    return {"problem": TIME_PROBLEMS[error.problem]}


def _open_acts(error: procedure.CaseIncomplete) -> Facts:
    return {"why": "；".join(map(open_act, error.acts))}


PROBLEMS: Problems = {
    procedure.ActKindUnknown: Problem(422, "act-kind", "{why}", facts=_kind_unknown),
    procedure.ActTimeUnusable: Problem(422, "act-time", "执法行为的时间{problem}", facts=_about_time),
    procedure.OfficersUnusable: Problem(422, "act-officers", "{problem}"),
    procedure.ExplanationOutside: Problem(
        422, "explanation-span", "{starts_at} 至 {ends_at} 不在执法行为的时间之内，请只说明其间的时段"
    ),
    procedure.OwnExplanation: Problem(
        403, "own-explanation", "不能决定本人的说明，也不能决定本人参加的执法行为的说明，须由另一名主管办理"
    ),
    procedure.ActWithdrawn: Problem(409, "act-withdrawn", "该执法行为已于 {withdrawn_at} 撤回；如确有其事请重新登记"),
    procedure.ActEnded: Problem(409, "act-ended", "该执法行为已于 {ended_at} 结束；如有误，请说明理由予以更正"),
    procedure.ExplanationDecided: Problem(
        409, "explanation-decided", "该说明已于 {decided_at} {decision}；可撤回后另行说明"
    ),
    procedure.ExplanationWithdrawn: Problem(409, "explanation-withdrawn", "该说明已于 {withdrawn_at} 撤回；请另行说明"),
    procedure.CaseIncomplete: Problem(409, "case-incomplete", "不能结案：{why}", facts=_open_acts),
}
