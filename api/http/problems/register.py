"""The registers: devices, officers, certificates, units, rooms and their sessions, and tables that fill them."""

from __future__ import annotations

from typing import Any

from api.http.problems.problem import Facts, Problem, Problems
from api.http.problems.words import in_chinese
from casework.register import errors as register
from casework.rooms import errors as rooms


def _column(error: Any) -> Facts:
    """A column of a table goes by several headings, the Chinese one first."""
    return {"column": error.columns[0]}


def _candidates(error: register.OfficerAmbiguous) -> Facts:
    return {"candidates": "、".join(error.candidates)}


def _until_when(error: rooms.RoomInSession) -> Facts:
    return {"until": "起正在使用" if error.ends_at is None else f"至 {in_chinese(error.ends_at)} 正被使用"}


PROBLEMS: Problems = {
    register.DeviceUnknown: Problem(404, "device-unknown", "没有编号为 {code} 的设备；请核对编号，或先登记该设备"),
    register.DeviceAmbiguous: Problem(409, "device-ambiguous", "多个单位有编号为 {code} 的设备；请指明单位"),
    register.DeviceRetired: Problem(409, "device-retired", "设备 {code} 已于 {retired_at} 停用；请另选设备"),
    register.DeviceIsOut: Problem(409, "device-is-out", "设备 {code} 自 {issued_from} 起在 {holder} 处；请先办理交还"),
    register.DeviceWasOut: Problem(
        409,
        "device-was-out",
        "设备 {code} 在 {issued_from} 至 {returned_at} 由 {holder} 使用；请改用其他时间，或先将该次配发作废",
    ),
    register.AlreadyReturned: Problem(409, "already-returned", "设备 {code} 已于 {returned_at} 交还，无需再办"),
    register.AlreadyVoided: Problem(409, "already-voided", "已于 {voided_at} 作废，无需再办"),
    register.OfficerUnknown: Problem(
        404, "officer-unknown", "没有编号、用户名或姓名为 {text} 的在用人员；请核对，并注意前导零是否丢失"
    ),
    register.OfficerAmbiguous: Problem(
        409, "officer-ambiguous", "有多名人员叫 {text}：{candidates}；请改填括号中的编号或用户名", facts=_candidates
    ),
    register.OfficerElsewhere: Problem(
        409, "officer-elsewhere", "{name} 不属于设备 {code} 所在的单位及其下级单位；请先在该单位登记设备"
    ),
    register.TimeUnusable: Problem(422, "time", "时间 {at} 无法使用：{problem}"),
    register.DaysUnusable: Problem(422, "days", "有效期自 {valid_from} 至 {last_day} 无法使用；请核对起止日期"),
    register.DayOutOfRange: Problem(
        422, "days", "日期 {day} 不在 1990 年至 2200 年之间；请核对年份，长期有效的证件请将有效期至留空"
    ),
    register.CertificateTaken: Problem(
        409, "certificate-taken", "证号 {number} 自 {valid_from} 起为 {holder} 所有；请核对证号和有效期"
    ),
    register.UnitUnknown: Problem(404, "unit-unknown", "没有代码为 {code} 的单位，请核对"),
    rooms.RoomElsewhere: Problem(
        422, "room-elsewhere", "场所“{room}”不属于设备 {code} 登记的单位及其下级单位；请另选场所或设备"
    ),
    rooms.RoomTimeUnusable: Problem(422, "time", "时间 {at} 无法使用：{problem}"),
    rooms.RoomNotYet: Problem(422, "room-not-yet", "场所“{room}”自 {in_use_from} 起启用；请核对时间或场所"),
    rooms.RoomClosed: Problem(409, "room-closed", "场所“{room}”已于 {closed_at} 停用；请另选场所，或更早的时间"),
    rooms.RoomNotEmpty: Problem(409, "room-not-empty", "场所“{room}”内还有设备 {devices}；请先办理取出"),
    rooms.RoomInSession: Problem(
        409,
        "room-in-session",
        "场所“{room}”自 {starts_at} {until}；请更正时间，或先登记该次使用结束",
        facts=_until_when,
    ),
    rooms.SessionEnded: Problem(409, "session-ended", "该次使用已于 {ended_at} 结束；如有误，请由主管撤回后重新登记"),
    rooms.SessionHasCase: Problem(409, "session-has-case", "该次使用已归入案件；如有误，请由主管撤回后重新登记"),
    rooms.SessionWithdrawn: Problem(409, "session-withdrawn", "该次使用已于 {withdrawn_at} 撤回；如确有其事请重新登记"),
    rooms.ActOfRoom: Problem(
        409, "act-of-room", "该执法行为是一次办案场所使用，请在“办案场所”登记其结束，或由主管在该处撤回后重新登记"
    ),
    register.TableUnreadable: Problem(422, "table", "文件无法使用：{problem}"),
    register.ColumnMissing: Problem(422, "table", "缺少列“{column}”：首行须为各列的名称", facts=_column),
    register.RowRepeated: Problem(422, "table", "设备 {code} 在第 {first_line} 行和第 {line} 行各出现一次，请只留一行"),
    register.CellMissing: Problem(422, "table", "“{column}”为空，请填写", facts=_column),
    register.CellUnusable: Problem(422, "table", "“{column}”的内容“{text}”{problem}", facts=_column),
}
