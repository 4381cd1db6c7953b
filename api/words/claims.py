"""Words for what a file says of itself: which claim, by whose word, and what is to be said against it."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark
from ingest.metadata.clock import Z_IS_OFTEN_LOCAL, ZONE_SUPPOSED
from ingest.metadata.file_name import HALF_OF_THE_DAY, NO_IDENTITY
from ingest.metadata.location import HALF_MISSING, OTHER_DATUM
from ingest.metadata.places import CONTRADICTED_PLACE
from ingest.metadata.points import STALE_FIX, TOO_COARSE
from ingest.metadata.times import (
    AFTER_RECEIPT,
    AT_THE_END,
    CONTRADICTED,
    LAST_FIX,
    LONG_BEFORE_RECEIPT,
    LOOKS_RESET,
    MAY_BE_LOCAL,
    OFF_AGAINST_GPS,
    ROLLED_OVER,
    Z_WAS_LOCAL,
)
from ingest.sealing.best_claims import NOT_JUDGED
from integrity.local_time import CHINA

CLAIM_KINDS: Mapping[str, str] = {
    "device": mark("执法记录仪"),
    "officer": mark("执法人员"),
    "started_at": mark("开始时间"),
    "clock": mark("设备时钟"),
    "location": mark("位置"),
    "gps_time": mark("卫星时间"),
    "track": mark("位置轨迹"),
    "withheld": mark("未采信"),
    "best_start": mark("开始时间（最佳估计）"),
    "best_place": mark("位置（最佳估计）"),
    "sequence": mark("文件编号"),
    "mark": mark("证据标记"),
    "act": mark("执法行为"),
    "group": mark("同一次接入的文件组"),
    "filename": mark("文件名"),
    "damage": mark("损坏情况"),
    "contents": mark("内容与时长"),
}
CLAIM_SOURCES: Mapping[str, str] = {
    "station": mark("采集工作站所报"),
    "name": mark("文件名"),
    "tag": mark("文件内的标签"),
    "exif": mark("照片元数据（EXIF）"),
    "track": mark("位置轨迹"),
    "sidecar": mark("旁附的轨迹文件"),
    "receipt": mark("收到时间"),
    "probe": mark("本系统的检查"),
}
CLOCK_ROLES: Mapping[str, str] = {
    "gps": mark("卫星"),
    "station": mark("采集工作站"),
    "name": mark("文件名"),
    "device": mark("设备时钟"),
    "receipt": mark("收到时间"),
}
SEGMENT_BASES: Mapping[str, str] = {**CLOCK_ROLES, "number": mark("文件名中的编号")}
CLOCK_NOTES: Mapping[str, str] = {
    AFTER_RECEIPT: mark("晚于收到时间，不采信"),
    Z_WAS_LOCAL: mark("写作世界时，实为当地时间"),
    MAY_BE_LOCAL: mark("写作世界时，也可能是当地时间"),
    LOOKS_RESET: mark("设备时钟可能曾被重置"),
    LONG_BEFORE_RECEIPT: mark("比收到时间早一年以上，设备时钟可能有误"),
    CONTRADICTED: mark("各时钟互相矛盾"),
    AT_THE_END: mark("写于录制结束时，已减去时长"),
    LAST_FIX: mark("最后一次定位的时间"),
    OFF_AGAINST_GPS: mark("与卫星时间不符"),
    ROLLED_OVER: mark("接收机周数翻转（1024 周），日期不可信"),
    NOT_JUDGED: mark("各种说法未能判断"),
}
REFUSED_CLAIMS: Mapping[str, str] = {
    "no_fix": mark("接收机未定位"),
    "zero_zero_is_no_fix": mark("0°, 0° 表示没有定位"),
    "out_of_range": mark("超出经纬度范围"),
    "implausible_altitude": mark("海拔不可能"),
    "poor_precision": mark("定位精度过差"),
    "jump": mark("移动速度不可能"),
    "too_many_points": mark("点数过多"),
    "not_read_to_the_end": mark("轨迹过长，未能读到末尾"),
    "not_understood": mark("无法识别"),
    "not_statable": mark("含有无法保存的字符"),
    "clock_never_set": mark("设备时钟未设置"),
    "no_such_time": mark("没有这样的时间"),
    NO_IDENTITY: mark("文件名开头不是设备编号"),
    HALF_OF_THE_DAY: mark("无法判断上午还是下午"),
    TOO_COARSE: mark("经纬度只写到度、分或十分之一度，过于粗略"),
    STALE_FIX: mark("拍摄时定位已过时"),
    CONTRADICTED_PLACE: mark("文件内有几处互相矛盾的位置"),
    OTHER_DATUM: mark("坐标系不是 WGS 84"),
    HALF_MISSING: mark("未写明南北纬或东西经"),
    AFTER_RECEIPT: CLOCK_NOTES[AFTER_RECEIPT],
    ROLLED_OVER: CLOCK_NOTES[ROLLED_OVER],
}
TRACK_SOURCES: Mapping[str, str] = {
    "gpmf": mark("GoPro 遥测"),
    "camm": mark("相机运动元数据"),
    "text_track": mark("字幕轨"),
    "novatek": mark("联咏芯片的定位块"),
    "blackvue": mark("行车记录仪日志"),
    "ts_novatek": mark("TS 私有流的定位块"),
    "ts_nmea": mark("TS 私有流中的 NMEA"),
    "nmea": mark("NMEA 日志"),
    "gpx": mark("GPX 日志"),
    "srt": mark("字幕文件"),
}
CONFIDENCES: Mapping[str, str] = {
    "stated": mark("明确写明"),
    "assumed": mark("部分推定"),
    "doubtful": mark("存疑"),
}
CLAIM_NOTES: Mapping[str, str] = {
    Z_IS_OFTEN_LOCAL: mark("写作世界时，但许多设备在此写的是当地时间"),
    ZONE_SUPPOSED.format(zone=str(CHINA)): mark("未写时区，按北京时间推定"),
    **CLOCK_NOTES,
}
