"""Service (送达) in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

METHODS: Mapping[str, str] = {
    "in_person": mark("直接送达"),
    "left": mark("留置送达"),
    "mailed": mark("邮寄送达"),
    "entrusted": mark("委托送达"),
    "electronic": mark("电子送达"),
    "posted": mark("公告送达"),
}
CARRIERS: Mapping[str, str] = {
    "mailed": mark("邮件号"),
    "entrusted": mark("受托送达的单位"),
    "electronic": mark("电子送达地址"),
    "posted": mark("公告发布在何处"),
}
GROUNDS: Mapping[str, str] = {
    "left": mark("拒收事由和留置经过"),
    "electronic": mark("当事人同意的依据（确认书）"),
    "posted": mark("公告送达的原因和经过"),
}
TIMES: Mapping[str, str] = {
    "in_person": mark("签收时间"),
    "left": mark("留置时间"),
    "mailed": mark("回执上的收件时间"),
    "entrusted": mark("签收时间"),
    "electronic": mark("到达对方系统的时间"),
    "posted": mark("公告发出时间"),
}
ABOUT: Mapping[str, str] = {
    "in_person": mark("以受送达人在送达回证上的签收日期为送达日期；由家属、代收人签收的，写明其与受送达人的关系。"),
    "left": mark("受送达人拒绝接收的，把文书留在其住所，以照片或录像记录送达过程；没有照片或录像，不算送达。"),
    "mailed": mark("以回执上注明的收件日期为送达日期。"),
    "entrusted": mark("委托其他机关代为送达，以签收日期为送达日期。"),
    "electronic": mark("当事人同意并签订确认书的，可以采用传真、电子邮件等方式，以到达其系统的日期为送达日期。"),
    "posted": mark("下落不明或者用其他方式无法送达的，才可公告；期满之日视为送达，公告的原因和经过须记明。"),
}
PROOF_PROBLEMS: Mapping[str, str] = {
    "no_act": mark("先选执法行为"),
    "no_picture": mark("既非照片也非录像"),
    "no_time": mark("时间不详"),
    "recorded_elsewhen": mark("不在该执法行为期间"),
    "no_recorded_place": mark("地点不详"),
}
