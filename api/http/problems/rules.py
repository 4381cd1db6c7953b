"""Files of rules, and files of cases that rules are tried on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from api.http.problems.words import in_chinese
from casework.completeness import errors as completeness
from casework.rules import errors as rules

CASE_FILE_PROBLEMS: Mapping[str, str] = {
    "not_json": "不是 UTF-8 编码的 JSON：请核对引号、逗号和括号",
    "too_large": "超过 64 MiB，请拆分",
    "no_object": "须为对象（花括号内的“名称: 值”）",
    "no_list": "须为列表（方括号）",
    "missing": "缺失",
    "twice": "在同一对象中重复出现，请只保留一处",
    "no_text": "须为非空文字",
    "no_instant": "须为带时区的时刻，如 2026-03-09T09:00:00+08:00",
    "no_such_year": "不在 1990 年至 2200 年之间",
    "no_count": "须为 1 至 1000 的整数",
    "no_seconds": "须为秒数，不超过十年",
    "negative_seconds": "须为不小于零的秒数，不超过十年",
    "half_a_clock": "时钟只写了一半：须同时写明偏差与误差范围，时钟毫无参考价值的，两者均为 null",
    "no_length": "须晚于 start",
    "ends_before_it_begins": "早于 start",
    "other_under_one_id": "是同一设备另一条内容不同的记录的编号：一个编号只能指一条记录",
}


def _place_of_rule(error: rules.RuleFileUnusable) -> Facts:
    known = f"（可用：{'、'.join(error.known)}）" if error.known else ""
    line = f"第 {error.line} 行" if error.line else ""
    where = "" if line and error.where == rules.THE_FILE else f" {in_chinese(error.where)}"
    return {"place": f"{line}{where}", "known": known}


def _place_of_case_file(error: completeness.CaseFileUnusable) -> Facts:
    where = re.sub(r"^line (\d+)", r"第 \1 行", error.where.replace("the file", "整个文件")).strip()
    return {"where": where, "problem": CASE_FILE_PROBLEMS[error.problem]}


PROBLEMS: Problems = {
    completeness.CaseFileUnusable: Problem(
        422, "case-file", "案件文件 {where} {problem}；更正后重试", facts=_place_of_case_file
    ),
    rules.RuleFileUnusable: Problem(
        422, "policy", "规则文件{place} {problem}{known}；更正后重新载入", facts=_place_of_rule
    ),
    rules.PolicyOverlaps: Problem(
        409,
        "policy-overlaps",
        "{jurisdiction} 第 {version} 版与第 {other} 版的有效期重叠（后者自 {valid_from} 起）；请另选日期，"
        "或写明 supersedes: {other}，使其于前一日终止",
    ),
    rules.PolicyVersionTaken: Problem(
        409,
        "policy-version",
        "{jurisdiction} 第 {version} 版已载入且内容不同；版本不能更改，请用下一个版本号",
    ),
    rules.PolicyBegun: Problem(
        409,
        "policy-begun",
        "取代旧版的规则、单位自己的规则不能自 {valid_from} 起生效：该日的事项已按原规则认定；最早可自 {earliest} 起",
    ),
    rules.NothingToSupersede: Problem(
        409,
        "policy-supersedes",
        "{jurisdiction} 没有未定终止日的第 {version} 版可供取代，见 "
        "liuhen admin policy list、checklist list、terms list、retention list 或 retrieval list",
    ),
}
