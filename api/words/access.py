"""Words of access: who may see or copy what: requests, papers, copies, refusals, and viewings looked at afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

REQUEST_STATES: Mapping[str, str] = {
    "pending": mark("待审批"),
    "approved": mark("已批准"),
    "refused": mark("未批准"),
}
ACCESS_KINDS: Mapping[str, str] = {"view": mark("查看"), "copy": mark("复制")}
ASKERS: Mapping[str, str] = {
    "handler": mark("本案承办人员"),
    "staff": mark("非本案人员"),
    "organ": mark("其他机关"),
    "lawyer": mark("律师"),
    "party": mark("当事人"),
}
PAPERS: Mapping[str, str] = {"letter": mark("介绍信或公函"), "identity": mark("身份证件")}
COPY_STATES: Mapping[str, str] = {
    "due": mark("等待制作"),
    "being_made": mark("正在制作"),
    "done": mark("已制作"),
    "outdated": mark("已过时"),
    "failed": mark("未能制作"),
}
BOX_STYLES: Mapping[str, str] = {"black": mark("涂黑"), "blur": mark("模糊")}
CHECK_VERDICTS: Mapping[str, str] = {"passed": mark("核对通过"), "returned": mark("已退回")}
OVERSIGHT_LISTS: Mapping[str, str] = {
    "grants": mark("授权及其使用"),
    "viewings": mark("观看"),
    "refusals": mark("拒绝"),
    "readings": mark("查阅文书"),
}
VIEWING_OUTCOMES: Mapping[str, str] = {"proper": mark("正当"), "questioned": mark("存疑")}
REFUSALS: Mapping[str, str] = {
    "inactive": mark("您的账号已停用，请联系管理员。"),
    "other_unit": mark("该记录属于其他单位，请联系该单位。"),
    "not_linked": mark("该记录尚未归入案件，而调阅按案件授权；请先归入案件。"),
    "no_grant": mark("您还没有调阅授权。说明用途提出申请，由他人批准后即可观看。"),
    "expired": mark("您的授权已到期，请重新申请。"),
    "revoked": mark("您的授权已被撤销，请联系撤销人或重新申请。"),
    "secrecy": mark("所属案件的密级不向您开放，如需调阅请联系本单位主管。"),
    "redacted_only": mark("您的授权只能领取遮蔽副本。"),
    "released": mark("您已不是本案承办人员，不能再直接查看；如仍需查看请提出申请。"),
    "reason_needed": mark("您未参与办理本案，请先说明查阅事由。"),
}
REFUSAL_CODES: Mapping[str, str] = {
    "inactive": mark("账号已停用"),
    "other_unit": mark("属于其他单位"),
    "not_linked": mark("尚未关联案件"),
    "no_grant": mark("没有授权"),
    "not_yours": mark("他人的授权"),
    "wrong_kind": mark("授权种类不符"),
    "wrong_case": mark("授权针对其他案件"),
    "expired": mark("授权已到期"),
    "revoked": mark("授权已撤销"),
    "secrecy": mark("密级不开放"),
    "reason_needed": mark("未说明查阅事由"),
    "asker_secrecy": mark("密级不向申请人开放"),
    "never_copied": mark("该密级不得复制"),
    "own_redaction": mark("核对本人设定的遮蔽"),
    "redacted_only": mark("授权仅限遮蔽副本"),
    "consent_needed": mark("未获同意提供原件"),
    "released": mark("已不再承办本案"),
    "own_approval": mark("审批本人的申请"),
    "request_refused": mark("申请未获批准"),
    "not_the_approver": mark("审批须由他人审批的申请"),
    "own_confirmation": mark("确认本人的说明"),
}
