"""A recorder that changes hands in the middle of a shift: whose duties its recordings are laid beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from casework.cases import assign
from casework.linking.rows import live_links
from casework.register.devices import add_device
from casework.register.issues import issue_device, return_device
from storage.ledger.append import Actor
from tests.casework.linking.due import link_due_recordings
from tests.casework.linking.linked import HOUR, MINUTE, START

OPERATOR = Actor.system("admin")
NOON = START + 4 * HOUR


def test_what_is_filmed_with_a_recorder_that_was_taken_over_at_noon_links_itself(
    session: Session, archive: Any, officer: Any, unit: Any
) -> None:
    """He has duties all day. Were they all laid beside it, the clock might as well be an hour fast: the same four
    films would fit as well, and one be of the last duty before noon, of which there is nothing. But then the other one
    had the recorder."""
    second = archive.person(unit, "officer")
    hand_over(session, officer, second, unit)
    for hour in range(4):
        duty(session, archive, officer, START + hour * HOUR)
    cases = [duty(session, archive, second, START + hour * HOUR + 25 * MINUTE) for hour in range(8)]
    made = [
        archive.recording(
            unit,
            started_at=START + hour * HOUR + 33 * MINUTE,
            device="AB00007",
            officer=officer.badge_number,
            received_at=START + 10 * HOUR,
        )
        for hour in range(4, 8)
    ]
    while link_due_recordings(session):
        pass
    linked = [[link.case_id for link in live_links(session, row.id)] for row in made]
    assert linked == [[case.id] for case in cases[4:]]


def hand_over(session: Session, first: Any, second: Any, unit: Any) -> None:
    now = datetime.now(UTC)
    device = add_device(session, OPERATOR, unit_id=unit.id, code="AB00007")
    issue = issue_device(session, OPERATOR, device.id, first.id, now=now, issued_at=START - timedelta(days=30))
    return_device(session, OPERATOR, issue.id, now=now, returned_at=NOON)
    issue_device(session, OPERATOR, device.id, second.id, now=now, issued_at=NOON)


def duty(session: Session, archive: Any, who: Any, start: datetime) -> Any:
    case = archive.case(who)
    assign(session, who, case.id, officer=who.badge_number, starts_at=start, ends_at=start + 20 * MINUTE)
    return case
