"""A supervisor's day in real Chromium: a clip is docked, placed, asked for, approved by another, and watched."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from api.demo.footage import find_ffmpeg
from tests.journeys.browsing import desk_of, profile
from tests.journeys.running import RunningArchive
from tests.sampling import some_of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
CLIP = "AB00001_000123_20260309090000.MP4"
UNIT = "JC-03"
PEOPLE = {
    "liwei": ("officer", "李伟", "--badge", "000123"),
    "liuyang": ("supervisor", "刘洋"),
    "zhoumin": ("supervisor", "周敏"),
    "sunmin": ("legal_reviewer", "孙敏"),
    "zhao": ("auditor", "赵国强"),
    "chenjing": ("administrator", "陈静"),
}


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    """The unit's people by sign-in name, made by the operator, each with a random password."""
    return archive.people("第三执法大队", UNIT, PEOPLE)


def film(path: Path) -> None:
    ffmpeg = find_ffmpeg(os.environ.get("PATH", ""))
    picture, sound = "testsrc2=size=640x360:rate=25:duration=6", "sine=frequency=440:duration=6"
    command = [str(ffmpeg), "-loglevel", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    subprocess.run([*command, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)], check=True)


@pytest.fixture(scope="module")
def recording(archive: RunningArchive, passwords: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page of a clip that a station docked."""
    card = tmp_path_factory.mktemp("card")
    film(card / CLIP)
    token = archive.enrol("三大队采集站", "--unit", UNIT)
    state = str(tmp_path_factory.mktemp("state"))
    archive.run("dock", str(card), "--station-token-file", str(token), "--url", archive.url, "--state", state, "--wipe")
    assert list(card.iterdir()) == []
    words = ("token", "create", "--role", "supervisor", "--name", "案管", "--unit", UNIT)
    with archive.client(str(archive.admin(*words)["token"])) as it:
        (item,) = it.get("/api/v1/recordings").json()["items"]
    return f"/recordings/{item['id']}"


def wait_for_player(page: Page, seconds: float = 90) -> None:
    """The page says that the copy is being made, until it is."""
    deadline = time.monotonic() + seconds
    while page.locator("video").count() == 0:
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        time.sleep(1)
        page.reload()


def test_a_clip_is_placed_asked_for_approved_and_watched(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str
) -> None:
    with desk_of(browser, archive.url, "liwei", passwords["liwei"]) as officer:
        assert urlsplit(officer.page.url).path == "/today"
        officer.open("/recordings")
        assert officer.page.get_by_role("link", name=CLIP).count() == 1
        officer.open("/cases").get_by_text("建立案件").click()
        officer.page.get_by_label("案号").first.fill("江综执罚〔2026〕第1号")
        officer.page.get_by_label("案由").first.fill("占道经营")
        officer.submit("建立")
        assert "江综执罚〔2026〕第1号" in officer.page.locator("h1").inner_text()
        officer.open(recording).get_by_text("归入一个案件").click()
        officer.page.locator("#link-case").select_option(index=1)
        officer.page.locator("#link-reason").fill("同一现场")
        officer.submit("归入")

    with desk_of(browser, archive.url, "liuyang", passwords["liuyang"]) as supervisor:
        assert urlsplit(supervisor.page.url).path == "/shift"
        page = supervisor.open(recording)
        assert page.locator("video").count() == 0
        page.get_by_label("用途").fill("当事人提出异议，核对现场经过")
        supervisor.submit("提出申请")
        assert "正在等待审批" in page.locator("main").inner_text()

        with desk_of(browser, archive.url, "zhoumin", passwords["zhoumin"]) as other:
            assert "刘洋 申请查看" in other.open("/requests").locator("main").inner_text()
            other.submit("批准")
            assert "没有等待您审批的申请" in other.page.locator("main").inner_text()

        page.reload()
        wait_for_player(page)
        watch(page)

    with desk_of(browser, archive.url, "liwei", passwords["liwei"]) as officer:
        text = officer.open(recording).locator("main").inner_text()
        assert "当事人提出异议，核对现场经过" in text
        assert "开始播放" in text


def wait_for_position(page: Page, first: float, last: float, seconds: float = 20) -> None:
    """Asked from here: waiting inside the page takes eval, which the pages' policy forbids."""
    deadline = time.monotonic() + seconds
    while not first <= page.locator("video").evaluate("video => video.currentTime") <= last:
        assert time.monotonic() < deadline, "the position does not get there"
        time.sleep(0.1)


def watch(page: Page) -> None:
    """Play, and see the picture move; then step back by keyboard."""
    video = page.locator("video")
    video.evaluate("video => video.play()")
    wait_for_position(page, 1.5, 6)
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [640, 360]
    assert video.evaluate("video => video.error") is None
    assert video.evaluate("video => Math.round(video.duration)") == 6
    assert re.fullmatch(r"2026-03-09 09:00:0\d", page.locator("[data-clock]").inner_text())
    video.evaluate("video => video.pause()")
    back = page.get_by_role("button", name="后退 10 秒")
    back.focus()
    page.keyboard.press("Enter")
    wait_for_position(page, 0, 0.1)


def test_who_has_no_grant_is_told_why_and_gets_no_byte(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str
) -> None:
    with desk_of(browser, archive.url, "zhoumin", passwords["zhoumin"]) as other:
        assert other.open(recording).locator("video").count() == 0
        address = f"/api/v1{recording}/renditions/proxy"
        status = other.page.evaluate("async address => (await fetch(address)).status", address)
        assert status == 403
        other.complaints.clear()  # Chromium says of the 403 that it was one


def test_an_auditor_verifies_the_archive_and_reads_that_it_holds(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str
) -> None:
    with desk_of(browser, archive.url, "zhao", passwords["zhao"]) as auditor:
        assert urlsplit(auditor.page.url).path == "/audit"
        auditor.page.get_by_role("button", name="开始核验").click()
        auditor.page.get_by_text("核验通过").wait_for(timeout=60_000)
        assert "拒绝调阅" in auditor.open("/audit?action=access.denied").locator("main").inner_text()


def test_a_package_is_asked_for_made_and_fetched(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str
) -> None:
    with desk_of(browser, archive.url, "liuyang", passwords["liuyang"]) as supervisor:
        supervisor.open("/requests").locator("#ask-case").select_option(index=1)
        supervisor.page.get_by_label("复制").check()
        supervisor.page.locator("#ask-purpose").fill("移送法院")
        supervisor.page.get_by_text("复制时需要未遮蔽的原件").click()
        supervisor.page.locator("#ask-unredacted").fill("法院要求提交原件")
        supervisor.submit("提出申请")
        with desk_of(browser, archive.url, "sunmin", passwords["sunmin"]) as other:
            other.open("/requests").get_by_label("同意提供未遮蔽原件的理由").fill("同意提交原件")
            other.submit("批准")
        supervisor.open("/cases").get_by_role("link", name="江综执罚〔2026〕第1号").click()
        supervisor.submit("制作证据包")
        with supervisor.page.expect_download() as fetching:
            supervisor.page.get_by_role("link", name="下载证据包").click()
        package = Path(fetching.value.path()).read_bytes()
        assert package[257:262] == b"ustar"
        assert CLIP.encode() in package


def test_who_presses_before_the_scripts_have_arrived_is_heard(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str]
) -> None:
    with profile(browser) as context:
        context.route("**/static/js/*", lambda route: (time.sleep(0.5), route.continue_()))
        page = context.new_page()
        for _ in some_of(range(3), one_in=3):
            page.goto(f"{archive.url}/sign-in", wait_until="commit")
            page.locator("#sign_in_name").fill("liuyang")
            page.locator("#password").fill(passwords["liuyang"])
            with page.expect_navigation():
                page.locator("#password").press("Enter")
            assert urlsplit(page.url).path == "/shift"
            with page.expect_navigation():
                page.get_by_role("button", name="退出").click()


