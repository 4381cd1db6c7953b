"""The page of search: what was asked for, the first of each kind or one kind page by page, and why each was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from api.http.sessions import language_of
from api.i18n import mark
from api.pages.visit import Visit
from api.shown import parse_local
from casework.errors import TextUnusable
from casework.permission import MAY
from casework.register.reading import OFFICER_ROLES
from casework.search.found import KINDS, Asked, Found, search
from casework.search.words import Words
from retention.paging import Page
from storage.catalog.documents import DocumentTemplate

FIRST, ROWS = 5, 50
TITLES: Mapping[str, str] = {
    "cases": mark("案件"),
    "documents": mark("文书"),
    "people": mark("人员"),
    "places": mark("地点"),
    "recordings": mark("记录"),
}
FIELDS: Mapping[str, str] = {
    "number": mark("案号"),
    "title": mark("案由"),
    "document_number": mark("文书编号"),
    "text": mark("文书内容"),
    "name": mark("姓名"),
    "badge_number": mark("编号"),
    "place": mark("地点"),
    "original_name": mark("文件名"),
    "device": mark("设备"),
    "officer": mark("执法人员"),
}
TIMES: Mapping[str, str] = {
    "cases": mark("建立时间"),
    "documents": mark("起草时间"),
    "places": mark("开始时间"),
    "recordings": mark("封存完成"),
}
"""What each kind's time is of, which `from` and `to` narrow. People are of no time."""
WORDS: Mapping[str, str] = {"cases": "case_kind", "people": "role", "recordings": "media_state"}


@dataclass(frozen=True)
class Group:
    """One kind: `more` leads to the rest of it, where there is more; `time` is empty where it has none."""

    kind: str
    title: str
    time: str
    rows: tuple[Found, ...]
    more: str | None


def build_search(visit: Visit) -> Mapping[str, Any]:
    kind = visit.asked("kind") if visit.asked("kind") in KINDS else ""
    problems: list[str] = []
    asked = _asked(visit, problems)
    groups = () if asked is None else _groups(visit, asked, kind)
    documents = document_titles(visit) if any(group.kind == "documents" for group in groups) else {}
    return {
        "groups": groups,
        "kind": kind,
        "kinds": [(each, visit.translate(TITLES[each])) for each in KINDS],
        "q": visit.asked("q"),
        "from_time": visit.asked("from"),
        "to_time": visit.asked("to"),
        "problems": problems,
        "searched": asked is not None,
        "address_of": lambda found: address_of(found, visit.person.role),
        "field_name": lambda field: visit.translate(FIELDS[field]),
        "sort_of": lambda found: sort_of(visit, found, documents),
        "name_of": lambda found: name_of(found, documents),
    }


def sort_of(visit: Visit, found: Found, documents: Mapping[str, str]) -> str:
    """Which sort of its kind it is, in words."""
    if found.kind == "documents":
        return documents.get(found.word, found.word)
    return visit.translate("执法行为") if found.kind == "places" else visit.word(WORDS[found.kind], found.word)


def name_of(found: Found, documents: Mapping[str, str]) -> str:
    """Its title; of a document that bears no number what sort of document it is: its case stands below."""
    unnumbered = found.kind == "documents" and found.case is not None and found.title == found.case.title
    return documents.get(found.word, found.title) if unnumbered else found.title


def document_titles(visit: Visit) -> dict[str, str]:
    """By kind, as the latest template of it names it."""
    english = language_of(visit.request) == "en"
    rows = visit.session.scalars(select(DocumentTemplate).order_by(DocumentTemplate.version))
    return {row.kind: row.title_en if english else row.title_zh for row in rows}


def address_of(found: Found, role: str) -> str | None:
    """The page where it is shown: a place on its case's, an officer in the register where the role has it."""
    if found.kind == "places" and found.case is not None:
        return f"/cases/{found.case.id}"
    if found.kind == "people":
        listed = role in MAY["list_devices"] and found.word in OFFICER_ROLES
        return "/officers?" + urlencode({"find": found.title}) if listed else None
    return f"/{found.kind}/{found.id}"


def _asked(visit: Visit, problems: list[str]) -> Asked | None:
    """None where nothing can be searched for: `problems` says why."""
    if not visit.asked("q"):
        return None
    times = [_moment(visit, name, problems) for name in ("from", "to")]
    try:
        return Asked(Words.parse(visit.asked("q")), *times)
    except TextUnusable:
        problems.append(visit.translate("请输入检索词：每词至少两个字，最多八个词，共不超过 200 字。"))
        return None


def _moment(visit: Visit, name: str, problems: list[str]) -> datetime | None:
    text = visit.asked(name)
    moment = parse_local(text) if text else None
    if text and moment is None:
        problems.append(visit.translate("时间“{text}”无法识别，未按此筛选。").format(text=text))
    return moment


def _groups(visit: Visit, asked: Asked, kind: str) -> tuple[Group, ...]:
    if kind:
        page = search(visit.session, visit.person, kind, asked, visit.after, ROWS)
        return (_group(visit, kind, page, visit.next_page(page.next)),)
    pages = {each: search(visit.session, visit.person, each, asked, limit=FIRST) for each in KINDS}
    return tuple(
        _group(visit, each, page, visit.with_query(kind=each, after=None) if page.next else None)
        for each, page in pages.items()
        if page.items
    )


def _group(visit: Visit, kind: str, page: Page[Found], more: str | None) -> Group:
    time = TIMES.get(kind)
    return Group(kind, visit.translate(TITLES[kind]), visit.translate(time) if time else "", page.items, more)
