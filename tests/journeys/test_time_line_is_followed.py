"""The time line in real Chromium: the picture of the moment that is pointed at, under the mark, and entered first."""

from __future__ import annotations

import io
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser, FloatRect, Locator, Page

from api.demo.footage import find_ffmpeg
from tests.journeys.browsing import Desk, desk_of
from tests.journeys.placing import place_in_case
from tests.journeys.running import RunningArchive
from tests.journeys.test_supervisor_watches import wait_for_player, wait_for_position

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
CLIP = "AB00041_000441_20260309090000.MP4"
UNIT = "JC-41"
NUMBER = "江综执罚〔2026〕第41号"
# A second of each, as different from each other as the mark over them leaves them.
COLOURS = ("red", "lime", "blue", "yellow", "magenta", "cyan", "white", "black")
Colour = tuple[float, ...]
# What is there where no small picture is: the poster, which is of the first second.
POSTER_TILE = 1


@dataclass(frozen=True)
class Film:
    """A recording as its page shows it, and its sprite's layout, by the API as the officer is told it."""

    id: str
    layout: dict[str, Any]
    seconds: float
    api: Any

    def sprite_windows(self) -> list[dict[str, Any]]:
        """The entries that say that somebody was sent the small pictures."""
        entries = [item["entry"] for item in self.api.get(f"/api/v1/recordings/{self.id}/chain").json()["items"]]
        opened = [entry for entry in entries if entry["action"] == "playback.window_opened"]
        return [entry for entry in opened if "/sprite-" in entry["data"]["object_name"]]

    def sheet(self) -> Sheet:
        content = self.api.get(f"/api/v1/recordings/{self.id}/renditions/sprite").raise_for_status().content
        return Sheet(self.layout, Image.open(io.BytesIO(content)))


@dataclass(frozen=True)
class Sheet:
    """All small pictures, each found by the layout."""

    layout: dict[str, Any]
    picture: Image.Image

    def tile_at(self, seconds: float) -> int:
        return min(int(seconds / self.layout["interval_seconds"]), self.layout["tiles"] - 1)

    def colour(self, tile: int) -> Colour:
        wide, high = self.layout["tile_width"], self.layout["tile_height"]
        left, top = tile % self.layout["columns"] * wide, tile // self.layout["columns"] * high
        return middle(self.picture.crop((left, top, left + wide, top + high)))

    def tile_like(self, picture: Image.Image) -> int:
        """The mark over it left out: of each pixel's parts the middle one."""
        seen = middle(picture)
        return min(range(self.layout["tiles"]), key=lambda tile: distance(self.colour(tile), seen))


def middle(picture: Image.Image) -> Colour:
    return tuple(ImageStat.Stat(picture.convert("RGB")).median)


def distance(one: Colour, other: Colour) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def shoot(path: Path) -> None:
    ffmpeg = find_ffmpeg(os.environ.get("PATH", ""))
    parts = [("-f", "lavfi", "-i", f"color={colour}:size=640x360:rate=25:duration=1") for colour in COLOURS]
    joined = "".join(f"[{number}]" for number in range(len(parts))) + f"concat=n={len(parts)},format=yuv420p"
    command = [str(ffmpeg), "-loglevel", "error", *(word for part in parts for word in part)]
    subprocess.run([*command, "-filter_complex", joined, "-c:v", "libx264", "-g", "25", str(path)], check=True)


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    return archive.people("第四十一执法大队", UNIT, {"luming": ("officer", "陆明", "--badge", "000441")})


@pytest.fixture(scope="module")
def film(
    archive: RunningArchive, passwords: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Film]:
    """It was docked, and placed in a case of the officer, who may view it directly."""
    card = tmp_path_factory.mktemp("card")
    shoot(card / CLIP)
    token = archive.enrol("四十一大队采集站", "--unit", UNIT)
    state = str(tmp_path_factory.mktemp("state"))
    archive.run("dock", str(card), "--station-token-file", str(token), "--url", archive.url, "--state", state, "--wipe")
    with archive.client(str(archive.admin("token", "create", "--person", "luming")["token"])) as officer:
        recording_id, case_id = place_in_case(officer, NUMBER, officer)
        form = {"kind": "view", "case_id": case_id, "purpose": "办理本案"}
        officer.post("/api/v1/requests", json=form).raise_for_status()
        facts = wait_for_copies(officer, recording_id)
        yield Film(recording_id, facts["sprite"], facts["proxy"]["duration_seconds"], officer)


