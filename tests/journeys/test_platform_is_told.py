"""A real archive that was told of a platform: what is published arrives there by itself, and leaves it again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.journeys.running import RunningArchive
from tests.platform_receiver import Asked, Receiver, says, takes
from tests.telling import NoticeWriter

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(400)]
TOKEN = "geheim-0815"
CODE = "JC-32"
PEOPLE = {
    "guanli": ("administrator", "管理三十二"),
    "banan": ("officer", "办案三十二", "--badge", "003101"),
    "xieban": ("officer", "协办三十二", "--badge", "003102"),
    "duzhang": ("supervisor", "队长三十二"),
    "shenhe": ("supervisor", "审核三十二"),
    "fabu": ("publisher", "发布三十二"),
}
DUTIES = (
    ("banan", "collect"),
    ("banan", "transmit"),
    ("duzhang", "review"),
    ("shenhe", "review"),
    ("fabu", "publish"),
)
DECISION = {
    "kind": "penalty",
    "measures": ["fine"],
    "level": "brigade",
    "field": "city_appearance",
    "party": "张三丰",
    "party_kind": "citizen",
    "content": "对张三丰罚款五十元",
    "amount_fen": 5_000,
}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(says(503, b"starting"), takes("CQ-1"), takes("CQ-2"))
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def told(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningArchive]:
    settings = {"LIUHEN_PUSH_URL": receiver.url, "LIUHEN_PUSH_TOKEN": TOKEN, "LIUHEN_HTTP_PROCESSES": "1"}
    archive = RunningArchive(tmp_path_factory.mktemp("told"), **settings)
    try:
        archive.start()
        yield archive
    finally:
        archive.stop()


@pytest.fixture(scope="module")
def callers(told: RunningArchive) -> Iterator[dict[str, httpx.Client]]:
    told.people("第三十二执法大队", CODE, PEOPLE)
    for name, number in (("banan", "ZF3101"), ("xieban", "ZF3102")):
        told.admin("officer", "certify", name, number, "--from", "2024-01-01")
    callers = {}
    for name in PEOPLE:
        callers[name] = told.client(str(told.admin("token", "create", "--person", name)["token"]))
    yield callers
    for caller in callers.values():
        caller.close()


def done(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def decide(callers: dict[str, httpx.Client], people: dict[str, str]) -> str:
    """A small fine on the spot, issued; the event from which its publication runs."""
    officer = callers["banan"]
    form = {"number": "江综执罚〔2026〕第31号", "title": "占道经营", "procedure": "simple_penalty"}
    at = f"/api/v1/cases/{done(officer.post('/api/v1/cases', json=form))['id']}"
    for name in ("banan", "xieban"):
        done(officer.post(f"{at}/officers", json={"person_id": people[name]}))
    done(officer.post(f"{at}/stages", json={"stage": "decision"}))
    decision = done(officer.post(f"{at}/decisions", json=DECISION))
    NoticeWriter(officer, at.rpartition("/")[2], people["banan"], str).tell_on_the_spot(decision)
    read = {"version_id": decision["versions"][0]["id"]}
    done(officer.post(f"/api/v1/decisions/{decision['id']}/issue", json=read))
    events = done(officer.get(f"{at}/deadlines"))["events"]
    return next(str(each["id"]) for each in events if each["kind"] == "penalty_decided")


def publish(callers: dict[str, httpx.Client], event: str) -> str:
    made = done(callers["banan"].post(f"/api/v1/events/{event}/publication", json={}))
    here, read = f"/api/v1/publications/{made['id']}", {"version_id": made["versions"][-1]["id"]}
    done(callers["banan"].post(f"{here}/transmission", json=read))
    for name in ("duzhang", "shenhe"):
        done(callers[name].post(f"{here}/pass", json=read))
    done(callers["fabu"].post(f"{here}/publish", json=read))
    return here


def wait_for(receiver: Receiver, count: int, seconds: float) -> Asked:
    deadline = time.monotonic() + seconds
    while len(receiver.asked) < count:
        assert time.monotonic() < deadline, receiver.asked
        time.sleep(0.2)
    return receiver.asked[count - 1]


def wait_until_taken(caller: httpx.Client, here: str, states: list[str]) -> Any:
    """The answer is there before it is kept."""
    deadline = time.monotonic() + 30
    while True:
        pushes = done(caller.get(here))["pushes"]
        if [each["state"] for each in pushes] == states:
            return pushes
        assert time.monotonic() < deadline, pushes
        time.sleep(0.2)


def test_what_is_published_arrives_by_itself_and_leaves_again(
    told: RunningArchive, callers: dict[str, httpx.Client], receiver: Receiver
) -> None:
    listed = told.admin("person", "list", "--unit", CODE)["items"]
    people = {each["sign_in_name"]: str(each["person_id"]) for each in listed}
    for name, duty in DUTIES:
        done(callers["guanli"].post(f"/api/v1/people/{people[name]}/publication-duties", json={"duty": duty}))
    here = publish(callers, decide(callers, people))
    asked = wait_for(receiver, 1, seconds=60)
    assert (asked.headers["authorization"], asked.body["item"]["party"]) == (f"Bearer {TOKEN}", "张某某")
    wait_until_taken(callers["fabu"], here, ["retrying"])
    again = wait_for(receiver, 2, seconds=120)  # it said that it was busy: a minute later
    assert (again.headers["idempotency-key"], again.body) == (asked.headers["idempotency-key"], asked.body)
    wait_until_taken(callers["fabu"], here, ["accepted"])
    done(callers["fabu"].post(f"{here}/taking-down", json={"ground": "inaccurate", "reason": "金额有误"}))
    gone = wait_for(receiver, 3, seconds=60)
    assert (gone.body["action"], gone.body["reason"], "item" in gone.body) == ("withdraw", "金额有误", False)
    pushes = wait_until_taken(callers["fabu"], here, ["accepted", "accepted"])
    assert [each["receipt"] for each in pushes] == ["CQ-1", "CQ-2"]


def test_the_token_is_in_no_log_and_no_other_process_was_started_with_it(told: RunningArchive) -> None:
    assert told.process is not None
    environments = []
    for child in psutil.Process(told.process.pid).children(recursive=True):
        with suppress(psutil.Error):  # It may end meanwhile.
            environments.append(child.environ())
    assert environments
    assert not [each for each in environments if TOKEN in each.values()]
    written = [path for path in told.data.rglob("*") if path.is_file() and path.suffix in (".log", ".json")]
    assert written
    for path in (*written, Path(told.folder / "up.log")):
        assert TOKEN.encode() not in path.read_bytes(), path
    assert told.run("verify", "--quick").returncode == 0
