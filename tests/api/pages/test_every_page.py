"""Every page for every role, in both languages: it renders, says nothing unescaped, and needs nothing from outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from api.pages.navigation import LANDING, groups_for
from casework.requests import ask
from storage.catalog.organisation import ROLES

ASKING = ("officer", "supervisor", "legal_reviewer", "auditor")
"""Who asks to see footage follows what became of it: the auditor too, whom the law lets oversee and not look."""
REGISTRARS = ("supervisor", "auditor", "administrator")
ALLOWED = {
    "/today": ("officer", "supervisor"),
    "/shift": ("supervisor",),
    "/shift?on=2026-03-09": ("supervisor",),
    "/shift?on=nonsense": ("supervisor",),
    "/recordings": ROLES,
    "/recordings?view=table&mine=1": ROLES,
    "/recordings?device=AB00001&officer=000123&state=intact&from=2026-03-09T00:00&to=2026-03-10T00:00": ROLES,
    "/recordings/{film}": ROLES,
    "/recordings/{hostile}": ROLES,
    "/recordings/{ambiguous}": ROLES,
    "/cases": ROLES,
    "/cases?find=%25&closed=1": ROLES,
    "/cases/{case}": ROLES,
    "/cases/{case}/dossiers": ("supervisor", "legal_reviewer", "publisher", "auditor"),
    "/search": ROLES,
    "/search?q=%25%5C": ROLES,
    "/search?q=AB00001&from=2026-03-09T00:00&to=nonsense": ROLES,
    "/search?q=%3Cscript&kind=recordings": ROLES,
    "/requests": ASKING,
    "/queue": ("officer", "supervisor"),
    "/queue?mine=1&answered=2&left=1": ("officer", "supervisor"),
    "/gaps": ("officer", "supervisor"),
    "/gaps?all=1": ("officer", "supervisor"),
    "/gaps?on=nonsense&mine=1": ("officer", "supervisor"),
    "/deadlines": ("officer", "supervisor"),
    "/deadlines?shown=1&overdue=1": ("officer", "supervisor"),
    "/reviews": ("legal_reviewer",),
    "/oversight": ("auditor",),
    "/oversight/sample": ("auditor",),
    "/oversight/sample?month=nonsense": ("auditor",),
    "/statistics": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "/statistics/recordings": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "/statistics?year=2025": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "/statistics?year=%27&size=x": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "/returns": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "/returns?year=2025": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "/returns?year=%27": ("supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
    "/file-reviews": ("supervisor", "legal_reviewer", "auditor", "administrator"),
    "/file-reviews?after=": ("supervisor", "legal_reviewer", "auditor", "administrator"),
    "/advisers": ("legal_reviewer",),
    "/transfers": ("supervisor", "legal_reviewer"),
    "/publications": ROLES,
    "/publications?overdue=1": ROLES,
    "/publications?q=%25&all=1": ROLES,
    "/link-questions": ("officer", "supervisor"),
    "/rooms": ("officer", "supervisor", "auditor", "administrator"),
    "/rooms?closed=1": ("officer", "supervisor", "auditor", "administrator"),
    "/devices": REGISTRARS,
    "/devices?where=out&find=AB": REGISTRARS,
    "/devices?where=retired": REGISTRARS,
    "/devices/{device}": REGISTRARS,
    "/officers": REGISTRARS,
    "/officers?running_out=1&find=0": REGISTRARS,
    "/stations": ("auditor", "administrator"),
    "/audit": ("auditor",),
    "/audit?action=recording.sealed": ("auditor",),
    "/admin": ("administrator",),
}
_EXTERNAL = re.compile(r"(?:https?:)?//(?!127\.0\.0\.1)[a-z0-9]", re.IGNORECASE)


class Page(HTMLParser):
    """What a browser would find: tags with their attributes, and the ids that labels and buttons refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def path_of(district: Any, path: str) -> str:
    ids = {name: getattr(district, name).id for name in ("film", "hostile", "ambiguous", "case", "device")}
    return path.format(**ids)


def check_markup(text: str) -> None:
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids)), [name for name in ids if ids.count(name) > 1]
    for _, attributes in page.tags:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes), attributes
        for name in ("src", "href", "poster", "action", "data-action"):
            assert not _EXTERNAL.match(attributes.get(name, "")), attributes
            assert not attributes.get(name, "").startswith(("javascript:", "data:"))
        for name in ("for", "aria-labelledby", "data-copy", "data-player", "data-result", "list"):
            assert name not in attributes or attributes[name] in ids, (name, attributes)
    assert [script.get("src") for script in page.of("script")] == ["/static/js/actions.js", "/static/js/liuhen.js"]
    for form in page.of("form"):
        assert form["method"] == "post" if "data-action" in form else "action" in form, form
    assert not page.of("style", "iframe", "svg")
    labelled = {label["for"] for label in page.of("label") if "for" in label}
    for field in page.of("input", "select", "textarea"):
        if field.get("type") not in ("hidden", "radio", "checkbox") and "name" in field:
            assert field.get("id") in labelled, field
    assert len(page.of("h1")) == len(page.of("main")) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_page_renders_for_those_it_is_for_and_is_refused_to_the_others(district: Any, language: str) -> None:
    for path, allowed in ALLOWED.items():
        for role in ROLES:
            answer = district.page(role, path_of(district, path), language)
            assert answer.status_code == (200 if role in allowed else 403), (path, role, answer.text[-2000:])
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["cache-control"] == "no-store"
            assert f'<html lang="{"en" if language == "en" else "zh-CN"}">' in answer.text
            check_markup(answer.text)


