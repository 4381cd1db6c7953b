"""Decisions and their legal review."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from api.words.notices import MISSING
from casework.review import errors as review

REFUSALS: Mapping[str, str] = {
    "unknown": "没有该决定",
    "changed": "决定在该版本之后已修改，现在的内容须另行审核",
    "withdrawn": "决定已撤回",
    "no_list": "今日没有有效的法制审核目录清单，请先载入",
    "no_pass": "属于法制审核范围，没有有效的审核通过意见，请送法制审核",
    "stage": "案件尚未进入“审核决定”环节，请先办理该环节",
    "not_issued": "本案没有为此作出的决定，请先作出决定",
    "undecided": "本案尚无决定，请先拟定并作出决定",
    "other_party": "文书的当事人与其所载决定不一致，请重新保存文书",
    "other_amount": "文书的金额与其所载决定不一致，请重新保存文书",
    "other_content": "文书的处罚或强制内容与其所载决定不一致，请重新保存文书",
    "other_performance": "文书“履行方式和期限”写有其所载决定没有的措施或更大的金额，请修改后重新签字",
    "unnamed": "文书没有写明所载的是本案哪一项决定，请作废后重新起草并选明决定",
    "revoked": "该决定已被撤销；如系误登，请先由主管撤回撤销事项",
    "names_none": "本案有决定已被撤销，只有文书号的文书须写明载的是哪一项决定；其他文书请在系统内制作后送达",
    "transfer": "涉嫌犯罪的移送尚未办结，请先办结",
    "in_scope": "案情属于法制审核范围，请拟定决定并送法制审核",
    "unfit": "决定的措施与其种类或内容不符，请修改后再作出",
    **MISSING,
}
SETTLED: Mapping[str, str] = {
    "issued": "已经作出，不再更改",
    "withdrawn": "已经撤回；请另行拟定",
    "changed": "已被他人修改；请阅读现在的内容",
    "submitted": "已在法制审核中",
    "not_submitted": "不在法制审核中",
}
REVIEW_SETTLED: Mapping[str, str] = {
    "given": "该版本已有审核意见",
    "withdrawn": "此前已经撤回",
    "no_problems": "该意见未提出问题或已撤回，无从提出异议",
    "of_committee": "该意见是委员会的审议结论，不能再次提出异议；请修改决定后重新送审",
    "disagreed": "已对该意见提出异议，待委员会审议",
    "sat": "委员会已就此审议",
    "opinion_gone": "有异议的审核意见已撤回或已有新的意见，委员会不再审议",
    "left_pool": "该顾问此前已退出",
    "conflict_stated": "该利益冲突此前已登记",
    "transfer_ended": "该移送已办结",
}
SITTING: Mapping[str, str] = {
    "held_at": "会议须在提出异议之后、现在之前举行，请更正时间",
    "members": "会议须有三名以上委员，不得重复",
    "president": "主持人须为到会委员",
    "votes": "票数之和须等于到会委员人数，请核对",
    "member_elsewhere": "委员须为本单位或上级单位的在用人员",
    "member_involved": "有委员办理过本案，须回避",
    "adviser_elsewhere": "有顾问不在本单位可用的名册中，请另选",
    "adviser_conflict": "有顾问与本案有利益冲突，请另选",
}
TRANSFER: Mapping[str, str] = {
    "other_package": "该证据包属于另一案件，请选择本案的证据包",
    "unfinished_package": "该证据包尚未导出完成，请先完成导出",
    "older_package": "该证据包在提出涉嫌犯罪之前已开始导出，不含该审核意见；请重新导出本案的证据包",
}
UNUSABLE: Mapping[str, str] = {
    "amount_missing": "罚款、没收须写明金额（分）",
    "amount_of_nothing": "只有罚款、没收才有金额；请选择相应措施，或不填金额",
    "amount_out_of_range": "金额须在 0 至 10 万亿元之间",
    "affected_out_of_range": "第三人人数须在 0 至 100 万之间",
    "measures_missing": "请至少选择一项措施",
    "other_measures": "措施与决定种类不符：罚款、没收、警告、通报批评、暂扣或吊销许可证件、限制经营、停产停业、关闭、"
    "责令限期拆除须在处罚案件中选择“行政处罚”；查封扣押、强制拆除、加处罚款、代履行、处理财物须选择“行政强制”；"
    "检查只能责令改正。请改选种类",
    "no_penalty_alone": "不予行政处罚只能与责令改正并用；请去掉该项，或者去掉处罚措施",
    "added_to_no_fine": "加处罚款不得超出本案已对该当事人作出的罚款；如系罚款，请选择“行政处罚”和“罚款”",
    "unnamed_words": "决定内容的文字含有未选择的措施（罚款、没收、停产停业、关闭、吊销或暂扣证件、拆除、警告等）；"
    "请选择该措施，或者删去这些文字；引用法律请写明《…》可以处…以下，不写确定的数额",
    "unnamed_sum": "决定内容的文字要求缴纳款项，但没有选择含金额的措施；请选择措施并填写金额，或者删去该款项",
    "larger_sum": "决定内容的文字中的款项超过填写的金额；请更正金额，或者更正文字",
    "detention": "决定内容的文字含有拘留，只有公安机关可以作出；请删去，并依法移送",
    "other_kind": "案件只能作出本类决定，或其中的行政强制决定",
    "not_attested": "送审人须对材料的真实性、准确性、完整性逐项作出承诺",
}
QUESTIONS: Mapping[str, str] = {
    "authority": "执法主体与人员资格",
    "procedure": "执法程序",
    "facts": "事实与证据",
    "law": "法律适用与裁量基准",
    "powers": "法定权限",
    "documents": "执法文书",
    "crime": "是否涉嫌犯罪",
}
ANSWER_PROBLEMS: Mapping[str, str] = {
    "missing": "没有回答",
    "unknown": "不是七项审核内容之一",
    "no_answer": "须回答“是”“否”或“不适用”",
    "no_references": "须至少引用一项案内材料",
    "bad_reference": "引用的内容不在本案中",
    "against": "的回答不利于该决定，不能出具同意意见",
}
BARRED: Mapping[str, str] = {
    "involved": "您办理过本案（承办、取证、拟稿或送审），须由其他审核人员审核",
    "unqualified": "名册中没有您今日有效的审核资格，请管理员登记法律职业资格",
}


def _refusals(error: review.GateShut) -> Facts:
    return {"why": "；".join(REFUSALS[each] for each in error.refusals)}


def _settled(error: review.DecisionSettled) -> Facts:
    return {"why": SETTLED[error.state]}


def _review_settled(error: review.ReviewSettled) -> Facts:
    return {"why": REVIEW_SETTLED[error.state]}


def _about_decision(error: review.DecisionUnusable) -> Facts:
    return {"why": UNUSABLE[error.problem]}


def _about_sitting(error: review.CommitteeUnusable) -> Facts:
    return {"why": SITTING[error.problem]}


def _about_transfer(error: review.TransferUnusable) -> Facts:
    return {"why": TRANSFER[error.problem]}


def _about_answer(error: review.AnswersUnusable) -> Facts:
    return {"why": ANSWER_PROBLEMS[error.problem], "question": QUESTIONS.get(error.question, error.question)}


def _barred(error: review.ReviewerBarred) -> Facts:
    return {"why": BARRED[error.why]}


PROBLEMS: Problems = {
    review.GateShut: Problem(409, "gate", "不能办理：{why}", facts=_refusals),
    review.PassForged: Problem(409, "pass-forged", "该审核意见不是本档案签发的，未作任何更改；请立即联系审计人员"),
    review.DecisionSettled: Problem(409, "decision-settled", "不能这样办理该决定：{why}", facts=_settled),
    review.ReviewSettled: Problem(409, "review-settled", "不能这样办理：{why}", facts=_review_settled),
    review.DecisionUnusable: Problem(422, "decision", "{why}", facts=_about_decision),
    review.CommitteeUnusable: Problem(422, "committee", "{why}", facts=_about_sitting),
    review.TransferUnusable: Problem(422, "transfer", "{why}", facts=_about_transfer),
    review.AnswersUnusable: Problem(422, "review-answers", "“{question}”{why}", facts=_about_answer),
    review.ReviewerBarred: Problem(403, "reviewer-barred", "{why}", facts=_barred),
}
