"""Words of terms: what they run from, what is due, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

EVENT_KINDS: Mapping[str, str] = {
    "case_filed": mark("立案"),
    "inspection_concluded": mark("“双随机”检查得出结果"),
    "evidence_registered": mark("先行登记保存证据"),
    "hearing_offered": mark("告知听证权利"),
    "hearing_held": mark("举行听证"),
    "penalty_decided": mark("作出行政处罚决定"),
    "decision_revoked": mark("已公开的处罚决定被撤销、变更、确认违法或无效"),
}
TERM_KINDS: Mapping[str, str] = {
    "publish_penalty": mark("公示行政处罚决定"),
    "publish_inspection": mark("公示“双随机”检查结果"),
    "withdraw": mark("撤回已公开的处罚决定信息"),
    "service": mark("送达处罚决定书"),
    "posted_service": mark("公告送达期满"),
    "preservation": mark("对登记保存的证据作出处理决定"),
    "hearing_request": mark("当事人要求听证"),
    "hearing_notice": mark("通知听证的时间、地点"),
    "decision": mark("作出处罚决定"),
}
DEADLINE_STATES: Mapping[str, str] = {
    "overdue": mark("已逾期"),
    "lapsed": mark("当事人未提出，已期满"),
    "due_today": mark("今日到期"),
    "soon": mark("即将到期"),
    "running": mark("期限内"),
    "estimate": mark("估计"),
    "no_term": mark("当日没有这种期限"),
    "done": mark("已办结"),
    "done_late": mark("逾期办结"),
}
BECAUSE: Mapping[str, str] = {
    "entered": mark("登记时计算"),
    "rules": mark("因期限规则变化重新计算"),
    "calendar": mark("因放假安排变化重新计算"),
}
