"""Somebody refuses a document; it is left, and counts as served by the photograph of it alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from playwright.sync_api import Browser, Page

from tests.journeys.browsing import Desk, desk_of
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
PEOPLE = {
    "dingqi": ("officer", "丁琪", "--badge", "003101"),
    "fengtao": ("officer", "冯涛", "--badge", "003102"),
    "yulan": ("supervisor", "余岚"),
}
PICTURE = "DX00031_003101_20260309091000.JPG"
TAKEN_AT = datetime(2026, 3, 9, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    return archive.people("第三十一执法大队", "JC-31", PEOPLE)


def photograph(path: Path) -> None:
    """The notice on the door, with time and place in EXIF."""
    local = f"{TAKEN_AT + timedelta(hours=8):%Y:%m:%d %H:%M:%S}"
    exif = Image.Exif()
    exif[Base.DateTime] = local
    exif[IFD.Exif] = {Base.DateTimeOriginal: local, Base.OffsetTimeOriginal: "+08:00"}
    exif[IFD.GPSInfo] = {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: (29.0, 34.0, 12.0),
        GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: (106.0, 31.0, 48.0),
    }
    Image.new("RGB", (800, 600), (90, 90, 90)).save(path, exif=exif)


@pytest.fixture(scope="module")
def docked(archive: RunningArchive, passwords: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A station of the unit has sealed the photograph."""
    card, state = tmp_path_factory.mktemp("card"), str(tmp_path_factory.mktemp("state"))
    photograph(card / PICTURE)
    token = archive.enrol("三十一大队采集站", "--unit", "JC-31")
    archive.run("dock", str(card), "--station-token-file", str(token), "--url", archive.url, "--state", state, "--wipe")


def enter_act(officer: Desk) -> None:
    page = officer.page
    page.locator("summary", has_text="登记执法行为").click()
    page.locator("#act-kind").select_option("service_left")
    page.locator("#act-from").fill("2026-03-09T09:00:00")
    page.locator("#act-to").fill("2026-03-09T09:30:00")
    page.locator("#act-place").fill("观音桥步行街 12 号")
    page.locator("#act-officer_id").select_option(label="003101 丁琪")
    page.locator("#act-second_officer_id").select_option(label="003102 冯涛")
    officer.submit("登记")


def put_into_the_case(officer: Desk) -> None:
    page = officer.open("/recordings")
    page.get_by_role("link", name=PICTURE).first.click()
    page.get_by_text("归入一个案件").click()
    page.locator("#link-case").select_option(index=1)
    page.locator("#link-reason").fill("送达过程")
    officer.submit("归入")


@pytest.mark.usefixtures("docked")
def test_what_is_left_is_served_by_its_photograph(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str]
) -> None:
    with desk_of(browser, archive.url, "dingqi", passwords["dingqi"]) as officer:
        page = officer.open("/cases")
        page.get_by_text("建立案件").click()
        page.get_by_label("案号").first.fill("江综执罚〔2026〕第31号")
        page.get_by_label("案由").first.fill("占道经营")
        officer.submit("建立")
        case = page.url.removeprefix(archive.url)
        put_into_the_case(officer)
        service = officer.open(case).locator("#service")
        service.get_by_role("link", name="留置送达").click()
        assert "请先登记“留置送达”这一执法行为" in service.inner_text()
        enter_act(officer)
        assert "没有证明，不算送达" in page.locator("#acts").inner_text()
        page.locator("#acts").get_by_role("link", name="去登记送达").click()
        assert page.locator("#service-place").input_value() == "观音桥步行街 12 号"
        fill(page)
        officer.submit("登记送达")
        shown = service.inner_text()
        assert "已送达" in shown
        assert "江综执罚决〔2026〕7号" in shown
        assert "留置送达" in page.locator("ol.line").inner_text()
        assert "没有证明，不算送达" not in page.locator("main").inner_text()

    with desk_of(browser, archive.url, "yulan", passwords["yulan"]) as supervisor:
        page = supervisor.open(case)
        page.locator("#service summary", has_text="撤回送达").click()
        page.locator("#service").get_by_label("理由").fill("文书号抄错")
        supervisor.submit("撤回送达")
        assert "已撤回" in page.locator("#service").inner_text()
        assert "没有证明，不算送达" in page.locator("#acts").inner_text()


def fill(page: Page) -> None:
    """What the form asks of a refusal; the photograph is the first that it offers."""
    page.locator("#service-number").fill("江综执罚决〔2026〕7号")
    page.locator("#service-addressee").fill("张某")
    page.locator("#service-at").fill("2026-03-09T09:10:00")
    page.locator("#service-ground").fill("拒绝签收，文书留置其门店")
    page.locator("#service-recording").select_option(index=1)
