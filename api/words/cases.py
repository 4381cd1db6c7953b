"""Words of cases: their kinds, procedures and stages."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

CASE_KINDS: Mapping[str, str] = {
    "inspection": mark("行政检查"),
    "coercion": mark("行政强制"),
    "penalty": mark("行政处罚"),
}
PROCEDURES: Mapping[str, str] = {
    "unstated": mark("程序未定"),
    "routine_check": mark("日常检查"),
    "random_check": mark("双随机检查"),
    "coercive_measure": mark("行政强制措施"),
    "simple_penalty": mark("简易程序"),
    "ordinary_penalty": mark("普通程序"),
    "hearing_penalty": mark("听证程序"),
}
STAGES: Mapping[str, str] = {
    "initiation": mark("启动"),
    "investigation": mark("调查取证"),
    "hearing": mark("听证"),
    "decision": mark("审核决定"),
    "execution": mark("送达执行"),
}
