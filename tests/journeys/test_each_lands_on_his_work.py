"""An officer questions somebody in a room and lands on what that lacks; his supervisor decides where he landed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from integrity.local_time import CHINA
from tests.journeys.browsing import desk_of
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
PEOPLE = {
    "yuanzhi": ("administrator", "袁志"),
    "fanjun": ("officer", "范军", "--badge", "001401"),
    "baixue": ("officer", "白雪", "--badge", "001402"),
    "pengtao": ("supervisor", "彭涛"),
}


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    made = archive.people("第十四执法大队", "JC-14", PEOPLE)
    archive.admin("device", "add", "ROOM1401", "--unit", "JC-14")
    return made


def test_a_room_is_used_and_what_is_missing_is_settled_where_each_lands(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str]
) -> None:
    now = datetime.now(UTC).astimezone(CHINA)
    began = now - timedelta(minutes=2)
    with desk_of(browser, archive.url, "yuanzhi", passwords["yuanzhi"]) as administrator:
        page = administrator.open("/rooms")
        page.locator("#room-name").fill("一号询问室")
        page.locator("#room-from").fill(f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}")
        administrator.submit("登记办案场所")
        assert "没有固定设备" in page.locator("main").inner_text()
        page.get_by_placeholder("设备编号").fill("ROOM1401")
        page.get_by_label("自（不填为现在）").fill(f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}")
        administrator.submit("装入")
        assert "ROOM1401" in page.locator("main").inner_text()

    with desk_of(browser, archive.url, "fanjun", passwords["fanjun"]) as officer:
        page = officer.page
        assert page.url.endswith("/today")
        assert "没有等您处理的事项" in page.locator("main").inner_text()
        page = officer.open("/cases")
        page.get_by_text("建立案件").click()
        page.get_by_label("案号").first.fill("江综执罚〔2026〕第14号")
        page.get_by_label("案由").first.fill("占道经营")
        officer.submit("建立")
        page = officer.open("/rooms")
        page.get_by_label("开始").fill(f"{began:%Y-%m-%dT%H:%M:%S}")
        page.get_by_label("第二名执法人员").select_option(label="001402 白雪")
        officer.submit("登记使用")
        assert "没有归入案件的使用" in page.locator("main").inner_text()
        page.get_by_label("结束", exact=True).fill(f"{began + timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}")
        officer.submit("登记使用结束")
        page = officer.open("/today")
        assert "一号询问室" in page.locator("main").inner_text()
        page = officer.open("/rooms")
        caseless = page.locator("section", has_text="没有归入案件的使用")
        caseless.locator("summary", has_text="归入案件").click()
        caseless.get_by_label("案件").select_option(label="江综执罚〔2026〕第14号 占道经营")
        with page.expect_navigation():
            caseless.get_by_role("button", name="归入案件").click()
        page = officer.open("/today")
        shown = page.locator("#acts-today").inner_text()
        assert "询问（询问室）" in shown
        assert "缺登记" in shown
        page.locator("#acts-today").get_by_role("link", name="询问（询问室）").click()
        act = page.locator("article.act")
        assert "以其 1 台固定设备的记录为准" in act.inner_text()
        act.locator("summary", has_text="说明此时段").click()
        act.get_by_label("没有记录的原因").fill("设备硬盘故障，已报修")
        officer.submit("提交说明")

    with desk_of(browser, archive.url, "pengtao", passwords["pengtao"]) as supervisor:
        page = supervisor.page
        assert page.url.endswith("/shift")
        assert "设备硬盘故障，已报修" in page.locator("#decide").inner_text()
        assert "询问（询问室）" in page.locator("#acts").inner_text()
        recorded = page.locator("section", has_text="谁记录了多少").inner_text()
        assert "范军" in recorded
        assert "没有记录" in recorded
        page.locator("#decide summary", has_text="不予确认").click()
        page.locator("#decide").get_by_label("理由").fill("请附报修单")
        with page.expect_navigation():
            page.locator("#decide").get_by_role("button", name="不予确认").click()
        assert "没有等您确认的说明" in page.locator("#decide").inner_text()

    with desk_of(browser, archive.url, "fanjun", passwords["fanjun"]) as officer:
        returned = officer.page.locator("#returned").inner_text()
        assert "请附报修单" in returned
