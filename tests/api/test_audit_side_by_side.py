"""What is looked at side by side is told as if it had been looked at one after the other."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import pytest

from api.verification.audit import Audit
from api.verification.findings import MOST_KEPT, Findings

AT_ONCE = 8


@pytest.fixture
def audit() -> Audit:
    nothing = cast("Any", None)
    return Audit(nothing, nothing, Findings(), lambda part, done, total: None, None, at_once=AT_ONCE)


def test_several_are_under_way_and_what_they_find_comes_in_the_order_of_the_rows(audit: Audit) -> None:
    together = threading.Barrier(AT_ONCE, timeout=30)

    def look(own: Audit, row: int) -> None:
        together.wait()
        time.sleep(0.02 * (AT_ONCE - row % AT_ONCE))
        own.findings.add("object_missing", f"{row}: first")
        own.findings.add("object_differs", f"{row}: second", b"\x01", b"\x02")

    rows = range(2 * AT_ONCE)
    assert len(list(audit.each(rows, look))) == len(rows)
    assert [each.subject for each in audit.findings.kept] == [
        f"{row}: {which}" for row in rows for which in ("first", "second")
    ]
    assert audit.findings.counts == {"object_missing": len(rows), "object_differs": len(rows)}


def test_what_one_of_them_raises_keeps_what_was_found_before_it(audit: Audit) -> None:
    def look(own: Audit, row: int) -> None:
        if row == 5:
            raise ValueError("nobody can read this row")
        own.findings.add("object_missing", str(row))

    looked = audit.each(range(20), look)
    for _ in range(5):
        next(looked)
    with pytest.raises(ValueError, match="nobody can read"):
        next(looked)
    assert [each.subject for each in audit.findings.kept] == ["0", "1", "2", "3", "4"]


def test_a_wrecked_archive_does_not_fill_the_memory(audit: Audit) -> None:
    def look(own: Audit, row: int) -> None:
        for _ in range(MOST_KEPT):
            own.findings.add("object_missing", str(row))

    assert len(list(audit.each(range(3), look))) == 3
    assert (len(audit.findings.kept), audit.findings.total) == (MOST_KEPT, 3 * MOST_KEPT)
