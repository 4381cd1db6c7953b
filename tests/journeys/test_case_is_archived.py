"""A closed case is archived by its supervisor: told what is missing, then whole, with what came late beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from tests.hostile.live import station_token, upload
from tests.journeys.browsing import desk_of
from tests.journeys.running import RunningArchive
from tests.journeys.telling import Filming
from tests.telling import NoticeWriter

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(300)]
CODE = "JC-09"
PEOPLE = {
    "fanjing": ("officer", "范静", "--badge", "000901"),
    "guoliang": ("officer", "郭亮", "--badge", "000902"),
    "hexin": ("officer", "贺新"),
    "tangyu": ("supervisor", "唐宇"),
    "shenyi": ("supervisor", "沈怡"),
}
STAGES = ("initiation", "investigation", "decision", "execution")
WARNING = {
    "kind": "penalty",
    "measures": ["warning"],
    "level": "brigade",
    "field": "city_appearance",
    "party": "某商户",
    "party_kind": "organisation",
    "content": "责令改正，予以警告",
}
FILMS = [f"AB00901_000901_2026030909{minute:02}00.MP4" for minute in range(5)]


@pytest.fixture(scope="module")
def passwords(archive: RunningArchive) -> dict[str, str]:
    passwords = archive.people("第九执法大队", CODE, PEOPLE)
    for officer in ("fanjing", "guoliang"):
        archive.admin("officer", "certify", officer, f"Z-{officer}", "--from", "2020-01-01")
    return passwords


@pytest.fixture(scope="module")
def desk(archive: RunningArchive, passwords: dict[str, str]) -> Iterator[httpx.Client]:
    """A program of the unit's supervisor: for what this journey is not about."""
    words = ("token", "create", "--role", "supervisor", "--name", "案管九", "--unit", CODE)
    with archive.client(str(archive.admin(*words)["token"])) as desk:
        yield desk


@pytest.fixture(scope="module")
def recordings(archive: RunningArchive, passwords: dict[str, str], desk: httpx.Client) -> list[str]:
    """Their ids, in the order of FILMS."""
    token = station_token(archive, "九大队采集站", "--unit", CODE)
    for name in FILMS:
        assert upload(archive, token, name, f"evidence {name}".encode()) == 201
    until = time.monotonic() + 90
    while time.monotonic() < until:
        items = {each["original_name"]: str(each["id"]) for each in desk.get("/api/v1/recordings").json()["items"]}
        if len(items) == len(FILMS):
            return [items[name] for name in FILMS]
        time.sleep(0.2)
    raise AssertionError(f"only {len(items)} were sealed")


def send(desk: httpx.Client, path: str, said: dict[str, Any]) -> Any:
    answer = desk.post(f"/api/v1{path}", json=said)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def settle_elements(desk: httpx.Client) -> None:
    """Whatever the queue asks of these recordings cannot be had: until it asks nothing for a while."""
    quiet_since = time.monotonic()
    while time.monotonic() < quiet_since + 6:
        for each in desk.get("/api/v1/element-questions").json()["items"]:
            seen = {"recording_id": each["recording_id"], "fingerprint": each["fingerprint"]}
            said = {"asked": each["element"], "reason": "样片，无从查考", "questions": [seen]}
            desk.post("/api/v1/element-answers", json=said)
            quiet_since = time.monotonic()
        time.sleep(0.3)


@pytest.fixture(scope="module")
def case(archive: RunningArchive, desk: httpx.Client, recordings: list[str]) -> str:
    """The page of a closed case that has everything but a recording of its last stage."""
    made = send(
        desk, "/cases", {"number": "江综执罚〔2026〕第9号", "title": "占道经营", "procedure": "ordinary_penalty"}
    )
    address = f"/cases/{made['id']}"
    people = {each["name"]: each["person_id"] for each in archive.admin("person", "list", "--unit", CODE)["items"]}
    for name in ("范静", "郭亮"):
        send(desk, f"{address}/officers", {"person_id": people[name]})
    for stage, recording in zip(STAGES[:3], recordings, strict=False):
        send(desk, f"{address}/links", {"recording_id": recording, "stage": stage, "reason": "同一现场"})
    for stage in STAGES[1:3]:
        send(desk, f"{address}/stages", {"stage": stage})
    decision = send(desk, f"{address}/decisions", WARNING)
    archive.admin("seal", "issuer", "--unit", CODE, "--name", "第九执法大队", "--word", "江九")
    film = Filming(archive, desk, CODE, made["id"], station_token(archive, "九大队送达采集站", "--unit", CODE))
    NoticeWriter(desk, made["id"], people["范静"], film).tell_all(decision)
    send(desk, f"/decisions/{decision['id']}/issue", {"version_id": decision["versions"][0]["id"]})
    send(desk, f"{address}/stages", {"stage": STAGES[3]})
    send(desk, f"{address}/close", {})
    settle_elements(desk)
    return address


