"""Search over HTTP: every kind at once, one kind page by page, and what cannot be searched for."""

from __future__ import annotations

from typing import Any

import pytest

from casework.archiving.secrecy import state_secrecy
from storage.catalog.organisation import ROLES, Unit


def test_every_kind_is_searched_at_once_and_each_says_why_it_was_found(scene: Any) -> None:
    answer = scene.officer.get("/api/v1/search", params={"q": "占道"})
    assert answer.status_code == 200, answer.text
    kinds = {each["kind"]: each["found"]["items"] for each in answer.json()["kinds"]}
    assert list(kinds) == ["cases", "documents", "people", "places", "recordings"]
    (found,) = kinds["cases"]
    assert found["id"] == str(scene.case.id)
    assert found["matched"] == [{"field": "title", "text": scene.case.title}]
    assert kinds["recordings"] == []


def test_one_kind_is_given_page_by_page(scene: Any) -> None:
    for turn in range(3):
        form = {"number": f"江城罚〔2026〕90{turn}号", "title": "夜间施工噪声", "procedure": "ordinary_penalty"}
        assert scene.officer.post("/api/v1/cases", json=form).status_code == 201
    asked: dict[str, Any] = {"q": "施工", "limit": 2}
    first = scene.officer.get("/api/v1/search/cases", params=asked).json()
    second = scene.officer.get("/api/v1/search/cases", params=asked | {"cursor": first["next"]}).json()
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
    assert len({each["id"] for each in (*first["items"], *second["items"])}) == 3


@pytest.mark.parametrize("words", ["占", " ", "占道 营", "词" * 201, "\u202e占道"])
def test_what_cannot_be_searched_for_is_said_so(scene: Any, words: str) -> None:
    answer = scene.officer.get("/api/v1/search", params={"q": words})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_single_sign_is_refused_in_words(scene: Any) -> None:
    problem = scene.officer.get("/api/v1/search/cases", params={"q": "占"}).json()
    assert problem["sentences"]["zh-CN"] == "“检索词”无法使用（每词至少两个字），请更正后重新提交"


def test_nobody_searches_unsigned_and_no_kind_is_made_up(scene: Any, served: Any) -> None:
    assert scene.officer.get("/api/v1/search/devices", params={"q": "占道"}).status_code == 422
    assert served.caller().get("/api/v1/search", params={"q": "占道"}).status_code == 401


TWO = ((b"1", "20260101100000"), (b"2", "20260101110000"))


def ids_of(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.text
    assert answer.json()["next"] is None
    return {each["id"] for each in answer.json()["items"]}


@pytest.mark.parametrize("role", ROLES)
def test_nobody_finds_what_his_lists_do_not_show(scene: Any, served: Any, role: str) -> None:
    """A recording in a case, one in a case of a class that is closed to most, one in none; units below and beside."""
    with served.database.transaction() as session:
        own = session.get_one(Unit, scene.unit.id)
    secret, station = served.case(scene.supervisor.person), served.station(own)
    kept, _ = (served.seal(station, each * 1000, f"AB00001_000123_{name}.MP4") for each, name in TWO)
    served.link(kept, secret, scene.supervisor.person)
    with served.database.transaction() as session:
        state_secrecy(session, scene.supervisor.person, secret.id, "business_secret", licensed=False)
    seen = 3 if role in ("supervisor", "legal_reviewer") else 2
    for unit, counts in ((own, (seen, 2)), (served.unit(parent=own), (0, 0)), (served.unit(), (0, 0))):
        caller = served.signed_in(unit, role)
        found = ids_of(caller.get("/api/v1/search/recordings", params={"q": "AB00001", "limit": 200}))
        assert found == ids_of(caller.get("/api/v1/recordings", params={"limit": 200}))
        cases = ids_of(caller.get("/api/v1/search/cases", params={"q": "占道", "limit": 200}))
        assert cases == ids_of(caller.get("/api/v1/cases", params={"limit": 200}))
        assert (len(found), len(cases)) == counts
        page = caller.get("/search", params={"q": "AB00001"}).text
        assert (str(kept.id) in page) == (str(kept.id) in found)


def test_the_page_names_what_it_found_its_time_and_why(scene: Any, served: Any) -> None:
    page = served.browser(scene.officer.person).get("/search", params={"q": "占道"}, headers={"Accept-Language": "zh"})
    assert page.status_code == 200
    for said in (f"{scene.case.number} {scene.case.title}", f"/cases/{scene.case.id}", "建立时间", "案由"):
        assert said in page.text
    assert "封存完成" not in page.text
    recordings = scene.officer.get("/search", params={"q": "AB00001"}, headers={"Accept-Language": "zh"}).text
    assert f"/recordings/{scene.recording.id}" in recordings
    assert "封存完成" in recordings
