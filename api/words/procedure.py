"""Words of acts and their recordings: what is needed, what is there, what is missing."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

RECORDING_NEEDS: Mapping[str, str] = {
    "none": mark("不要求音像记录"),
    "some": mark("根据实际情况音像记录"),
    "whole": mark("全程音像记录"),
}
VERDICTS: Mapping[str, str] = {
    "incomplete": mark("记录有缺口"),
    "doubtful": mark("记录存疑"),
    "complete_with_explanations": mark("缺口已说明"),
    "complete": mark("记录完整"),
}
STRETCH_STATES: Mapping[str, str] = {"covered": mark("有记录"), "doubtful": mark("存疑"), "missing": mark("无记录")}
STRETCH_SAID: Mapping[str, str] = {
    "none": mark("没有说明"),
    "pending": mark("已说明，待主管确认："),
    "confirmed": mark("说明已确认："),
    "reason": mark("执法人员书面理由："),
}
EXPLANATION_STATES: Mapping[str, str] = {
    "pending": mark("待确认"),
    "confirmed": mark("已确认"),
    "refused": mark("未予确认"),
    "withdrawn": mark("已撤回"),
}
FORBIDS: Mapping[str, str] = {
    "under_way": mark("尚未结束，请登记结束时间"),
    "missing": mark("有时段没有记录，且没有经确认的说明"),
    "short": mark("全部可能的记录加起来也不够长，且没有经确认的说明"),
    "doubtful": mark("有时段因时钟误差或文件损坏存疑，且没有经确认的说明"),
    "duties": mark("没有登记应当出示的证件或应当作出的告知"),
    "unserved": mark("没有证明，不算送达：请登记送达并指明照片或录像"),
}
DUTIES: Mapping[str, str] = {
    "identity_shown": mark("出示执法证件"),
    "notice_given": mark("告知事由、依据、权利义务"),
}
