"""Originals leave only with a reason of whoever asked, and the consent, with its reason, of whoever approved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.access import find_grant, find_original_grant
from casework.errors import AccessRefused, TextUnusable
from casework.export import gather_case, start_export
from casework.handling import name_officer
from casework.playback import open_window
from casework.requests import approve, ask, revoke
from casework.retrieval.errors import ConsentMissing, ConsentNotAsked
from storage.catalog.access import Grant
from storage.database import Database
from tests.casework.standing import find_standing_window

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
END = NOW + timedelta(days=1)


@pytest.fixture
def scene(archive: Any) -> dict[str, Any]:
    return scene_in(archive)


def scene_in(archive: Any) -> dict[str, Any]:
    unit = archive.unit()
    officer, legal = archive.person(unit, "officer"), archive.person(unit, "legal_reviewer")
    case = archive.case(officer)
    recording = archive.recording(unit)
    archive.link(recording, case, officer)
    return {"officer": officer, "legal": legal, "case": case, "recording": recording}


def granted(session: Session, scene: dict[str, Any], reason: str | None = None, consent: str | None = None) -> Grant:
    officer, case = scene["officer"], scene["case"]
    request = ask(session, officer, case_id=case.id, kind="copy", purpose="移送", unredacted_reason=reason)
    return approve(session, scene["legal"], request.id, expires_at=END, now=NOW, consent_reason=consent)


def test_a_grant_to_copy_is_of_redacted_copies_unless_both_said_otherwise(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    redacted = granted(session, scene)
    assert (redacted.unredacted, redacted.consent_reason) == (False, None)
    for leave in (start_export, gather_case):
        with pytest.raises(AccessRefused) as refused:
            leave(session, scene["officer"], scene["case"].id, redacted.id, NOW)
        assert refused.value.reason == "redacted_only"
    whole = granted(session, scene, "法院要求提交原件", "同意，仅供法院核验")
    assert (whole.unredacted, whole.consent_reason) == (True, "同意，仅供法院核验")
    assert start_export(session, scene["officer"], scene["case"].id, whole.id, NOW).grant_id == whole.id
    assert archive.last_entry("access.requested").data["unredacted"] is True
    assert archive.last_entry("access.granted").data["unredacted"] is True
    assert not any(words in archive.ledger_text() for words in ("法院要求", "仅供法院"))


@pytest.mark.parametrize(
    ("reason", "consent", "refusal"),
    [
        ("法院要求", None, ConsentMissing),
        ("法院要求", "  ", TextUnusable),
        (None, "同意", ConsentNotAsked),
        ("  ", None, TextUnusable),
    ],
)
def test_neither_half_is_enough(
    session: Session, archive: Any, scene: dict[str, Any], reason: str | None, consent: str | None, refusal: Any
) -> None:
    with pytest.raises(refusal):
        granted(session, scene, reason, consent)
    assert archive.entries("access.granted") == []


def test_there_are_no_originals_of_a_view(session: Session, scene: dict[str, Any]) -> None:
    with pytest.raises(TextUnusable):
        ask(session, scene["officer"], case_id=scene["case"].id, kind="view", purpose="p", unredacted_reason="r")


def test_raw_sql_gives_no_originals_away(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        scene = scene_in(archive_in(session))
        grant = granted(session, scene)
        officer, case = scene["officer"], scene["case"]
        request = ask(session, officer, case_id=case.id, kind="copy", purpose="p")
        wanted = ask(session, officer, case_id=case.id, kind="copy", purpose="p", unredacted_reason="法院要求")
        values = {"grant": grant.id, "asked": request.id, "wanted": wanted.id, "by": scene["legal"].id}
    approved = "UPDATE access_request SET state = 'approved', decided_by = :by, decided_at = now() WHERE id = {request}"
    for statement in (
        "UPDATE access_grant SET unredacted = true, consent_reason = 'x'",
        "UPDATE access_request SET unredacted = true, unredacted_reason = 'x'",
        _EXPORT,
        approved.format(request=":asked") + ";" + _GRANT.format(request=":asked", unredacted="true", why="'x'"),
        approved.format(request=":wanted") + ";" + _GRANT.format(request=":wanted", unredacted="true", why="NULL"),
    ):
        with pytest.raises(DBAPIError):
            run(database, statement, values)
    with database.transaction() as session:  # what goes wrong above is what is forged, and not the statement
        session.execute(text(approved.format(request=":wanted")), values)
        session.execute(text(_GRANT.format(request=":wanted", unredacted="true", why="'x'")), values)
        session.execute(text(_EXPORT.replace("WHERE id = :grant", "WHERE request_id = :wanted")), values)


def test_bytes_of_an_original_need_the_consent_that_an_export_needs(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    officer, recording = scene["officer"], scene["recording"]
    asked = session, officer, recording.id
    archive.grant(scene["case"], officer, scene["legal"], "copy", redacted=True)
    with pytest.raises(AccessRefused) as refused:
        find_original_grant(*asked, NOW)
    assert refused.value.reason == "consent_needed"
    whole = granted(session, scene, "法院要求提交原件", "同意")
    found = find_original_grant(*asked, NOW)
    assert (found.grant_id, found.kind, found.unredacted) == (whole.id, "copy", True)
    span = {"object_size": recording.size_bytes, "first_byte": 0, "last_byte": 9, "now": NOW}
    open_window(session, officer, found, recording_id=recording.id, object_name=recording.object_name, **span)
    standing = session, officer, recording.id, recording.object_name, 5, NOW
    assert find_standing_window(*standing) is None
    assert find_standing_window(*standing, originals=True) is not None
    revoke(session, scene["legal"], whole.id, "误批")
    assert find_standing_window(*standing, originals=True) is None
    with pytest.raises(AccessRefused, match="revoked"):
        find_original_grant(*asked, NOW)


def test_raw_sql_opens_no_window_on_an_original_without_consent(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        archive = archive_in(session)
        scene = scene_in(archive)
        officer, recording = scene["officer"], scene["recording"]
        colleague = archive.person(archive.unit_of(officer), "officer")
        whole = granted(session, scene, "法院要求", "同意")
        redacted = granted(session, scene)
        name_officer(session, officer, scene["case"].id, officer.id)
        ask(session, officer, case_id=scene["case"].id, kind="view", purpose="p")
        viewing = find_grant(session, officer, recording.id, "view", NOW)
        values = {"recording": recording.id, "officer": officer.id, "colleague": colleague.id}
        values |= {"whole": whole.id, "redacted": redacted.id, "viewing": viewing.grant_id}
    of_it = "(SELECT object_name FROM recording WHERE id = :recording)"
    for grant, person in ((":viewing", ":officer"), (":redacted", ":officer"), (":whole", ":colleague")):
        with pytest.raises(DBAPIError, match="brings no originals"):
            run(database, _WINDOW.format(grant=grant, person=person, object=of_it), values)
    run(database, _WINDOW.format(grant=":viewing", person=":officer", object="'renditions/a/proxy-b'"), values)
    run(database, _WINDOW.format(grant=":whole", person=":officer", object=of_it), values)


def run(database: Database, statements: str, values: dict[str, Any]) -> None:
    """One after the other, in one transaction."""
    with database.transaction() as session:
        for each in statements.split(";"):
            session.execute(text(each), values)


_GRANT = (
    "INSERT INTO access_grant (id, unit_id, request_id, case_id, person_id, kind, approved_by, granted_at, expires_at,"
    " unredacted, consent_reason) SELECT gen_random_uuid(), unit_id, {request}, case_id, person_id, kind, approved_by,"
    " granted_at, expires_at, {unredacted}, {why} FROM access_grant WHERE id = :grant"
)
_WINDOW = (
    "INSERT INTO playback_window (id, unit_id, person_id, grant_id, recording_id, object_name, first_byte, last_byte,"
    " opened_at, expires_at, sent_bytes) SELECT gen_random_uuid(), unit_id, {person}, {grant}, id, {object}, 0, 9,"
    " now(), now(), 0 FROM recording WHERE id = :recording"
)
_EXPORT = (
    "INSERT INTO export (id, unit_id, case_id, grant_id, person_id)"
    " SELECT gen_random_uuid(), unit_id, case_id, id, person_id FROM access_grant WHERE id = :grant"
)
