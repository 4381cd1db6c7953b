"""The units and all that stands in them: one of each thing that lists show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from api.tasks.housekeeping import link_all_due
from casework.register.issues import issue_device
from storage.catalog.casework import Case
from tests.api.http.bounds.public import ForThePublic
from tests.api.http.bounds.units import API, OPERATOR, done
from tests.api.http.served import Caller, Served
from tests.casework.linking.due import link_due_recordings

BOX = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.2, "from_seconds": 1.5, "to_seconds": 4}


class Bounds(ForThePublic):
    """`callers[place][letter]`: who asks. Everything else is of the unit `here`, a new one at each call of a method."""

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self._fill()

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
        done(self.o.get(f"{API}/documents/{self.draft['id']}"))
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
