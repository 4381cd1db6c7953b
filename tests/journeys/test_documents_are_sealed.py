"""An officer fills in a record of inspection and has it signed; a receipt of service is sealed, as any reader says."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from integrity.local_time import CHINA
from tests.journeys.browsing import Desk, desk_of
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
PEOPLE = {
    "tianwei": ("officer", "田伟", "--badge", "001001"),
    "zhangmin": ("officer", "张敏", "--badge", "001002"),
    "yanglin": ("supervisor", "杨琳"),
}
UNIT = "JC-10"


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    made = archive.people("第十执法大队", UNIT, PEOPLE)
    for badge, number in (("001001", "50011000001"), ("001002", "50011000002")):
        archive.admin("officer", "certify", badge, number, "--from", "2024-01-01")
    archive.admin("seal", "issuer", "--unit", UNIT, "--name", "重庆市江北区城市管理局", "--word", "江十综执")
    archive.admin("seal", "make", "--unit", UNIT, "--name", "重庆市江北区城市管理局")
    return made


def local(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def begin(page: Page, title: str) -> None:
    page.locator("summary", has_text="起草文书").click()
    page.locator("#document-kind").select_option(label=title)
    with page.expect_navigation():
        page.get_by_role("button", name="起草文书", exact=True).click()
    page.get_by_role("heading", name=title, level=1).wait_for()


def sign(desk: Desk, role: str) -> None:
    desk.page.once("dialog", lambda dialog: dialog.accept())
    with desk.page.expect_navigation():
        desk.page.get_by_role("button", name=f"签名：{role}", exact=True).click()


def state_party(desk: Desk, outcome: str, note: str = "") -> None:
    page = desk.page
    page.locator("summary", has_text="登记当事人签名或拒签").click()
    page.locator("#state-name").fill("陈强")
    page.locator("#state-outcome").select_option(label=outcome)
    page.locator("#state-note").fill(note)
    desk.submit("登记签名")


def finalise(desk: Desk) -> None:
    desk.page.once("dialog", lambda dialog: dialog.accept())
    desk.submit("定稿")


def test_a_record_is_filled_in_and_a_receipt_is_sealed(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    with desk_of(browser, archive.url, "tianwei", passwords["tianwei"]) as officer:
        page = officer.open("/cases")
        page.get_by_text("建立案件").click()
        page.get_by_label("案号").first.fill("江十综执罚〔2026〕第9号")
        page.get_by_label("案由").first.fill("占道经营")
        officer.submit("建立")
        case = page.url
        for badge in ("001001", "001002"):
            page.locator("#officers summary", has_text="指定承办人员").click()
            label = page.locator("#handler option", has_text=badge).inner_text()
            page.locator("#handler").select_option(label=label)
            officer.submit("指定承办人员")
        begin(page, "现场检查（勘验）笔录")
        assert "50011000001" in page.locator("main").inner_text()
        assert "检查地点" in page.locator(".notice", has_text="尚未填写").inner_text()
        page.locator("#fields-begun_at").fill(local(now - timedelta(hours=2)))
        page.locator("#fields-ended_at").fill(local(now - timedelta(hours=1)))
        page.locator("#fields-place").fill("观音桥步行街 12 号")
        page.locator("#fields-inspected").fill("陈强")
        page.locator("#fields-identity_shown").select_option(index=1)
        page.locator("#fields-rights_told").select_option(index=1)
        page.locator("#fields-findings").fill("现场摆放水果摊一处，占用人行道约三平方米。\n摊位上有电子秤一台。")
        officer.submit("保存")
        assert page.locator("#fields-findings").input_value().startswith("现场摆放水果摊")
        sign(officer, "承办人员")
        state_party(officer, "拒绝签名", "当事人称不识字，社区干部王芳在场见证")
        record = page.url

    with desk_of(browser, archive.url, "zhangmin", passwords["zhangmin"]) as second:
        second.page.goto(record)
        sign(second, "承办人员")
        finalise(second)
        assert "已定稿" in second.page.locator(".heading").inner_text()
        second.page.goto(case)
        begin(second.page, "送达回证")
        second.page.get_by_label("现场检查（勘验）笔录").check()
        second.page.locator("#fields-addressee").fill("陈强")
        second.page.locator("#fields-place").fill("观音桥步行街 12 号")
        second.page.locator("#fields-way").select_option(label="直接送达")
        second.page.locator("#fields-served_at").fill(local(now))
        second.submit("保存")
        assert second.page.get_by_label("现场检查（勘验）笔录").is_checked()
        sign(second, "承办人员")
        state_party(second, "已签名")
        receipt = second.page.url

    with desk_of(browser, archive.url, "tianwei", passwords["tianwei"]) as officer:
        officer.page.goto(receipt)
        sign(officer, "承办人员")
        finalise(officer)
        officer.submit("盖章")
        assert "已盖章" in officer.page.locator(".heading").inner_text()
        assert "时间戳" in officer.page.locator("main").inner_text()
        address = officer.page.get_by_role("link", name="打开文书（PDF）").get_attribute("href")
        fetched = officer.page.context.request.get(f"{archive.url}{address}")
        (tmp_path / "receipt.pdf").write_bytes(fetched.body())
        officer.page.goto(case)
        shown = officer.page.locator("#documents").inner_text()
        assert "送达回证" in shown
        assert "已盖章" in shown
        assert "文书盖章" in officer.page.locator("ol.line").inner_text()
    said = subprocess.run(["pdfsig", "-nocert", "receipt.pdf"], cwd=tmp_path, capture_output=True, text=True).stdout
    assert "Signature is Valid" in said
    assert "重庆市江北区城市管理局" in said
    words = subprocess.run(["pdftotext", "receipt.pdf", "-"], cwd=tmp_path, capture_output=True, text=True).stdout
    assert "现场检查（勘验）笔录" in "".join(words.split())
