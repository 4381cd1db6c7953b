"""An error's facts as a Chinese sentence says them: words for codes, local time for instants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from api.pages.shown import show_instant
from api.pages.words import ACCESS_KINDS, CASE_KINDS, REQUEST_STATES, ROLES, STAGES

THINGS: Mapping[str, str] = {
    "access_grant": "授权",
    "access_request": "调阅申请",
    "case": "案件",
    "case_link": "归案关系",
    "certificate": "执法证",
    "device": "设备",
    "device_issue": "配发登记",
    "export": "导出",
    "hold": "保全",
    "link_question": "归案待定",
    "object": "存储对象",
    "person": "人员",
    "playback_window": "播放窗口",
    "recording": "记录",
    "unit": "单位",
    "badge number": "执法证号",
    "case number": "案号",
    "sign-in name": "用户名",
    "device code": "设备编号",
    "certificate number": "证号",
    "serial": "序列号",
    "model": "型号",
    "in_the_future": "晚于现在，请登记已发生的事",
    "without_zone": "没有时区，请补充（如 +08:00）",
    "before_the_issue": "不晚于配发时间，请核对",
    "unit code": "单位代码",
    "a deactivated person": "已停用的账号",
    "name": "姓名或名称",
    "number": "案号",
    "title": "案件名称",
    "kind": "种类",
    "stage": "环节",
    "role": "角色",
    "reason": "理由",
    "purpose": "用途",
    "is empty": "内容为空",
    "holds control characters": "含有控制字符",
}
WORDS: Mapping[str, str] = {**CASE_KINDS, **STAGES, **ROLES, **ACCESS_KINDS, **REQUEST_STATES, **THINGS}


def in_chinese(fact: object) -> object:
    """A code we have a word for becomes that word; what somebody wrote, and numbers, stay as they are."""
    if isinstance(fact, tuple):
        return "、".join(str(in_chinese(each)) for each in fact)
    if isinstance(fact, datetime):
        return show_instant(fact)
    return WORDS.get(fact, fact) if isinstance(fact, str) else fact
