"""Which decision a paper states, and a service is of: asked where a case has several, in both languages."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from casework.documents.templates import load_shipped_templates
from tests.api.http.publishing import SAID, make_publishing_desk

CHINESE = {"Accept-Language": "zh"}
COMPANY = {"party": "某运输有限公司", "party_kind": "organisation", "content": "罚款人民币六十元", "amount_fen": 6_000}


@pytest.fixture
def desk(served: Any) -> Any:
    """A decision that was issued today against a citizen."""
    desk = make_publishing_desk(served)
    desk.decide()
    with served.database.transaction() as session:
        load_shipped_templates(session, datetime.now(UTC))
    return desk


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def decide_again(desk: Any) -> str:
    """Against somebody else, in the same case; the decision's id."""
    drafted = desk.officer.post(f"/api/v1/cases/{desk.case.id}/decisions", json={**SAID, **COMPANY}).json()
    read = {"version_id": drafted["versions"][0]["id"]}
    assert desk.supervisor.post(f"/api/v1/decisions/{drafted['id']}/issue", json=read).status_code == 201
    return str(drafted["id"])


def begin(desk: Any, **named: Any) -> Any:
    form = {"kind": "penalty_decision", "fields": {}, **named}
    return desk.officer.post(f"/api/v1/cases/{desk.case.id}/documents", json=form, headers=CHINESE)


def page(desk: Any) -> str:
    text: str = desk.officer.get(f"/cases/{desk.case.id}?serve=mailed", headers=CHINESE).text
    return text


def test_of_the_only_decision_nothing_is_asked(desk: Any) -> None:
    shown = page(desk)
    assert 'value="penalty_decision"' in shown
    assert 'id="document-decision"' not in shown
    assert 'id="service-decision"' not in shown
    made = begin(desk)
    assert made.status_code == 201, made.text
    assert made.json()["facts"]["party"] == SAID["party"]
    assert not {field["name"] for field in fields_of(desk)} & {"party", "penalty"}


def fields_of(desk: Any) -> Any:
    listed = desk.officer.get(f"/api/v1/cases/{desk.case.id}/documents").json()["templates"]
    (template,) = [each for each in listed if each["kind"] == "penalty_decision"]
    return template["fields"]


def test_of_several_the_page_and_the_api_ask_which_one(desk: Any) -> None:
    second = decide_again(desk)
    shown = page(desk)
    for select in ("document-decision", "service-decision"):
        offered = shown.split(f'id="{select}"')[1].split("</select>")[0]
        assert offered.count("<option") == 3
        assert f'value="{second}"' in offered
        assert f"{COMPANY['party']} {COMPANY['content']}" in offered
        assert SAID["party"] in offered
    unclear = begin(desk)
    assert code(unclear) == (422, "document-decision-unclear")
    assert "本案有 2 项决定可以制作“行政处罚决定书”，须写明是哪一项" in unclear.json()["detail"]
    assert "name the one (decision_id)" in unclear.json()["sentences"]["en"]
    unfit = begin(desk, decision_id=str(uuid.uuid4()))
    assert code(unfit) == (422, "document-decision-unfit")
    made = begin(desk, decision_id=second).json()
    assert (made["decision_id"], made["facts"]["party"]) == (second, COMPANY["party"])
    assert (made["facts"]["decided"], made["facts"]["amount"]) == (COMPANY["content"], "60.00")
    typed = desk.officer.put(
        f"/api/v1/documents/{made['id']}/text", json={"fields": {"party": "别人"}, "after": 1}, headers=CHINESE
    )
    assert code(typed) == (422, "field")
    text = desk.officer.get(f"/documents/{made['id']}", headers=CHINESE).text
    assert COMPANY["content"] in text
    assert 'name="fields.party"' not in text


def test_what_was_revoked_is_refused_with_its_reason(desk: Any) -> None:
    second = decide_again(desk)
    revoked = {"kind": "decision_revoked", "day": desk.today.isoformat(), "decision_id": second}
    event = desk.supervisor.post(f"/api/v1/cases/{desk.case.id}/events", json=revoked).json()
    refused = begin(desk, decision_id=second)
    assert code(refused) == (409, "gate")
    assert "该决定已被撤销；如系误登，请先由主管撤回撤销事项" in refused.json()["detail"]
    assert "the decision was revoked" in refused.json()["sentences"]["en"]
    # The other one alone is left, and nothing is asked.
    assert 'id="document-decision"' not in page(desk)
    assert begin(desk).json()["facts"]["party"] == SAID["party"]
    back = desk.supervisor.post(f"/api/v1/events/{event['id']}/withdraw", json={"reason": "误登"})
    assert back.status_code == 200, back.text
    assert begin(desk, decision_id=second).status_code == 201
