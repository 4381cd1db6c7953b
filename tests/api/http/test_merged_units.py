"""A merged unit at the API and on the pages: nothing new begins in it, its successor's people go on with its cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from casework.merging import merge_unit
from integrity.local_time import chinese_day
from storage.catalog.organisation import Unit
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")


@dataclass(frozen=True)
class Merger:
    """`case`: opened in `ended` before it was merged into `successor`, both below `bureau`."""

    bureau: Unit
    ended: Unit
    successor: Unit
    case: Any
    former: Any
    administrator: Any
    supervisor: Any


@pytest.fixture
def merger(served: Any) -> Merger:
    bureau = served.unit("江城区城管局")
    ended, successor = served.unit("甲中队", bureau), served.unit("乙大队", bureau)
    former = served.signed_in(ended, "officer")
    case = former.post(
        "/api/v1/cases", json={"number": "甲〔2026〕1号", "title": "占道", "procedure": "ordinary_penalty"}
    )
    assert case.status_code == 201, case.text
    administrator, supervisor = (
        served.signed_in(unit, role)
        for unit, role in (
            (bureau, "administrator"),
            (successor, "supervisor"),
        )
    )
    now = datetime.now(UTC)
    with served.database.transaction() as session:
        merge_unit(session, OPERATOR, ended.id, successor.id, on=chinese_day(now), ground="江机编〔2026〕8号", now=now)
    return Merger(bureau, ended, successor, case.json(), former, administrator, supervisor)


def test_whatever_begins_in_it_is_refused_with_the_successor_and_the_day(served: Any, merger: Merger) -> None:
    unit = str(merger.ended.id)
    begun = {
        "/api/v1/units": {"name": "丁", "code": "D-1", "parent_id": unit},
        "/api/v1/people": {"name": "丁", "sign_in_name": "ding", "role": "officer", "unit_id": unit},
        "/api/v1/stations": {"name": "丁站", "unit_id": unit},
        "/api/v1/station-codes": {"name": "丁站", "unit_id": unit},
        "/api/v1/devices": {"code": "AB00077", "unit_id": unit},
        "/api/v1/rooms": {"kind": "questioning", "name": "询问室", "unit_id": unit},
        "/api/v1/file-reviews": {
            "title": "评查",
            "first_day": "2026-01-01",
            "last_day": "2026-02-01",
            "sample_size": 1,
            "unit_id": unit,
        },
    }
    day = chinese_day(datetime.now(UTC)).isoformat()
    for address, body in begun.items():
        answer = merger.administrator.post(address, json=body)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:liuhen:problem:unit-ended"), (
            address,
            answer.text,
        )
        for sentence in answer.json()["sentences"].values():
            assert all(word in sentence for word in ("甲中队", "乙大队", merger.successor.code, day)), sentence


def test_the_list_of_units_says_when_and_into_which(served: Any, merger: Merger) -> None:
    units = {each["id"]: each for each in merger.administrator.get("/api/v1/units").json()["items"]}
    ended = units[str(merger.ended.id)]
    assert ended["ended_on"] == chinese_day(datetime.now(UTC)).isoformat()
    assert ended["ended_into"] == ended["parent_id"] == str(merger.successor.id)
    assert units[str(merger.successor.id)]["ended_on"] is None


def test_its_case_goes_on_in_the_hands_of_the_successors_people(served: Any, merger: Merger) -> None:
    address = f"/api/v1/cases/{merger.case['id']}"
    listed = merger.supervisor.get("/api/v1/cases").json()["items"]
    assert [each["id"] for each in listed] == [merger.case["id"]]
    found = merger.supervisor.get("/api/v1/cases", params={"number": merger.case["number"]}).json()["items"]
    assert [each["id"] for each in found] == [merger.case["id"]]
    stage = merger.supervisor.post(f"{address}/stages", json={"stage": "investigation"})
    assert (stage.status_code, stage.json()["stage"]) == (201, "investigation")
    assert merger.supervisor.get(f"{address}/timeline").status_code == 200
    asked = merger.supervisor.post(
        "/api/v1/requests", json={"case_id": merger.case["id"], "kind": "view", "purpose": "核对"}
    )
    assert asked.status_code == 201, asked.text


def test_whoever_was_in_the_unit_sees_nothing_by_what_he_held_before(served: Any, merger: Merger) -> None:
    assert merger.former.get("/api/v1/cases").json().get("items", []) == []


def test_pages_say_so_and_offer_it_for_nothing_new(served: Any, merger: Merger) -> None:
    def page(caller: Any, path: str) -> str:
        answer = caller.get(path, headers={"Accept-Language": "zh-CN"})
        assert answer.status_code == 200, (path, answer.text[:500])
        return str(answer.text)

    text = page(merger.administrator, "/admin")
    assert "已并入乙大队" in text
    assert "江机编〔2026〕8号" in text
    option = f'<option value="{merger.ended.id}"'
    assert text.count(option) == 1, "people of a merged unit are listed, and nobody new is added"
    for path in ("/stations", "/devices", "/rooms"):
        assert option not in page(merger.administrator, path), path
    for path in ("/returns", "/statistics", "/statistics/recordings"):
        assert "已并入乙大队" in page(merger.supervisor, path), path
    for path in ("/cases", f"/cases/{merger.case['id']}", "/today", "/shift", "/recordings", "/requests", "/deadlines"):
        page(merger.supervisor, path)
