"""What somebody entered, whatever it was entered for: texts, words, spans, places, names already taken."""

from __future__ import annotations

from api.http.problems.problem import Problem, Problems
from casework import errors as casework

PROBLEMS: Problems = {
    casework.OwnAccount: Problem(403, "own-account", "不能更改本人的角色或账号，须由另一名管理员办理"),
    casework.TextUnusable: Problem(422, "text", "“{field}”无法使用（{problem}），请更正后重新提交"),
    casework.WordUnknown: Problem(422, "word", "“{field}”的值 {found} 不在可选范围内：{known}"),
    casework.Taken: Problem(409, "taken", "“{field}” {value} 已被使用，请查找原有记录或另选"),
    casework.SpanUnusable: Problem(422, "span", "时间段无法使用（{problem}）"),
    casework.PlaceUnusable: Problem(
        422,
        "place",
        "地点 {latitude}, {longitude} 无法使用：{problem}。须为 WGS-84 经纬度（度）；"
        "国内地图的坐标（GCJ-02）有数百米偏差，须先换算",
    ),
}
