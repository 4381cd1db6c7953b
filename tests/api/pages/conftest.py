"""A served archive with a unit at work in it: every role, recordings of every state, a case, hostile words."""

from __future__ import annotations

import dataclasses
import io
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from api.engines.roles import DATABASE, DatabaseAddresses
from api.tasks.housekeeping import link_all_due
from casework.cases import assign
from casework.checklists.checklists import load_shipped_checklists
from casework.elements.policies import load_shipped_policies
from casework.procedure.acts import add_act
from casework.procedure.explanations import explain_gap
from casework.procedure.stating import Stated
from casework.register.certificates import add_certificate
from casework.register.devices import add_device, retire_device
from casework.register.issues import issue_device
from casework.requests import approve, ask
from ingest.media.findings import Stream
from ingest.stations.codes import register_station
from storage.catalog.organisation import ROLES
from storage.catalog.recordings import WholeDecoding
from storage.ledger.append import Actor
from tests.api.http import conftest as serving
from tests.casework.linking.due import link_due_recordings

HOSTILE_NAME = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>.mp4"
HOSTILE_DEVICE = "</title><svg onload=alert(3)>"
HOSTILE_PURPOSE = "<iframe src=javascript:alert(4)></iframe>\n{{ 7 * 7 }}"
FILMED_AT = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)


authority, findings, served = serving.authority, serving.findings, serving.served


@dataclass(frozen=True)
class District:
    """`people` by role, each as a browser, and a second supervisor as `deputy`; the officer has badge number 000123."""

    served: Any
    unit: Any
    people: dict[str, Any]
    film: Any
    hostile: Any
    ambiguous: Any
    case: Any
    device: Any

    def page(self, role: str, path: str, language: str = "zh") -> Any:
        browser = self.people[role]
        return browser.get(path, headers={"Cookie": f"{_cookie(browser)}; liuhen_lang={language}"})

    def turns_out_damaged(self, recording_id: uuid.UUID) -> None:
        """When all of it is decoded: from its beginning on, as far as anybody can say."""
        facts = {"refused_packets": 9, "complaints": 3, "way": "decode", "tool": "ffmpeg", "tool_version": "7.1"}
        with self.served.database.transaction() as session:
            session.add(
                WholeDecoding(
                    recording_id=recording_id,
                    unit_id=self.unit.id,
                    state="damaged",
                    reason="decoder_complained",
                    decoded_at=datetime.now(UTC),
                    **facts,
                )
            )


def _cookie(browser: Any) -> str:
    return f"liuhen_session={browser.cookies['liuhen_session']}"


def poster() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (64, 36), (180, 40, 30)).save(picture, "JPEG")
    return picture.getvalue()


