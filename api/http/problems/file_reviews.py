"""Reviews of case files: what cannot be drawn, scored or ended."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from casework.filereview import errors as reviews

PERIOD_PROBLEMS: Mapping[str, str] = {
    "not_over": "尚未结束：截止日期须早于今天，此后不再有案件加入",
    "wrong_order": "起止颠倒，请核对",
    "no_such_year": "不在 1990 年至 2200 年之间，请核对年份",
}
SCORE_PROBLEMS: Mapping[str, str] = {
    "missing": "没有评分：须逐项评分",
    "unknown": "不是本次评分表的项目，请删去",
    "out_of_range": "的得分须在零分与该项分值之间",
    "no_note": "有扣分而没有说明，请写明扣分理由",
}


def _period(error: reviews.PeriodUnusable) -> Facts:
    return {"problem": PERIOD_PROBLEMS[error.problem]}


def _score(error: reviews.ScoresUnusable) -> Facts:
    return {"problem": SCORE_PROBLEMS[error.problem]}


def _unfinished(error: reviews.ReviewUnfinished) -> Facts:
    left = f"还有 {error.unscored} 件案卷未评分、{error.going_on} 个问题未销号，请先完成"
    return {"left": left if error.drawn else "尚未抽取案件，请先抽取"}


PROBLEMS: Problems = {
    reviews.NoScoreSheet: Problem(
        409, "no-score-sheet", "该单位今天没有有效的评查标准；请管理员以 liuhen admin score-sheet load 载入"
    ),
    reviews.PeriodUnusable: Problem(422, "period", "评查期间 {first_day} 至 {last_day} {problem}", facts=_period),
    reviews.SampleTooLarge: Problem(
        422, "sample-too-large", "该单位在此期间至多可抽取 {most} 件，不能抽取 {wanted} 件；请更正件数、单位或期间"
    ),
    reviews.NotCoveredYet: Problem(
        409, "not-covered-yet", "账本尚无检查点覆盖本次评查的公告，请几秒后再抽取；若一直如此请联系管理员"
    ),
    reviews.AlreadyDrawn: Problem(409, "already-drawn", "本次评查已于 {drawn_at} 抽取；只抽取一次"),
    reviews.NotInSample: Problem(422, "not-in-sample", "该案不在本次评查抽取的案件之中，请从列表中选择"),
    reviews.TookPart: Problem(403, "took-part", "您参与过本案，不能评查；请由他人评查"),
    reviews.ScoresUnusable: Problem(422, "scores", "项目“{item}”{problem}", facts=_score),
    reviews.DueDayPassed: Problem(422, "due-day", "整改期限 {due_on} 无法使用：请选择今天或以后的日期"),
    reviews.FindingEnded: Problem(409, "finding-ended", "该问题已于 {ended_at} 销号；如仍存在请重新提出"),
    reviews.NotAnswered: Problem(
        409, "not-answered", "办案单位尚未填报整改情况；请等待填报，问题不成立的可按“不成立”销号"
    ),
    reviews.OwnAnswer: Problem(403, "own-answer", "该问题的整改情况由您填报，须由其他评查人员销号"),
    reviews.ReviewUnfinished: Problem(409, "review-unfinished", "本次评查{left}", facts=_unfinished),
    reviews.ReviewEnded: Problem(409, "review-ended", "本次评查已于 {ended_at} 结束；请另行公告一次"),
}
