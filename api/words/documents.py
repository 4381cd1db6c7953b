"""Documents in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

DOCUMENT_STATES: Mapping[str, str] = {
    "draft": mark("草稿"),
    "final": mark("已定稿"),
    "sealed": mark("已盖章"),
    "withdrawn": mark("已作废"),
}
SIGNING_ROLES: Mapping[str, str] = {
    "officer": mark("承办人员"),
    "approver": mark("审批人"),
    "reviewer": mark("法制审核人"),
    "party": mark("当事人"),
    "witness": mark("见证人"),
}
SIGNING_OUTCOMES: Mapping[str, str] = {"signed": mark("已签名"), "refused": mark("拒绝签名")}
