"""Retrieval in real Chromium: directly and under a mark, by outsiders with papers, by a chief's word; the audit."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.browsing import desk_of, profile
from tests.journeys.placing import place_in_case
from tests.journeys.running import RunningArchive
from tests.journeys.test_supervisor_watches import film, wait_for_player, wait_for_position

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
CLIP = "AB00012_000412_20260309090000.MP4"
UNIT = "JC-12"
PEOPLE = {
    "qianli": ("officer", "钱立", "--badge", "000412"),
    "sunhao": ("supervisor", "孙浩"),
    "zhouqi": ("supervisor", "周琪"),
    "wujing": ("auditor", "吴静"),
    "zhengfa": ("legal_reviewer", "郑法"),
    "fengguan": ("administrator", "冯管"),
}
NUMBER = "江综执罚〔2026〕第12号"
# Of the mark's canvas: how many pixels of each of nine parts are not transparent.
DRAWN = """canvas => {
  const pen = canvas.getContext('2d'), [w, h] = [Math.floor(canvas.width / 3), Math.floor(canvas.height / 3)];
  return [...Array(9).keys()].map(at => {
    const { data } = pen.getImageData((at % 3) * w, Math.floor(at / 3) * h, w, h);
    let drawn = 0;
    for (let place = 3; place < data.length; place += 4) drawn += data[place] > 0;
    return drawn;
  });
}"""


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    return archive.people("第十二执法大队", UNIT, PEOPLE)


@pytest.fixture(scope="module")
def recording(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The page of a clip that was docked and placed in a case, which the officer handles; its copy is made."""
    card = tmp_path_factory.mktemp("card")
    film(card / CLIP)
    token = archive.enrol("十二大队采集站", "--unit", UNIT)
    state = str(tmp_path_factory.mktemp("state"))
    archive.run("dock", str(card), "--station-token-file", str(token), "--url", archive.url, "--state", state, "--wipe")
    with archive.client(str(archive.admin("token", "create", "--person", "qianli")["token"])) as officer:
        recording_id, _ = place_in_case(officer, NUMBER, officer)
    return f"/recordings/{recording_id}"


def test_the_picture_is_there_only_with_its_mark(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str
) -> None:
    with desk_of(browser, archive.url, "qianli", passwords["qianli"]) as officer:
        page = officer.open(recording)
        assert page.locator("video").count() == 0
        page.get_by_role("button", name="直接查看").wait_for()
        officer.submit("直接查看")
        wait_for_player(page)
        stage, video, mark = page.locator("#stage"), page.locator("video"), page.locator("canvas.watermark")
        assert stage.get_attribute("data-viewer") == "钱立 000412"
        assert min(mark.evaluate(DRAWN)) > 50, "a part of the picture bears no mark"
        video.evaluate("video => video.play()")
        wait_for_position(page, 0.5, 6)
        page.get_by_role("button", name="全屏").click()
        page.wait_for_timeout(800)
        assert page.evaluate("document.fullscreenElement?.id") == "stage"
        assert min(mark.evaluate(DRAWN)) > 50
        page.evaluate("document.exitFullscreen()")
        for tampering in (
            "canvas => { canvas.style.opacity = '0.05'; }",
            "canvas => { canvas.style.display = 'none'; }",
            "canvas => canvas.remove()",
            "canvas => { canvas.style.transform = 'translateX(90%)'; }",
            "canvas => { document.querySelector('video').style.position = 'relative'; }",
        ):
            page.reload()
            page.locator("canvas.watermark").evaluate(tampering)
            page.get_by_text("水印被遮挡或移除").wait_for()
            assert page.locator("video").count() == 0, tampering
        # That the mark is read back is this test's doing.
        officer.complaints[:] = [each for each in officer.complaints if "getImageData" not in each]


def test_without_scripts_nothing_is_shown(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str
) -> None:
    with desk_of(browser, archive.url, "qianli", passwords["qianli"]) as officer:
        cookies = officer.page.context.cookies()
        with profile(browser, java_script_enabled=False) as plain:
            plain.add_cookies(cookies)  # type: ignore[arg-type]
            asked: list[str] = []
            page = plain.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"{archive.url}{recording}")
            assert "需要启用 JavaScript" in page.locator("#stage").inner_text()
            assert page.locator("video[src], video[poster], #stage img[src]").count() == 0
            assert not any("/renditions/" in url for url in asked)


def hand_in(page: Page, path: Path, kind: str) -> None:
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name=f"作为{kind}提交").click()


