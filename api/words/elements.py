"""Required elements in the words of a page: elements, what is wrong with them, and what speaks for a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.i18n import Translate, mark
from api.shown import show_minute

ELEMENTS: Mapping[str, str] = {
    "unit": mark("单位"),
    "officer": mark("执法人员"),
    "device": mark("执法记录仪"),
    "time": mark("时间"),
    "place": mark("地点"),
    "act": mark("执法行为"),
    "case": mark("所属案件"),
}
ELEMENT_STATES: Mapping[str, str] = {
    "present": mark("具备"),
    "missing": mark("缺失"),
    "contradictory": mark("有矛盾"),
    "explained": mark("已说明"),
    "pending": mark("等待关联"),
    "not_demanded": mark("不要求"),
}
ELEMENT_SOURCES: Mapping[str, str] = {
    "station": mark("采集工作站"),
    "claim": mark("文件自称"),
    "register": mark("配发登记"),
    "room": mark("办案场所登记"),
    "link": mark("案件关联"),
    "answer": mark("人工补正"),
    "name": mark("文件名"),
    "sidecar": mark("旁附的轨迹文件"),
}
ELEMENT_PROBLEMS: Mapping[str, str] = {
    "missing": mark("没有写明"),
    "unit_differs": mark("设备登记在其他单位"),
    "device_unknown": mark("设备不在名册中"),
    "device_retired": mark("设备当时已停用"),
    "officer_unknown": mark("没有这个编号的执法人员"),
    "device_with_another": mark("设备当时配发给了另一人"),
    "device_with_nobody": mark("设备当时没有配发给任何人"),
    "certificate_expired": mark("执法证当日无效"),
    "time_after_receipt": mark("自称的时间晚于收到的时间"),
    "time_contradicts": mark("几个时钟互相矛盾"),
    "time_uncertain": mark("时间误差超过两天"),
    "no_rules_then": mark("所称日期尚无规则，已按收讫日期认定"),
    "place_contradicts": mark("几处位置互相矛盾"),
    "act_unknown": mark("不是规则中的执法行为"),
    "said_otherwise": mark("再次收到同一文件时说法不同"),
    "several_cases": mark("有几个案件可能相符"),
    "weak_case": mark("有一个案件可能相符，但把握不足"),
}
BASES: Mapping[str, str] = {
    "register_holder": mark("配发登记：当时由其持有"),
    "issued_device": mark("配发登记：当时配发给该执法人员的设备"),
    "same_card": mark("同一存储卡的其他文件所称"),
    "claim": mark("文件自称的确属实"),
    "answered": mark("先前的补正属实"),
    "received_again": mark("再次收到同一文件时所称"),
    "station": mark("采集工作站所属单位"),
    "register": mark("名册"),
    "clock_gps_time": mark("卫星时间"),
    "clock_started_at": mark("工作站或文件名中的时间"),
    "clock_clock": mark("文件内部的时间"),
    "sidecar": mark("旁附的轨迹文件"),
    "scene": mark("指派写明的现场"),
    "neighbour": mark("同一设备 {minutes} 分钟内的另一条记录"),
    "act_of_stage": mark("与案件环节相符"),
    "act": mark("规则中的执法行为"),
    "linker": mark("案件关联程序"),
    "clock_offset": mark("设备时钟按答复人所说的偏差校正"),
    "own_word": mark("答复人自述"),
}
LINK_REASONS: Mapping[str, str] = {
    "holder_and_device": mark("配发登记显示当时由该执法人员持有，且为指派的设备"),
    "holder": mark("配发登记显示当时由该执法人员持有"),
    "officer_and_device": mark("同一执法人员、同一设备"),
    "officer": mark("同一执法人员"),
    "device": mark("同一设备"),
    "device_issued": mark("同一设备，登记显示当时已配发"),
    "device_in_room": mark("设备固定在该案当时使用的办案场所"),
    "device_of_another": mark("同一设备，但当时由另一执法人员使用"),
    "officer_other_device": mark("同一执法人员，但设备不同"),
    "officer_against_register": mark("文件自称为该执法人员，但登记显示设备在他人处"),
    "unnamed": mark("文件未写明人员和设备"),
    "time_answered": mark("按答复的时间与指派重合 {percent}%"),
    "time_satellites": mark("按卫星时间与指派重合 {percent}%"),
    "time_learnt": mark("时钟校正 {offset} 分钟后与指派重合 {percent}%"),
    "time_claimed": mark("时间与指派重合 {percent}%（误差 {uncertainty} 分钟）"),
    "clock_in_doubt": mark("设备时钟存疑"),
    "at_the_scene": mark("距现场 {metres} 米"),
    "near_the_scene": mark("离现场稍远（{metres} 米）"),
    "away_from_the_scene": mark("不在现场（相距 {metres} 米）"),
    "far_from_the_scene": mark("远离现场（相距 {metres} 米）"),
    "same_act": mark("同一执法行为的其他片段已由人归入此案"),
}


def reason_in_words(translate: Translate, reason: Mapping[str, Any]) -> str:
    """One reason of the linker; a code of another release stays a code."""
    code = str(reason.get("code", ""))
    numbers = {name: value for name, value in reason.items() if isinstance(value, int)}
    numbers["offset"] = _minutes(numbers.get("offset_seconds", 0))
    numbers["uncertainty"] = _minutes(numbers.get("uncertainty_seconds", 0))
    words = LINK_REASONS.get(code)
    try:
        return code if words is None else translate(words).format_map(numbers)
    except KeyError:
        return code


def reasons_in_words(translate: Translate, reasons: Any) -> tuple[tuple[str, int], ...]:
    """Each reason with its points, in the order of what weighs most."""
    found = [each for each in reasons or () if isinstance(each, Mapping)]
    found.sort(key=lambda each: -abs(int(each.get("points", 0))))
    return tuple((reason_in_words(translate, each), int(each.get("points", 0))) for each in found)


def basis_in_words(translate: Translate, basis: str, facts: Mapping[str, Any]) -> str:
    """What a candidate is one by, with the times that a register or a clock has for it."""
    words = translate(BASES.get(basis, basis)).format_map({"minutes": facts.get("minutes", 0)})
    if isinstance(facts.get("from"), datetime):
        end = facts.get("to")
        until = translate("至今") if end is None else show_minute(end)
        return f"{words}（{show_minute(facts['from'])} – {until}）"
    return words


def _minutes(seconds: int) -> int:
    return max(1, round(abs(seconds) / 60)) if seconds else 0
