"""A card that claims to be older than another one of the same recorder that was docked before it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.casework.linking.linked import HOUR, MINUTE, START, assigned_case, look, recorded


@pytest.mark.parametrize(("docked_since", "outcome"), [(True, "question"), (False, "linked")])
def test_what_should_have_come_by_an_earlier_docking_is_asked_about(
    session: Session, archive: Any, officer: Any, unit: Any, docked_since: bool, outcome: str
) -> None:
    """Its clock is a day slow, or its card was not docked for a day: the docking between tells which."""
    assigned_case(session, archive, officer)
    yesterday = START + 8 * HOUR if docked_since else START - HOUR
    first = recorded(archive, unit, START - 2 * HOUR, received_at=yesterday)
    look(session, first)
    late = recorded(archive, unit, START + 20 * MINUTE, received_at=START + timedelta(days=1))
    assert look(session, late) == outcome


def test_an_earlier_docking_that_is_sealed_later_puts_what_was_linked_in_question(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    """In whatever order the files of two dockings come out of sealing, the outcome is the same."""
    assigned_case(session, archive, officer)
    late = recorded(archive, unit, START + 20 * MINUTE, received_at=START + timedelta(days=1))
    assert look(session, late) == "linked"
    look(session, recorded(archive, unit, START - 2 * HOUR, received_at=START + 8 * HOUR))
    assert look(session, late) == "question"
