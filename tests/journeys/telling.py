"""The party is told before a penalty, as programs do it: for journeys that are about something else."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from integrity.local_time import CHINA
from tests.hostile.live import station_token, upload
from tests.journeys.running import RunningArchive
from tests.telling import NoticeWriter


def tell_all(archive: RunningArchive, unit: str, case: str, heard_by: str, *, word: str, hearing: bool = False) -> None:
    """Told of the one draft of the case at that page, served and given up, by a program of the unit `unit` (its code),
    whose papers begin with `word`; who heard him is named by his name. A film of it is brought by a station."""
    archive.admin("seal", "issuer", "--unit", unit, "--name", f"江北区城市管理局{word}", "--word", word)
    token = archive.admin("token", "create", "--role", "officer", "--name", f"告知{word}", "--unit", unit)["token"]
    people = {each["name"]: each["person_id"] for each in archive.admin("person", "list", "--unit", unit)["items"]}
    with archive.client(str(token)) as desk:
        case_id = case.rpartition("/")[2]
        film = Filming(archive, desk, unit, case_id, station_token(archive, f"{word}采集站", "--unit", unit))
        writer = NoticeWriter(desk, case_id, people[heard_by], film)
        (decision,) = desk.get(f"{writer.at}/decisions").json()["decisions"]
        writer.tell_all(decision, hearing=hearing)


@dataclass
class Filming:
    """Each call brings a film of now by the station of that token, and puts it into the case; its id."""

    archive: RunningArchive
    desk: httpx.Client
    unit: str
    case_id: str
    station: str

    def __call__(self) -> str:
        name = f"AB00901_{self.unit.rpartition('-')[2]:0>6}_{datetime.now(CHINA):%Y%m%d%H%M%S}.MP4"
        known = self._named(name)
        assert upload(self.archive, self.station, name, f"signed {uuid.uuid4()}".encode()) == 201
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if fresh := self._named(name) - known:
                film = fresh.pop()
                form = {"recording_id": film, "stage": "investigation", "reason": "送达录像"}
                assert self.desk.post(f"/api/v1/cases/{self.case_id}/links", json=form).status_code == 201
                return film
            time.sleep(0.2)
        raise AssertionError("the film was not sealed")

    def _named(self, name: str) -> set[str]:
        found: list[Any] = self.desk.get("/api/v1/recordings").json()["items"]
        return {str(each["id"]) for each in found if each["original_name"] == name}
