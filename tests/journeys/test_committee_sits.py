"""The unit does not share an opinion: there is an adviser, the committee sits, and what it agreed to is issued."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from storage.catalog.review import QUESTIONS
from tests.journeys.browsing import desk_of
from tests.journeys.running import RunningArchive
from tests.journeys.telling import tell_all
from tests.journeys.test_reviewer_day import draft

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
PEOPLE = {
    "luowei": ("officer", "罗威", "--badge", "002201"),
    "caojun": ("officer", "曹俊", "--badge", "002202"),
    "tangli": ("supervisor", "唐丽"),
    "moke": ("legal_reviewer", "莫可"),
    "weiyi": ("supervisor", "委员一"),
    "weier": ("supervisor", "委员二"),
    "weisan": ("supervisor", "委员三"),
}
NUMBER = "江综罚〔2026〕第22号"


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    passwords = archive.people("第二十三执法大队", "JC-23", PEOPLE)
    for name, number in (("luowei", "ZF0901"), ("caojun", "ZF0902")):
        archive.admin("officer", "certify", name, number, "--from", "2024-01-01")
    archive.admin("reviewer", "qualify", "moke", "A2018500113", "--from", "2018-09-01")
    return passwords


def answer(page: Page, **given: str) -> None:
    for question in QUESTIONS:
        usual = "no" if question == "crime" else "yes"
        page.locator(f"#answer-{question}").select_option(given.get(question, usual))
        page.locator(f"#references-{question}").select_option(index=0)


def test_a_disagreement_is_settled(archive: RunningArchive, browser: Browser, passwords: dict[str, str]) -> None:
    with desk_of(browser, archive.url, "luowei", passwords["luowei"]) as officer:
        page = officer.open("/cases")
        page.get_by_text("建立案件").click()
        page.get_by_label("案号").first.fill(NUMBER)
        page.get_by_label("案由").first.fill("违法建设")
        page.locator("#procedure").select_option("ordinary_penalty")
        officer.submit("建立")
        case = page.url.removeprefix(archive.url)
        for name in ("002201 罗威", "002202 曹俊"):
            if not page.locator("#handler").is_visible():
                page.locator("summary", has_text="指定承办人员").click()
            page.locator("#handler").select_option(label=name)
            officer.submit("指定承办人员")
        page.on("dialog", lambda dialog: dialog.accept())
        officer.submit("进入下一环节：调查取证")
        officer.submit("进入下一环节：审核决定")
        draft(page)
        officer.submit("拟定决定")
        for name in ("材料真实", "材料准确", "材料完整"):
            page.get_by_label(name).check()
        officer.submit("送法制审核")

    with desk_of(browser, archive.url, "moke", passwords["moke"]) as reviewer:
        page = reviewer.page
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("link", name=NUMBER).click()
        page.locator("#opinion-form").wait_for()
        answer(page, law="no")
        page.locator("#opinion").select_option("problems")
        page.locator("#statement").fill("裁量过重")
        reviewer.submit("出具审核意见")
        reviewer.open("/advisers")
        page.locator("#kind").select_option("counsel")
        page.locator("#name").fill("周律师")
        page.locator("#office").fill("重庆某律师事务所")
        reviewer.submit("登记顾问")
        assert "在册" in page.locator("main").inner_text()

    with desk_of(browser, archive.url, "luowei", passwords["luowei"]) as officer:
        page = officer.open(case)
        page.on("dialog", lambda dialog: dialog.accept())
        page.locator("summary", has_text="不同意该意见").click()
        page.get_by_label("异议理由").fill("裁量符合基准")
        officer.submit("提出异议，请委员会审议")
        assert "待法制审核委员会审议。" in page.locator("#decisions").inner_text()

    with desk_of(browser, archive.url, "moke", passwords["moke"]) as reviewer:
        page = reviewer.page
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("link", name=NUMBER).click()
        page.locator("#sitting-form").wait_for()
        page.locator("#held-at").fill(page.evaluate("new Date(Date.now()+8*3600e3).toISOString().slice(0,19)"))
        page.locator("#place").fill("局三楼会议室")
        chosen = [
            each.get_attribute("value")
            for each in page.locator("#members option").all()
            if (each.inner_text()).startswith("委员")
        ]
        page.locator("#members").select_option(chosen)
        page.locator("#presided-by").select_option(chosen[0])
        page.locator("#votes_for").fill("2")
        page.locator("#votes_against").fill("1")
        page.get_by_label("周律师").first.fill("建议维持原裁量")
        page.locator("#minutes").fill("经审议，多数委员认为裁量适当")
        answer(page)
        page.locator("#statement").fill("同意原拟决定")
        reviewer.submit("登记会议")
        page.wait_for_url("**/reviews")
        assert "待委员会审议" not in page.locator("main").inner_text()

    tell_all(archive, "JC-23", case, "罗威", word="江乙", hearing=True)
    with desk_of(browser, archive.url, "tangli", passwords["tangli"]) as supervisor:
        page = supervisor.open(case)
        page.on("dialog", lambda dialog: dialog.accept())
        decisions = page.locator("#decisions").inner_text()
        for words in ("审核通过", "同意 2 票，反对 1 票，弃权 0 票", "建议维持原裁量"):
            assert words in decisions
        supervisor.submit("作出决定")
        assert "已作出" in page.locator("#decisions").inner_text()
        assert "没有待办结的移送。" in supervisor.open("/transfers").locator("main").inner_text()
