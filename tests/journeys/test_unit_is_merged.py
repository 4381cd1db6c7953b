"""The Monday after a merger in real Chromium: a station and a case go on, and pages say what became of the unit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from integrity.local_time import chinese_day
from tests.journeys.browsing import desk_of
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
ENDED, SUCCESSOR = "MG-01", "MG-02"
FORMER = {"mgwang": ("officer", "王并", "--badge", "100123")}
THEIRS = {
    "mgli": ("supervisor", "李承"),
    "mgchen": ("administrator", "陈管"),
}


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    return archive.people("合并前中队", ENDED, FORMER) | archive.people("承接大队", SUCCESSOR, THEIRS)


def dock(archive: RunningArchive, token: Path, folder: Path, content: bytes) -> None:
    """A photograph, or what calls itself one: taken whatever it holds."""
    folder.mkdir()
    (folder / "AB00001_100123_20260309090000.JPG").write_bytes(content)
    state = str(folder.with_suffix(".state"))
    words = ("--station-token-file", str(token), "--url", archive.url, "--state", state, "--wipe")
    archive.run("dock", str(folder), *words)
    assert list(folder.iterdir()) == []


def test_a_unit_is_merged_and_its_work_goes_on(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], tmp_path: Path
) -> None:
    token = archive.enrol("合并前采集站", "--unit", ENDED)
    dock(archive, token, tmp_path / "before", b"before")
    with desk_of(browser, archive.url, "mgwang", passwords["mgwang"]) as former:
        former.open("/cases").get_by_text("建立案件").click()
        former.page.get_by_label("案号").first.fill("并前〔2026〕第1号")
        former.page.get_by_label("案由").first.fill("占道经营")
        former.submit("建立")
        case = former.page.url.removeprefix(archive.url)

        today = chinese_day(datetime.now(UTC)).isoformat()
        said = archive.admin(
            "unit", "merge", ENDED, "--into", SUCCESSOR, "--on", today, "--ground", "江机编〔2026〕8号"
        )
        assert (said["people"], said["stations"], said["open_cases"]) == (["mgwang"], ["合并前采集站"], 1)
        assert former.page.goto(archive.url + case) is not None
        assert former.page.get_by_label("用户名").count() == 1, "whoever was signed in signs in again"

    dock(archive, token, tmp_path / "after", b"after")
    with desk_of(browser, archive.url, "mgli", passwords["mgli"]) as theirs:
        assert "并前〔2026〕第1号" in theirs.open("/cases").locator("main").inner_text()
        assert "占道经营" in theirs.open(case).locator("main").inner_text()
        assert theirs.open("/recordings").get_by_text("AB00001_100123_20260309090000.JPG").count() == 2

    with desk_of(browser, archive.url, "mgwang", passwords["mgwang"]) as former:
        assert "占道经营" in former.open(case).locator("main").inner_text()

    with desk_of(browser, archive.url, "mgchen", passwords["mgchen"]) as administrator:
        page = administrator.open("/admin")
        text = page.locator("main").inner_text()
        assert "已并入承接大队" in text
        assert "江机编〔2026〕8号" in text
        assert "合并前中队" not in page.locator("#unit-parent").inner_text()
        assert "合并前中队" not in page.locator("#person-unit").inner_text()
        assert "合并前中队" not in administrator.open("/stations").locator("#station-unit").inner_text()
        administrator.open("/admin").screenshot(path=tmp_path / "merged.png", full_page=True)
