"""Decisions of the unit `here`, and what becomes of them on their way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.api.http.bounds.cases import Cases
from tests.api.http.bounds.units import API, done
from tests.api.http.test_decisions import SAID as BIG
from tests.api.http.test_decisions import WHOLE, answers
from tests.casework.notices.told import WORDS as NOTICE_WORDS

SMALL = {**BIG, "field": "city_appearance", "amount_fen": 5_000, "content": "罚款五十元"}
ANSWER = {"outcome": "not_adopted", "reason": "录像显示占道已久"}


class Decisions(Cases):
    """Each call makes a new one."""

    def simple(self) -> Any:
        """A small fine, to be decided on the spot."""
        return done(self.o.post(f"{API}/cases/{self.on_the_spot()}/decisions", json=SMALL))

    def told_in_writing(self, at: str, served: dict[str, Any]) -> str:
        """In the case at that address: drafted, told by a notice, served; he stated something, and was answered."""
        decision = done(self.o.post(f"{at}/decisions", json=SMALL))
        words = {"party": SMALL["party"], "proposed": SMALL["content"], "amount": "50.00", "days": 3, **NOTICE_WORDS}
        paper = done(self.o.post(f"{at}/documents", json={"kind": "penalty_notice", "fields": words}))["id"]
        done(self.o.post(f"{API}/documents/{paper}/final"))
        form = {"kind": "penalty", "document_id": paper}
        notice = done(self.o.post(f"{API}/decisions/{decision['id']}/party-notices", json=form))["id"]
        on_party = {"document_number": None, "document_id": paper, "addressee": BIG["party"]}
        done(self.o.post(f"{at}/services", json={**served, **on_party, "served_at": datetime.now(UTC).isoformat()}))
        reply = done(self.o.post(f"{API}/party-notices/{notice}/replies", json=self.saying()))["replies"][0]["id"]
        done(self.o.post(f"{API}/party-replies/{reply}/answer", json=ANSWER))
        return str(notice)

    def on_the_spot(self) -> str:
        """The id of a case that waits to be decided by the officer himself."""
        form = {"number": f"简{self.number()}", "title": "占道经营", "procedure": "simple_penalty"}
        case = f"cases/{done(self.o.post(f'{API}/cases', json=form))['id']}"
        for each in self.handlers:
            done(self.o.post(f"{API}/{case}/officers", json={"person_id": str(each.id)}))
        for stage in ("investigation", "decision"):
            done(self.o.post(f"{API}/{case}/stages", json={"stage": stage}))
        return case.partition("/")[2]

    def telling(self) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        return {"told_by": str(self.handlers[0].id), "told_at": now, "place": "观音桥步行街"}

    def saying(self, kind: str = "statement") -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        return {"kind": kind, "said_at": now, "heard_by": str(self.handlers[0].id), "content": "是昨天才摆的"}

    def told(self, decision: Any = None) -> str:
        made = self.o.post(f"{API}/decisions/{(decision or self.simple())['id']}/party-notices", json=self.telling())
        return str(done(made)["id"])

    def reply(self, decision: Any = None) -> str:
        made = done(self.o.post(f"{API}/party-notices/{self.told(decision)}/replies", json=self.saying()))
        return str(made["replies"][0]["id"])

    def answered(self, decision: Any = None) -> str:
        made = done(self.o.post(f"{API}/party-replies/{self.reply(decision)}/answer", json=ANSWER))
        return str(made["replies"][0]["answers"][0]["id"])

    def decision(self, **said: Any) -> Any:
        return done(self.o.post(f"{API}/cases/{self.ready().id}/decisions", json={**BIG, **said}))

    def small(self) -> Any:
        """One that needs no review."""
        return self.decision(**SMALL)

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
