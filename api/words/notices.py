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
}
OUTCOMES: Mapping[str, str] = {
    "adopted": mark("采纳"),
    "partly_adopted": mark("部分采纳"),
    "not_adopted": mark("不予采纳"),
}
MISSING: Mapping[str, str] = {
    "no_notice_rule": mark("今日没有规则写明该处罚须告知什么，请先载入规则，或先确定案件程序"),
    "not_on_the_spot": mark("简易程序只能当场处以警告，或对公民二百元以下、对单位三千元以下罚款，请转为普通程序"),
    "untold": mark("尚未告知当事人拟作出的处罚（简易程序为当日当场告知）"),
    "told_less": mark("告知的内容与拟作出的处罚不符或较轻，须重新告知"),
    "notice_unserved": mark("事先告知书尚未送达当事人"),
    "statement_days": mark("陈述、申辩的期限未满，当事人也未放弃"),
    "unheard": mark("当场尚未听取当事人的陈述、申辩，请登记其意见或其表示没有意见"),
    "unanswered": mark("当事人的陈述、申辩尚未复核"),
    "hearing_untold": mark("尚未告知当事人有要求听证的权利"),
    "hearing_unserved": mark("听证告知书尚未送达当事人"),
    "hearing_days": mark("要求听证的期限未满，当事人也未放弃"),
    "hearing_unheld": mark("当事人要求听证，尚未举行"),
}
