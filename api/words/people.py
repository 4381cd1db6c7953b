"""Words of persons: what they are, and what their certificates are worth."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

ROLES: Mapping[str, str] = {
    "officer": mark("执法人员"),
    "supervisor": mark("主管"),
    "legal_reviewer": mark("法制审核人员"),
    "publisher": mark("公示人员"),
    "auditor": mark("审计人员"),
    "administrator": mark("管理员"),
}
POSTS: Mapping[str, str] = {"chief": mark("单位负责人"), "head_of_legal": mark("法制机构负责人")}
HANDLER_PROBLEMS: Mapping[str, str] = {
    "left": mark("已离任"),
    "uncertified_then": mark("建立案件当日没有有效的执法证"),
    "uncertified_in_act": mark("参加执法行为当日没有有效的执法证"),
    "uncertified_now": mark("执法证已失效或尚未登记"),
}
CERTIFICATE_STATES: Mapping[str, str] = {
    "valid": mark("有效"),
    "soon": mark("即将到期"),
    "expired": mark("已过期"),
    "coming": mark("尚未生效"),
    "voided": mark("已作废"),
}
