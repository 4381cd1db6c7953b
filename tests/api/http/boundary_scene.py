"""A 局, a 大队 below it, another 大队 beside that and a 中队 below: each role in all, one of each thing."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from api.tasks.housekeeping import link_all_due
from casework.archiving.retention_rules import load_shipped_retention
from casework.checklists.checklists import load_shipped_checklists
from casework.deadlines.loading import load_shipped_terms
from casework.documents.issuers import name_issuer
from casework.documents.seals import make_seal
from casework.documents.templates import load_shipped_templates
from casework.elements.policies import load_shipped_policies
from casework.filereview.sheets import load_shipped_score_sheets
from casework.linking.linker import link_due_recordings
from casework.publication.publicity import load_shipped_publicity
from casework.register.certificates import add_certificate
from casework.register.devices import add_device
from casework.register.issues import issue_device
from casework.returns.rules import load_returns
from casework.review.qualifications import add_qualification
from casework.review.scopes import load_shipped_scopes
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor
from tests.api.http.publishing import PublishingDesk
from tests.api.http.served import Caller, Served
from tests.api.http.test_decisions import SAID as BIG
from tests.api.http.test_decisions import WHOLE, answers
from tests.casework.documents.conftest import INQUIRY, NOTICE

OPERATOR = Actor.system("admin")
ROLES = {
    "o": "officer",
    "s": "supervisor",
    "l": "legal_reviewer",
    "p": "publisher",
    "u": "auditor",
    "a": "administrator",
}
PLACES = ("here", "above", "beside", "below")
DUTIES = (("o", "collect"), ("o", "transmit"), ("s", "review"), ("p", "publish"))
SHIPPED = (
    load_shipped_checklists,
    load_shipped_policies,
    load_shipped_publicity,
    load_shipped_retention,
    load_shipped_score_sheets,
    load_shipped_scopes,
    load_shipped_templates,
    load_shipped_terms,
)
API = "/api/v1"
RETURNS = """
jurisdiction: CQ-test
version: 1
title: {zh: 年报, en: Yearly returns}
valid_from: 2019-01-01
returns:
""" + "".join(
    f"""
  - code: r{number}
    name: {{zh: 第 {number} 种年报, en: Yearly return {number}}}
    owed_by: every
    every: year
    due: {{days: 31, counted: calendar_days}}
    recipients: [区城市管理局]
    figures: [cases]
    law: [区局关于报送执法情况的通知]
