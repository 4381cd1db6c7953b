"""A citizen's fine: duties are named; it is collected masked, looked at by two, published, and taken down again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.browsing import Desk, desk_of, profile
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(400)]
PEOPLE = {
    "luojing": ("administrator", "罗静"),
    "dengkai": ("officer", "邓凯", "--badge", "002201"),
    "maxin": ("officer", "马欣", "--badge", "002202"),
    "tangyi": ("supervisor", "唐毅"),
    "yuli": ("supervisor", "于丽"),
    "songhe": ("publisher", "宋荷"),
}
DUTIES = {"邓凯": ("collect", "transmit"), "唐毅": ("review",), "于丽": ("review",), "宋荷": ("publish",)}


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    passwords = archive.people("第二十二执法大队", "JC-22", PEOPLE)
    for name, number in (("dengkai", "ZF2201"), ("maxin", "ZF2202")):
        archive.admin("officer", "certify", name, number, "--from", "2024-01-01")
    return passwords


def name_duties(desk: Desk) -> None:
    for person, duties in DUTIES.items():
        for duty in duties:
            page = desk.open("/admin")
            row = page.locator("tr", has_text=person)
            row.locator("summary").click()
            row.get_by_label("公示职责", exact=True).select_option(duty)
            with page.expect_navigation():
                row.get_by_role("button", name="指定公示职责").click()


def decide(desk: Desk) -> None:
    """A small fine on the spot, drafted and issued by the officer."""
    page = desk.open("/cases")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_text("建立案件").click()
    page.get_by_label("案号").first.fill("江综执罚〔2026〕第22号")
    page.get_by_label("案由").first.fill("占道经营")
    page.locator("#procedure").select_option("simple_penalty")
    desk.submit("建立")
    for name in ("002201 邓凯", "002202 马欣"):
        if not page.locator("#handler").is_visible():
            page.locator("summary", has_text="指定承办人员").click()
        page.locator("#handler").select_option(label=name)
        desk.submit("指定承办人员")
    desk.submit("进入下一环节：审核决定")
    page.locator("summary", has_text="拟定决定").click()
    page.locator("#draft-measures").select_option(["fine"])
    page.locator("#draft-amount").fill("50")
    page.locator("#draft-party").fill("张三丰")
    page.locator("#draft-party-kind").select_option("citizen")
    page.locator("#draft-content").fill("对张三丰（身份证500105199001011234）罚款五十元")
    desk.submit("拟定决定")
    tell_on_the_spot(desk)
    desk.submit("作出决定")


def tell_on_the_spot(desk: Desk) -> None:
    """What is missing before the decision is said, and goes: told, and heard."""
    notices = desk.page.locator("#notices")
    assert "尚未告知当事人拟作出的处罚" in notices.inner_text()
    notices.locator("summary", has_text="登记当场告知").click()
    notices.get_by_label("地点").fill("观音桥步行街")
    desk.submit("登记当场告知")
    assert "当场尚未听取当事人的陈述、申辩" in notices.inner_text()
    notices.locator("summary", has_text="登记当事人的意见").click()
    notices.get_by_label("当事人表示").select_option("statement_waived")
    desk.submit("登记当事人的意见")
    assert "告知已完备" in notices.inner_text()


def read_as_the_public(browser: Browser, url: str, said: str, gone: str) -> None:
    """Whoever has no account looks for it, and reads what there is."""
    with profile(browser) as context:
        desk = Desk(context, url)
        page = desk.open("/portal?q=张某某")
        assert ("罚款五十元" in shown(page)) == (said == "罚款五十元")
        assert "张三丰" not in page.content()
        link = page.get_by_role("link", name="张某某")
        if link.count():
            link.click()
            page.get_by_text("公示历史").wait_for()
            assert said in shown(page)
        assert gone not in shown(page)
        assert desk.complaints == []


def shown(page: Page) -> str:
    return page.locator("main").inner_text()


def test_a_citizens_fine_from_the_decision_to_the_public_and_back(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str]
) -> None:
    with desk_of(browser, archive.url, "luojing", passwords["luojing"]) as administrator:
        name_duties(administrator)

    with desk_of(browser, archive.url, "dengkai", passwords["dengkai"]) as officer:
        decide(officer)
        page = officer.page
        case = page.url.removeprefix(archive.url)
        part = page.locator("#publication")
        part.locator("summary", has_text="采集公示信息").click()
        assert part.get_by_label("执法对象").input_value() == "张某某"
        conclusion = part.get_by_label("执法结论")
        assert conclusion.input_value() == "对张某某（身份证******************）罚款五十元"
        conclusion.fill("对张三丰罚款五十元")
        part.get_by_role("button", name="采集", exact=True).click()
        part.get_by_text("“执法结论”中仍有不应公开的内容（自然人姓名“张三丰”）").wait_for()
        conclusion.fill("罚款五十元")
        with page.expect_navigation():
            part.get_by_role("button", name="采集", exact=True).click()
        publication = page.url.removeprefix(archive.url)
        assert "已采集，待传递" in shown(page)
        officer.submit("传递给审核人")
        officer.complaints[:] = [each for each in officer.complaints if "422" not in each]

    for name, said in (("tangyi", "涉及自然人，您通过后还须第二人复核"), ("yuli", "您是第二审核人")):
        with desk_of(browser, archive.url, name, passwords[name]) as reviewer:
            page = reviewer.open("/publications")
            assert "等您办理" in shown(page)
            page.get_by_role("link", name="江综执罚〔2026〕第22号").first.click()
            page.locator("#step-title").wait_for()
            assert said in shown(page)
            reviewer.submit("审核通过")

    with desk_of(browser, archive.url, "songhe", passwords["songhe"]) as publisher:
        page = publisher.page
        assert page.url.endswith("/publications")
        assert "还剩 7 个工作日" in shown(page)
        page = publisher.open(publication)
        page.on("dialog", lambda dialog: dialog.accept())
        publisher.submit("发布")
        read_as_the_public(browser, archive.url, "罚款五十元", "已撤下")
        assert "须在“政府或部门门户网站”发布。" in shown(page)
        page.locator("summary", has_text="登记渠道发布").click()
        page.locator("#place").fill("https://www.example.gov.cn/gs/22.html")
        publisher.submit("登记渠道发布")
        assert "没有待办的公示。" in shown(publisher.open("/publications"))

    with desk_of(browser, archive.url, "tangyi", passwords["tangyi"]) as supervisor:
        page = supervisor.open(case)
        page.locator("summary", has_text="登记起算事项").click()
        page.locator("#event-kind").select_option("decision_revoked")
        supervisor.submit("登记事项")

    with desk_of(browser, archive.url, "songhe", passwords["songhe"]) as publisher:
        page = publisher.page
        assert "撤回已公开的处罚决定信息" in shown(page)
        page = publisher.open(publication)
        page.on("dialog", lambda dialog: dialog.accept())
        page.locator("summary", has_text="从公示页面撤下").click()
        page.locator("#down-ground").select_option("revoked")
        page.locator("#down-reason").fill("复议机关决定撤销")
        publisher.submit("撤下")
        page.wait_for_timeout(2500)  # longer than answers of the portal are kept
        read_as_the_public(browser, archive.url, "没有符合条件的公示信息", "罚款五十元")
        assert "须从其他渠道撤下或更新" in shown(publisher.open("/publications"))
        page = publisher.open(publication)
        page.locator("summary", has_text="凭证与撤下").click()
        page.get_by_label("撤下情况").fill("已从网站删除")
        publisher.submit("登记已从该渠道撤下")
        assert "已撤下" in shown(page)
        assert "没有待办的公示。" in shown(publisher.open("/publications"))
