"""Hostile names and files through a running archive: pages, headers, packages and renditions hold none of it.

The whole set, through both sandboxes and with the API's latency measured beside it: `make hostile`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import pytest
from playwright.sync_api import Browser

from ingest.media.runner import open_runner
from tests.hostile.files import Makings, bomb_png, looping_exif, make_texts, prepare
from tests.hostile.live import leaked_bytes, leftovers, outputs, station_token, upload
from tests.hostile.names import HOSTILE_NAMES
from tests.hostile.walls import Listener, listener
from tests.journeys.browsing import desk_of
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
UNIT = "JC-01"
PEOPLE = {
    "chenwei": ("officer", "陈伟"),
    "sunli": ("supervisor", "孙力"),
    "wangmin": ("supervisor", "王敏"),
    "sunjing": ("legal_reviewer", "孙静"),
}
PACKAGED = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9./_-]*")


@pytest.fixture(scope="module")
def listening() -> Iterator[Listener]:
    with listener() as heard:
        yield heard


@pytest.fixture(scope="module")
def people(archive: RunningArchive) -> dict[str, str]:
    return archive.people("一大队", UNIT, PEOPLE)


@pytest.fixture(scope="module")
def aims(listening: Listener, tmp_path_factory: pytest.TempPathFactory) -> Makings:
    ffmpeg = str(open_runner("").tools.ffmpeg.program.path)
    return prepare(tmp_path_factory.mktemp("aims"), listening.port, ffmpeg)


@pytest.fixture(scope="module")
def uploaded(archive: RunningArchive, people: dict[str, str], aims: Makings) -> dict[str, int]:
    """Status by name. Names that are no text of one line may be refused; what is taken is sealed as it came."""
    token = station_token(archive, "采集站", "--unit", UNIT)
    files = {name: f"evidence {number}".encode() for number, name in enumerate(HOSTILE_NAMES)}
    files |= {name: content.encode() for name, content in make_texts(aims).items()}
    files |= {"zip-bomb.png": bomb_png(16_000, 16_000), "looping-exif.jpg": looping_exif()}
    status = {name: upload(archive, token, name, content) for name, content in files.items()}
    taken = sum(code == 201 for code in status.values())
    with signed_in(archive, people, "chenwei") as officer:
        until = time.monotonic() + 400
        while True:
            items = officer.get("/api/v1/recordings?limit=100").json()["items"]
            jobs = [officer.get(f"/api/v1/recordings/{item['id']}").json()["media_jobs"] for item in items[:3]]
            if len(items) == taken and not any(job["state"] == "due" for each in jobs for job in each):
                return status
            assert time.monotonic() < until, (len(items), taken)
            time.sleep(0.5)


@contextmanager
def signed_in(archive: RunningArchive, people: dict[str, str], name: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=archive.url, timeout=60, trust_env=False) as client:
        answer = client.post("/api/v1/session", json={"sign_in_name": name, "password": people[name]})
        client.headers["X-CSRF-Token"] = answer.raise_for_status().json()["csrf_token"]
        yield client


def test_every_name_is_taken_whole_or_refused(uploaded: dict[str, int]) -> None:
    named = {name: code for name, code in uploaded.items() if name in HOSTILE_NAMES}
    assert set(named.values()) <= {201, 400}
    assert sum(code == 201 for code in named.values()) >= len(HOSTILE_NAMES) - 4
    assert all(code == 201 for name, code in uploaded.items() if name not in HOSTILE_NAMES)


def test_no_page_runs_or_builds_what_a_name_says(
    archive: RunningArchive, browser: Browser, people: dict[str, str], uploaded: dict[str, int]
) -> None:
    with desk_of(browser, archive.url, "sunli", people["sunli"]) as desk:
        with signed_in(archive, people, "sunli") as client:
            items = client.get("/api/v1/recordings?limit=100").json()["items"]
        named = [item for item in items if item["original_name"] in HOSTILE_NAMES]
        pages = ["/recordings", "/recordings?view=table", *(f"/recordings/{item['id']}" for item in named[:8])]
        for path in pages:
            page = desk.open(path)
            assert page.evaluate("window.injected === undefined")
            assert page.locator("main script, img[src='x'], main svg[onload], [onfocus], [onerror]").count() == 0
            assert page.locator("h1").count() == 1
        shown = desk.open(f"/recordings/{named[0]['id']}").locator("h1").inner_text()
        assert shown.strip() == " ".join(named[0]["original_name"].split())


def test_downloads_and_packages_are_named_by_the_archive(
    archive: RunningArchive, people: dict[str, str], uploaded: dict[str, int], tmp_path: Path
) -> None:
    with signed_in(archive, people, "chenwei") as officer:
        case = officer.post(
            "/api/v1/cases",
            json={"number": "江〔2026〕1号", "title": "名", "kind": "penalty", "procedure": "ordinary_penalty"},
        ).json()
        items = officer.get("/api/v1/recordings?limit=100").json()["items"]
        named = [item for item in items if item["original_name"] in HOSTILE_NAMES]
        for item in named:
            form = {"recording_id": item["id"], "stage": "investigation", "reason": "测"}
            officer.post(f"/api/v1/cases/{case['id']}/links", json=form).raise_for_status()
    grant = granted(archive, people, case["id"], "copy")
    with signed_in(archive, people, "sunli") as supervisor:
        for item in named:
            answer = supervisor.get(f"/api/v1/recordings/{item['id']}/original")
            assert answer.status_code == 200
            disposition = answer.headers["content-disposition"]
            assert disposition.isascii()
            assert disposition.isprintable()
            assert disposition.startswith("attachment; filename*=UTF-8''")
            given = disposition.removeprefix("attachment; filename*=UTF-8''")
            assert given == quote(unquote(given), safe="")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "injected" not in str(answer.headers.get("set-cookie"))
    out = tmp_path / "package"
    archive.run("export", case["id"], "--grant", grant, "--out", str(out))
    files = [path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()]
    assert len([name for name in files if name.startswith("data/")]) >= len(named)
    assert all(PACKAGED.fullmatch(name) and ".." not in name for name in files), files
    assert not any((folder / "injected").exists() for folder in (Path.cwd(), archive.folder, archive.data, tmp_path))


def granted(archive: RunningArchive, people: dict[str, str], case_id: str, kind: str) -> str:
    with signed_in(archive, people, "sunli") as asker:
        needs = {"unredacted_reason": "须提交原件"} if kind == "copy" else {}
        form = {"case_id": case_id, "kind": kind, "purpose": "核对", **needs}
        asked = asker.post("/api/v1/requests", json=form).raise_for_status().json()
    with signed_in(archive, people, "sunjing" if kind == "copy" else "wangmin") as approver:
        consent = {"consent_reason": "同意提交原件"} if kind == "copy" else {}
        answer = approver.post(f"/api/v1/requests/{asked['id']}/approve", json={"hours": 1, **consent})
        return str(answer.raise_for_status().json()["id"])


def test_no_neighbour_s_byte_comes_out_and_nobody_is_called(
    archive: RunningArchive, uploaded: dict[str, int], listening: Listener
) -> None:
    found = outputs(archive)
    assert len(found) > len(HOSTILE_NAMES)
    assert leaked_bytes(found) == 0
    assert listening.callers == 0
    until = time.monotonic() + 120  # What the journey before this one left to be made is of no interest here.
    while leftovers(archive) and time.monotonic() < until:
        time.sleep(0.5)
    assert leftovers(archive) == []
