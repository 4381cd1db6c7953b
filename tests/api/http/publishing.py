"""A unit in which everybody has his duty of publishing, over HTTP; and publications on their way to the public."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from casework.deadlines.loading import load_shipped_terms
from casework.publication.publicity import load_shipped_publicity
from casework.review.scopes import load_shipped_scopes
from integrity.local_time import chinese_day
from storage.catalog.casework import Case

SAID = {
    "kind": "penalty",
    "measures": ["fine"],
    "level": "brigade",
    "field": "city_appearance",
    "party": "张三丰",
    "party_kind": "citizen",
    "content": "对张三丰（身份证500105199001011234）罚款五十元",
    "amount_fen": 5_000,
}


@dataclass
class PublishingDesk:
    """Callers by their duty; `stranger` publishes in another unit. `event`: of the decision issued last, in `case`."""

    served: Any
    unit: Any
    officer: Any
    supervisor: Any
    reviewers: tuple[Any, Any]
    publisher: Any
    auditor: Any
    stranger: Any
    administrator: Any
    today: date
    case: Case | None = None
    event: str = ""

    def decide(self, **said: Any) -> str:
        """A small fine is issued today, in a case of its own; its event."""
        case = self.served.case(self.officer.person)
        handlers = [self.served.person(self.unit, "officer") for _ in range(2)]
        self.served.certify(*(each.id for each in handlers))
        at = f"/api/v1/cases/{case.id}"
        for each in handlers:
            self.officer.post(f"{at}/officers", json={"person_id": str(each.id)})
        for stage in ("investigation", "decision"):
            assert self.officer.post(f"{at}/stages", json={"stage": stage}).status_code == 201
        decision = self.officer.post(f"{at}/decisions", json={**SAID, **said}).json()
        read = {"version_id": decision["versions"][0]["id"]}
        issued = self.supervisor.post(f"/api/v1/decisions/{decision['id']}/issue", json=read)
        assert issued.status_code == 201, issued.text
        events = self.officer.get(f"{at}/deadlines").json()["events"]
        (event,) = [each["id"] for each in events if each["kind"] == "penalty_decided"]
        self.case, self.event = case, event
        return str(event)

    def publish(self, event: str | None = None, **said: Any) -> dict[str, Any]:
        """Collected, and through all hands, to the public."""
        made = self.officer.post(f"/api/v1/events/{event or self.event}/publication", json=said)
        assert made.status_code == 201, made.text
        return self.go_through(made.json())

    def restate(self, publication: dict[str, Any], **said: Any) -> dict[str, Any]:
        former = publication["versions"][-1]["id"]
        made = self.officer.post(f"/api/v1/publications/{publication['id']}/versions", json={"former": former, **said})
        assert made.status_code == 201, made.text
        return self.go_through(made.json())

    def go_through(self, publication: dict[str, Any]) -> dict[str, Any]:
        here, latest = f"/api/v1/publications/{publication['id']}", publication["versions"][-1]
        read = {"version_id": latest["id"]}
        self.officer.post(f"{here}/transmission", json=read)
        for each in self.reviewers[: 2 if latest["needs_second"] else 1]:
            each.post(f"{here}/pass", json=read)
        public = self.publisher.post(f"{here}/publish", json=read)
        assert public.status_code == 200, public.text
        found: dict[str, Any] = public.json()
        return found

    def take_down(self, publication: dict[str, Any], ground: str, reason: str) -> None:
        here = f"/api/v1/publications/{publication['id']}/taking-down"
        assert self.publisher.post(here, json={"ground": ground, "reason": reason}).status_code == 200


def make_publishing_desk(served: Any) -> PublishingDesk:
    now = datetime.now(UTC)
    with served.database.transaction() as session:
        for load in (load_shipped_scopes, load_shipped_terms, load_shipped_publicity):
            load(session, now)
    bureau = served.unit("江城区城市管理局")
    unit, elsewhere = served.unit("江城大队", bureau), served.unit("江北大队", bureau)
    desk = PublishingDesk(
        served=served,
        unit=unit,
        officer=served.signed_in(unit, "officer"),
        supervisor=served.signed_in(unit, "supervisor"),
        reviewers=(served.signed_in(unit, "supervisor"), served.signed_in(unit, "supervisor")),
        publisher=served.signed_in(unit, "publisher"),
        auditor=served.signed_in(unit, "auditor"),
        stranger=served.signed_in(elsewhere, "publisher"),
        administrator=served.signed_in(bureau, "administrator"),
        today=chinese_day(now),
    )
    for caller, duty in (
        (desk.officer, "collect"),
        (desk.officer, "transmit"),
        *((each, "review") for each in desk.reviewers),
        (desk.publisher, "publish"),
        (desk.stranger, "publish"),
    ):
        address = f"/api/v1/people/{caller.person.id}/publication-duties"
        assert desk.administrator.post(address, json={"duty": duty}).status_code == 201
    return desk