def test_without_scripts_no_password_gets_into_an_address(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str]
) -> None:
    with profile(browser, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{archive.url}/sign-in")
        page.locator("#sign_in_name").fill("liuyang")
        page.locator("#password").fill(passwords["liuyang"])
        with page.expect_navigation():
            page.get_by_role("button", name="登录").click()
        assert urlsplit(page.url).query == ""
        assert "请启用浏览器的 JavaScript" in page.locator("main").inner_text()


def test_a_stations_token_is_shown_once(archive: RunningArchive, browser: Browser, passwords: dict[str, str]) -> None:
    with desk_of(browser, archive.url, "chenjing", passwords["chenjing"]) as administrator:
        page = administrator.page
        assert urlsplit(page.url).path == "/admin"
        administrator.open("/stations").get_by_text("登记工作站").click()
        page.locator("#station-name").fill("四大队采集站")
        page.get_by_role("button", name="登记并显示令牌").click()
        page.locator("#station-token").wait_for()
        token = page.locator("#station-token-text").inner_text()
        assert token.startswith("lhs1.")
        page.reload()
        assert token not in page.content()
        assert "四大队采集站" in page.locator("main").inner_text()
        page.locator("summary", has_text="更改 四大队采集站").click()
        form = page.locator("tr", has_text="四大队采集站").locator("form[data-action$='/limits']")
        form.get_by_label("待封存的数据量").fill("0.5")
        with page.expect_navigation():
            form.get_by_role("button", name="保存限额").click()
        assert form.get_by_label("待封存的数据量").input_value() == "0.5"
        assert form.get_by_label("同时上传的文件数").input_value() == ""
        page.get_by_text("登记工作站").click()
        page.locator("#station-name").fill("四大队采集站")
        page.get_by_role("button", name="登记并显示令牌").click()
        assert "四大队采集站" in page.get_by_role("alert").inner_text()
        administrator.complaints.clear()  # Chromium says of the 409 that it was one


def test_an_officer_completes_a_days_recordings_in_two_clicks(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], tmp_path: Path
) -> None:
    """Three files of one recorder and day lack their act: one click chooses it for all of them, one confirms."""
    card = tmp_path / "card"
    card.mkdir()
    for hour in (7, 8, 9):
        (card / f"AB00007_000123_20260310{hour:02}0000.MP4").write_bytes(os.urandom(2000))
    token = archive.enrol("五大队采集站", "--unit", UNIT)
    state = str(tmp_path / "state")
    archive.run("dock", str(card), "--station-token-file", str(token), "--url", archive.url, "--state", state, "--wipe")
    with desk_of(browser, archive.url, "liwei", passwords["liwei"]) as officer:
        page = officer.open("/queue")
        sheet = page.locator("section.question", has_text="AB00007").filter(has_text="执法行为：没有写明")
        deadline = time.monotonic() + 90
        while sheet.filter(has_text="3 条记录").count() == 0:
            assert time.monotonic() < deadline, page.locator("main").inner_text()
            time.sleep(0.5)
            page.reload()
        sheet.get_by_text("查封、扣押财产").click()
        with page.expect_navigation():
            sheet.get_by_role("button", name="确认执法行为").click()
        text = page.locator("main").inner_text()
        assert "已补正 3 条记录" in text
        assert sheet.count() == 0
        # Sealing is tied to a place: that is what is asked now.
        assert page.locator("section.question", has_text="AB00007").filter(has_text="地点：没有写明").count() == 1


