"""Where each role's work is: the page it lands on, and the links it is shown, grouped by the work they belong to.

A group is one word in the first line of each page; the links of the group that the page belongs to stand in a second
line. They are plain links: nothing opens or closes, and no script is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.i18n import mark
from casework.permission import MAY
from storage.catalog.organisation import ROLES


@dataclass(frozen=True)
class Link:
    """`roles`: those that the page lets in, by the same line of MAY that the page asks; `also`: where else the same
    work goes on, by what begins the address."""

    path: str
    title: str
    roles: tuple[str, ...]
    also: tuple[str, ...] = ()

    def covers(self, path: str) -> int:
        """The length of what the address begins with, 0 where it is none of the link's."""
        begins = (each for each in (self.path, *self.also) if path == each or path.startswith(f"{each}/"))
        return max(map(len, begins), default=0)


@dataclass(frozen=True)
class Group:
    """Links that belong to one kind of work, the first being the one that its title leads to."""

    title: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Shown:
    """What a page shows of it: the groups of a role, and of these the one that the page belongs to with its link."""

    groups: tuple[Group, ...] = ()
    group: Group | None = None
    link: Link | None = None

    @property
    def beside(self) -> Sequence[Link]:
        """The second line: none where it would say no more than the first."""
        return self.group.links if self.group is not None and len(self.group.links) > 1 else ()


GROUPS = (
    Group(
        mark("当班"),
        (
            Link("/shift", mark("本班"), MAY["confirm_explanations"]),
            Link("/today", mark("今天"), MAY["explain_gaps"]),
            Link("/queue", mark("待补正"), MAY["answer_elements"]),
            Link("/gaps", mark("记录缺口"), MAY["explain_gaps"]),
            Link("/link-questions", mark("待关联案件"), MAY["link_recordings"]),
            Link("/deadlines", mark("期限"), MAY["work_on_cases"]),
        ),
    ),
    Group(
        mark("法制审核"),
        (
            Link("/reviews", mark("待审核"), MAY["review_decisions"], also=("/committee",)),
            Link("/advisers", mark("法律顾问"), MAY["keep_advisers"]),
        ),
    ),
    Group(
        mark("审计"),
        (
            Link("/audit", mark("账本与核查"), MAY["verify_the_archive"]),
            Link("/oversight", mark("调阅监督"), MAY["oversee_retrieval"]),
            Link("/oversight/sample", mark("随机复核"), MAY["oversee_retrieval"]),
        ),
    ),
    Group(mark("管理"), (Link("/admin", mark("管理"), MAY["change_the_organisation"]),)),
    Group(
        mark("案件"),
        (
            Link("/cases", mark("全部案件"), ROLES, also=("/documents", "/dossiers")),
            Link("/transfers", mark("移送司法"), MAY["see_transfers"]),
            Link("/file-reviews", mark("案卷评查"), MAY["see_file_reviews"]),
            Link("/rooms", mark("办案场所"), MAY["list_rooms"]),
        ),
    ),
    Group(
        mark("记录"),
        (
            Link("/recordings", mark("全部记录"), ROLES),
            Link("/requests", mark("调阅"), MAY["ask_for_access"]),
        ),
    ),
    Group(mark("检索"), (Link("/search", mark("检索"), ROLES),)),
    Group(mark("公示"), (Link("/publications", mark("公示"), MAY["see_publications"]),)),
    Group(
        mark("统计"),
        (
            Link("/statistics", mark("年度统计"), MAY["see_statistics"]),
            Link("/statistics/recordings", mark("音像记录分析"), MAY["see_statistics"]),
            Link("/returns", mark("定期报送"), MAY["see_returns"]),
        ),
    ),
    Group(
        mark("名录"),
        (
            Link("/devices", mark("设备名册"), MAY["list_devices"]),
            Link("/officers", mark("执法人员名册"), MAY["list_devices"]),
            Link("/stations", mark("工作站名单"), MAY["list_stations"]),
        ),
    ),
)
LANDING = {
    "officer": "/today",
    "supervisor": "/shift",
    "legal_reviewer": "/reviews",
    "publisher": "/publications",
    "auditor": "/audit",
    "administrator": "/admin",
}


def groups_for(role: str) -> tuple[Group, ...]:
    """Those in which the role has any link, with these alone; its own work comes first."""
    own = (Group(group.title, tuple(link for link in group.links if role in link.roles)) for group in GROUPS)
    shown = [group for group in own if group.links]
    return tuple(sorted(shown, key=lambda group: not any(link.path == landing_of(role) for link in group.links)))


def shown_at(path: str, role: str) -> Shown:
    """The navigation of a page. One that no link covers belongs to no group."""
    groups = groups_for(role)
    covering = [(group, link) for group in groups for link in group.links if link.covers(path)]
    # Of /statistics and /statistics/recordings the longer one says more.
    group, link = max(covering, key=lambda pair: pair[1].covers(path), default=(None, None))
    return Shown(groups, group, link)


def landing_of(role: str) -> str:
    return LANDING.get(role, "/recordings")
