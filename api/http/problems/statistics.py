"""Yearly reports."""

from __future__ import annotations

from api.http.problems.problem import Problem, Problems
from casework.statistics import errors as statistics

PROBLEMS: Problems = {
    statistics.YearUnusable: Problem(422, "year", "没有 {year} 年的统计；请选择 2019 年至今年"),
    statistics.MonthUnusable: Problem(422, "month", "没有 {month} 的分析；请选择 2019 年 1 月至本月，写作 2026-03"),
    statistics.UnitBeyond: Problem(404, "unit", "该单位不是本单位或下级单位；请从列出的单位中选择"),
    statistics.DaysUnusable: Problem(422, "days", "不能导出 {since} 至 {until}；请选择不超过 {most} 天，起始日期在前"),
    statistics.CheckpointUnknown: Problem(404, "checkpoint", "账本没有 {size} 条的检查点；请从检查点列表中选择"),
    statistics.NothingSigned: Problem(409, "nothing-signed", "账本还没有检查点；请稍候再试"),
}