def test_a_lawyer_is_let_see_once_his_papers_are_there(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str, tmp_path: Path
) -> None:
    letter, photo, words = tmp_path / "介绍信.pdf", tmp_path / "证件.jpg", tmp_path / "介绍信.docx"
    letter.write_bytes(b"%PDF-1.7\n%%EOF\n")
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    words.write_bytes(b"PK\x03\x04" + bytes(200))
    with (
        desk_of(browser, archive.url, "sunhao", passwords["sunhao"]) as host,
        desk_of(browser, archive.url, "zhouqi", passwords["zhouqi"]) as chief,
    ):
        page = host.open("/requests")
        page.locator("#ask-case").select_option(index=1)
        page.locator("#ask-purpose").fill("代理行政复议")
        page.get_by_text("为外单位或个人申请").click()
        page.locator("#visitor-who").select_option("lawyer")
        page.locator("#visitor-name").fill("柳依")
        page.locator("#visitor-document").fill("律师执业证 15001201910000001")
        page.get_by_role("button", name="提出申请", exact=True).click()
        page.get_by_text("须写明单位名称").wait_for()
        page.locator("#visitor-body").fill("某某律师事务所")
        host.submit("提出申请")
        assert "缺少附件" in chief.open("/requests").locator("main").inner_text()
        assert chief.page.get_by_role("button", name="批准", exact=True).count() == 0
        hand_in(page, words, "介绍信或公函")
        page.get_by_text("不是 PDF、JPEG 或 PNG").wait_for()
        for path, kind in ((letter, "介绍信或公函"), (photo, "身份证件")):
            with page.expect_navigation():
                hand_in(page, path, kind)
        text = chief.open("/requests").locator("main").inner_text()
        assert all(part in text for part in ("某某律师事务所", "柳依", "15001201910000001", "介绍信.pdf"))
        with chief.page.expect_download() as fetched:
            chief.page.get_by_role("link", name="介绍信.pdf").click()
        assert Path(fetched.value.path()).read_bytes() == letter.read_bytes()
        chief.submit("批准")
        wait_for_player(host.open(recording))
        host.complaints[:] = [each for each in host.complaints if "422" not in each]


def test_the_administrator_names_a_chief_and_the_other_supervisor_decides_no_more(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str
) -> None:
    with desk_of(browser, archive.url, "fengguan", passwords["fengguan"]) as administrator:
        page = administrator.open("/admin")
        row = page.locator("tr", has_text="孙浩")
        row.locator("summary", has_text="更改").click()
        with page.expect_navigation():
            row.get_by_role("button", name="任命为单位负责人").click()
        assert "单位负责人" in page.locator("tr", has_text="孙浩").inner_text()
    with desk_of(browser, archive.url, "zhengfa", passwords["zhengfa"]) as legal:
        page = legal.open("/requests")
        page.locator("#ask-case").select_option(index=1)
        page.locator("#ask-purpose").fill("审核证据")
        legal.submit("提出申请")
        assert "等待单位负责人审批：孙浩" in page.locator("main").inner_text()
    with desk_of(browser, archive.url, "zhouqi", passwords["zhouqi"]) as other:
        assert "没有等待您审批的申请" in other.open("/requests").locator("main").inner_text()
    with desk_of(browser, archive.url, "sunhao", passwords["sunhao"]) as chief:
        assert "郑法 申请查看" in chief.open("/requests").locator("main").inner_text()
        chief.submit("批准")


def test_the_auditor_sees_who_saw_what_and_takes_it_as_a_table(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str
) -> None:
    with desk_of(browser, archive.url, "wujing", passwords["wujing"]) as auditor:
        page = auditor.open("/oversight")
        text = page.locator("main").inner_text()
        assert all(part in text for part in ("钱立", "办理本案", "承办人员，按规则", "未使用", "代理行政复议"))
        page.get_by_label("仅未使用的授权").check()
        page.get_by_role("button", name="筛选").click()
        page.get_by_role("link", name="清除筛选").wait_for()
        unused = page.locator("tbody").inner_text()
        assert "郑法" in unused
        assert "办理本案" not in unused
        assert CLIP in auditor.open("/oversight?show=viewings").locator("tbody").inner_text()
        with page.expect_download() as fetched:
            page.get_by_role("link", name="导出 CSV").click()
        table = Path(fetched.value.path()).read_text("utf-8-sig")
        assert "钱立" in table
        assert NUMBER in table
