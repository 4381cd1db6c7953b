"""What leaves the unit `here` for the public and for its superiors."""

from __future__ import annotations

from typing import Any

from integrity.local_time import chinese_day
from tests.api.http.bounds.decisions import Decisions
from tests.api.http.bounds.units import API, done
from tests.api.http.publishing import PublishingDesk
from tests.api.http.served import Caller


class ForThePublic(Decisions):
    """Each call makes a new one."""

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

    def proof(self) -> str:
        png = b"\x89PNG\r\n\x1a\n" + bytes(100)
        address = f"{API}/postings/{self.posting()}/evidence?name=a.png"
        made = done(self.p.post(address, content=png, headers={"Content-Type": "image/png"}))
        return str(made["postings"][-1]["evidence"][-1]["id"])

    def question(self) -> dict[str, str]:
        contact = str(self.s.person.id)
        return {"question": "为什么扣车？", "reason": "来函", "contact_id": contact, "contact_way": "023-6700 0000"}

    def dossier(self) -> str:
        return str(done(self.p.post(f"{API}/cases/{self.case.id}/dossiers", json=self.question()))["id"])

    def checked_dossier(self) -> str:
        dossier = self.dossier()
        done(self.s.post(f"{API}/dossiers/{dossier}/check"))
        return dossier

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