def wait_for_copies(officer: Any, recording: str) -> dict[str, dict[str, Any]]:
    """The facts of each copy by its name, once all are made."""
    deadline = time.monotonic() + 90
    while True:
        copies = officer.get(f"/api/v1/recordings/{recording}").json()["copies"]
        if {"poster", "sprite", "proxy"} <= {copy["name"] for copy in copies}:
            return {copy["name"]: copy["facts"] for copy in copies}
        assert time.monotonic() < deadline, copies
        time.sleep(0.5)


@pytest.fixture
def officer(archive: RunningArchive, browser: Browser, passwords: dict[str, str], film: Film) -> Iterator[Desk]:
    """At the film's page."""
    with desk_of(browser, archive.url, "luming", passwords["luming"]) as desk:
        wait_for_player(desk.open(f"/recordings/{film.id}"))
        yield desk


def line_of(page: Page) -> Locator:
    return page.get_by_role("slider", name="时间轴")


def box_of(place: Locator) -> FloatRect:
    box = place.bounding_box()
    assert box is not None
    return box


def place_of(page: Page, seconds: float, length: float) -> tuple[float, float]:
    """Where a moment's place on the line is on the screen: the middle of the thumb, were it there."""
    line = line_of(page)
    line.scroll_into_view_if_needed()
    box = box_of(line)
    return box["x"] + 8 + seconds / length * (box["width"] - 16), box["y"] + box["height"] / 2


def seen_above(page: Page, x: float, layout: dict[str, Any]) -> Image.Image:
    """What is on the screen where the small picture of a place of the line is to be, without its edges."""
    page.wait_for_timeout(200)
    stage, line = box_of(page.locator("#stage")), box_of(line_of(page))
    wide, high = layout["tile_width"], layout["tile_height"]
    left = max(stage["x"] + 6, min(x - wide / 2, stage["x"] + stage["width"] - wide - 6))
    top = line["y"] - 6 - 22 - high
    clip: FloatRect = {"x": left + 5, "y": top + 5, "width": wide - 10, "height": high - 10}
    return Image.open(io.BytesIO(page.screenshot(clip=clip)))


def test_the_picture_of_each_moment_is_above_the_pointer_and_was_entered_first(officer: Desk, film: Film) -> None:
    page, asked = officer.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(500)
    assert film.sprite_windows() == []
    with page.expect_response(lambda response: response.url.endswith("/renditions/sprite")) as coming:
        page.mouse.move(*place_of(page, 0.5, film.seconds))
    assert coming.value.status == 200
    (entry,) = film.sprite_windows()
    assert entry["actor"] == {"kind": "person", "id": film.api.get("/api/v1/session").json()["id"]}
    sheet = film.sheet()
    assert (film.layout["tiles"], film.layout["interval_seconds"]) == (len(COLOURS), 1.0)
    assert [sheet.tile_like(sheet.picture.crop((n * 160, 0, n * 160 + 160, 90))) for n in range(8)] == list(range(8))
    for seconds in (0.52, 3.2, 3.9, 1.02, 6.5, 5.5, 2.5, 4.5, 7.9, 0.02):
        x, y = place_of(page, seconds, film.seconds)
        page.mouse.move(x, y)
        assert sheet.tile_like(seen_above(page, x, film.layout)) == sheet.tile_at(seconds), seconds
    sprites = [url for url in asked if url.endswith("/renditions/sprite")]
    assert len(sprites) == 1, "it is asked for once"
    assert not [url for url in asked if url.endswith("/proxy")], "nothing was played"
    page.mouse.move(5, 5)
    assert sheet.tile_like(seen_above(page, x, film.layout)) == POSTER_TILE, (
        "the pointer is gone, and so is the picture"
    )
    # A click goes to the very moment that was shown.
    page.mouse.click(*place_of(page, 5.5, film.seconds))
    page.locator("video").evaluate("video => video.play()")
    wait_for_position(page, 5.4, 8.1)
    page.locator("video").evaluate("video => video.pause()")


