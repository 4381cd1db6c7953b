"""Words of stations, recorders and rooms."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

STATION_CONDITIONS: Mapping[str, str] = {
    "online": mark("在线"),
    "away": mark("离线"),
    "silent": mark("失联"),
    "unenrolled": mark("等待登记"),
    "revoked": mark("已吊销"),
}
STATION_CREDENTIALS: Mapping[str, str] = {
    "key": mark("自有密钥"),
    "token": mark("令牌"),
    "certificate": mark("客户端证书"),
    "none": mark("无凭证"),
}
WHEREABOUTS: Mapping[str, str] = {
    "out": mark("配发中"),
    "in": mark("在库"),
    "retired": mark("已停用"),
}
ROOM_KINDS: Mapping[str, str] = {"questioning": mark("询问室"), "hearing_room": mark("听证室")}
