"""What a party is told before a penalty, and what he says to it."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from casework.notices import errors as notices

NOTICE_PROBLEMS: Mapping[str, str] = {
    "not_penalty": "只有行政处罚须事先告知，所选的不是处罚",
    "not_draft": "该决定已作出或已撤回，只能就拟作出的决定告知",
    "not_here": "所选文书不属于本案，请从列表中选择",
    "not_final": "所选文书尚未定稿或已作废，请先定稿",
    "other_kind": "所选文书不是该种告知书，请另选",
    "other_party": "告知书的当事人与拟作出的决定不一致，请更正其一",
    "other_content": "告知书“拟作出的处罚”与拟作出的决定的内容不一致（须逐字相同），请更正其一",
    "other_amount": "告知书的金额与拟作出的决定不一致，请更正其一",
    "not_simple": "只有简易程序可以当场口头告知，请制作并送达告知书",
    "without_zone": "时间没有时区，请补充（如 +08:00）",
    "not_today": "当场告知应在当日、告知之后登记",
    "not_officer": "告知人须是本案承办人员",
}
REPLY_PROBLEMS: Mapping[str, str] = {
    "without_zone": "时间没有时区，请补充（如 +08:00）",
    "in_the_future": "时间晚于现在：请在当事人表示之后再登记",
    "not_given": "其时该告知尚未送达或作出：请先登记送达，或更正时间",
    "other_notice": "该意见不是对这份告知的，请另选告知",
    "no_content": "没有写明陈述、申辩的内容",
    "no_proof": "放弃权利、撤回要求须有当事人签名的文书或录音录像，请选择",
    "other_document": "所选文书不是本案已定稿、当事人在告知之后签名的文书（告知书、送达回证本身的签名只证明收到）",
    "not_in_case": "所指的记录没有归入本案，请先归入",
    "recorded_before": "所选记录在告知送达（或作出）之前摄制，不能证明当事人其后放弃了什么：请另选其后的记录，"
    "或当事人签名的文书；如其时钟有误，请先在该记录中更正时间",
    "not_statement": "只有陈述、申辩须复核；听证要求只在其登记被撤回后须核实",
    "was_withdrawn": "该登记已撤回：只能核实其是否确属误登",
    "not_withdrawn": "该陈述、申辩的登记未撤回：请选择采纳、部分采纳或不予采纳",
    "same_person": "撤回当事人意见登记的人不得自己核实，请由其他人员核实",
}
SETTLED: Mapping[str, str] = {
    "told": "该文书此前已登记为告知",
    "withdrawn": "此前已经撤回",
    "answered": "已有复核意见；如需更改，请先撤回",
}


def _about_notice(error: notices.NoticeUnusable) -> Facts:
    return {"why": NOTICE_PROBLEMS[error.problem]}


def _about_reply(error: notices.ReplyUnusable) -> Facts:
    return {"why": REPLY_PROBLEMS[error.problem]}


def _settled(error: notices.NoticeSettled) -> Facts:
    return {"why": SETTLED[error.state]}


PROBLEMS: Problems = {
    notices.NoticeUnusable: Problem(422, "notice", "{why}", facts=_about_notice),
    notices.ReplyUnusable: Problem(422, "reply", "{why}", facts=_about_reply),
    notices.NoticeSettled: Problem(409, "notice-settled", "{why}", facts=_settled),
}
