"""An officer enters what happened and sees until when; a supervisor sees what is due, and takes back what was wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from playwright.sync_api import Browser

from casework.deadlines.calendar import Calendar
from integrity.local_time import chinese_day
from tests.journeys.browsing import desk_of
from tests.journeys.conftest import running_archive
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
PEOPLE = {"zhoujie": ("officer", "周洁"), "helei": ("supervisor", "何磊")}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningArchive]:
    """Of its own: one of its cases is dated back, which whoever verified the shared one would find."""
    with running_archive(tmp_path_factory.mktemp("dated-back")) as archive:
        yield archive


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    return archive.people("第八执法大队", "JC-08", PEOPLE)


def be_of_before(archive: RunningArchive, case: str) -> None:
    """As if the case had been opened before decisions had rows: one of sixty days ago nobody can issue today."""
    with psycopg.connect(archive.admin("database")["owner"]) as connection:
        connection.execute(
            "UPDATE \"case\" SET opened_at = opened_at - interval '1 year' WHERE id = %s", (case.rpartition("/")[2],)
        )


def test_what_is_due_is_entered_done_and_taken_back(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str]
) -> None:
    today = chinese_day(datetime.now(UTC))
    long_ago = today - timedelta(days=60)
    with desk_of(browser, archive.url, "zhoujie", passwords["zhoujie"]) as officer:
        page = officer.open("/cases")
        page.get_by_text("建立案件").click()
        page.get_by_label("案号").first.fill("江综执罚〔2026〕第8号")
        page.get_by_label("案由").first.fill("占道经营")
        officer.submit("建立")
        case = page.url.removeprefix(archive.url)
        be_of_before(archive, case)

        def enter(kind: str, day: str) -> None:
            page.locator("summary", has_text="登记起算事项").click()
            page.locator("#event-kind").select_option(kind)
            page.locator("#event-day").fill(day)
            page.get_by_role("button", name="登记事项", exact=True).click()

        enter("evidence_registered", (today + timedelta(days=1)).isoformat())
        page.get_by_text("晚于今天：请在发生以后再登记").wait_for()
        page.locator("#event-day").fill(long_ago.isoformat())
        officer.submit("登记事项")
        with page.expect_navigation():
            enter("penalty_decided", long_ago.isoformat())
        shown = page.locator("#deadlines").inner_text()
        assert shown.count("已逾期") == 3
        assert "行政处罚法 第六十一条" in shown
        # Nobody is served by a mark on a list: how it was done is entered first.
        page.locator("tr", has_text="送达处罚决定书").get_by_role("link", name="去登记送达").click()
        page.locator("#service").get_by_role("link", name="公告送达").click()
        page.locator("#service-at").fill(f"{long_ago.isoformat()}T10:00:00")
        page.locator("#service-number").fill("江综执罚决〔2026〕7号")
        page.locator("#service-addressee").fill("张某")
        page.locator("#service-carrier").fill("本局公告栏和门户网站")
        page.locator("#service-ground").fill("当事人下落不明，邮寄退回")
        officer.submit("登记送达")
        assert "已送达" in page.locator("#service").inner_text()
        page.locator("tr", has_text="送达处罚决定书").locator("summary", has_text="登记办结").click()
        page.locator("tr", has_text="送达处罚决定书").get_by_label("办理日期").fill(long_ago.isoformat())
        with page.expect_navigation():
            page.locator("tr", has_text="送达处罚决定书").get_by_role("button", name="登记办结").click()
        assert "已办结" in page.locator("tr", has_text="送达处罚决定书").inner_text()
        officer.complaints[:] = [each for each in officer.complaints if "422" not in each]

    with desk_of(browser, archive.url, "helei", passwords["helei"]) as supervisor:
        page = supervisor.open("/deadlines")
        assert "本单位有 2 项期限已逾期。" in page.locator("main").inner_text()
        assert page.locator("tbody tr").count() == 2
        page.get_by_role("link", name="对登记保存的证据作出处理决定").click()
        event = page.locator("tbody.event", has_text="先行登记保存证据")
        event.locator("summary", has_text="撤回事项").click()
        event.get_by_label("理由").fill("系另案证据")
        with page.expect_navigation():
            event.get_by_role("button", name="撤回事项").click()
        assert "系另案证据" in page.locator("#deadlines").inner_text()
        page = supervisor.open("/deadlines?overdue=1&shown=1")
        assert page.locator("tbody tr").count() == 1
        page.locator("tbody a").first.click()
        assert page.url.removeprefix(archive.url).startswith(case)


def test_a_year_that_becomes_known_turns_an_estimate_into_a_due_day(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    # The first year that nobody has announced: a hearing in it has an estimate alone, until somebody loads the year.
    year = next(year for year in range(2026, 2100) if not Calendar().is_announced(year))
    with desk_of(browser, archive.url, "zhoujie", passwords["zhoujie"]) as officer:
        page = officer.open("/cases")
        page.get_by_role("link", name="江综执罚〔2026〕第8号").click()
        page.locator("summary", has_text="登记起算事项").click()
        page.locator("#event-kind").select_option("hearing_held")
        page.locator("#event-day").fill(f"{year}-06-16")
        officer.submit("登记事项")
        row = page.locator("tr", has_text="通知听证的时间、地点")
        assert f"{year} 年放假安排未公布" in row.inner_text()
        file = tmp_path_factory.mktemp("calendar") / "year.yaml"
        file.write_text(f"year: {year}\nsource: 样例\ndays_off: []\nmakeup_days: []\n")
        assert archive.admin("calendar", "load", str(file))["year"] == year
        page.reload()
        assert "未公布" not in row.locator("td").nth(1).inner_text().split("历次计算")[0]
        row.locator("summary", has_text="历次计算（2）").click()
        assert "因放假安排变化重新计算" in row.inner_text()