def test_a_case_is_archived_and_supplemented(
    archive: RunningArchive,
    browser: Browser,
    passwords: dict[str, str],
    desk: httpx.Client,
    recordings: list[str],
    case: str,
) -> None:
    with desk_of(browser, archive.url, "tangyu", passwords["tangyu"]) as supervisor:
        page = supervisor.open(case)
        archiving = page.locator("#archiving")
        assert "“送达执行”环节没有任何文字或音像记录" in archiving.inner_text()
        assert archiving.get_by_role("button", name="归档", exact=True).count() == 0
        send(desk, f"{case}/links", {"recording_id": recordings[3], "stage": "execution", "reason": "送达过程"})
        settle_elements(desk)

        page.reload()
        assert "本案至少须为“永久”：公安机关现场执法视音频记录工作规定" in archiving.inner_text()
        archiving.locator("#archive-secrecy").select_option("privacy")
        archiving.locator("#archive-retention").select_option("permanent")
        page.once("dialog", lambda dialog: dialog.accept())
        supervisor.submit("归档")
        assert "已归档" in archiving.inner_text()
        assert "归档时密级：个人隐私" in archiving.inner_text()
        catalogue = page.locator("#catalogue")
        assert catalogue.locator("tbody tr").count() == 7
        assert "范静（000901）" in catalogue.inner_text()
        with page.expect_download() as fetched:
            catalogue.get_by_role("link", name="下载表格（CSV）").click()
        table = fetched.value.path().read_text("utf-8-sig").splitlines()
        assert (table[0].split(",")[0], len(table)) == ("序号", 8)
        assert fetched.value.suggested_filename == "江综执罚〔2026〕第9号-卷内目录-1.csv"

        archiving.locator("summary", has_text="补充归档").click()
        archiving.locator("#supplement-recording").select_option(recordings[4])
        archiving.locator("#supplement-stage").select_option("execution")
        archiving.locator("#supplement-reason").fill("存储卡修复后取得")
        with page.expect_navigation():
            archiving.get_by_role("button", name="补充归档").click()
        assert catalogue.locator("details").count() == 2
        assert catalogue.locator("details").first.locator("tbody tr").count() == 8
        assert "存储卡修复后取得" in catalogue.inner_text()

    with desk_of(browser, archive.url, "shenyi", passwords["shenyi"]) as other:
        page = other.open(case)
        archiving = page.locator("#archiving")
        archiving.locator("summary", has_text="更改密级").click()
        archiving.locator("#secrecy-class").select_option("ordinary")
        archiving.get_by_role("button", name="保存密级").click()
        page.get_by_text("“理由”无法使用").wait_for()
        archiving.locator("#secrecy-reason").fill("当事人同意公开")
        other.submit("保存密级")
        assert "密级：一般" in archiving.inner_text()
        other.complaints[:] = [each for each in other.complaints if "422" not in each]


def test_a_classified_case_shows_its_recordings_to_its_officers_alone(
    archive: RunningArchive, browser: Browser, passwords: dict[str, str], desk: httpx.Client, case: str
) -> None:
    send(desk, f"{case}/secrecy", {"secrecy_class": "business_secret"})
    with desk_of(browser, archive.url, "hexin", passwords["hexin"]) as stranger:
        page = stranger.open(case)
        assert "本案密级为“商业秘密”，其记录、文书、执法行为、决定和送达不向您开放" in page.locator("main").inner_text()
        assert "AB00901" not in page.locator("main").inner_text()
        assert "AB00901" not in stranger.open("/recordings").locator("main").inner_text()
    with desk_of(browser, archive.url, "fanjing", passwords["fanjing"]) as officer:
        assert "AB00901" in officer.open(case).locator("main").inner_text()
