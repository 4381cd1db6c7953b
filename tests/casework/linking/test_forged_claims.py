"""Whoever holds a station's token, and wants footage in a case, or out of one: how far what he claims gets him.

Everything a file and its station say is a claim. Claims may raise a question, which a person answers. They may not put
a recording into a case where the register does not vouch for it, nor move recordings that others uploaded.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from casework.cases import assign
from casework.linking.by_hand import link_by_hand
from casework.linking.rows import live_links
from casework.linking.unlinked import list_questions
from ingest.metadata.claims import Claim
from storage.catalog.casework import CaseAssignment
from storage.catalog.recordings import RecordingSegment
from tests.casework.linking.due import link_due_recordings

START = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Scene:
    """A squad's officer with his recorder, at work on a case from START for an hour; more stations may come."""

    def __init__(self, session: Session, archive: Any) -> None:
        self.session, self.archive = session, archive
        self.unit = archive.unit()
        self.officer = archive.person(self.unit, "officer")
        archive.issue(self.unit, self.officer)
        self.case = self.duty(START)
        self.station = archive.station(self.unit)

    def duty(self, start: datetime, **who: Any) -> Any:
        case = self.archive.case(self.officer)
        who = who or {"device": "AB00001", "officer": self.officer.badge_number}
        assign(self.session, self.officer, case.id, starts_at=start, ends_at=start + HOUR, **who)
        return case

    def film(self, shown: datetime, satellites: datetime | None = None, **more: Any) -> Any:
        """As its recorder's clock has it in the name; with `satellites`, as they have it beside that."""
        device = more.get("device", "AB00001")
        said = [Claim("started_at", {"time": shown.isoformat()}, "name:ga/t-947", "assumed")]
        said += [] if device is None else [Claim("device", device, "name:ga/t-947", "assumed")]
        if satellites is not None:
            said.append(Claim("gps_time", {"time": satellites.isoformat()}, "track:nmea", "stated"))
        claims = (*said, *more.pop("claims", ()))
        return self.archive.recording(self.unit, started_at=satellites or shown, claims=claims, **more)

    def from_another_station(self) -> None:
        self.archive.new_station(self.unit)

    def link(self) -> None:
        while link_due_recordings(self.session):
            pass

    def cases_of(self, recording: Any) -> list[Any]:
        return [link.case_id for link in live_links(self.session, recording.id)]

    def asked_about(self) -> set[Any]:
        return {question.recording_id for question in list_questions(self.session, self.unit.id).items}


@pytest.fixture
def scene(session: Session, archive: Any) -> Scene:
    return Scene(session, archive)


def test_what_is_true_links_itself(scene: Scene) -> None:
    recording = scene.film(START + MINUTE)
    scene.link()
    assert scene.cases_of(recording) == [scene.case.id]


@pytest.mark.parametrize(
    "device",
    [
        "ZZ99999",  # in no register
        "AB00007",  # in the register, with nobody
        "AB00009",  # of another bureau's register
        None,
    ],
)
def test_the_officers_name_alone_only_asks(scene: Scene, device: str | None) -> None:
    archive = scene.archive
    archive.shelve(scene.unit, "AB00007")
    other = archive.unit()
    archive.issue(other, archive.person(other, "officer"), "AB00009")
    case = scene.duty(START + 2 * HOUR, officer=scene.officer.badge_number)
    forged = scene.film(START + 2 * HOUR + MINUTE, device=device, officer=scene.officer.badge_number)
    scene.link()
    assert scene.cases_of(forged) == []
    assert forged.id in scene.asked_about()
    assert {each["case_id"] for each in list_questions(scene.session, scene.unit.id).items[0].candidates} == {
        str(case.id)
    }


def test_a_case_that_names_only_a_device_is_not_entered_by_naming_it(scene: Scene) -> None:
    scene.archive.shelve(scene.unit, "AB00007")
    scene.duty(START + 2 * HOUR, device="AB00007")
    forged = scene.film(START + 2 * HOUR + MINUTE, device="AB00007")
    scene.link()
    assert scene.cases_of(forged) == []
    assert forged.id in scene.asked_about()


