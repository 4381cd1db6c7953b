"""A bureau in a served archive."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casework.filereview.sheets import load_shipped_score_sheets
from tests.api.http.file_reviews.bureau import Bureau


@pytest.fixture
def bureau(served: Any) -> Bureau:
    with served.database.transaction() as session:
        load_shipped_score_sheets(session, datetime.now(UTC))
    unit = served.unit()
    brigade = served.unit("一大队", parent=unit)
    chief, legal, administrator = (
        served.signed_in(unit, role) for role in ("supervisor", "legal_reviewer", "administrator")
    )
    brigadier, officer = served.signed_in(brigade, "supervisor"), served.signed_in(brigade, "officer")
    cases = [served.case(officer.person) for _ in range(8)]
    cases.append(served.case(brigadier.person))
    outside = [served.case(officer.person), served.case(officer.person)]
    for case, days in [*((each, 2) for each in cases), (outside[0], 40)]:
        served.as_owner('UPDATE "case" SET closed_at = now() - make_interval(days => %s) WHERE id = %s', days, case.id)
    return Bureau(served, unit, brigade, chief, legal, administrator, brigadier, officer, cases, outside)