"""
    for number in range(1, 61)
)
"""Of each, every unit owes one for last year."""
FILM = (
    '{"kind": "video", "container": "mp4", '
    '"streams": [{"kind": "video", "codec": "h264"}, {"kind": "audio", "codec": "aac"}]}'
)
ARCHIVED = {"secrecy_class": "ordinary", "retention_class": "permanent", "skipped_reason": "经查无违法事实，撤销案件"}
BOX = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.2, "from_seconds": 1.5, "to_seconds": 4}


def done(response: Any) -> Any:
    """What a step of the story answered; it has to succeed."""
    assert response.is_success, response.text
    return response.json()


class Bounds:
    """`callers[place][letter]`: who asks. Everything else is of the unit `here`, a new one at each call of a method."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.returns = iter(range(1, 61))
        self.now, self.numbers = datetime.now(UTC), iter(range(1, 10_000))
        bureau = served.unit("江城区城市管理局")
        here = served.unit(f"江城{uuid.uuid4().hex}大队", bureau)
        self.units = {
            "here": here,
            "above": bureau,
            "beside": served.unit("江北大队", bureau),
            "below": served.unit("江城大队一中队", here),
        }
        self.here = here
        self.callers = {
            place: {letter: served.signed_in(self.units[place], role) for letter, role in ROLES.items()}
            for place in PLACES
        }
        self.o, self.s, self.l, self.p, self.u, self.a = self.callers["here"].values()
        self.handlers = [served.person(here, "officer") for _ in range(2)]
        # Units that have been there for long owe a return for last year.
        served.as_owner("UPDATE unit SET created_at = now() - interval '5 years'")
        served.as_owner("UPDATE person SET badge_number = '000123' WHERE id = %s", self.o.person.id)
        self._load_rules()
        self._name_to_duties()
        self._fill()

    def _load_rules(self) -> None:
        with self.served.database.transaction() as session:
            for load in SHIPPED:
                load(session, self.now)
            load_returns(session, OPERATOR, RETURNS.encode(), self.now)
            name_issuer(session, OPERATOR, self.units["above"].id, name="江城区城市管理局", word="江综执")
            make_seal(session, OPERATOR, self.served.archive.seal_keys, self.units["above"].id, "江城区局", self.now)
            for place in PLACES:
                reviewer = self.callers[place]["l"].person.id
                facts = {"ground": "legal_profession", "number": f"A{reviewer.hex[:9]}", "valid_from": date(2020, 3, 1)}
                add_qualification(session, OPERATOR, reviewer, **facts)
        self.served.certify(*(each.id for each in (*self.handlers, self.o.person, self.s.person)))

    def _name_to_duties(self) -> None:
        for place in PLACES:
            for letter, duty in DUTIES:
                address = f"{API}/people/{self.callers[place][letter].person.id}/publication-duties"
                named = done(self.callers["above"]["a"].post(address, json={"duty": duty}))
                self.duty = named["id"] if place == "here" else self.duty

    def _fill(self) -> None:
        """A case with a film that somebody saw and somebody was refused, and one of each thing that lists show."""
        served, supervisor = self.served, self.s.person
        self.case = served.case(self.o.person)
        self.at = f"{API}/cases/{self.case.id}"
        for each in (*self.handlers, self.o.person, supervisor):
            self.handler(each)
        done(self.o.post(f"{self.at}/stages", json={"stage": "investigation"}))
        self.station = served.station(self.here)
        self.recorder = self.device()
        with served.database.transaction() as session:
            held = issue_device(session, OPERATOR, self.recorder.id, self.handlers[0].id, now=self.now)
            self.held = str(held.id)
        self.recording = self.film(f"{self.recorder.code}_000123_20260101093000.MP4")
        served.copy(self.recording, "proxy", b"a proxy, say", "video/mp4")
        served.link(self.recording, self.case, self.o.person)
        for each in (self.o, self.s):  # as officers of the case they view directly
            done(each.post(f"{API}/requests", json={"case_id": str(self.case.id), "kind": "view", "purpose": "核对"}))
        self.viewing = done(self.o.get(f"{API}/grants", params={"mine": True}))["items"][0]["id"]
        assert self.o.get(f"{API}/recordings/{self.recording.id}/renditions/proxy").is_success
        for each in (self.o, self.s):  # originals they were given with consent
            served.grant(self.case, each.person, supervisor, "copy")
        assert self.l.get(f"{API}/recordings/{self.recording.id}/original").status_code == 403
        self.draft, self.room = self.begin("inquiry_record"), self.new_room()
        self.hold = self.held_case()
        self.post = self.named_chief(self.s.person)
        self.let_the_linker_ask()
        self.secrets = {str(each.id) for each in (self.case, self.recording, self.station, self.recorder)}
        self.secrets |= {self.case.number, self.draft["id"], self.room, self.hold, str(self.o.person.id)}

    def let_the_linker_ask(self) -> None:
        """Two cases that one recording may be of."""
        begun, ended = self.now - timedelta(days=30, hours=2), self.now - timedelta(days=30)
        span = {"starts_at": begun.isoformat(), "ends_at": ended.isoformat(), "device": "QS00001"}
        for _ in range(2):
            done(self.o.post(f"{API}/cases/{self.fresh().id}/assignments", json=span))
        made = (begun + timedelta(hours=1)).isoformat()
        self.asked = self.film("asked.mp4", device="QS00001", started_at=made)
        with self.served.database.transaction() as session:
            link_due_recordings(session)
        link_all_due(self.served.archive)

    # People and things

    def number(self) -> str:
        return f"{next(self.numbers):05}"

    def someone(self, role: str = "officer") -> Person:
        return self.served.person(self.here, role)

    def device(self) -> Any:
        with self.served.database.transaction() as session:
            return add_device(session, OPERATOR, unit_id=self.here.id, code=f"AB{self.number()}")

    def issue(self) -> str:
        form = {"device_id": str(self.device().id), "officer": self.handlers[0].sign_in_name}
        return str(done(self.s.post(f"{API}/device-issues", json=form))["id"])

    def certificate(self) -> str:
        with self.served.database.transaction() as session:
            facts = {"number": f"C{self.number()}", "valid_from": date(2020, 1, 1), "last_day": None}
            return str(add_certificate(session, OPERATOR, self.someone().id, **facts).id)

    def named_chief(self, person: Person | None = None) -> str:
        chief = person or self.someone("supervisor")
        return str(done(self.a.post(f"{API}/people/{chief.id}/posts", json={"post": "chief"}))["id"])

    def named_to_duty(self) -> str:
        address = f"{API}/people/{self.someone('publisher').id}/publication-duties"
        return str(done(self.a.post(address, json={"duty": "publish"}))["id"])

    def token(self) -> str:
        made = self.a.post(f"{API}/people/{self.someone().id}/tokens", json={"label": "程序"})
        return str(done(made)["id"])

    def film(self, name: str, **claims: str) -> Recording:
        recording = self.served.seal(self.station, os.urandom(2000), name, **claims)
        made = "UPDATE recording SET findings = %s::jsonb, media_state = 'opens', duration_seconds = 10 WHERE id = %s"
        self.served.as_owner(made, FILM, recording.id)
        return recording

    def new_room(self) -> str:
        form = {"kind": "questioning", "name": f"询问室{self.number()}", "in_use_from": "2026-01-01T00:00:00+08:00"}
        return str(done(self.a.post(f"{API}/rooms", json=form))["id"])

    def session(self, **more: Any) -> Any:
        return done(self.o.post(f"{API}/rooms/{self.new_room()}/sessions", json=self.use(**more)))["id"]

    def use(self, **more: Any) -> dict[str, Any]:
        """Of a room, an hour of a day of its own."""
        start = self.now - timedelta(days=2 + next(self.numbers))
        people = {"officer_id": str(self.o.person.id), "second_officer_id": str(self.handlers[0].id)}
        times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat()}
        return {**times, **people, **more}

    # Cases, and what becomes of them

    def fresh(self) -> Case:
        return self.served.case(self.o.person)

    def ready(self) -> Case:
        """Waits to be decided."""
        case = self.fresh()
        for each in self.handlers:
            done(self.o.post(f"{API}/cases/{case.id}/officers", json={"person_id": str(each.id)}))
        for stage in ("investigation", "decision"):
            done(self.o.post(f"{API}/cases/{case.id}/stages", json={"stage": stage}))
        return case

    def handler(self, person: Person | None = None) -> str:
        form = {"person_id": str((person or self.someone()).id)}
        named = done(self.o.post(f"{self.at}/officers", json=form))["officers"]
        return str(next(each["id"] for each in named if each["person"]["id"] == form["person_id"]))

    def held_case(self) -> str:
        return str(done(self.s.post(f"{API}/holds", json={"case_id": str(self.fresh().id), "reason": "诉讼"}))["id"])

    def closed(self) -> Case:
        """Early, with a film in the only stage that it came to."""
        case = self.fresh()
        film = {"recording_id": str(self.film(f"c{self.number()}.mp4").id), "stage": "initiation", "reason": "同一现场"}
        done(self.o.post(f"{API}/cases/{case.id}/links", json=film))
        done(self.s.post(f"{API}/cases/{case.id}/close", json={"reason": "经查无违法事实"}))
        return case

    def archived(self) -> Case:
        case = self.closed()
        done(self.s.post(f"{API}/cases/{case.id}/archive", json=ARCHIVED))
        return case

    def act(self, **more: Any) -> Any:
        return done(self.o.post(f"{self.at}/acts", json={"kind": "evidence", **self.use(), **more}))

    def explanation(self) -> Any:
        act = self.act()
        form = {"starts_at": act["starts_at"], "ends_at": act["ends_at"], "reason": "电池耗尽"}
        return done(self.o.post(f"{API}/acts/{act['id']}/explanations", json=form))["id"]

    def event(self) -> Any:
        form = {"kind": "evidence_registered", "day": chinese_day(self.now).isoformat()}
        return done(self.o.post(f"{API}/cases/{self.fresh().id}/events", json=form))

    def begin(self, kind: str) -> Any:
        fields = INQUIRY if kind == "inquiry_record" else NOTICE
        return done(self.o.post(f"{self.at}/documents", json={"kind": kind, "fields": dict(fields)}))

    def final(self) -> Any:
        notice = self.begin("correction_notice")
        return done(self.o.post(f"{API}/documents/{notice['id']}/final"))

    def serving(self) -> dict[str, Any]:
        return {
            "method": "in_person",
            "document_number": f"江综执〔2026〕{self.number()}号",
            "addressee": "张某",
            "receiver": "张某，本人",
            "served_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
            "recording_id": str(self.recording.id),
        }

    def decision(self, **said: Any) -> Any:
        return done(self.o.post(f"{API}/cases/{self.ready().id}/decisions", json={**BIG, **said}))

    def small(self) -> Any:
        """One that needs no review."""
        return self.decision(field="city_appearance", amount_fen=5_000)

    def submitted(self) -> Any:
        decision = self.decision()
        form = {"version_id": decision["versions"][-1]["id"], **WHOLE}
        return done(self.o.post(f"{API}/decisions/{decision['id']}/submissions", json=form))

    def opinion(self, decision: Any, verdict: str, **given: Any) -> dict[str, Any]:
        version = decision["versions"][-1]["id"]
        return {"opinion": verdict, "statement": "意见", "answers": answers(version, **given)}

    def reviewed(self, crime: bool = False) -> Any:
        decision = self.submitted()
        yes = {"answer": "yes", "references": [f"version:{decision['versions'][-1]['id']}"]}
        form = self.opinion(decision, "problems", **({"crime": yes} if crime else {}))
        return done(self.l.post(f"{API}/submissions/{decision['submission_id']}/opinion", json=form))

    def review(self) -> str:
        return str(self.reviewed()["versions"][-1]["reviews"][0]["id"])

    def dispute(self) -> str:
        stated = done(self.o.post(f"{API}/opinions/{self.review()}/disagreement", json={"reason": "符合基准"}))
        return str(stated["versions"][-1]["reviews"][0]["disagreement"]["id"])

    def transfer(self) -> str:
        case = self.reviewed(crime=True)["case_id"]
        waiting = done(self.s.get(f"{API}/transfers?limit=200"))["items"]
        return str(next(each["id"] for each in waiting if each["case"]["id"] == case))

    def adviser(self) -> str:
        form = {"kind": "counsel", "name": f"周律师{self.number()}", "office": "某律师事务所"}
        return str(done(self.l.post(f"{API}/advisers", json=form))["id"])

    # Publication

    @property
    def desk(self) -> PublishingDesk:
        return PublishingDesk(
            served=self.served,
            unit=self.here,
            officer=self.o,
            supervisor=self.s,
            reviewers=(self.s, self.s),
            publisher=self.p,
            auditor=self.u,
            stranger=self.callers["beside"]["p"],
            administrator=self.a,
            today=chinese_day(self.now),
        )

    def decided(self) -> str:
        return self.desk.decide(party="某商贸有限公司", party_kind="organisation", content="罚款人民币五十元")

    def collected(self, **said: Any) -> Any:
        return done(self.o.post(f"{API}/events/{self.decided()}/publication", json=said))

    def step(self, publication: Any, *steps: tuple[Caller, str]) -> Any:
        for caller, name in steps:
            publication = done(
                caller.post(f"{API}/publications/{publication['id']}/{name}", json=self.version(publication))
            )
        return publication

    def transmitted(self, **said: Any) -> Any:
        return self.step(self.collected(**said), (self.o, "transmission"))

    def passed(self, **said: Any) -> Any:
        return self.step(self.transmitted(**said), (self.s, "pass"))

    def published(self) -> Any:
        return self.step(self.passed(), (self.p, "publish"))

    def version(self, publication: Any) -> dict[str, str]:
        return {"version_id": publication["versions"][-1]["id"]}

    def posting(self) -> str:
        form = {"channel": "website", "place": "https://www.example.gov.cn/1"}
        address = f"{API}/publications/{self.published()['id']}/postings"
        made = done(self.p.post(address, json={**form, "posted_on": chinese_day(self.now).isoformat()}))
        return str(made["postings"][-1]["id"])

    # Dossiers

    def question(self) -> dict[str, str]:
        contact = str(self.s.person.id)
        return {"question": "为什么扣车？", "reason": "来函", "contact_id": contact, "contact_way": "023-6700 0000"}

    def dossier(self) -> str:
        return str(done(self.p.post(f"{API}/cases/{self.case.id}/dossiers", json=self.question()))["id"])

    # Returns

    def owed(self) -> dict[str, str]:
        """One of last year, another one at each call."""
        return {"code": f"r{next(self.returns)}", "period": str(chinese_day(self.now).year - 1)}

    def drawn_up(self) -> str:
        self.served.wait_for_places()
        return str(done(self.p.post(f"{API}/returns", json=self.owed()))["id"])

    def checked(self) -> str:
        return_id = self.drawn_up()
        done(self.s.post(f"{API}/returns/{return_id}/check"))
        return return_id

    def sent(self) -> str:
        """The sending's id."""
        form = {"recipient": "区城市管理局", "sent_on": chinese_day(self.now).isoformat(), "proof": "当面送达"}
        made = done(self.p.post(f"{API}/returns/{self.checked()}/sendings", json=form))
        return str(made["versions"][-1]["sendings"][-1]["id"])

    def return_receipt(self) -> str:
        png = b"\x89PNG\r\n\x1a\n" + bytes(100)
        made = done(self.p.post(f"{API}/return-sendings/{self.sent()}/receipts?name=a.png", content=png))
        return str(made["versions"][-1]["sendings"][-1]["receipts"][-1]["id"])

    def proof(self) -> str:
        png = b"\x89PNG\r\n\x1a\n" + bytes(100)
        address = f"{API}/postings/{self.posting()}/evidence?name=a.png"
        made = done(self.p.post(address, content=png, headers={"Content-Type": "image/png"}))
        return str(made["postings"][-1]["evidence"][-1]["id"])

    # Retrieval

    def pending(self, by: Caller | None = None) -> str:
        form = {"case_id": str(self.fresh().id), "kind": "view", "purpose": "核对"}
        return str(done((by or self.o).post(f"{API}/requests", json=form))["id"])

    def paper(self) -> str:
        address = f"{API}/requests/{self.pending()}/attachments?kind=letter&name=a.pdf"
        made = self.o.post(address, content=b"%PDF-1.7\n", headers={"Content-Type": "application/pdf"})
        return str(done(made)["id"])

    def granted(self, kind: str, case: Case | None = None, *, redacted: bool = False) -> str:
        grant = self.served.grant(case or self.case, self.o.person, self.s.person, kind, redacted=redacted)
        return str(grant.id)

    def exported(self) -> str:
        return str(done(self.o.post(f"{self.at}/exports", json={"grant_id": self.granted("copy")}))["id"])

    def redaction(self) -> str:
        address = f"{API}/recordings/{self.recording.id}/redactions"
        return str(done(self.o.post(address, json={"boxes": [BOX], "reason": "遮蔽面部"}))["id"])

    def copying(self) -> dict[str, Any]:
        """What to copy, and under which grant: what is hidden was checked."""
        done(self.s.post(f"{API}/redactions/{self.redaction()}/check", json={"verdict": "passed"}))
        return {"grant_id": self.granted("copy", redacted=True), "recordings": [str(self.recording.id)]}

    def copied(self) -> str:
        return str(done(self.o.post(f"{self.at}/copies", json=self.copying()))["items"][0]["id"])