@pytest.mark.thorough
def test_the_keyboard_goes_from_picture_to_picture_and_is_told_the_time(officer: Desk, film: Film) -> None:
    page, sheet = officer.page, film.sheet()
    line = line_of(page)
    assert line.get_attribute("aria-valuetext") == "0:00，共 0:08"
    page.locator("video").focus()
    while not line.evaluate("line => line === document.activeElement"):
        page.keyboard.press("Tab")
    for pressed, seconds in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowUp", 3), ("ArrowLeft", 2), ("PageUp", 8)):
        page.keyboard.press(pressed)
        page.wait_for_timeout(800 if seconds == 1 else 0)
        x, _ = place_of(page, seconds, film.seconds)
        assert sheet.tile_like(seen_above(page, x, film.layout)) == sheet.tile_at(seconds), pressed
        assert line.get_attribute("aria-valuetext") == f"0:0{seconds}，共 0:08"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.locator("video").evaluate("video => video.currentTime") == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    x, _ = place_of(page, 2, film.seconds)
    assert sheet.tile_like(seen_above(page, x, film.layout)) == POSTER_TILE
    page.keyboard.press("ArrowRight")
    x, _ = place_of(page, 3, film.seconds)
    assert sheet.tile_like(seen_above(page, x, film.layout)) == 3
    page.keyboard.press("Tab")
    assert sheet.tile_like(seen_above(page, x, film.layout)) == POSTER_TILE


@pytest.mark.thorough
def test_it_lies_under_the_mark_in_full_screen_too_and_goes_with_it(officer: Desk, film: Film) -> None:
    page, sheet = officer.page, film.sheet()
    x, y = place_of(page, 2.5, film.seconds)
    page.mouse.move(x, y)
    page.wait_for_timeout(800)
    wait_for_mark(page, x, film)
    page.get_by_role("button", name="全屏").click()
    page.wait_for_timeout(800)
    x, y = place_of(page, 2.5, film.seconds)
    page.mouse.move(x, y)
    assert sheet.tile_like(seen_above(page, x, film.layout)) == 2
    wait_for_mark(page, x, film)
    page.evaluate("document.exitFullscreen()")
    page.wait_for_timeout(500)
    x, y = place_of(page, 2.5, film.seconds)
    page.mouse.move(x, y)
    page.locator("canvas.watermark").evaluate("canvas => { canvas.style.opacity = '0.05'; }")
    page.get_by_text("水印被遮挡或移除").wait_for()
    assert page.locator("video, canvas, img[src*=renditions]").count() == 0
    assert line_of(page).count() == 0


def wait_for_mark(page: Page, x: float, film: Film) -> None:
    """It wanders: what lies between two of them now does not in some seconds."""
    deadline = time.monotonic() + 20
    while marked(seen_above(page, x, film.layout)) < 100:
        assert time.monotonic() < deadline, "no mark comes over the small picture"


def marked(picture: Image.Image) -> int:
    """How many pixels of a picture of one colour are of another: the mark's."""
    colour = middle(picture)
    parts = picture.convert("RGB").tobytes()
    return sum(distance(tuple(parts[at : at + 3]), colour) > 1000 for at in range(0, len(parts), 3))


@pytest.mark.thorough
def test_where_the_pictures_are_refused_there_is_the_time_alone(officer: Desk, film: Film) -> None:
    page, sheet, asked = officer.page, film.sheet(), list[str]()
    page.route("**/renditions/sprite", lambda route: (asked.append(route.request.url), route.fulfill(status=403)))
    page.reload()
    for seconds in (2.5, 3.5, 6.5):
        x, y = place_of(page, seconds, film.seconds)
        page.mouse.move(x, y)
        assert sheet.tile_like(seen_above(page, x, film.layout)) == POSTER_TILE
    assert len(asked) == 1, "each refusal is entered: it is not asked for again and again"
    officer.complaints.clear()  # Chromium says of the 403 that it was one