def test_what_an_uploader_or_asker_wrote_is_shown_as_text(district: Any, grant_to: Any) -> None:
    grant_to("supervisor")
    shown = [
        district.page("supervisor", path_of(district, path)).text
        for path in ("/recordings", "/recordings?view=table", "/recordings/{hostile}", "/cases/{case}", "/requests")
    ] + [
        district.page("officer", "/link-questions").text,
        district.page("supervisor", "/queue").text,
        district.page("auditor", "/audit").text,
    ]
    shown += [district.page("administrator", path).text for path in ("/devices", "/officers", "/stations")]
    for text in shown:
        check_markup(text)
        for markup in ("<script>alert", "<img src=x", "<svg onload", "<iframe"):
            assert markup not in text
    everything = "".join(shown)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in everything
    assert "&lt;svg onload=alert(3)&gt;" in everything
    assert "&lt;iframe src=javascript:alert(4)&gt;" in everything
    assert "{{ 7 * 7 }}" in everything


def test_words_in_the_address_are_shown_as_text(district: Any) -> None:
    for path in ("/recordings?device={0}&digest={0}&case={0}&from={0}", "/cases?find={0}", "/sign-in?next={0}"):
        answer = district.page("supervisor", path.format("%22%3E%3Cscript%3Ealert(9)%3C/script%3E"))
        assert "<script>alert(9)" not in answer.text
    answer = district.served.caller().get("/first-administrator?code=%22%3E%3Cscript%3Ealert(9)%3C/script%3E")
    assert "<script>alert(9)" not in answer.text
    check_markup(answer.text)


def test_the_strict_policy_is_on_every_page_and_file(district: Any) -> None:
    for path in ("/recordings", "/sign-in", "/static/js/liuhen.js", "/static/css/liuhen.css", "/static/mark.svg"):
        policy = district.served.caller().get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_each_role_lands_on_its_own_work(district: Any) -> None:
    for role in ROLES:
        answer = district.page(role, "/")
        assert (answer.status_code, answer.headers["location"]) == (303, LANDING[role])
        assert district.page(role, LANDING[role]).status_code == 200


def test_no_link_offered_to_a_role_is_refused_to_it(district: Any) -> None:
    """Also where somebody waits for an answer to what he asked."""
    with district.served.database.transaction() as session:
        for role in ASKING:
            ask(session, district.people[role].person, case_id=district.case.id, kind="view", purpose="核对现场经过")
    film = path_of(district, "/recordings/{film}")
    assert "查看我的申请" in district.page("auditor", film).text
    for role in ROLES:
        for path in ("/recordings", film):
            for link in Page(district.page(role, path).text).of("a"):
                target = link["href"]
                if not target.startswith(("/language/", "#")):
                    assert district.page(role, target).status_code in (200, 303), (role, path, target)


def navigation(district: Any, role: str, path: str) -> list[dict[str, str]]:
    """The links of both lines, in their order."""
    header, _, _ = district.page(role, path).text.partition("</header>")
    return Page("".join(re.findall(r"<nav.*?</nav>", header, re.DOTALL))).of("a")


def test_from_where_a_role_lands_each_of_its_pages_is_at_most_two_links_away(district: Any) -> None:
    for role in ROLES:
        first = {link["href"] for link in navigation(district, role, LANDING[role])}
        found = first | {link["href"] for path in first for link in navigation(district, role, path)}
        assert found == {path for path, allowed in ALLOWED.items() if role in allowed and not {"?", "{"} & set(path)}


def test_each_line_says_once_where_a_page_belongs(district: Any) -> None:
    for role in ROLES:
        for group in groups_for(role):
            for each in group.links:
                current = [link["href"] for link in navigation(district, role, each.path) if "aria-current" in link]
                alone = len(group.links) == 1
                assert current == ([each.path] if alone else [group.links[0].path, each.path]), (role, each.path)
    for path, line in (("/recordings/{film}", ["/recordings", "/recordings"]), ("/devices/{device}", ["/devices"] * 2)):
        current = [
            link for link in navigation(district, "supervisor", path_of(district, path)) if "aria-current" in link
        ]
        assert [link["href"] for link in current] == line


def test_nobody_is_offered_more_kinds_of_work_than_stand_in_a_line() -> None:
    """Beside name and language, on a screen 1366 wide."""
    for role in ROLES:
        assert len(groups_for(role)) <= 7
        assert max(len(group.links) for group in groups_for(role)) <= 6
