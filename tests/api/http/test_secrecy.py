"""A case's class of secrecy (密级) over HTTP: what is written of the case is open to whom the class lets in, and to
nobody else of its own unit. The tables are written by hand from docs/archiving.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casework.archiving.secrecy import state_secrecy
from casework.checklists.checklists import load_shipped_checklists
from tests.api.http.publishing import PublishingDesk, make_publishing_desk

# h: an officer of the case; o: another officer of the unit; then as in boundaries.txt.
LET_IN = {
    "ordinary": "hoslpua",
    "privacy": "hslu",
    "business_secret": "hsl",
    "state_secret": "hs",
}
READ = ("acts", "completeness", "decisions", "services", "service-proofs", "documents")
CONTACTS = ("identity_shown", "notices")
WRITTEN = {"act_added", "decision_drafted", "decision_issued", "served", "identity_shown", "notice_given"}
FINE = {
    "kind": "penalty",
    "measures": ["fine"],
    "level": "brigade",
    "field": "city_appearance",
    "party": "李四",
    "party_kind": "citizen",
    "content": "罚款五十元",
    "amount_fen": 5_000,
}


class Classified:
    """A case that was decided, with one of each thing that is written of it, and a caller of each kind."""

    def __init__(self, desk: PublishingDesk) -> None:
        served, self.desk = desk.served, desk
        desk.decide()
        assert desk.case is not None
        self.case_id, self.at = desk.case.id, f"/api/v1/cases/{desk.case.id}"
        with served.database.transaction() as session:
            load_shipped_checklists(session, datetime.now(UTC))
        self.callers = {
            letter: served.signed_in(desk.unit, role)
            for letter, role in zip(
                "hoslpua",
                ("officer", "officer", "supervisor", "legal_reviewer", "publisher", "auditor", "administrator"),
                strict=True,
            )
        }
        own = str(self.callers["h"].person.id)
        served.certify(self.callers["h"].person.id, self.callers["s"].person.id)
        began = datetime.now(UTC) - timedelta(minutes=20)
        self.act_form = {
            "kind": "seizure",
            "starts_at": began.isoformat(),
            "ends_at": (began + timedelta(minutes=5)).isoformat(),
            "officer_id": own,
            "second_officer_id": str(self.callers["s"].person.id),
        }
        self.service_form = {
            "method": "posted",
            "document_number": "江综函〔2026〕9号",
            "addressee": "张三丰",
            "served_at": began.isoformat(),
            "carrier": "公告栏",
            "ground": "无法直接送达",
        }
        self.shown = {"person_id": own, "shown_at": began.isoformat()}
        self.given = {"person_id": own, "given_at": began.isoformat()}
        supervisor = self.callers["s"]
        assert supervisor.post(f"{self.at}/officers", json={"person_id": own}).status_code == 201
        self.act = self.made(supervisor.post(f"{self.at}/acts", json=self.act_form))
        self.decision = self.made(supervisor.post(f"{self.at}/decisions", json=FINE))
        self.made(supervisor.post(f"{self.at}/services", json=self.service_form))
        for form, where in ((self.shown, "identity"), (self.given, "notices")):
            self.made(supervisor.post(f"{self.at}/{where}", json=form))
        self.publication = self.made(desk.officer.post(f"/api/v1/events/{desk.event}/publication", json={}))

    def made(self, answer: Any) -> Any:
        assert answer.status_code == 201, answer.text
        return answer.json()

    def writes(self) -> dict[str, Any]:
        version = self.decision["versions"][-1]["id"]
        return {
            f"{self.at}/acts": self.act_form,
            f"/api/v1/acts/{self.act['id']}/explanations": {
                "starts_at": self.act_form["starts_at"],
                "ends_at": self.act_form["ends_at"],
                "reason": "设备没电",
            },
            f"{self.at}/decisions": FINE,
            f"/api/v1/decisions/{self.decision['id']}/versions": {**FINE, "reason": "笔误", "former": version},
            f"/api/v1/decisions/{self.decision['id']}/withdraw": {"reason": "不予处罚"},
            f"{self.at}/services": self.service_form,
            f"{self.at}/officers": {"person_id": str(self.callers["o"].person.id)},
            f"{self.at}/identity": self.shown,
            f"{self.at}/notices": self.given,
            f"{self.at}/events": {"kind": "penalty_decided", "day": self.desk.today.isoformat()},
        }

    def state(self, secrecy_class: str) -> None:
        with self.desk.served.database.transaction() as session:
            state_secrecy(session, self.callers["s"].person, self.case_id, secrecy_class, licensed=True)


@pytest.fixture
def classified(served: Any) -> Classified:
    return Classified(make_publishing_desk(served))


def test_what_is_written_of_a_case_is_open_to_whom_its_class_lets_in(classified: Classified) -> None:
    """From the least strict class to the strictest, of one case."""
    for secrecy_class, let_in in LET_IN.items():
        classified.state(secrecy_class)
        for letter, caller in classified.callers.items():
            opened, where = letter in let_in, (secrecy_class, letter)
            for part in READ:
                answer = caller.get(f"{classified.at}/{part}")
                said = (answer.status_code, answer.json().get("reason"))
                assert said == ((200, None) if opened else (403, "secrecy")), (*where, part)
            publication = classified.publication["id"]
            assert caller.get(f"/api/v1/publications/{publication}").status_code == (200 if opened else 403), where
            listed = caller.get("/api/v1/publications").json()["items"]
            assert [each["id"] for each in listed] == ([publication] if opened else []), where
            handling = caller.get(f"{classified.at}/officers").json()
            assert len(handling["officers"]) == 3, where
            assert [bool(handling[each]) for each in CONTACTS] == [opened, opened], where
            kinds = {each["kind"] for each in caller.get(f"{classified.at}/timeline").json()["items"]}
            assert kinds >= WRITTEN if opened else not WRITTEN & kinds, where
            assert {"stage_entered", "officer_named", "event_entered"} <= kinds, where
            gaps = {each["case"]["id"] for each in caller.get("/api/v1/gaps").json()["items"]}
            assert gaps == ({str(classified.case_id)} if opened else set()), where


def test_another_officer_of_the_unit_writes_nothing_of_it_and_does_not_name_himself(classified: Classified) -> None:
    other, own = classified.callers["o"], classified.callers["h"]
    denied = len(classified.desk.served.entries("access.denied"))
    for secrecy_class in ("privacy", "state_secret"):
        classified.state(secrecy_class)
        for address, form in classified.writes().items():
            answer = other.post(address, json=form)
            assert (answer.status_code, answer.json().get("reason")) == (403, "secrecy"), (secrecy_class, address)
            denied += 1
    assert len(classified.desk.served.entries("access.denied")) == denied
    for where, form in (("identity", classified.shown), ("acts", classified.act_form), ("decisions", FINE)):
        assert own.post(f"{classified.at}/{where}", json=form).status_code == 201, where


def test_the_page_says_once_what_is_kept_and_shows_none_of_it(classified: Classified) -> None:
    classified.state("privacy")
    page = f"/cases/{classified.case_id}"
    chinese = {"Accept-Language": "zh"}
    kept, shown = (classified.callers[each].get(page, headers=chinese).text for each in "oh")
    notice = "本案密级为“个人隐私”，其记录、文书、执法行为、决定和送达不向您开放。如需查看，请联系本单位主管。"
    written = ("张三丰", "李四", f'id="act-{classified.act["id"]}"', f'id="decision-{classified.decision["id"]}"')
    assert (kept.count(notice), shown.count(notice)) == (1, 0)
    assert ("去登记送达" in kept, "去登记送达" in shown) == (False, True)
    assert [each in kept for each in written] == [False] * 4
    assert [each in shown for each in written] == [True] * 4


def test_whoever_publishes_goes_on_with_a_classified_case_and_with_its_publication_alone(
    classified: Classified,
) -> None:
    """Or nothing of it were ever published, nor decided not to be."""
    classified.state("privacy")
    desk, publication = classified.desk, classified.publication
    read = {"version_id": publication["versions"][-1]["id"]}
    here = f"/api/v1/publications/{publication['id']}"
    assert desk.publisher.get(here).status_code == 200
    assert desk.officer.post(f"{here}/transmission", json=read).json()["state"] == "transmitted"
    assert desk.publisher.get(f"{classified.at}/decisions").status_code == 403
    page = desk.publisher.get(f"/cases/{classified.case_id}").text
    assert publication["id"] in page
    assert classified.decision["id"] not in page
