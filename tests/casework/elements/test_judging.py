"""What a recording has, lacks and contradicts, by the policy of its day and the register of its time; judged anew."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from casework.cases import assign
from casework.elements.policies import load_policy
from casework.linking.by_hand import link_by_hand, unlink
from casework.organisation import deactivate_person
from casework.register.certificates import add_certificate, void_certificate
from casework.register.devices import retire_device
from casework.register.issues import return_device, void_issue
from ingest.metadata.claims import Claim
from storage.catalog.elements import ElementQuestion, RecordingJudgement
from storage.catalog.recordings import Recording
from tests.casework.elements.team import FILMED, NOW, OPERATOR, Team


def test_a_recording_that_has_everything_is_asked_nothing_but_its_case(team: Team) -> None:
    recording = team.recording()
    assert team.open(recording) == {}
    kept = team.session.get_one(RecordingJudgement, recording.id)
    assert kept.officer_id == team.officer.id
    assert kept.day == date(2026, 3, 9)
    assert len(kept.policies) == 2
    assert {name: each["source"] for name, each in kept.elements.items() if each["value"]} == {
        "unit": "station",
        "officer": "claim",
        "device": "claim",
        "time": "name:ga/t-947",
        "act": "claim",
    }
    assert kept.elements["place"]["state"] == "not_demanded"
    assert team.element(recording, "case")["codes"] == ["missing"]


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ({"device": None}, {"device": ["missing"]}),
        ({"device": "AB00077"}, {"device": ["device_unknown"]}),
        ({"officer": "none-such"}, {"officer": ["officer_unknown"]}),
        ({"claims": []}, {"act": ["missing"]}),
        ({"claims": [Claim("act", "dancing", "station", "stated")]}, {"act": ["act_unknown"]}),
        ({"claims": [Claim("act", "seizure", "station", "stated")]}, {"place": ["missing"]}),
        ({"uncertainty_seconds": 40 * 86400.0}, {"time": ["time_uncertain"]}),
        ({"claims": [], "started_at": None}, {"time": ["missing"], "act": ["missing"]}),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, dict) else None,
)
def test_what_is_missing_or_contradictory_is_asked(team: Team, facts: Any, asked: Any) -> None:
    assert team.open(team.recording(**facts)) == asked


def test_an_officer_the_file_does_not_name_is_taken_from_the_register(team: Team) -> None:
    recording = team.recording(officer=None)
    assert team.open(recording) == {}
    assert team.element(recording, "officer")["source"] == "register"


def test_a_device_that_another_had_then_contradicts_and_is_judged_anew_when_the_register_changes(team: Team) -> None:
    recording = team.recording(officer=team.other.badge_number)
    assert team.open(recording) == {"officer": ["device_with_another"]}
    assert team.session.get_one(RecordingJudgement, recording.id).officer_id == team.other.id
    void_issue(team.session, OPERATOR, team.issue.id, "录错", NOW)
    assert team.open(recording) == {"officer": ["device_with_nobody"]}
    team.give(team.device, team.other)
    assert team.open(recording) == {}


def test_a_hand_over_within_the_uncertainty_of_the_time_contradicts_nobody(team: Team) -> None:
    return_device(team.session, OPERATOR, team.issue.id, now=NOW, returned_at=FILMED - timedelta(minutes=4))
    assert team.open(team.recording(uncertainty_seconds=300.0)) == {}
    assert team.open(team.recording(uncertainty_seconds=60.0)) == {"officer": ["device_with_nobody"]}


RESET = datetime(2016, 1, 1, 0, 5, tzinfo=UTC)
ELEVEN_YEARS = 11 * 365.25 * 86400


def test_a_clock_that_fell_back_by_years_contradicts_neither_the_register_nor_a_certificate(team: Team) -> None:
    days = {"valid_from": date(2025, 1, 1), "last_day": date(2027, 12, 31)}
    add_certificate(team.session, OPERATOR, team.officer.id, number="1", **days)
    reset = {"started_at": RESET, "uncertainty_seconds": ELEVEN_YEARS}
    assert team.open(team.recording(**reset)) == {"time": ["time_uncertain", "no_rules_then"]}
    # Whom the register never knew with it, it does not know with it at any time.
    assert team.open(team.recording(officer=team.other.badge_number, **reset)) == {
        "time": ["time_uncertain", "no_rules_then"],
        "officer": ["device_with_another"],
    }
    assert team.element(team.recording(officer=None, **reset), "officer")["source"] == "register"


def test_who_has_the_device_since_it_was_received_did_not_record(team: Team) -> None:
    return_device(team.session, OPERATOR, team.issue.id, now=NOW, returned_at=NOW - timedelta(minutes=30))
    recording = team.recording(
        officer=team.other.badge_number, received_at=NOW - timedelta(hours=1), uncertainty_seconds=ELEVEN_YEARS
    )
    team.give(team.device, team.other, NOW - timedelta(minutes=20))
    assert team.open(recording)["officer"] == ["device_with_another"]


def test_of_a_certificate_any_day_counts_on_which_it_may_have_been_recorded(team: Team) -> None:
    days = {"valid_from": date(2020, 1, 1), "last_day": date(2026, 3, 8)}
    add_certificate(team.session, OPERATOR, team.officer.id, number="1", **days)
    assert team.open(team.recording(uncertainty_seconds=300.0)) == {"officer": ["certificate_expired"]}
    assert team.open(team.recording(uncertainty_seconds=86400.0)) == {}


def test_a_certificate_that_had_run_out_on_the_day_contradicts(team: Team) -> None:
    recording = team.recording()
    days = {"valid_from": date(2020, 1, 1), "last_day": date(2026, 3, 8)}
    row = add_certificate(team.session, OPERATOR, team.officer.id, number="1", **days)
    assert team.open(recording) == {"officer": ["certificate_expired"]}
    void_certificate(team.session, OPERATOR, row.id, "录错", NOW)
    assert team.open(recording) == {}
    add_certificate(team.session, OPERATOR, team.officer.id, number="1", valid_from=date(2026, 3, 9), last_day=None)
    assert team.open(recording) == {}


def test_a_device_out_of_use_or_of_another_unit_contradicts(team: Team) -> None:
    recording = team.recording(device="AB00002")
    assert team.open(recording) == {"device": ["device_unknown"]}
    # A device entered for a unit beside is judged of at once by those that thought nobody had it.
    team.new_device("AB00002", team.archive.unit(team.bureau))
    assert team.open(recording) == {"unit": ["unit_differs"]}
    team.new_device("AB00003", team.bureau)
    assert "unit" not in team.open(team.recording(device="AB00003"))
    late = team.recording(device="AB00004")
    assert team.open(late) == {"device": ["device_unknown"]}
    device = team.new_device("AB00004")
    assert team.open(late) == {"officer": ["device_with_nobody"]}
    retire_device(team.session, OPERATOR, device.id, "报废", FILMED - timedelta(days=1))
    assert set(team.open(late)) == {"officer", "device"}


def test_a_claimed_time_far_from_the_satellites_contradicts(team: Team) -> None:
    claims = [Claim("act", "questioning", "station", "stated")]
    for minutes, asked in ((3, {}), (20, {"time": ["time_contradicts"]})):
        said = (FILMED + timedelta(minutes=minutes)).isoformat()
        words = [
            Claim("gps_time", {"time": FILMED.isoformat()}, "gpmf", "stated"),
            Claim("started_at", {"time": said}, "station", "stated"),
        ]
        assert team.open(team.recording(claims=[*claims, *words], uncertainty_seconds=2.0)) == asked
    note = Claim("best_start", {}, "receipt", "doubtful", ("clocks_contradict",))
    assert team.open(team.recording(claims=[*claims, note])) == {"time": ["time_contradicts"]}
    later = Claim("started_at", {"time": (NOW + timedelta(days=2)).isoformat()}, "station", "stated")
    assert team.open(team.recording(claims=[*claims, later], started_at=None)) == {"time": ["time_after_receipt"]}


def test_a_place_that_a_sidecar_brings_answers_the_question(team: Team) -> None:
    recording = team.recording(claims=[Claim("act", "seizure", "station", "stated")])
    assert team.open(recording) == {"place": ["missing"]}
    place = {"latitude": 32.06, "longitude": 118.76, "place_source": "sidecar:nmea"}
    team.session.execute(update(Recording).where(Recording.id == recording.id).values(**place))
    assert team.open(recording) == {}
    assert team.element(recording, "place")["source"] == "sidecar:nmea"


def test_a_link_answers_for_the_case_and_its_end_asks_again(team: Team) -> None:
    recording, case = team.recording(), team.archive.case(team.officer)
    words = {"recording_id": recording.id, "case_id": case.id, "stage": "investigation", "reason": "同一现场"}
    link = link_by_hand(team.session, team.officer, **words)
    assert team.element(recording, "case")["state"] == "present"
    unlink(team.session, team.officer, link.id, "归错")
    assert team.element(recording, "case")["codes"] == ["missing"]


def test_the_linkers_question_is_in_the_same_queue_and_says_whether_one_or_several_are_asked_about(team: Team) -> None:
    recording, (one, two) = team.recording(), [team.archive.case(team.officer) for _ in range(2)]
    span = {"starts_at": FILMED - timedelta(hours=1), "ends_at": FILMED + timedelta(hours=1)}
    for case in (one, two):
        assign(team.session, team.officer, case.id, device="AB00001", **span)
    assert team.element(recording, "case")["codes"] == ["several_cases"]
    weak = team.recording(
        device="AB00009", started_at=FILMED + timedelta(days=20), received_at=NOW + timedelta(days=30)
    )
    away = {"starts_at": weak.started_at - timedelta(hours=1), "ends_at": weak.started_at + timedelta(seconds=30)}
    assign(team.session, team.officer, one.id, officer=team.officer.badge_number, device="AB00010", **away)
    assert team.element(weak, "case")["codes"] == ["weak_case"]


def test_who_is_deactivated_is_asked_no_more_and_the_supervisors_are(team: Team) -> None:
    recording = team.recording(claims=[])
    assert team.open(recording) == {"act": ["missing"]}
    deactivate_person(team.session, OPERATOR, team.officer.id, "离职")
    team.judge()
    row = team.session.scalars(select(ElementQuestion).where(ElementQuestion.recording_id == recording.id)).first()
    assert row is not None
    assert row.officer_id is None


def test_the_version_of_its_day_judges_a_recording_and_a_later_one_changes_nothing(team: Team) -> None:
    old = team.recording(claims=[], started_at=datetime(2018, 5, 1, tzinfo=UTC), device="AB00009")
    # No rule held then: the day of receipt judges, and the time is asked about.
    assert team.open(old) == {"device": ["device_unknown"], "time": ["no_rules_then"], "act": ["missing"]}
    recording = team.recording(claims=[])
    assert team.open(recording) == {"act": ["missing"]}
    text = "jurisdiction: CN-{}\nversion: 1\ntitle: {{zh: 甲, en: a}}\nvalid_from: {}\n"
    text += "elements:\n  place: {{required: always}}\n"
    load_policy(team.session, OPERATOR, text.format("later", "2026-03-10").encode(), NOW)
    assert team.open(recording) == {"act": ["missing"]}
    load_policy(team.session, OPERATOR, text.format("since", "2026-03-09").encode(), NOW)
    assert team.open(recording) == {"act": ["missing"], "place": ["missing"]}


def test_a_version_that_begins_tomorrow_judges_what_says_it_is_of_tomorrow_already(team: Team) -> None:
    midnight = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
    early = team.recording(started_at=midnight + timedelta(minutes=4), received_at=midnight - timedelta(minutes=2))
    assert "place" not in team.open(early)
    text = "jurisdiction: CN-next\nversion: 1\ntitle: {zh: 甲, en: a}\nvalid_from: 2026-03-11\n"
    load_policy(team.session, OPERATOR, f"{text}elements:\n  place: {{required: always}}\n".encode(), NOW)
    assert team.open(early)["place"] == ["missing"]
