"""People, devices, films and rooms of the unit `here`."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any

from casework.register.certificates import add_certificate
from casework.register.devices import add_device
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from tests.api.http.bounds.units import API, OPERATOR, Units, done

FILM = (
    '{"kind": "video", "container": "mp4", '
    '"streams": [{"kind": "video", "codec": "h264"}, {"kind": "audio", "codec": "aac"}]}'
)


class Things(Units):
    """Each call makes a new one."""

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
