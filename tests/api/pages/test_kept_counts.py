"""Counts of a million are kept for a minute, for one unit at a time, and say as of when they are."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from api.pages.kept_counts import KEPT, Counted, KeptCounts

AT = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


def test_a_count_is_made_once_a_minute_for_each_unit_and_says_as_of_when() -> None:
    kept, asked, one, other = KeptCounts(), list[uuid.UUID](), uuid.uuid4(), uuid.uuid4()

    def look(unit_id: uuid.UUID, at: datetime) -> Counted:
        def count() -> tuple[int, int]:
            asked.append(unit_id)
            return len(asked), 10 * len(asked)

        return kept.get(unit_id, at, count)

    assert look(one, AT) == Counted(1, 10, AT)
    assert look(one, AT + KEPT - timedelta(seconds=1)) == Counted(1, 10, AT)
    assert look(other, AT) == Counted(2, 20, AT)
    assert look(one, AT + KEPT) == Counted(3, 30, AT + KEPT)
    # A clock that was put back keeps nothing alive.
    assert look(one, AT) == Counted(4, 40, AT)
    assert asked == [one, other, one, one]
