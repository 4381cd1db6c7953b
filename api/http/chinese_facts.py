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
    "case_link": "案件关联",
    "certificate": "执法证",
    "device": "设备",
    "device_issue": "配发登记",
    "export": "导出",
    "hold": "保全",
    "link_question": "待定的案件关联",
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
    "not_text": "既不是 UTF-8 也不是 GBK 编码，请重新另存为 CSV",
    "no_rows": "标题行之下没有内容",
    "too_many_rows": "超过 5,000 行，请拆分",
    "quotes": "有未结束的引号，请重新另存为 CSV",
    "workbook": "这是工作簿而不是文本表格，请另存为 CSV",
    "no_day": "不是日期（例：2026-03-04）",
    "no_such_year": "不在 1990 年至 2200 年之间，请核对年份",
    "no_time": "不是时间（例：2026-03-04 09:00）",
    "needs_time": "是今天，请写明时刻（例：2026-03-04 18:00）",
    "too_long": "…超过 200 字，请缩短",
    "rounded": "已被表格软件改写为近似数，请将该列设为文本后重新输入",
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
    "the file": "整个文件",
    "not_yaml": "不是 YAML：请核对缩进、冒号和引号",
    "too_large": "超过 256 KiB",
    "not_a_table": "须为“名称: 值”的形式",
    "not_a_list": "须为列表，每行以短横线开头",
    "twice": "重复出现，请只保留一处",
    "unknown": "不在可选范围内",
    "missing": "缺失",
    "empty": "为空",
    "no_text": "须为一行不超过 200 字的文字",
    "no_number": "须为不小于 1 的整数",
    "ends_before_it_begins": "早于 valid_from",
    "no_code": "须为不超过 40 个小写字母、数字或下划线",
    "no_jurisdiction": "须为 CN、CN-plain 之类的代码",
    "never_demanded": "规定因执法行为而定（for_acts），但文件中没有行为要求它",
    "not_for_acts": "为某一行为所要求，但 elements 中没有将其规定为 for_acts",
    "not_earlier": "不是更早的版本：只能取代版本号较小的一版",
    "law_of_nothing": "是从不要求（never）的要素的依据：请删去，或改为要求该要素",
    "circular": "不能因执法行为而定（for_acts）：所问的正是何种行为，请写 always 或 never",
    "other_spelling": "在本档案中写法不同",
    "unknown_unit": "不是任何单位的代码，见 liuhen admin unit list",
    "officer": "执法人员",
    "time": "时间",
    "place": "地点",
    "act": "执法行为",
    "element": "要素",
    "no_such_officer": "不是本单位或其上下级单位的人员，请从列表中选择",
    "no_such_device": "不在本单位或上级单位的设备名册中，请先登记该设备",
    "no_such_act": "不是规则中的执法行为，请从列表中选择",
    "no_such_case": "不是本单位的案件，请从列表中选择",
    "no_place": "须为 WGS-84 经纬度（度），纬度在前，如 32.061200,118.763200",
    "no_time_given": "须为不晚于现在的时刻",
    "half_a_place": "纬度和经度须同时填写，或都不填",
    "exchanged": "纬度与经度似乎填反了，纬度为 -90 至 90",
    "off_the_earth": "纬度为 -90 至 90，经度为 -180 至 180",
    "after_receipt": "晚于记录收到的时间：收到之前应已开始录制，请填写更早的时间",
    "not_asked": "不是所问的要素，请答复所问的要素；只有执法人员与设备可互答",
    "only_own": "记录归采集工作站所属单位；如属实请说明理由，如有误请联系管理员",
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