@pytest.fixture(scope="module")
def district(
    server: Any, authority: Any, findings: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[District]:
    """One for the tests of a module: they look, and what they add is a grant to the supervisor."""
    name = f"pages_{uuid.uuid4().hex}"
    server.run("CREATE DATABASE {} TEMPLATE {}", name, DATABASE)
    each = dataclasses.asdict(server.addresses)
    addresses = DatabaseAddresses(
        **{role: urlsplit(url)._replace(path=f"/{name}").geturl() for role, url in each.items()}
    )
    served = serving.Served(addresses, tmp_path_factory.mktemp("district"), authority, findings)
    try:
        yield fill(served)
    finally:
        served.close()
        server.run("DROP DATABASE {} WITH (FORCE)", name)


def fill(served: Any) -> District:
    unit = served.unit("第三执法大队")
    people = {role: served.signed_in(unit, role) for role in ROLES}
    people["deputy"] = served.signed_in(unit, "supervisor")
    served.as_owner("UPDATE person SET badge_number = '000123' WHERE id = %s", people["officer"].person.id)
    people["officer"].person.badge_number = "000123"
    station, noise = served.station(unit), served.findings
    hostile = served.seal(station, os.urandom(2000), HOSTILE_NAME, device=HOSTILE_DEVICE)
    streams = (Stream(0, "video", "h264", width=1280, height=720, fps=25.0),)
    served.findings = dataclasses.replace(noise, state="opens", reasons=(), duration_seconds=61.5, streams=streams)
    film = served.seal(station, os.urandom(3000), "AB00001_000123_20260309090000.MP4")
    ambiguous = served.seal(station, os.urandom(4000), "AB00002_000456_20260309120000.MP4")
    served.copy(film, "poster", poster(), "image/jpeg")
    served.copy(film, "proxy", os.urandom(5000), "video/mp4")
    officer = people["officer"].person
    case, other = served.case(officer), served.case(officer)
    with served.database.transaction() as session:
        before, after = FILMED_AT - timedelta(minutes=10), FILMED_AT + timedelta(hours=1)
        assign(session, officer, case.id, starts_at=before, ends_at=after, officer="000123")
        for each in (case, other):
            span = {"starts_at": FILMED_AT + timedelta(hours=2), "ends_at": FILMED_AT + timedelta(hours=4)}
            assign(session, officer, each.id, device="AB00002", **span)
    device = fill_register(served, unit, people)
    with served.database.transaction() as session:
        assert link_due_recordings(session) == {"linked": 1, "question": 1, "no_data": 1}
        ask(session, officer, case_id=case.id, kind="view", purpose=HOSTILE_PURPOSE)
    with served.database.transaction() as session:
        load_shipped_policies(session, datetime.now(UTC))
        load_shipped_checklists(session, datetime.now(UTC))
    link_all_due(served.archive)
    fill_acts(served, case, people)
    served.wait_for_places()
    return District(served, unit, people, film, hostile, ambiguous, case, device)


def fill_acts(served: Any, case: Any, people: dict[str, Any]) -> None:
    """A seizure of which the film shows a minute, with an explanation that waits; and one that is under way."""
    officer, deputy, now = people["officer"].person, people["deputy"].person, datetime.now(UTC)
    # His certificate ran out in 2024, and the film is of 2026: the two are supervisors.
    officers = (people["supervisor"].person.id, deputy.id)
    times = {"starts_at": FILMED_AT, "ends_at": FILMED_AT + timedelta(minutes=10)}
    with served.database.transaction() as session:
        seizure = add_act(
            session, officer, case.id, Stated("seizure", **times, place=HOSTILE_NAME, officers=officers), now
        )
        gap = {**times, "starts_at": FILMED_AT + timedelta(minutes=8)}
        explain_gap(session, officer, seizure.act.id, **gap, reason=HOSTILE_PURPOSE, now=now)
        add_act(
            session, officer, case.id, Stated("on_site", FILMED_AT + timedelta(minutes=1), None, None, officers), now
        )


def fill_register(served: Any, unit: Any, people: dict[str, Any]) -> Any:
    """A device that the officer has, one whose words are hostile, one out of use; a certificate that has run out."""
    by, officer, now = people["administrator"].person, people["officer"].person, datetime.now(UTC)
    with served.database.transaction() as session:
        device = add_device(session, by, unit_id=unit.id, code="AB00001", model="DSJ-A9")
        add_device(session, by, unit_id=unit.id, code=HOSTILE_DEVICE, name=HOSTILE_NAME)
        retired = add_device(session, by, unit_id=unit.id, code="AB00009")
        retire_device(session, by, retired.id, "报废", now)
        issue_device(session, by, device.id, officer.id, now=now, issued_at=FILMED_AT - timedelta(days=1))
        days = {"valid_from": date(2020, 1, 1), "last_day": date(2024, 12, 31)}
        add_certificate(session, by, officer.id, number="0042", **days)
        register_station(session, Actor.person(by.id), unit.id, HOSTILE_NAME)
    served.as_owner(
        "INSERT INTO station_state (station_id, unit_id, silent_since, clock_offset_seconds, clock_off_since)"
        " SELECT id, unit_id, now(), -90, now() FROM station WHERE token_hash IS NOT NULL"
    )
    return device


@pytest.fixture
def grant_to(district: District) -> Any:
    """Lets somebody of a role see or copy the case's footage for an hour."""

    def give(role: str, kind: str = "view") -> uuid.UUID:
        now, asker = datetime.now(UTC), district.people[role].person
        needs = "移送法院" if kind == "copy" else None
        with district.served.database.transaction() as session:
            request = ask(
                session,
                asker,
                case_id=district.case.id,
                kind=kind,
                purpose="核对现场经过",
                unredacted_reason=needs,
            )
            by, until = (
                district.people["legal_reviewer" if kind == "copy" else "deputy"].person,
                now + timedelta(hours=1),
            )
            return approve(session, by, request.id, expires_at=until, now=now, consent_reason=needs).id

    return give
