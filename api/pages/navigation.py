"""Where each role's work is: the links it is shown, and the page it lands on."""

from __future__ import annotations

from dataclasses import dataclass

from api.i18n import mark


@dataclass(frozen=True)
class Link:
    path: str
    title: str
    roles: tuple[str, ...]


EVERYBODY = ("officer", "supervisor", "legal_reviewer", "publisher", "auditor", "administrator")
LINKS = (
    Link("/shift", mark("本班"), ("supervisor",)),
    Link("/today", mark("今天"), ("officer", "supervisor")),
    Link("/recordings", mark("记录"), EVERYBODY),
    Link("/cases", mark("案件"), EVERYBODY),
    Link("/search", mark("检索"), EVERYBODY),
    Link("/requests", mark("调阅"), ("officer", "supervisor", "legal_reviewer")),
    Link("/queue", mark("待补正"), ("officer", "supervisor")),
    Link("/gaps", mark("记录缺口"), ("officer", "supervisor")),
    Link("/deadlines", mark("期限"), ("officer", "supervisor")),
    Link("/reviews", mark("法制审核"), ("legal_reviewer",)),
    Link("/file-reviews", mark("案卷评查"), ("supervisor", "legal_reviewer", "auditor", "administrator")),
    Link("/advisers", mark("法律顾问"), ("legal_reviewer",)),
    Link("/transfers", mark("移送司法"), ("supervisor", "legal_reviewer")),
    Link("/publications", mark("公示"), EVERYBODY),
    Link("/link-questions", mark("待关联案件"), ("officer", "supervisor")),
    Link("/rooms", mark("办案场所"), ("officer", "supervisor", "auditor", "administrator")),
    Link("/devices", mark("设备名册"), ("supervisor", "auditor", "administrator")),
    Link("/officers", mark("执法人员名册"), ("supervisor", "auditor", "administrator")),
    Link("/stations", mark("工作站名单"), ("auditor", "administrator")),
    Link("/statistics", mark("统计"), ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator")),
    Link("/oversight", mark("调阅监督"), ("auditor",)),
    Link("/audit", mark("审计"), ("auditor",)),
    Link("/admin", mark("管理"), ("administrator",)),
)
LANDING = {
    "officer": "/today",
    "supervisor": "/shift",
    "legal_reviewer": "/reviews",
    "publisher": "/publications",
    "auditor": "/audit",
    "administrator": "/admin",
}


def links_for(role: str) -> tuple[Link, ...]:
    return tuple(link for link in LINKS if role in link.roles)


def landing_of(role: str) -> str:
    return LANDING.get(role, "/recordings")
