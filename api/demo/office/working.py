"""What people do in a case, each in his own name and over the API, as the pages do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.demo.cast import APPROVER, OFFICER, PUBLISHER, REVIEWER, SUPERVISOR, Role
from api.demo.client import Facts
from api.demo.errors import require
from api.demo.office.people import CAMERA, SECOND, Office
from integrity.local_time import CHINA
from storage.catalog.review import QUESTIONS

ON_THE_WAY = timedelta(minutes=20)
WHOLE = {"true": True, "accurate": True, "complete": True}


@dataclass(frozen=True)
class CaseAtWork:
    """A case, by the office that works on it."""

    office: Office
    id: str
    number: str

    @property
    def at(self) -> str:
        return f"/cases/{self.id}"

    def post(self, part: Role, path: str, **form: Any) -> Facts:
        return self.office.post(part, f"{self.at}/{path}", **form)

    def go_on(self, stage: str, by: Role = OFFICER) -> None:
        self.post(by, "stages", stage=stage)

    def act(self, kind: str, began_at: datetime, ended_at: datetime, place: str) -> str:
        """By both officers, who showed their certificates and told the party its rights. The roster had said before who
        would be there, with which camera: by that the linker goes."""
        roster = {"starts_at": (began_at - ON_THE_WAY).isoformat(), "ends_at": (ended_at + ON_THE_WAY).isoformat()}
        self.post(OFFICER, "assignments", officer=OFFICER.badge, device=CAMERA, **roster)
        times = {"starts_at": began_at.isoformat(), "ends_at": ended_at.isoformat()}
        made = self.post(OFFICER, "acts", kind=kind, place=place, **times, **self.office.both)
        for part in (OFFICER, SECOND):
            shown = {"person_id": self.office.ids[part.key], "act_id": made["id"]}
            self.post(OFFICER, "identity", **shown, shown_at=began_at.isoformat())
        told = {"person_id": self.office.ids[OFFICER.key], "act_id": made["id"]}
        self.post(OFFICER, "notices", **told, given_at=began_at.isoformat())
        return str(made["id"])

    def draft(self, said: Mapping[str, Any]) -> Facts:
        return self.post(OFFICER, "decisions", **said)

    def decide(self, drafted: Facts, by: Role = SUPERVISOR) -> Facts:
        """Submitted and passed where the lists ask for a review; issued. A penalty is told before: telling.py."""
        version = drafted["versions"][-1]
        if version["needs_review"]:
            self._refused_without_review(drafted)
            self._review(drafted)
        issue = {"version_id": version["id"]}
        return self.office.post(by, f"/decisions/{drafted['id']}/issue", **issue)

    def _refused_without_review(self, drafted: Facts) -> None:
        form = {"version_id": drafted["versions"][-1]["id"]}
        path = f"/api/v1/decisions/{drafted['id']}/issue"
        refused = self.office.of(SUPERVISOR).refused("POST", path, 409, json=form)
        require(str(refused["type"]).endswith(":gate"), "未经审核不能作出决定", "nothing is issued without a pass")

    def _review(self, drafted: Facts) -> None:
        version = drafted["versions"][-1]["id"]
        sent = self.office.post(OFFICER, f"/decisions/{drafted['id']}/submissions", version_id=version, **WHOLE)
        submission = sent["submission_id"]
        file = self.office.of(REVIEWER).get(f"/api/v1/submissions/{submission}")
        seen = [str(each["reference"]) for each in file["references"]]
        answers = {
            question: {"answer": "no" if question == "crime" else "yes", "references": seen[:3]}
            for question in QUESTIONS
        }
        statement = "事实清楚，证据充分，程序合法，适用法律准确，同意"
        form = {"opinion": "agreed", "answers": answers, "statement": statement}
        self.office.post(REVIEWER, f"/submissions/{submission}/opinion", **form)

    def document(
        self, kind: str, fields: Mapping[str, Any], signers: Sequence[tuple[Role, str]] = (), party: str = ""
    ) -> Facts:
        """Filled in, signed, by `party` too where one is named, final and sealed. Raises CheckFailed for one that lacks
        something."""
        made = self.post(OFFICER, "documents", kind=kind, fields=dict(fields))
        require(not made["missing"], f"{made['title']}填写完整（{made['missing']}）", f"{kind} is filled in")
        path = f"/documents/{made['id']}"
        for part, role in signers:
            self.office.post(part, f"{path}/signatures", role=role)
        if party:
            signed = {"role": "party", "name": party, "outcome": "signed", "signed_at": datetime.now(CHINA).isoformat()}
            self.office.post(OFFICER, f"{path}/statements", **signed)
        final = self.office.post(OFFICER, f"{path}/final")
        sealed = self.office.post(OFFICER, f"{path}/seal")
        require(sealed["state"] == "sealed", f"{made['title']}已盖章", f"{kind} is sealed")
        return final

    def serve(self, document: Facts, at: datetime, to: str, place: str, **more: Any) -> Facts:
        """In person, to somebody who signed for it: the receipt is the proof."""
        fields = {
            "documents": [document["id"]],
            "addressee": to,
            "place": place,
            "way": "直接送达",
            "served_at": at.isoformat(),
            "receiver": f"{to}，本人",
        }
        receipt = self.document("service_receipt", fields, ((OFFICER, "officer"), (SECOND, "officer")), to)
        form = {"method": "in_person", "served_at": at.isoformat(), "addressee": to, "receiver": f"{to}，本人"}
        proven = {"document_id": document["id"], "receipt_id": receipt["id"], "place": place}
        served = self.post(OFFICER, "services", **form, **proven, **more)
        require(served["counts"], "已送达", "it is served")
        return served

    def event(self, kind: str) -> str:
        """The standing event of that kind."""
        found = self.office.of(OFFICER).get(f"/api/v1{self.at}/deadlines")["events"]
        return next(str(each["id"]) for each in found if each["kind"] == kind)

    def publish(self, kind: str, **said: Any) -> Facts:
        """Collected, handed on, passed by as many as the rules want, published."""
        made = self.office.post(OFFICER, f"/events/{self.event(kind)}/publication", **said)
        path, latest = f"/publications/{made['id']}", made["versions"][-1]
        read = {"version_id": latest["id"]}
        self.office.post(OFFICER, f"{path}/transmission", **read)
        for part in (SUPERVISOR, APPROVER)[: 2 if latest["needs_second"] else 1]:
            self.office.post(part, f"{path}/pass", **read)
        return self.office.post(PUBLISHER, f"{path}/publish", **read)


def open_case(office: Office, number: str, title: str, procedure: str) -> CaseAtWork:
    """With both officers as its handlers."""
    made = office.post(OFFICER, "/cases", number=number, title=title, procedure=procedure)
    case = CaseAtWork(office, str(made["id"]), number)
    for part in (OFFICER, SECOND):
        case.post(OFFICER, "officers", person_id=office.ids[part.key])
    return case
