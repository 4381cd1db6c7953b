"""What documents refuse, as Chinese sentences say it."""

from __future__ import annotations

from collections.abc import Mapping

from api.pages.document_words import SIGNING_ROLES
from api.pages.words import STAGES
from casework.documents.errors import DocumentIncomplete, OfOtherStage
from storage.catalog.documents import DOCUMENT_KINDS

KINDS: Mapping[str, str] = {
    "filing_approval": "立案审批表",
    "inspection_record": "现场检查（勘验）笔录",
    "inquiry_record": "询问笔录",
    "investigation_report": "调查终结报告",
    "penalty_notice": "行政处罚事先告知书",
    "hearing_rights_notice": "听证告知书",
    "seizure_decision": "查封（扣押）决定书",
    "review_opinion": "法制审核意见书",
    "penalty_decision": "行政处罚决定书",
    "service_receipt": "送达回证",
    "correction_notice": "责令改正通知书",
    "closing_report": "结案报告",
}
assert KINDS.keys() == DOCUMENT_KINDS.keys()
FIELD_PROBLEMS: Mapping[str, str] = {
    "unknown": "不是此文书的项目，请删去",
    "no_text": "须为文字",
    "too_long": "过长，请缩短，或另附文书",
    "hidden": "含有控制字符，请重新输入",
    "lines": "须为一行，请删去换行",
    "no_day": "不是日期，例：2026-03-04",
    "no_moment": "不是时间，例：2026-03-04T09:30:00+08:00",
    "no_money": "不是金额，请以元为单位填写，例：1234.50，不超过 9999999999.99",
    "no_number": "须为 0 至 999999999 的整数",
    "no_choice": "不在可选范围内，请从列表中选择",
    "no_rows": "须为不超过 500 行的列表",
    "no_documents": "须为本案已定稿的文书，请从列表中选择",
}
SIGNING_PROBLEMS: Mapping[str, str] = {
    "not_asked": "此文书不需要这种签名",
    "no_handler": "只有本案承办人员可以签名；请先将其指定为承办人员",
    "uncertified": "今日没有有效的执法证；请先登记新证",
    "no_supervisor": "须由主管审批",
    "no_reviewer": "须由法制审核人员签名",
    "handler": "承办人员不能审批或审核本案文书，须由他人办理",
    "signed": "已签名，无需重复",
    "other_role": "已以另一身份签名",
    "reason": "拒绝签名的，请写明理由和见证情况",
    "in_the_future": "签名时间晚于现在，请更正",
    "before": "签名时间早于文书起草，请更正",
}


def stages_of_kind(error: OfOtherStage) -> str:
    return "、".join(STAGES[stage] for stage in error.stages)


def what_is_lacking(error: DocumentIncomplete) -> str:
    fields = f"请填写：{'、'.join(error.missing)}" if error.missing else ""
    signatures = "、".join(f"{SIGNING_ROLES[role]} × {count}" for role, count in error.unsigned)
    signed = f"请签名：{signatures}" if signatures else ""
    return "；".join(part for part in (fields, signed) if part)
