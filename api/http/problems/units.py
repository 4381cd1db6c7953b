"""Units that were merged, and merges that cannot be."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from casework import unit_errors

MERGE_PROBLEMS: Mapping[str, str] = {
    "itself": "两者是同一单位；请指定承接其工作的单位",
    "below": "后者是前者的下级单位；请并入不在其下的单位",
    "to_come": "该日尚未到来；请在当日或之后办理",
    "before_known": "该日本系统尚无此单位；请选择其在本系统设立之日或以后的日期",
    "too_early": "该日以后原单位仍有新办事项，或已有含该日的报表；最早可为 {earliest}",
}
CLASHES: Mapping[str, str] = {"badge": "编号", "device": "设备编码", "certificate": "执法证号"}


def _refused(error: unit_errors.MergeRefused) -> Facts:
    return {"why": MERGE_PROBLEMS[error.problem].format(earliest=error.earliest), "on": error.on.isoformat()}


def _clash(error: unit_errors.MergeClash) -> Facts:
    return {"kind": CLASHES[error.kind], "values": "、".join(error.values) or "（见名册）"}


def _unsealed(error: unit_errors.MergeUnsealed) -> Facts:
    return {"papers": "、".join(error.papers)}


PROBLEMS: Problems = {
    unit_errors.UnitEnded: Problem(
        409,
        "unit-ended",
        "“{unit}”已于 {ended_on} 并入“{successor}”（代码 {successor_code}），不能再新办事项；请在“{successor}”办理",
        facts=lambda error: {"ended_on": error.ended_on.isoformat()},
    ),
    unit_errors.MergeRefused: Problem(
        409, "merge-refused", "不能把单位 {unit} 于 {on} 并入 {into}：{why}", facts=_refused
    ),
    unit_errors.MergeClash: Problem(
        409,
        "merge-clash",
        "单位 {unit} 与 {into} 使用了相同的{kind} {values}；请先更改或作废其中之一，未作任何合并",
        facts=_clash,
    ),
    unit_errors.MergeUnsealed: Problem(
        409,
        "merge-unsealed",
        "单位 {unit} 有已定稿、待盖章的文书：{papers}；请先盖章或作废，再并入 {into}，未作任何合并",
        facts=_unsealed,
    ),
}
