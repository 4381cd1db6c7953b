"""The case's own officers view directly: by the rule, with an entry and an end; and nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.access import find_grant, may_see_poster
from casework.errors import AccessRefused
from casework.handling import name_officer, release_officer
from casework.organisation import deactivate_person
from casework.playback import open_window
from casework.requests import approve, ask, revoke
from casework.retrieval.errors import AlreadyDecided
from storage.catalog.access import Grant
from storage.database import Database
from storage.ledger.append import Actor
from tests.casework.standing import find_standing_window

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


@pytest.fixture
def scene(archive: Any, session: Session) -> dict[str, Any]:
    """A recording in a case that an officer handles."""
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case, recording = archive.case(officer), archive.recording(unit)
    archive.link(recording, case, officer)
    handled = name_officer(session, officer, case.id, officer.id)
    return {
        "unit": unit,
        "officer": officer,
        "supervisor": supervisor,
        "case": case,
        "recording": recording,
        "handled": handled,
    }


def view(session: Session, scene: dict[str, Any], who: str = "officer", kind: str = "view") -> Any:
    return ask(session, scene[who], case_id=scene["case"].id, kind=kind, purpose="办理本案", now=NOW)


def test_an_officer_of_the_case_is_let_in_by_the_rule_for_a_day(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    request = view(session, scene)
    assert (request.state, request.who, request.decided_by) == ("approved", "handler", None)
    grant = find_grant(session, scene["officer"], scene["recording"].id, "view", NOW)
    row = session.get_one(Grant, grant.grant_id)
    assert (row.approved_by, row.expires_at, row.kind) == (None, NOW + timedelta(hours=24), "view")
    entry = archive.last_entry("access.granted_by_rule")
    assert (entry.actor_id, entry.data["request_id"]) == (str(scene["officer"].id), str(request.id))
    assert archive.entries("access.granted") == []
    assert "办理本案" not in archive.ledger_text()
    with pytest.raises(AccessRefused, match="expired"):
        find_grant(session, scene["officer"], scene["recording"].id, "view", NOW + timedelta(hours=24))


def test_a_direct_view_opens_its_window_like_any_other(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    view(session, scene)
    recording = scene["recording"]
    grant, shown = find_grant(session, scene["officer"], recording.id, "view", NOW), archive.rendition(recording)
    open_window(
        session,
        scene["officer"],
        grant,
        recording_id=recording.id,
        object_name=shown.object_name,
        object_size=shown.size_bytes,
        first_byte=0,
        last_byte=99,
        now=NOW,
    )
    assert archive.last_entry("playback.window_opened").data["grant_id"] == str(grant.grant_id)
    args = scene["officer"], recording.id, shown.object_name, 0, NOW
    assert find_standing_window(session, *args) is not None
    release_officer(session, scene["officer"], scene["handled"].id, "移交他人")
    assert find_standing_window(session, *args) is None


def test_it_ends_with_his_handling_the_case_and_can_be_revoked(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    view(session, scene)
    release_officer(session, scene["officer"], scene["handled"].id, "移交他人")
    with pytest.raises(AccessRefused) as refused:
        find_grant(session, scene["officer"], scene["recording"].id, "view", NOW)
    assert refused.value.reason == "released"
    assert may_see_poster(session, scene["officer"], [scene["recording"].id], NOW) == frozenset()
    assert view(session, scene).state == "pending"
    name_officer(session, scene["officer"], scene["case"].id, scene["officer"].id)
    grant = find_grant(session, scene["officer"], scene["recording"].id, "view", NOW)
    revoke(session, scene["supervisor"], grant.grant_id, "停止查看")
    with pytest.raises(AccessRefused, match="revoked"):
        find_grant(session, scene["officer"], scene["recording"].id, "view", NOW)


def test_copies_and_everybody_else_wait_for_an_approval(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    copy, other = view(session, scene, kind="copy"), view(session, scene, who="supervisor")
    assert (copy.state, copy.approval, copy.who) == ("pending", "head_of_legal", "handler")
    assert (other.state, other.approval, other.who) == ("pending", "chief", "staff")
    assert archive.entries("access.granted_by_rule") == []


def test_what_the_rule_granted_nobody_decides_again(session: Session, scene: dict[str, Any]) -> None:
    request = view(session, scene)
    with pytest.raises(AlreadyDecided):
        approve(session, scene["supervisor"], request.id, expires_at=NOW + timedelta(days=1), now=NOW)


def test_whoever_left_views_nothing_directly(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    view(session, scene)
    deactivate_person(session, Actor.system("admin"), scene["officer"].id, "离职")
    with pytest.raises(AccessRefused, match="no longer active"):
        find_grant(session, scene["officer"], scene["recording"].id, "view", NOW)


def test_raw_sql_lets_nobody_in_by_rule_who_handles_nothing(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        archive = archive_in(session)
        unit = archive.unit()
        officer, other = archive.person(unit, "officer"), archive.person(unit, "officer")
        case = archive.case(officer)
        name_officer(session, officer, case.id, officer.id)
    forge = text(
        "WITH asked AS (INSERT INTO access_request"
        " (id, unit_id, case_id, person_id, kind, purpose, state, decided_at, who, approval)"
        " VALUES (gen_random_uuid(), :unit, :case, :person, 'view', 'p', 'approved', now(), 'handler', 'none')"
        " RETURNING *)"
        " INSERT INTO access_grant (id, unit_id, request_id, case_id, person_id, kind, granted_at, expires_at)"
        " SELECT gen_random_uuid(), unit_id, id, case_id, person_id, kind, now(), now() + interval '1 day' FROM asked"
    )
    values = {"unit": unit.id, "case": case.id, "person": other.id}
    with pytest.raises(DBAPIError) as refused, database.transaction() as session:
        session.execute(forge, values)
    assert isinstance(refused.value.orig, psycopg.errors.CheckViolation)
    with pytest.raises(DBAPIError), database.transaction() as session:
        session.execute(text(str(forge).replace("'view'", "'copy'")), {**values, "person": officer.id})
