"""A copy leaves redacted: one officer draws a box on the film, another checks it, the grantee fetches what was made."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Page

from api.demo.footage import find_ffmpeg
from tests.journeys.browsing import Desk, desk_of
from tests.journeys.placing import place_in_case
from tests.journeys.running import RunningArchive
from tests.journeys.test_supervisor_watches import wait_for_player, wait_for_position

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]
PATIENCE_SECONDS = 240.0
"""Copies are encoded behind whatever else the machine does."""
CLIP = "AB00021_000421_20260309090000.MP4"
UNIT = "JC-24"
PEOPLE = {
    "yanhua": ("officer", "颜画", "--badge", "000421"),
    "heduan": ("officer", "何端", "--badge", "000422"),
    "fayuan": ("legal_reviewer", "法远"),
}
NUMBER = "江综执罚〔2026〕第21号"


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    return archive.people("第二十四执法大队", UNIT, PEOPLE)


def film(path: Path) -> None:
    """Six bright seconds with a tone: what is dark in a copy was painted."""
    ffmpeg = find_ffmpeg(os.environ.get("PATH", ""))
    picture, sound = "color=c=0xE0E0D0:size=640x360:rate=25:duration=6", "sine=frequency=440:duration=6"
    command = [str(ffmpeg), "-loglevel", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    subprocess.run([*command, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)], check=True)


@pytest.fixture(scope="module")
def recording(archive: RunningArchive, passwords: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a film in a case that both officers handle; the first has a grant to copy it."""
    card = tmp_path_factory.mktemp("card")
    film(card / CLIP)
    token = archive.enrol("二十四大队采集站", "--unit", UNIT)
    state = str(tmp_path_factory.mktemp("state"))
    archive.run("dock", str(card), "--station-token-file", str(token), "--url", archive.url, "--state", state, "--wipe")
    tokens = {name: str(archive.admin("token", "create", "--person", name)["token"]) for name in PEOPLE}
    with archive.client(tokens["yanhua"]) as officer, archive.client(tokens["heduan"]) as second:
        recording_id, case_id = place_in_case(officer, NUMBER, officer, second)
        asked = {"case_id": case_id, "kind": "copy", "purpose": "提供给当事人"}
        request = officer.post("/api/v1/requests", json=asked).raise_for_status().json()
    with archive.client(tokens["fayuan"]) as legal:
        legal.post(f"/api/v1/requests/{request['id']}/approve", json={"hours": 24}).raise_for_status()
    return f"/recordings/{recording_id}"


def stand_at(page: Page, seconds: float) -> None:
    """The film is loaded, and paused there."""
    video = page.locator("video")
    video.evaluate("video => video.play()")
    wait_for_position(page, 0.2, 6)
    video.evaluate("(video, at) => { video.pause(); video.currentTime = at; }", seconds)
    wait_for_position(page, seconds - 0.05, seconds + 0.05)


def draw(page: Page, left: float, top: float, right: float, bottom: float) -> None:
    """By the pointer, over parts of the picture."""
    page.get_by_role("button", name="在画面上画框").click()
    page.get_by_text("按住并拖动").wait_for()
    place = page.locator("video").bounding_box()
    assert place is not None
    x, y, width, height = place["x"], place["y"], place["width"], place["height"]
    page.mouse.move(x + left * width, y + top * height)
    page.mouse.down()
    page.mouse.move(x + (left + right) / 2 * width, y + (top + bottom) / 2 * height)
    page.mouse.move(x + right * width, y + bottom * height)
    page.mouse.up()


def values_of(page: Page, row: int) -> dict[str, str]:
    """What the numbers of a box say, by the last part of their fields' names."""
    fields = page.locator("[data-spans=box] tr").nth(row).locator("input, select")
    return {str(field.get_attribute("name")).rpartition(".")[2]: field.input_value() for field in fields.all()}


def test_a_box_is_drawn_checked_by_another_and_fetched_in_the_copy(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], recording: str, tmp_path: Path
) -> None:
    with desk_of(browser, archive.url, "yanhua", passwords["yanhua"]) as officer:
        state_what_is_hidden(officer, recording)
        refuse_before_the_check(officer)
        with desk_of(browser, archive.url, "heduan", passwords["heduan"]) as second:
            check_it(second, recording)
        copy = fetch_copy(officer, recording, tmp_path)
    picture_of(copy, 1.5, shown := tmp_path / "shown.bmp")
    assert mean_of(shown, 0.27, 0.27, 0.48, 0.73) < 80, "the box is not hidden while it lasts"
    assert mean_of(shown, 0.6, 0.0, 1.0, 1.0) > 150
    picture_of(copy, 4.5, shown)
    assert mean_of(shown, 0.27, 0.27, 0.48, 0.73) > 150, "the box is hidden after its time"


