"""Publication (公示) in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

DUTIES: Mapping[str, str] = {
    "collect": mark("采集"),
    "transmit": mark("传递"),
    "review": mark("审核"),
    "publish": mark("发布"),
}
PUBLICATION_KINDS: Mapping[str, str] = {
    "penalty": mark("行政处罚决定"),
    "inspection": mark("“双随机、一公开”检查结果"),
}
PUBLICATION_STATES: Mapping[str, str] = {
    "not_collected": mark("未采集"),
    "collected": mark("已采集，待传递"),
    "transmitted": mark("待审核"),
    "passed_once": mark("待第二人复核"),
    "passed": mark("已审核，待发布"),
    "returned": mark("已退回"),
    "published": mark("已公示"),
    "withheld": mark("不予公开"),
    "taken_down": mark("已撤下"),
}
PUBLICATION_STEPS: Mapping[str, str] = {
    "transmitted": mark("传递"),
    "passed": mark("审核通过"),
    "returned": mark("退回"),
    "published": mark("发布"),
    "withheld": mark("决定不予公开"),
    "taken_down": mark("撤下"),
}
PUBLIC_STEPS: Mapping[str, str] = {
    "published": mark("公示"),
    "corrected": mark("更正"),
    "taken_down": mark("撤下"),
    "withheld": mark("不再公开"),
}
DISCLOSURE_SECTIONS: Mapping[str, str] = {
    "subject": mark("执法主体"),
    "people": mark("执法人员"),
    "duties": mark("执法职责"),
    "powers": mark("执法权限"),
    "basis": mark("执法依据"),
    "procedure": mark("执法程序"),
    "remedies": mark("救济渠道"),
    "checks": mark("随机抽查事项清单"),
    "guide": mark("服务指南"),
    "flow": mark("执法流程图"),
}
PUSH_ACTIONS: Mapping[str, str] = {"publish": mark("发布"), "withdraw": mark("撤下")}
PUSH_STATES: Mapping[str, str] = {
    "waiting": mark("待推送"),
    "retrying": mark("推送未成，将重试"),
    "accepted": mark("平台已接收"),
    "refused": mark("平台拒收"),
    "superseded": mark("已被后续推送取代"),
}
PUSH_PROBLEMS: Mapping[str, str] = {
    "gate": mark("现在不得公开：决定未作出、已撤销，或法制审核不再成立"),
    "unreachable": mark("连接不上平台"),
    "untrusted": mark("平台的证书不可信"),
    "no_answer": mark("平台未及时应答"),
    "too_long": mark("平台的应答过长"),
    "no_receipt": mark("平台的应答没有回执"),
    "status": mark("平台没有接收"),
}
TAKEN_DOWN_BECAUSE: Mapping[str, str] = {
    "revoked": mark("决定被依法撤销"),
    "unlawful": mark("决定被确认违法"),
    "remade": mark("决定被要求重新作出"),
    "inaccurate": mark("公示内容不准确"),
    "privacy": mark("涉及不应公开的信息"),
}
PUBLIC_FIELDS: Mapping[str, str] = {
    "authority": mark("执法机关"),
    "party": mark("执法对象"),
    "category": mark("执法类别"),
    "conclusion": mark("执法结论"),
    "document_number": mark("文书号"),
    "legal_basis": mark("执法依据"),
}
