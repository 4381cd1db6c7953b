"""The demo's register fits its footage, whatever that names and whatever its clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from api.demo.assignments import plan_assignments
from api.demo.cast import OFFICER
from api.demo.register import SPARE, plan_issues

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
CARD = ("AB00001_000123_20260101093000.MP4", "AB00001_000123_20260102093000.MP4")


def test_the_officer_has_his_device_before_its_first_recording() -> None:
    planned = plan_assignments(CARD, "1", "2")
    worn, back, out = plan_issues(planned, NOW)
    assert (worn.device, worn.officer, worn.returned_at) == ("AB00001", OFFICER.badge, None)
    assert worn.issued_at < min(each.starts_at for each in planned)
    assert (back.device, out.device, out.returned_at) == (SPARE[0], SPARE[0], None)
    assert back.returned_at is not None
    assert back.returned_at < out.issued_at < NOW
    assert worn.form()["returned_at"] is None


def test_a_clock_in_the_future_issues_nothing() -> None:
    planned = plan_assignments(CARD, "1", "2")
    early = min(each.starts_at for each in planned) - timedelta(days=2)
    assert [issue.device for issue in plan_issues(planned, early)] == [SPARE[0], SPARE[0]]
    assert [issue.device for issue in plan_issues((), NOW)] == [SPARE[0], SPARE[0]]


def test_what_somebody_else_wore_is_not_the_officer_s() -> None:
    planned = plan_assignments(("AB00005_000999_20260101093000.MP4",), "1", "2")
    assert all(issue.device != "AB00005" for issue in plan_issues(planned, NOW))
