"""Words of returns to superiors."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

RETURN_STATES: Mapping[str, str] = {
    "going_on": mark("期间未满"),
    "open": mark("待报送"),
    "soon": mark("即将到期"),
    "due_today": mark("今日到期"),
    "overdue": mark("逾期未报"),
    "sent": mark("按时报送"),
    "sent_late": mark("迟报"),
}
RETURN_STEPS: Mapping[str, str] = {
    "none": mark("尚未编制"),
    "drawn_up": mark("待审核"),
    "checked": mark("已审核，待报送"),
    "set_aside": mark("已退回"),
    "partly_sent": mark("部分报送"),
    "sent": mark("已报送"),
}
