"""Requests, grants, views and copies that are refused."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from casework import errors as casework
from casework.retrieval import errors as retrieval

REFUSALS: Mapping[str, str] = {
    "inactive": "您的账号已停用，请联系管理员",
    "other_unit": "该记录属于其他单位，请联系该单位",
    "not_linked": "该记录尚未归入案件，而调阅按案件授权；请先归入案件",
    "no_grant": "您没有调阅授权；请说明用途和案件，提出调阅申请",
    "not_yours": "该授权属于他人；请提出自己的申请",
    "wrong_kind": "该授权的种类不符（查看或复制）；请申请所需种类",
    "wrong_case": "该授权针对另一案件；请为本案提出申请",
    "expired": "授权已到期；请重新申请",
    "revoked": "授权已被撤销；请联系撤销人",
    "reason_needed": "您未参与办理本案；请先说明查阅事由，再查阅该文书",
    "secrecy": "所属案件的密级不向您开放；如需调阅，请联系本单位主管",
    "asker_secrecy": "案件的密级不向申请人开放；请不予批准，或先将其指定为本案承办人员",
    "never_copied": "该密级的记录不得复制出本系统；请在系统内查看",
    "redacted_only": "该授权只能领取遮蔽副本；如需未遮蔽的原件，请另行申请并说明理由",
    "consent_needed": "提供原件须经批准人明确同意；请申请复制，并写明需要原件的理由。只需观看的，请在记录页面播放",
    "released": "您已不是本案承办人员，直接查看随之终止；如仍需查看请提出申请",
}
PAPER_PROBLEMS: Mapping[str, str] = {
    "type": "不是 PDF、JPEG 或 PNG 文件，请扫描或拍照后重新提交",
    "empty": "是空文件，请重新选择",
    "too_large": "超过 4 MiB，请降低扫描分辨率后重新提交",
    "too_many": "不能再添加：一份申请最多十份附件",
}


def _about_papers(error: retrieval.PapersUnusable) -> Facts:
    return {"problem": PAPER_PROBLEMS[error.problem]}


def _who_may(error: retrieval.NotTheApprover) -> Facts:
    return {"who_may": f"（{'、'.join(error.names)}）" if error.names else "，目前无人担任；请管理员任命"}


PROBLEMS: Problems = {
    retrieval.OwnRequest: Problem(403, "own-request", "不能审批本人的申请，须由他人审批"),
    retrieval.ExpiryUnusable: Problem(422, "expiry", "授权期限无法使用：最迟可到 {latest}"),
    casework.RangeOutside: Problem(416, "range", "请求的范围超出文件（{size_bytes} 字节）"),
    retrieval.AlreadyDecided: Problem(409, "already-decided", "该申请已有审批结果（{state}）；可撤销授权或重新申请"),
    retrieval.AlreadyRevoked: Problem(409, "already-revoked", "该授权已被撤销，无需再办"),
    casework.AlreadyFinished: Problem(409, "already-finished", "该导出已完成；请另行导出"),
    retrieval.NoWay: Problem(
        409, "no-way", "现行调阅规则没有规定{who}如何{access}记录，不能申请；请管理员载入有此规定的调阅规则"
    ),
    retrieval.NotTheApprover: Problem(403, "not-the-approver", "该申请须由{post}审批{who_may}", facts=_who_may),
    retrieval.NotTheAsker: Problem(403, "not-the-asker", "附件须由提出申请的人提交"),
    retrieval.PapersMissing: Problem(409, "papers-missing", "该申请缺少附件：{missing}；请申请人补交后再审批"),
    retrieval.PapersUnusable: Problem(422, "papers", "“{name}”{problem}", facts=_about_papers),
    retrieval.VisitorUnusable: Problem(422, "visitor", "其他机关和律师须写明单位名称（机关、律师事务所）"),
    retrieval.MonthNotOver: Problem(409, "month", "{month} 的观看在该月之后的第一个检查点签发后抽取；请选择以前的月份"),
    retrieval.MonthUnusable: Problem(422, "month-unusable", "{month} 不在 1990 年至 2200 年之间，请核对年份"),
    retrieval.OwnViewing: Problem(403, "own-viewing", "不能复核本人的观看，须由其他审计人员复核"),
    retrieval.ViewingReviewed: Problem(409, "viewing-reviewed", "该观看已复核，结论不再更改"),
    retrieval.ConsentMissing: Problem(
        422, "consent", "该申请要求未遮蔽的原件：须明确同意并填写同意的理由才能批准；或不予批准，请其改为申请遮蔽副本"
    ),
    retrieval.ConsentNotAsked: Problem(422, "consent-not-asked", "该申请只要求遮蔽副本，无须同意提供原件"),
    retrieval.PostUnfit: Problem(422, "post-unfit", "{name}不能任{post}：须为在用账号，且角色为{role}"),
    retrieval.PostEnded: Problem(409, "post-ended", "该任职已于 {ended_at} 终止，无需再办"),
}
