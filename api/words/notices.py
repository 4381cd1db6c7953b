"""What a party is told before a penalty, in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

NOTICE_KINDS: Mapping[str, str] = {"penalty": mark("处罚事先告知"), "hearing": mark("听证告知")}
REPLY_KINDS: Mapping[str, str] = {
    "statement": mark("陈述、申辩"),
    "statement_waived": mark("放弃陈述、申辩"),
    "hearing_requested": mark("要求听证"),
    "hearing_request_withdrawn": mark("撤回听证要求"),
    "hearing_waived": mark("放弃听证"),
    "hearing_short_notice_agreed": mark("同意缩短听证通知时间"),
}
OUTCOMES: Mapping[str, str] = {
    "adopted": mark("采纳"),
    "partly_adopted": mark("部分采纳"),
    "not_adopted": mark("不予采纳"),
    "entered_wrongly": mark("经核实确属误登"),
}
MISSING: Mapping[str, str] = {
    "no_notice_rule": mark("今日没有规则写明该处罚须告知什么：请先确定案件程序，或请管理员载入告知规则"),
    "not_on_the_spot": mark(
        "简易程序只能当场处以警告，或对公民二百元以下、对单位三千元以下罚款：请撤回拟定的决定，由主管将案件退回“启动”，改定为普通程序后重新拟定"
    ),
    "untold": mark("尚未告知当事人拟作出的处罚：请制作告知书并定稿，再登记告知（简易程序：当日当场告知并登记）"),
    "told_less": mark("告知的内容与拟作出的处罚不符或较轻：请按拟作出的处罚重新告知并送达，或改回所告知的内容"),
    "notice_unserved": mark("事先告知书尚未送达当事人：请送达，并在“送达”中登记送达及其证明"),
    "statement_days": mark("陈述、申辩的期限未满，当事人也未放弃：请等待期满，或登记其放弃并选择证明"),
    "unheard": mark("当场尚未听取当事人的陈述、申辩，请登记其意见或其表示没有意见"),
    "unanswered": mark("当事人的陈述、申辩尚未复核：请复核，并登记是否采纳及理由"),
    "withdrawal_unconfirmed": mark("当事人的意见被作为误登撤回，尚未经他人核实：请由撤回人以外的人员核实并登记"),
    "hearing_untold": mark("尚未告知当事人有要求听证的权利：请制作听证告知书并定稿，再登记告知、登记送达"),
    "hearing_unserved": mark("听证告知书尚未送达当事人：请送达，并在“送达”中登记送达及其证明"),
    "hearing_days": mark("要求听证的期限未满，当事人也未放弃：请等待期满，或登记其放弃并选择证明"),
    "hearing_unheld": mark("当事人要求听证，尚未举行：请提前通知其时间、地点，举行后在“期限”中登记“举行听证”"),
    "hearing_short": mark(
        "听证未在七个工作日前通知当事人：已通知的，请在“期限”中登记通知日期；当事人同意缩短的，请登记其同意；否则请重新通知并举行"
    ),
}
