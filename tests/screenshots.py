"""The pictures of the README: `python -m tests.screenshots FOLDER` fills an archive with the demo and photographs it.

Only footage that the demo films itself is shown.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from api.demo.filling import FILLED
from api.demo.footage import CAMERA, SHIFT_BEGAN_AT
from tests.journeys.browsing import desk_of, open_browser
from tests.journeys.running import RunningArchive

BODY_CAMERA = CAMERA.file_name(SHIFT_BEGAN_AT, "MP4")
FILLED_SECONDS = 180.0


def wait_until_filled(archive: RunningArchive) -> None:
    """The demo says when everything is in."""
    deadline = time.monotonic() + FILLED_SECONDS
    while FILLED not in (archive.folder / "up.log").read_text():
        if time.monotonic() > deadline:
            raise SystemExit("the demo did not fill the archive in time")
        time.sleep(1)


def find_body_camera(client: httpx.Client) -> tuple[str, str]:
    """The recording of our own body camera and its case, once its copies are made."""
    deadline = time.monotonic() + FILLED_SECONDS
    while time.monotonic() < deadline:
        for item in client.get("/api/v1/recordings?limit=200").json()["items"]:
            if item["original_name"] == BODY_CAMERA and {"proxy", "poster"} <= set(item["renditions"]):
                detail = client.get(f"/api/v1/recordings/{item['id']}").json()
                return item["id"], detail["links"][0]["case"]["id"]
        time.sleep(1)
    raise SystemExit(f"{BODY_CAMERA} has no playable copy")


def grant_view(archive: RunningArchive, case_id: str, sign_in_name: str) -> None:
    """As two people do it: one asks, another approves."""
    tokens = {
        name: archive.admin("token", "create", "--person", name)["token"] for name in (sign_in_name, "photo-approver")
    }
    with archive.client(tokens[sign_in_name]) as asker, archive.client(tokens["photo-approver"]) as approver:
        asked = asker.post("/api/v1/requests", json={"case_id": case_id, "kind": "view", "purpose": "核对现场经过"})
        approver.post(f"/api/v1/requests/{asked.json()['id']}/approve", json={"hours": 2}).raise_for_status()


def make_person(archive: RunningArchive, sign_in_name: str, role: str, name: str) -> str:
    words = ("person", "create", "--role", role, "--name", name, "--sign-in-name", sign_in_name)
    return str(archive.admin(*words)["password"])


def photograph(page: Page, path: Path, height: int = 768) -> None:
    """The upper part of the page; `height` ends above footage that others filmed."""
    page.wait_for_timeout(500)
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": 1366, "height": height})


def take_all(archive: RunningArchive, browser: Browser, folder: Path) -> None:
    wait_until_filled(archive)
    people: dict[str, Any] = {
        "photo-supervisor": make_person(archive, "photo-supervisor", "supervisor", "王敏"),
        "photo-approver": make_person(archive, "photo-approver", "supervisor", "赵刚"),
        "photo-auditor": make_person(archive, "photo-auditor", "auditor", "吴桐"),
    }
    token = archive.admin("token", "create", "--person", "photo-approver")["token"]
    with archive.client(token) as client:
        recording_id, case_id = find_body_camera(client)
    grant_view(archive, case_id, "photo-supervisor")
    with desk_of(browser, archive.url, "photo-approver", people["photo-approver"]) as desk:
        photograph(desk.open("/requests"), folder / "requests.png")
    with desk_of(browser, archive.url, "photo-supervisor", people["photo-supervisor"]) as desk:
        page = desk.open(f"/recordings/{recording_id}")
        page.locator("video").evaluate("video => video.play()")
        page.wait_for_timeout(4000)
        photograph(page, folder / "recording.png")
        photograph(desk.open(f"/cases/{case_id}"), folder / "case.png", 746)
    with desk_of(browser, archive.url, "photo-auditor", people["photo-auditor"]) as desk:
        photograph(desk.open("/audit"), folder / "audit.png")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        archive = RunningArchive(Path(data))
        try:
            archive.start("--demo")
            take_all(archive, open_browser(playwright), folder)
        finally:
            archive.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
