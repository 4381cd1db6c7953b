"""Who was at work when, as far as the footage's names say it."""

from __future__ import annotations

from datetime import UTC, datetime

from api.demo.assignments import Assignment, plan_assignments

CARD = [
    "AB00001_000123_20260101093000.MP4",
    "AB00001_000123_20260101093020.MP4",
    "AB00001_000123_20260101093600.JPG",
    "bikes.mp4",
]


def holds(assignment: Assignment, hour: int, minute: int, second: int) -> bool:
    return assignment.starts_at <= datetime(2026, 1, 1, hour, minute, second, tzinfo=UTC) < assignment.ends_at


def test_one_patrol_covers_its_recordings_and_the_last_may_be_of_the_other_case_too() -> None:
    patrol, other = plan_assignments(CARD, "1", "2")
    assert (patrol.case_number, patrol.device, patrol.officer) == ("1", "AB00001", "000123")
    assert all(holds(patrol, 1, *moment) for moment in ((30, 0), (30, 20), (36, 0)))
    assert (other.case_number, other.officer) == ("2", "000123")
    assert holds(other, 1, 36, 0)
    assert not holds(other, 1, 30, 20)


def test_each_device_and_officer_is_a_patrol_of_its_own() -> None:
    names = [*CARD, "CD00002_000456_20260102080000.MP4"]
    planned = plan_assignments(names, "1", "2")
    assert [(each.case_number, each.officer) for each in planned] == [("1", "000123"), ("1", "000456"), ("2", "000456")]


def test_names_without_a_claim_or_with_an_impossible_clock_plan_nothing() -> None:
    names = [
        "video.mp4",
        "20260101093000.mp4",
        "AB00001_000123_19700101000000.MP4",
        "AB00001_000123_99991231235959.MP4",
    ]
    assert plan_assignments(names, "1", "2") == ()


def test_the_form_is_what_the_api_takes() -> None:
    form = plan_assignments(CARD, "1", "2")[0].form()
    assert form["starts_at"] == "2026-01-01T01:20:00.000000Z"
    assert form["ends_at"] == "2026-01-01T02:06:00.000000Z"
