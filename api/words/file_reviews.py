"""Words of reviews of case files."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

FILE_REVIEW_STATES: Mapping[str, str] = {
    "announced": mark("已公告，待抽取"),
    "drawn": mark("评查中"),
    "ended": mark("已结束"),
}
FINDING_OUTCOMES: Mapping[str, str] = {"rectified": mark("已整改"), "unfounded": mark("不成立")}
