"""Cases of the unit `here`, and what is done in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from tests.api.http.bounds.things import Things
from tests.api.http.bounds.units import API, done
from tests.casework.documents.conftest import INQUIRY, NOTICE

ARCHIVED = {"secrecy_class": "ordinary", "retention_class": "permanent", "skipped_reason": "经查无违法事实，撤销案件"}

DUTY = {"starts_at": "2026-02-01T07:00:00Z", "ends_at": "2026-02-01T09:00:00Z"}


class Cases(Things):
    """Each call makes a new one."""

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

    def assignment(self) -> str:
        form = {"device": "ZZ00009", **DUTY}
        return str(done(self.o.post(f"{API}/cases/{self.fresh().id}/assignments", json=form))["id"])

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
        self._settle(film["recording_id"])
        done(self.s.post(f"{API}/cases/{case.id}/close", json={"reason": "经查无违法事实"}))
        return case

    def _settle(self, recording_id: str) -> None:
        """What is asked of it since it was linked cannot be had: a case with open questions is not archived."""
        address = f"{API}/element-questions?recording={recording_id}"
        while asked := done(self.s.get(address))["items"]:
            seen = {"recording_id": recording_id, "fingerprint": asked[0]["fingerprint"]}
            said = {"asked": asked[0]["element"], "reason": "无从查考", "questions": [seen]}
            done(self.s.post(f"{API}/element-answers", json=said))

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
