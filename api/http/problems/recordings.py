"""Links of recordings to cases, and what a recording lacks."""

from __future__ import annotations

from api.http.problems.problem import Facts, Problem, Problems
from api.http.problems.words import in_chinese
from casework import errors as casework
from casework.elements import errors as elements
from casework.linking import errors as linking


def _why_a_reason(error: elements.ReasonNeeded) -> Facts:
    element = in_chinese(error.element)
    if not error.none:
        return {"why": f"“{element}”没有其他依据支持，请用一句话说明理由"}
    if error.element == "case":
        return {"why": "请说明不属于任何案件的理由"}
    return {"why": f"请说明无法提供“{element}”的理由"}


def _why_not_as_offered(error: linking.NotAsOffered) -> Facts:
    if error.none:
        return {"why": "请说明不属于任何案件的理由"}
    return {"why": "该案件不在候选之列，请说明归入此案的理由"}


PROBLEMS: Problems = {
    casework.NobodyAssigned: Problem(422, "nobody-assigned", "请至少填写执法人员或设备中的一项"),
    linking.AlreadyLinked: Problem(409, "already-linked", "该记录已归入该案件；如需移动，请先解除"),
    linking.LinkEnded: Problem(409, "link-ended", "该关联已解除，无需再办"),
    linking.InSeveralCases: Problem(
        409,
        "in-several-cases",
        "该记录同时归入几个案件，无法判断要更正哪一个；请在记录页面逐一解除有误的关联，再归入正确的案件",
    ),
    linking.AlreadyAnswered: Problem(409, "already-answered", "该问题已有人答复；如需更正，请手工关联案件"),
    linking.NotAsOffered: Problem(422, "reason", "{why}", facts=_why_not_as_offered),
    elements.QuestionChanged: Problem(
        409, "question-changed", "该记录的“{element}”已有人答复，或情况已变化；请刷新页面，按现在的内容处理"
    ),
    elements.CandidateGone: Problem(409, "candidate-gone", "所选的“{element}”已不在候选之列；请刷新页面后重新选择"),
    elements.ValueUnusable: Problem(422, "element-value", "“{element}”无法使用：{problem}"),
    elements.ReasonNeeded: Problem(422, "reason", "{why}", facts=_why_a_reason),
    elements.NotYourRecording: Problem(403, "not-yours", "该记录属于另一名执法人员，须由其本人或本单位主管答复"),
}
