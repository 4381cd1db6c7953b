"""An officer enters an assignment, corrects it, and takes it back; each stays to be read, with why."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.journeys.browsing import desk_of
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
PEOPLE = {"luyao": ("officer", "陆瑶")}


def test_an_assignment_is_corrected_and_then_withdrawn(archive: RunningArchive, browser: Browser) -> None:
    passwords = archive.people("第五十一执法大队", "JC-51", PEOPLE)
    with desk_of(browser, archive.url, "luyao", passwords["luyao"]) as officer:
        page = officer.open("/cases")
        page.get_by_text("建立案件").click()
        page.get_by_label("案号").first.fill("江综执罚〔2026〕第51号")
        page.get_by_label("案由").first.fill("占道经营")
        officer.submit("建立")
        page.locator("summary", has_text="增加指派").click()
        page.locator("#assign-officer").fill("000123")
        page.locator("#assign-latitude").fill("32.0612")
        page.locator("#assign-longitude").fill("118.7632")
        officer.submit("增加指派")
        rows = page.locator("[id^=assignment-]")
        rows.first.locator("summary", has_text="更正").click()
        correction = rows.first.locator("form", has_text="更正")
        assert correction.get_by_label("现场纬度（可不填）").input_value() == "32.061200"
        correction.get_by_label("执法人员编号").fill("000132")
        correction.get_by_label("理由").fill("编号录错")
        officer.submit("更正")
        shown = sorted(rows.all_inner_texts(), key=lambda each: "已更正" in each)
        assert "000132" in shown[0]
        assert "32.061200, 118.763200" in shown[0]
        assert "000123" in shown[1]
        assert "陆瑶" in shown[1]
        assert "编号录错" in shown[1]
        standing = rows.filter(has_text="000132")
        standing.locator("summary", has_text="撤回").click()
        standing.locator("form", has_text="撤回").get_by_label("理由").fill("不是本案")
        officer.submit("撤回")
        assert "已撤回" in standing.inner_text()
        assert "不是本案" in standing.inner_text()
        assert page.locator("summary", has_text="更正").count() == 0
