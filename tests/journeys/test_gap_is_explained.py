"""An officer explains why nothing was recorded of a seizure; a superior confirms, and closes the case."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.journeys.browsing import desk_of
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
PEOPLE = {
    "luli": ("officer", "陆力", "--badge", "000701"),
    "qianwei": ("officer", "钱伟", "--badge", "000702"),
    "wumei": ("supervisor", "吴梅"),
}


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    return archive.people("第七执法大队", "JC-07", PEOPLE)


def test_a_gap_is_explained_confirmed_and_the_case_closed(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str]
) -> None:
    with desk_of(browser, archive.url, "luli", passwords["luli"]) as officer:
        page = officer.open("/cases")
        page.get_by_text("建立案件").click()
        page.get_by_label("案号").first.fill("江综执强〔2026〕第7号")
        page.get_by_label("案由").first.fill("违法建设")
        officer.submit("建立")
        case = page.url.removeprefix(archive.url)
        page.locator("summary", has_text="登记执法行为").click()
        page.locator("#act-kind").select_option("seizure")
        page.locator("#act-from").fill("2026-03-09T09:00:00")
        page.locator("#act-to").fill("2026-03-09T09:40:00")
        page.locator("#act-officer_id").select_option(label="000701 陆力")
        page.get_by_role("button", name="登记", exact=True).click()
        page.get_by_text("法律要求两名执法人员").wait_for()
        page.locator("#act-second_officer_id").select_option(label="000702 钱伟")
        officer.submit("登记")
        acts = page.locator("#acts")
        assert "查封、扣押财产 记录有缺口" in acts.inner_text()
        assert "40:00" in acts.inner_text()
        assert "暂不能结案" in page.locator("main").inner_text()
        page.locator("summary", has_text="说明此时段").click()
        page.get_by_label("没有记录的原因").fill("两台设备电池均已耗尽")
        officer.submit("提交说明")
        assert "已说明，待主管确认： 陆力" in acts.inner_text()
        # A refusal that the program expected: the browser says 422 of it, and nothing else went wrong.
        officer.complaints[:] = [each for each in officer.complaints if "422" not in each]

    with desk_of(browser, archive.url, "wumei", passwords["wumei"]) as supervisor:
        page = supervisor.open(case)
        assert page.get_by_role("button", name="结案").count() == 0
        supervisor.submit("确认属实")
        acts = page.locator("#acts").inner_text()
        assert "缺口已说明" in acts
        assert "说明已确认： 陆力（吴梅 确认）" in acts
        page.locator("summary", has_text="结案").click()
        page.locator("#close-reason").fill("当事人自行拆除")
        supervisor.submit("结案")
        assert "已结案" in page.locator("main").inner_text()
        assert page.get_by_text("说明此时段").count() == 0
