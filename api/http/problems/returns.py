"""Returns to superiors: what cannot be drawn up, checked or sent."""

from __future__ import annotations

from collections.abc import Mapping

from api.http.problems.problem import Facts, Problem, Problems
from casework.returns import errors as returns

SETTLED: Mapping[str, str] = {
    "checked": "已审核，无须再审",
    "set_aside": "已退回，请重新编制",
    "sent": "已报送，如需更正请另编更正稿",
    "not_checked": "尚未审核，请先由他人审核",
    "later": "已有更正稿，请报送更正稿",
    "sent_there": "已向该单位报送",
}
SENDING_PROBLEMS: Mapping[str, str] = {
    "recipient": "不是该报表的报送对象，请从制度列明的单位中选择",
    "in_the_future": "晚于今天，请在报送以后再登记",
    "before_checked": "早于审核之日，请核对报送日期",
}
UNSOUND: Mapping[str, str] = {
    "rule": "其制度文件没有这种报表",
    "period": "其起止日期不是制度规定的报告期",
    "figures": "其数字无法读取",
}
RECEIPT_PROBLEMS: Mapping[str, str] = {
    "empty": "是空文件，请另选",
    "too_large": "超过 4 MiB，请缩小后提交",
    "type": "不是 PNG、JPEG 或 PDF，请提交图片或 PDF",
    "too_many": "超出数量：一次报送最多五份回执",
}


def _going_on(error: returns.PeriodGoesOn) -> Facts:
    if error.over:
        return {"why": f"{error.period} 结束以后（或单位撤并以后）账本还没有检查点，请稍候再试"}
    return {"why": f"{error.period} 尚未结束，请在期满以后编制"}


def _wanted(error: returns.ReasonWanted) -> Facts:
    if error.wanted:
        return {"why": "此前已编制过该报表，请写明重新编制的理由"}
    return {"why": "这是该报表的第一稿，无须写明理由"}


def _settled(error: returns.ReturnSettled) -> Facts:
    return {"why": SETTLED[error.problem]}


def _sending(error: returns.SendingUnusable) -> Facts:
    return {"problem": SENDING_PROBLEMS[error.problem]}


def _unsound(error: returns.ReturnUnsound) -> Facts:
    return {"why": UNSOUND[error.problem]}


def _receipt(error: returns.ReceiptUnusable) -> Facts:
    return {"problem": RECEIPT_PROBLEMS[error.problem]}


PROBLEMS: Problems = {
    returns.PeriodUnusable: Problem(
        422, "return-period", "“{period}”不是报告期；请写作 2026（年）、2026-H1（半年）、2026-Q1（季）或 2026-01（月）"
    ),
    returns.NotOwed: Problem(422, "return-not-owed", "本单位没有 {period} 的该项报表；请从列表中选择"),
    returns.PeriodGoesOn: Problem(409, "return-period-goes-on", "{why}", facts=_going_on),
    returns.DrawnUpAlready: Problem(409, "return-drawn-up", "该报表已编制，待审核或报送；如有错误请先退回"),
    returns.ReasonWanted: Problem(422, "return-reason", "{why}", facts=_wanted),
    returns.OwnReturn: Problem(403, "own-return", "该报表由您编制，须由本单位其他人员审核"),
    returns.ReturnSettled: Problem(409, "return-settled", "该报表{why}", facts=_settled),
    returns.SendingUnusable: Problem(422, "return-sending", "{value} {problem}", facts=_sending),
    returns.ReturnUnsound: Problem(
        409,
        "return-unsound",
        "报表 {return_id} 不是本系统编制的样子：{why}；请系统管理员运行 liuhen verify 查明",
        facts=_unsound,
    ),
    returns.ReceiptUnusable: Problem(422, "return-receipt", "文件“{name}”{problem}", facts=_receipt),
}
