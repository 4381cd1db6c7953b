"""Events, terms, and files of start days."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from api.words.deadlines import EVENT_KINDS
from casework.deadlines import errors as deadlines
from casework.publication.whereabouts import Whereabouts

STARTS_FILE_PROBLEMS: Mapping[str, str] = {
    "not_text": "既不是 UTF-8 也不是 GBK 编码，请重新另存为 CSV",
    "too_large": "超过 16 MiB，请拆分",
    "no_columns": "首行须写明列名 kind 和 start_date（或 期限 和 起算日），请补上",
    "columns": "单元格数目与首行不符，或首行有重复的列名，请更正",
    "quotes": "不是规范的 CSV：引号没有成对，或单元格过长，请更正",
    "kind": "不是期限的种类，见 liuhen rules terms",
    "no_day": "不是日期，例：2026-03-04",
    "no_such_year": "不在 1990 年至 2200 年之间，请更正",
}
DAY_PROBLEMS: Mapping[str, str] = {
    "in_the_future": "晚于今天：请在发生以后再登记",
    "no_such_year": "不在 1990 年至 2200 年之间：请核对年份",
    "before_the_event": "早于期限起算的事项：请更正日期或该事项",
    "after_the_event": "晚于听证之日：请更正日期或该事项",
}


def _line_of_file(error: deadlines.StartsUnusable) -> Facts:
    text = f"“{error.text}”" if error.text else ""
    return {
        "line": f"第 {error.line} 行{text}" if error.line else "",
        "problem": STARTS_FILE_PROBLEMS[error.problem],
    }


def _about_day(error: deadlines.EventDayUnusable | deadlines.DoneDayUnusable) -> Facts:
    return {"problem": DAY_PROBLEMS[error.problem]}


def _places(where: Whereabouts) -> str:
    named = ["公示页面"] if where.portal else []
    named += [f"其他渠道（{place}）" for _, place in where.channels]
    named += ["市级平台（尚未确认撤回）"] if where.platform else []
    return "、".join(named)


def _still_public(error: deadlines.StillPublic) -> Facts:
    return {"where": _places(error.where)}


def _publication(error: deadlines.PublicationGoesOn) -> Facts:
    if error.where:
        return {"why": f"由该事项办理的公示仍在{_places(error.where)}：请先撤下，并登记从各渠道撤下"}
    return {"why": "由该事项办理的公示尚未办结：请先另行采集为不予公开，并办结"}


def _event(
    error: deadlines.EventEntered | deadlines.DecisionUnclear | deadlines.DecisionUnfit | deadlines.ResultUnfit,
) -> Facts:
    return {"kind": EVENT_KINDS[error.kind]}


def _revocation(error: deadlines.RevocationUnclear) -> Facts:
    decisions = f"{error.decisions} 项处罚决定（decision_id）、" if error.decisions else ""
    return {"which": f"{decisions}{error.results} 次检查结果（revokes_id）"}


PROBLEMS: Problems = {
    deadlines.StartsUnusable: Problem(422, "starts-file", "起算日文件{line} {problem}", facts=_line_of_file),
    deadlines.EventDayUnusable: Problem(422, "event-day", "事项日期 {day} {problem}", facts=_about_day),
    deadlines.DoneDayUnusable: Problem(422, "done-day", "办理日期 {day} {problem}", facts=_about_day),
    deadlines.DecisionUnclear: Problem(
        422, "decision-unclear", "本案有 {count} 项处罚决定，“{kind}”须写明是哪一项（decision_id）", facts=_event
    ),
    deadlines.DecisionUnfit: Problem(
        422,
        "decision-unfit",
        "“{kind}”不能对应所选决定：须是本案当日作出的处罚决定；撤销的，须是该日以前作出的",
        facts=_event,
    ),
    deadlines.RevocationUnclear: Problem(
        422, "revocation-unclear", "本案尚未撤销的有 {which}，须写明撤销的是哪一项", facts=_revocation
    ),
    deadlines.ResultUnfit: Problem(
        422,
        "result-unfit",
        "“{kind}”不能对应所选检查结果：须是本案登记、未撤回、不晚于该日的检查结果，且不同时指明处罚决定",
        facts=_event,
    ),
    deadlines.EventEntered: Problem(409, "event-entered", "本案已登记 {day} 的“{kind}”，无需重复登记", facts=_event),
    deadlines.EventWithdrawn: Problem(
        409, "event-withdrawn", "该事项已于 {withdrawn_at} 撤回，期限随之终止；如确有其事请重新登记"
    ),
    deadlines.TermFulfilled: Problem(
        409, "term-fulfilled", "该期限已登记于 {done_on} 办结；如有误，请由主管撤回起算事项后重新登记"
    ),
    deadlines.StillPublic: Problem(
        409,
        "still-public",
        "被撤销的内容仍在{where}：请先撤下，并登记从各渠道撤下；全部撤下后期限即办结",
        facts=_still_public,
    ),
    deadlines.PublicationGoesOn: Problem(409, "publication-goes-on", "不能撤回：{why}", facts=_publication),
}
