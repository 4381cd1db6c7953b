"""A decision that needs a review: drafted and submitted, reviewed on the reviewer's own page, issued and executed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from storage.catalog.review import QUESTIONS
from tests.journeys.browsing import desk_of
from tests.journeys.running import RunningArchive
from tests.journeys.telling import tell_all

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
PEOPLE = {
    "hebing": ("officer", "何兵", "--badge", "002101"),
    "shenyu": ("officer", "沈宇", "--badge", "002102"),
    "xielan": ("supervisor", "谢岚"),
    "fangfa": ("legal_reviewer", "方法"),
}


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    passwords = archive.people("第二十一执法大队", "JC-21", PEOPLE)
    for name, number in (("hebing", "ZF0801"), ("shenyu", "ZF0802")):
        archive.admin("officer", "certify", name, number, "--from", "2024-01-01")
    archive.admin("reviewer", "qualify", "fangfa", "A2018500112", "--from", "2018-09-01")
    return passwords


def draft(page: Page) -> None:
    page.locator("summary", has_text="拟定决定").click()
    page.locator("#draft-measures").select_option(["fine"])
    page.locator("#draft-amount").fill("60000")
    page.locator("#draft-party").fill("重庆某建筑公司")
    page.locator("#draft-party-kind").select_option("organisation")
    page.locator("#draft-content").fill("罚款人民币六万元")


def test_a_review_day(archive: RunningArchive, browser: Browser, passwords: dict[str, str]) -> None:
    with desk_of(browser, archive.url, "hebing", passwords["hebing"]) as officer:
        page = officer.open("/cases")
        page.get_by_text("建立案件").click()
        page.get_by_label("案号").first.fill("江综罚〔2026〕第21号")
        page.get_by_label("案由").first.fill("违法建设")
        page.locator("#procedure").select_option("ordinary_penalty")
        officer.submit("建立")
        case = page.url.removeprefix(archive.url)
        for name in ("002101 何兵", "002102 沈宇"):
            if not page.locator("#handler").is_visible():
                page.locator("summary", has_text="指定承办人员").click()
            page.locator("#handler").select_option(label=name)
            officer.submit("指定承办人员")
        page.on("dialog", lambda dialog: dialog.accept())
        officer.submit("进入下一环节：调查取证")
        officer.submit("进入下一环节：审核决定")
        draft(page)
        officer.submit("拟定决定")
        decisions = page.locator("#decisions")
        assert "属于法制审核范围：" in decisions.inner_text()
        assert "对法人或者其他组织罚没 50000 元以上" in decisions.inner_text()
        assert "60,000.00 元" in decisions.inner_text()
        for name in ("材料真实", "材料准确", "材料完整"):
            page.get_by_label(name).check()
        officer.submit("送法制审核")
        assert "法制审核中" in decisions.inner_text()

    with desk_of(browser, archive.url, "xielan", passwords["xielan"]) as supervisor:
        page = supervisor.open(case)
        assert "暂不能进入“送达执行”" in page.locator("#decisions").inner_text()
        assert page.get_by_role("button", name="作出决定").count() == 0

    with desk_of(browser, archive.url, "fangfa", passwords["fangfa"]) as reviewer:
        page = reviewer.page
        assert page.url.endswith("/reviews")
        page.get_by_role("link", name="江综罚〔2026〕第21号").click()
        page.locator("#opinion-form").wait_for()
        for question in QUESTIONS:
            page.locator(f"#answer-{question}").select_option("no" if question == "crime" else "yes")
            page.locator(f"#references-{question}").select_option(index=0)
        page.locator("#opinion").select_option("agreed")
        page.locator("#statement").fill("事实清楚，证据充分，适用法律准确，同意")
        page.on("dialog", lambda dialog: dialog.accept())
        reviewer.submit("出具审核意见")
        assert "审核通过" in page.locator("main").inner_text()
        assert "没有待审核的决定。" in reviewer.open("/reviews").locator("main").inner_text()

    tell_all(archive, "JC-21", case, "何兵", word="江甲", hearing=True)
    with desk_of(browser, archive.url, "xielan", passwords["xielan"]) as supervisor:
        page = supervisor.open(case)
        page.on("dialog", lambda dialog: dialog.accept())
        supervisor.submit("作出决定")
        assert "已作出" in page.locator("#decisions").inner_text()
        assert "作出行政处罚决定" in page.locator("#deadlines").inner_text()
        supervisor.submit("进入下一环节：送达执行")
        assert "送达执行" in page.locator("[aria-current=step]").inner_text()
