"""Who works in the demo's office, with what the law wants of each: certificates, qualification, duties, a seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from api.demo.cast import (
    ADMINISTRATOR,
    APPROVER,
    AUDITOR,
    OFFICER,
    PUBLISHER,
    REVIEWER,
    SUPERVISOR,
    UNIT_CODE,
    Cast,
    Role,
    assembled_cast,
)
from api.demo.client import ApiClient, Facts
from api.demo.programs import Programs

SECOND = Role("demo-second", "officer", "林悦", "执法人员", "second officer", "000124")
PEOPLE = (OFFICER, SECOND, SUPERVISOR, APPROVER, REVIEWER, PUBLISHER, AUDITOR)
ISSUER, WORD = "江城区城市管理局", "江综执"
CAMERA, FIXED = "AB00001", "TZ00001"
HEARING_ROOM = "一号听证室"
DUTIES = {
    "collect": (OFFICER,),
    "transmit": (OFFICER,),
    "review": (SUPERVISOR, APPROVER),
    "publish": (PUBLISHER,),
}
LONG_AGO = timedelta(days=700)


@dataclass(frozen=True)
class Office:
    """Everybody's access, and everybody's id. `room`: where hearings are held."""

    cast: Cast
    ids: Mapping[str, str]
    room: str
    today: date

    def of(self, part: Role) -> ApiClient:
        return self.cast.of(part)

    def post(self, part: Role, path: str, **form: Any) -> Facts:
        """A form, sent by somebody."""
        return self.of(part).post(f"/api/v1{path}", form)

    @property
    def both(self) -> dict[str, str]:
        """The two officers, as acts name them."""
        return {"officer_id": self.ids[OFFICER.key], "second_officer_id": self.ids[SECOND.key]}


@contextmanager
def staffed_office(programs: Programs, url: str, private: Path, now: datetime, today: date) -> Iterator[Office]:
    """The cast at work: entered by its administrator over the API, its seal at the machine."""
    with assembled_cast(programs, url, private, PEOPLE) as cast:
        for words in (("issuer", "--name", ISSUER, "--word", WORD), ("make", "--name", ISSUER)):
            programs.liuhen("admin", "seal", *words, "--unit", UNIT_CODE, "--json")
        listed = programs.liuhen("admin", "person", "list", "--unit", UNIT_CODE, "--json").json()["items"]
        ids = {str(each["sign_in_name"]): str(each["person_id"]) for each in listed}
        administrator = cast.of(ADMINISTRATOR)
        _enter_papers(administrator, ids, today)
        yield Office(cast, ids, _enter_devices(administrator, now), today)


def _enter_papers(administrator: ApiClient, ids: Mapping[str, str], today: date) -> None:
    since = (today - LONG_AGO).isoformat()
    for number, part in enumerate((OFFICER, SECOND), 1):
        form = {"officer": part.badge, "number": f"演示 {number:04}", "valid_from": since}
        administrator.post("/api/v1/certificates", {**form, "last_day": (today + LONG_AGO).isoformat()})
    qualified = {"ground": "legal_profession", "number": "A20185001125", "valid_from": since}
    administrator.post(f"/api/v1/people/{ids[REVIEWER.key]}/qualifications", qualified)
    for duty, parts in DUTIES.items():
        for part in parts:
            administrator.post(f"/api/v1/people/{ids[part.key]}/publication-duties", {"duty": duty})


def _enter_devices(administrator: ApiClient, now: datetime) -> str:
    """The officer's body camera, and a camera that is fixed in the room for hearings; that room's id."""
    since = (now - timedelta(days=90)).isoformat()
    for code in (CAMERA, FIXED):
        administrator.post("/api/v1/devices", {"code": code, "model": "DSJ-A9"})
    administrator.post("/api/v1/device-issues", {"device": CAMERA, "officer": OFFICER.badge, "issued_at": since})
    room = administrator.post("/api/v1/rooms", {"kind": "hearing_room", "name": HEARING_ROOM, "in_use_from": since})
    administrator.post(f"/api/v1/rooms/{room['id']}/devices", {"device": FIXED, "issued_at": since})
    return str(room["id"])