def test_a_place_and_a_second_that_anybody_can_write_do_not_link_what_names_nobody(scene: Scene) -> None:
    where = {"latitude": 30.15, "longitude": 114.30}
    span = Range(START, START + HOUR)
    duty = {"officer": scene.officer.badge_number, "stage": "investigation", "span": span, **where}
    scene.session.add(CaseAssignment(unit_id=scene.unit.id, case_id=scene.case.id, **duty))
    scene.session.flush()
    forged = scene.film(START + MINUTE, START + MINUTE, device=None, **where)
    scene.link()
    assert scene.cases_of(forged) == []
    assert forged.id in scene.asked_about()


def test_a_station_that_names_another_device_than_the_file_is_vouched_for_by_no_register(scene: Scene) -> None:
    forged = scene.film(START + MINUTE, claims=[Claim("device", "ZZ99999", "station", "stated")])
    scene.link()
    assert scene.cases_of(forged) == []
    assert forged.id in scene.asked_about()


@pytest.mark.parametrize("forgery", ["film", "log"])
def test_a_forged_track_from_elsewhere_moves_nobodys_recordings(scene: Scene, forgery: str) -> None:
    """By an offset of three hours the officer's film would leave his case, and fall into that of the afternoon."""
    scene.duty(START - 3 * HOUR)
    genuine = scene.film(START + 30 * MINUTE)
    if forgery == "film":
        scene.from_another_station()
    kind = {} if forgery == "film" else {"kind": "none", "media_state": "unreadable"}
    scene.film(START + 20 * MINUTE, START + 20 * MINUTE - 3 * HOUR, **kind)
    scene.link()
    assert scene.cases_of(genuine) == [scene.case.id]


def test_a_film_docked_hours_later_teaches_nothing_of_what_was_docked_before(scene: Scene) -> None:
    genuine = scene.film(START + 30 * MINUTE)
    late = genuine.received_at + 5 * HOUR
    scene.film(START + 20 * MINUTE, START + 20 * MINUTE - 3 * HOUR, received_at=late)
    scene.link()
    assert scene.cases_of(genuine) == [scene.case.id]


def test_an_impossible_time_from_another_station_raises_no_doubt(scene: Scene) -> None:
    genuine = scene.film(START + 30 * MINUTE)
    scene.from_another_station()
    scene.archive.recording(scene.unit, started_at=None)
    scene.link()
    assert scene.cases_of(genuine) == [scene.case.id]
    assert scene.asked_about() == set()


def test_a_piece_from_another_station_gets_nothing_from_what_a_person_said_of_the_act(scene: Scene) -> None:
    case = scene.archive.case(scene.officer)
    genuine = scene.film(START + 30 * MINUTE)
    own = scene.film(START + 31 * MINUTE)
    scene.from_another_station()
    forged = scene.film(START + 32 * MINUTE)
    for ordinal, row in enumerate((genuine, own, forged), 1):
        place = {"first_recording_id": genuine.id, "ordinal": ordinal, "segment_count": 3, "basis": "name"}
        scene.session.add(RecordingSegment(recording_id=row.id, unit_id=scene.unit.id, **place))
    scene.session.flush()
    says = {"stage": "initiation", "reason": "看过画面"}
    link_by_hand(scene.session, scene.officer, recording_id=genuine.id, case_id=scene.case.id, **says)
    link_by_hand(scene.session, scene.officer, recording_id=genuine.id, case_id=case.id, **says)
    scene.link()
    reasons = {
        row.id: [reason["code"] for link in live_links(scene.session, row.id) for reason in link.reasons or ()]
        for row in (own, forged)
    }
    assert "same_act" in reasons[own.id]
    assert "same_act" not in reasons[forged.id]
