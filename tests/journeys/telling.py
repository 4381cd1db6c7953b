"""The party is told before a penalty, as programs do it: for journeys that are about something else."""

from __future__ import annotations

import time
from typing import Any

import httpx

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
        film = _film(archive, desk, unit, f"/api/v1/cases/{case_id}", word)
        writer = NoticeWriter(desk, case_id, people[heard_by], lambda: film)
        (decision,) = desk.get(f"{writer.at}/decisions").json()["decisions"]
        writer.tell_all(decision, hearing=hearing)


def _film(archive: RunningArchive, desk: httpx.Client, unit: str, case: str, word: str) -> str:
    name = f"AB00901_{unit.rpartition('-')[2]:0>6}_20260309100000.MP4"
    station = station_token(archive, f"{word}采集站", "--unit", unit)
    assert upload(archive, station, name, f"signed {word}".encode()) == 201
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found: list[Any] = desk.get("/api/v1/recordings").json()["items"]
        if found:
            form = {"recording_id": found[0]["id"], "stage": "investigation", "reason": "送达录像"}
            assert desk.post(f"{case}/links", json=form).status_code == 201
            return str(found[0]["id"])
        time.sleep(0.2)
    raise AssertionError("the film was not sealed")
