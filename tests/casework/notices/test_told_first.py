"""No penalty before its party was told: the deed of issuing says what is missing, and goes through once nothing is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from casework.notices.standing import days_that_run
from casework.review.errors import GateShut
from casework.review.gate import refusals_of
from integrity.local_time import chinese_day
from tests.casework.notices.told import Telling


def test_no_penalty_is_issued_before_its_party_was_told(telling: Telling) -> None:
    version = telling.draft()
    with pytest.raises(GateShut) as refused:
        telling.bench.issue(version)
    assert refused.value.refusals == ("untold",)
    telling.tell_all(version)
    assert telling.bench.issue(version).version_id == version.id


def test_what_lacks_both_says_both(telling: Telling) -> None:
    version = telling.bench.draft()
    assert refusals_of(telling.session, version.id) == ("no_pass", "untold", "hearing_untold")


def test_on_the_spot_the_officer_issues_what_he_told(telling: Telling) -> None:
    version = telling.draft(telling.bench.another_case("simple_penalty"))
    with pytest.raises(GateShut):
        telling.bench.issue(version, by=telling.bench.officer)
    telling.hear(telling.tell_on_the_spot(version), "statement_waived", proven=False)
    assert telling.bench.issue(version, by=telling.bench.officer).version_id == version.id


def test_the_days_go_by_the_official_calendar_too(telling: Telling) -> None:
    """The database knows no day off of one year: what it would let through the deed does not."""
    version = telling.draft()
    notice = telling.tell(version)
    telling.serve(notice)
    today = chinese_day(datetime.now(UTC))
    assert days_that_run(telling.session, version, today) == ("statement_days",)
    assert days_that_run(telling.session, version, today + timedelta(days=60)) == ()
    with pytest.raises(GateShut) as refused:
        telling.bench.issue(version)
    assert refused.value.refusals == ("statement_days",)
    telling.hear(notice, "statement_waived")
    assert days_that_run(telling.session, version, today) == ()