def test_a_card_of_files_without_usable_names_is_answered_in_two_clicks(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], tmp_path: Path
) -> None:
    """Nothing is chosen beforehand, as nothing says that they are of one device: one click answers for all the same."""
    card = tmp_path / "card"
    card.mkdir()
    for number in range(1, 25):
        (card / f"clip{number:02}.mp4").write_bytes(os.urandom(2000))
    token = archive.enrol("六大队采集站", "--unit", UNIT)
    state = str(tmp_path / "state")
    archive.run("dock", str(card), "--station-token-file", str(token), "--url", archive.url, "--state", state, "--wipe")
    with desk_of(browser, archive.url, "liuyang", passwords["liuyang"]) as supervisor:
        page = supervisor.open("/queue?together=1")
        sheet = page.locator("section.question", has_text="clip24.mp4").filter(has_text="执法记录仪：没有写明")
        deadline = time.monotonic() + 90
        while sheet.count() == 0 or sheet.get_by_role("checkbox").count() < 24:
            assert time.monotonic() < deadline, page.locator("main").inner_text()
            time.sleep(0.5)
            page.reload()
        ticks = sheet.get_by_role("checkbox")
        ours = sheet.locator("label", has_text=re.compile(r"^clip\d\d\.mp4"))
        assert (ticks.and_(page.locator(":checked")).count(), ours.count()) == (0, 24)
        sheet.get_by_role("button", name="全选").click()
        ours.first.locator("input").uncheck()
        assert ticks.and_(page.locator(":checked")).count() == ticks.count() - 1
        sheet.get_by_role("button", name="全不选").click()
        with page.expect_navigation():
            sheet.get_by_role("button", name="确认所选记录").click()
        filled = page.locator("#filled")
        assert "请至少选择一条有这一问题的记录" in filled.inner_text()
        assert filled.bounding_box() is not None
        assert 0 <= filled.bounding_box()["y"] < 200, "it is what one looks at"
        supervisor.complaints.clear()  # Chromium says of the 422 that it was one
        filled.get_by_label("理由（选“其他”").fill("存储卡没有标签")
        filled.get_by_text("无法提供，说明理由").click()
        count = ticks.count()
        with page.expect_navigation():
            filled.get_by_role("button", name=f"确认全部 {count} 条记录").click()
        assert f"已补正 {count} 条记录。" in page.locator("main").inner_text()
        assert sheet.count() == 0
