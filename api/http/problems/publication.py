"""Publication (公示)."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from api.http.problems.words import in_chinese
from api.words.publication import DUTIES, PUBLIC_FIELDS
from casework.publication import errors as publication

UNUSABLE: Mapping[str, str] = {
    "event": "该事项不是公示的起算事项，请选择处罚决定或检查结果",
    "begun": "该决定或结果已采集，请办理已有的公示",
    "fell": "该决定因失效已撤下，不再公示；重新作出的决定另行公示",
    "not_issued": "本案没有在该日作出的处罚决定，请先作出决定",
    "party_missing": "检查结果的公示须写明检查对象、对象类别和检查结论，请填写",
    "ground_unknown": "该不予公开的事由不在今日有效的规则中，请另选",
    "secret": "国家秘密案件不得公开，请选择不予公开的事由",
    "nothing_changed": "与现在公示的内容相同，无需更正",
    "too_many_names": "其他自然人最多登记 50 人，其余请手工隐去",
}
STEPS_REFUSED: Mapping[str, str] = {
    "order": "现在不是这一步，请核对公示的当前状态",
    "changed": "内容已被他人修改，请阅读现在的内容",
    "own": "本人采集的信息不得由本人审核或发布，须由他人办理",
    "not_twice": "第二审核人不得是第一审核人或传递人，须由他人复核",
    "second": "涉及自然人的内容须经第二人复核，请先办理复核",
    "revoked": "该决定已被撤销，不得公示",
    "down_for_good": "因决定失效已撤下；重新作出的决定另行公示",
    "ended": "起算事项已撤回，本公示随之终止；请由重新登记的事项另行采集",
    "not_shown": "现在没有公示",
    "secret": "国家秘密案件不得公示",
    "still_shown": "现在仍在公示，请先撤下",
    "not_refused": "平台没有拒收，无须重新推送",
    "removed": "此前已登记从该渠道撤下",
    "posted": "该渠道已登记发布",
}
POSTING_PROBLEMS: Mapping[str, str] = {
    "channel": "不是今日有效规则中的公示渠道，请另选",
    "in_the_future": "晚于今天，请在发布以后再登记",
    "before_published": "早于本系统发布之日，请核对日期",
}
EVIDENCE_PROBLEMS: Mapping[str, str] = {
    "empty": "是空文件，请另选",
    "too_large": "超过 4 MiB，请缩小后提交",
    "type": "不是 PNG、JPEG 或 PDF，请提交图片或 PDF",
    "too_many": "超出数量：一次发布最多五份凭证",
}
MASKS: Mapping[str, str] = {
    "name": "自然人姓名",
    "id_number": "身份证号",
    "bank_card": "银行账号",
    "mobile_phone": "手机号码",
    "telephone": "电话号码",
    "number_plate": "车辆号牌",
    "address": "住址门牌",
}
_FIELDS: Mapping[str, str] = {**PUBLIC_FIELDS, "reason": "理由"}


def _unusable(error: publication.PublicationUnusable) -> Facts:
    return {"why": UNUSABLE[error.problem]}


def _masking(error: publication.MaskingNeeded) -> Facts:
    names = "".join(f"“{name}”" for name in error.names)
    found = "、".join(MASKS.get(code, code) + (names if code == "name" else "") for code in error.codes)
    return {"field": _FIELDS.get(error.field, error.field), "found": found}


def _step(error: publication.StepRefused) -> Facts:
    return {"why": STEPS_REFUSED[error.why]}


def _duty(error: publication.DutyLacking) -> Facts:
    return {"duty": DUTIES[error.duty]}


def _unfit(error: publication.DutyUnfit) -> Facts:
    return {"duty": DUTIES[error.duty], "roles": "、".join(str(in_chinese(role)) for role in error.roles)}


def _posting(error: publication.PostingUnusable) -> Facts:
    return {"why": POSTING_PROBLEMS[error.problem]}


def _evidence(error: publication.EvidenceUnusable) -> Facts:
    return {"why": EVIDENCE_PROBLEMS[error.problem]}


PROBLEMS: Problems = {
    publication.NoPublicityRules: Problem(
        409, "no-publicity-rules", "{day} 没有有效的公示规则，请管理员载入：liuhen admin publicity load"
    ),
    publication.DutyLacking: Problem(
        403, "duty-lacking", "办理此事须有本单位的“{duty}”职责，请管理员指定", facts=_duty
    ),
    publication.DutyUnfit: Problem(
        422, "duty-unfit", "{name} 已停用，或其角色不能承担“{duty}”职责（可承担：{roles}）", facts=_unfit
    ),
    publication.DutyEnded: Problem(409, "duty-ended", "该职责已于 {ended_at} 解除"),
    publication.PublicationUnusable: Problem(422, "publication", "{why}", facts=_unusable),
    publication.MaskingNeeded: Problem(
        422,
        "masking-needed",
        "“{field}”中仍有不应公开的内容（{found}）：请隐去；可以保留的，请写明理由",
        facts=_masking,
    ),
    publication.StepRefused: Problem(409, "publication-step", "不能办理：{why}", facts=_step),
    publication.PostingUnusable: Problem(422, "posting", "{found} {why}", facts=_posting),
    publication.EvidenceUnusable: Problem(422, "posting-evidence", "{name} {why}", facts=_evidence),
}
