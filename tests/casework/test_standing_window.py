from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.access import find_grant, may_see_poster
from casework.errors import AccessRefused
from casework.standing_window import Watcher
from storage.catalog.access import PlaybackWindow
from storage.catalog.organisation import Person
from tests.casework.standing import find_standing_window
from tests.sampling import some_of

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
WRONG = ("not linked", "revoked", "expired", "inactive", "moved", "copy only", "of another")
EVERYTHING_WRONG = [set(some) for count in range(len(WRONG) + 1) for some in itertools.combinations(WRONG, count)]


class World:
    """Two units, and whatever is wrong with a grant under which a window was opened all the same."""

    def __init__(self, session: Session, archive: Any) -> None:
        self.session, self.archive = session, archive
        self.unit, self.elsewhere = archive.unit(), archive.unit()
        self.supervisor = archive.person(self.unit, "supervisor")

    def opens(self, wrong: Collection[str]) -> tuple[bool, bool, bool, bool]:
        """Whether the standing window is found by who asks and by who is remembered, and grant and poster are."""
        archive, officer = self.archive, self.archive.person(self.unit, "officer")
        case = archive.case(officer)
        recording = archive.recording(self.unit)
        link = archive.link(recording, case, officer)
        grant = archive.grant(case, officer, self.supervisor, kind="copy" if "copy only" in wrong else "view")
        if "not linked" in wrong:
            link.ended_at, link.ended_by, link.end_reason = NOW, officer.id, "r"
        if "revoked" in wrong:
            grant.revoked_at, grant.revoked_by = NOW, self.supervisor.id
        who = archive.person(self.unit, "supervisor") if "of another" in wrong else officer
        window = PlaybackWindow(unit_id=self.unit.id, person_id=who.id, grant_id=grant.id, recording_id=recording.id)
        window.object_name, window.first_byte, window.last_byte = "x", 0, 9
        window.expires_at = NOW + timedelta(days=9)
        self.session.add(window)
        self.session.flush()
        remembered = Watcher.of(who)
        who.unit_id = (self.elsewhere if "moved" in wrong else self.unit).id
        who.active = "inactive" not in wrong
        self.session.flush()
        self.session.refresh(who)
        now = NOW + timedelta(days=2 if "expired" in wrong else 0)
        asked = recording.id, "x", 5, now
        try:
            granted = find_grant(self.session, who, recording.id, "view", now).grant_id == grant.id
        except AccessRefused:
            granted = False
        return (
            find_standing_window(self.session, who, *asked) is not None,
            find_standing_window(self.session, remembered, *asked) is not None,
            granted,
            bool(may_see_poster(self.session, who, [recording.id], now)),
        )


@pytest.fixture
def world(session: Session, archive: Any) -> World:
    return World(session, archive)


def test_a_standing_window_is_shown_exactly_where_its_grant_would_be_found_again(world: World) -> None:
    for wrong in some_of(EVERYTHING_WRONG, one_in=4):
        assert world.opens(wrong) == (not wrong,) * 4, wrong


def test_a_standing_window_covers_its_own_bytes_until_its_end(world: World, session: Session) -> None:
    assert world.opens(set()) == (True, True, True, True)
    (window,) = session.query(PlaybackWindow)
    asked = session, remembered_of(session, window), window.recording_id
    assert find_standing_window(*asked, "x", 5, NOW) is not None
    assert find_standing_window(*asked, "y", 5, NOW) is None
    assert find_standing_window(*asked, "x", 64 << 20, NOW) is None
    assert find_standing_window(*asked, "x", 5, window.expires_at) is None


def test_who_is_not_any_more_who_is_remembered_is_not_found(world: World, session: Session) -> None:
    """Whatever has changed of him since: each is a reason to look closer, and none to let him have it."""
    world.opens(set())
    (window,) = session.query(PlaybackWindow)
    remembered = remembered_of(session, window)
    asked = window.recording_id, "x", 5, NOW
    assert find_standing_window(session, remembered, *asked) is not None
    others = replace(remembered, role="auditor"), replace(remembered, carries=(world.elsewhere.id,))
    for other in (*others, replace(remembered, id=world.supervisor.id)):
        assert find_standing_window(session, other, *asked) is None


def remembered_of(session: Session, window: PlaybackWindow) -> Watcher:
    return Watcher.of(session.get_one(Person, window.person_id))