def state_what_is_hidden(officer: Desk, recording: str) -> None:
    page = officer.open(recording)
    assert "尚未设定" in page.locator("#redaction").inner_text()
    officer.submit("直接查看")
    wait_for_player(page)
    page.locator("#redaction summary", has_text="设定遮蔽").click()
    stand_at(page, 1.0)
    draw(page, 0.25, 0.25, 0.5, 0.75)
    box = values_of(page, 0)
    for name, expected in (("left", 25), ("top", 25), ("width", 25), ("height", 50), ("from_seconds", 1)):
        assert float(box[name]) == pytest.approx(expected, abs=1.0), box
    assert box["to_seconds"] == ""
    page.locator("[name='boxes.0.to_seconds']").fill("3")
    page.get_by_label("预览遮蔽效果").check()
    page.get_by_role("button", name="添加方框（填写数字）").click()
    page.locator("[name='boxes.1.left']").fill("90")
    page.locator("#redaction-reason").fill("遮蔽未成年人面部")
    page.get_by_role("button", name="提交核对").click()
    page.get_by_text("第 2 个方框超出画面").wait_for()
    page.locator("[data-spans=box] tr").nth(1).get_by_role("button", name="删除").click()
    page.get_by_role("button", name="从播放位置起静音").click()
    page.locator("[name='mutes.0.from_seconds'], [name='mutes.2.from_seconds']").fill("2")
    officer.submit("提交核对")
    text = page.locator("#redaction").inner_text()
    assert "待核对" in text
    assert "方框 1 · 涂黑 · 1–3 秒" in text
    assert page.locator("#redaction").get_by_role("button", name="核对通过").count() == 0
    officer.complaints[:] = [each for each in officer.complaints if "422" not in each]


def refuse_before_the_check(officer: Desk) -> None:
    officer.page.get_by_role("button", name="制作该记录的遮蔽副本").click()
    officer.page.get_by_text("遮蔽尚待第二人核对").wait_for()
    officer.complaints[:] = [each for each in officer.complaints if "409" not in each]


def check_it(second: Desk, recording: str) -> None:
    page = second.open("/requests")
    waiting = page.locator("section", has_text="等待核对的遮蔽")
    assert "遮蔽未成年人面部" in waiting.inner_text()
    waiting.get_by_role("link", name=CLIP).click()
    page.wait_for_url(f"**{recording}#redaction")
    assert "请先取得查看授权" in page.locator("#redaction").inner_text()
    second.submit("直接查看")
    assert page.get_by_label("预览遮蔽效果").is_checked(), "what was stated is shown over the picture"
    second.submit("核对通过")
    assert "核对 何端" in page.locator("#redaction").inner_text()


def fetch_copy(officer: Desk, recording: str, folder: Path) -> Path:
    page = officer.open(recording)
    officer.submit("制作该记录的遮蔽副本")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while page.get_by_role("link", name="下载副本").count() == 0:
        text = page.locator("#redaction").inner_text()
        assert "等待制作" in text or "正在制作" in text, text
        assert time.monotonic() < deadline, text
        time.sleep(1)
        officer.open(recording)
    with page.expect_download() as fetched:
        page.get_by_role("link", name="下载副本").click()
    assert fetched.value.suggested_filename == CLIP.replace(".MP4", "-redacted.mp4")
    path = folder / "copy.mp4"
    fetched.value.save_as(path)
    return path


def picture_of(film: Path, seconds: float, path: Path) -> None:
    ffmpeg = str(find_ffmpeg(os.environ.get("PATH", "")))
    command = [ffmpeg, "-y", "-loglevel", "error", "-ss", str(seconds), "-i", str(film), "-frames:v", "1", str(path)]
    subprocess.run(command, check=True)


def mean_of(path: Path, left: float, top: float, right: float, bottom: float) -> float:
    picture = Image.open(path).convert("L")
    width, height = picture.size
    part = picture.crop((int(left * width), int(top * height), int(right * width), int(bottom * height)))
    return ImageStat.Stat(part).mean[0]
