"""What documents refuse."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from api.words.cases import STAGES
from api.words.documents import SIGNING_ROLES
from casework.documents import errors as documents
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
    "of_decision": "取自文书所载的决定，不能填写，请删去",
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


def _about_field(error: documents.FieldUnusable) -> Facts:
    label = error.name if error.problem == "unknown" else error.label
    return {"label": label, "problem": FIELD_PROBLEMS[error.problem]}


def _code_point(error: documents.SignUnprintable) -> Facts:
    return {"code": f"U+{ord(error.sign):04X}"}


def _kind(error: documents.TemplateMissing | documents.DecisionUnnamed | documents.DecisionUnfit) -> Facts:
    return {"kind": KINDS[error.kind]}


def _stages(error: documents.OfOtherStage) -> Facts:
    return {"kind": KINDS[error.kind], "stages": "、".join(STAGES[stage] for stage in error.stages)}


def _what_is_lacking(error: documents.DocumentIncomplete) -> Facts:
    fields = f"请填写：{'、'.join(error.missing)}" if error.missing else ""
    signatures = "、".join(f"{SIGNING_ROLES[role]} × {count}" for role, count in error.unsigned)
    signed = f"请签名：{signatures}" if signatures else ""
    return {"why": "；".join(part for part in (fields, signed) if part)}


def _changed_by(error: documents.DocumentChanged) -> Facts:
    return {"why": "案件的内容已有变化" if error.by == "case" else "他人已保存了此文书"}


def _about_signing(error: documents.SignatureRefused) -> Facts:
    return {"role": SIGNING_ROLES[error.role], "problem": SIGNING_PROBLEMS[error.problem]}


PROBLEMS: Problems = {
    documents.FieldUnusable: Problem(422, "field", "“{label}”{problem}", facts=_about_field),
    documents.SignUnprintable: Problem(
        422,
        "sign",
        "“{label}”中的“{sign}”（{code}）不在文书字库中，无法印出；请改用其他写法，如以文字说明字形",
        facts=_code_point,
    ),
    documents.DecisionUnnamed: Problem(
        422,
        "document-decision-unclear",
        "本案有 {count} 项决定可以制作“{kind}”，须写明是哪一项（decision_id）",
        facts=_kind,
    ),
    documents.DecisionUnfit: Problem(
        422,
        "document-decision-unfit",
        "“{kind}”不能载明所选决定：须是本案已作出的相应种类的决定；不载明决定的文书不要选择",
        facts=_kind,
    ),
    documents.TemplateMissing: Problem(
        409, "template", "{day} 没有有效的“{kind}”式样，见 liuhen admin template list", facts=_kind
    ),
    documents.OfOtherStage: Problem(
        409, "other-stage", "“{kind}”用于{stages}环节，案件当前环节为“{stage}”", facts=_stages
    ),
    documents.DocumentIncomplete: Problem(409, "document-incomplete", "文书尚不完整。{why}", facts=_what_is_lacking),
    documents.DocumentChanged: Problem(409, "document-changed", "{why}；请刷新页面，核对后重新保存", facts=_changed_by),
    documents.DocumentFinal: Problem(
        409, "document-final", "文书已于 {finalised_at} 定稿，不再更改；如有错误，请说明理由作废后另行起草"
    ),
    documents.DocumentNotFinal: Problem(409, "document-not-final", "文书还是草稿，请先定稿"),
    documents.DocumentWithdrawn: Problem(409, "document-withdrawn", "文书已于 {withdrawn_at} 作废，请另行起草"),
    documents.DocumentSealed: Problem(409, "document-sealed", "文书已于 {sealed_at} 盖章，无需再办"),
    documents.SignatureRefused: Problem(
        409, "signature-refused", "不能签名（{role}）：{problem}", facts=_about_signing
    ),
    documents.IssuerMissing: Problem(
        409,
        "issuer-missing",
        "本单位及上级单位尚未设定制发机关名称和代字；请管理员在本机设定：liuhen admin seal issuer",
    ),
    documents.SealMissing: Problem(
        409, "seal-missing", "本单位没有今日有效的电子印章；请管理员在本机登记：liuhen admin seal make 或 load"
    ),
    documents.SealUnusable: Problem(422, "seal-unusable", "不能用作电子印章：{reason}"),
    documents.RenderingFailed: Problem(
        500,
        "rendering",
        "文书式样无法排版，请联系管理员",
        "the template cannot be rendered: call the administrator",
    ),
}
