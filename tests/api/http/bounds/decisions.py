"""Decisions of the unit `here`, and what becomes of them on their way."""

from __future__ import annotations

from typing import Any

from tests.api.http.bounds.cases import Cases
from tests.api.http.bounds.units import API, done
from tests.api.http.test_decisions import SAID as BIG
from tests.api.http.test_decisions import WHOLE, answers


class Decisions(Cases):
    """Each call makes a new one."""

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
