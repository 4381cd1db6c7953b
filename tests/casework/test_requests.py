from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed, TextUnusable, WordUnknown
from casework.requests import (
    approve,
    ask,
    find_request,
    list_grants,
    list_requests,
    refuse,
    revoke,
)
from casework.retrieval.errors import AlreadyDecided, AlreadyRevoked, ExpiryUnusable, OwnRequest
from retention.errors import OutsideUnit, UnknownSubject
from storage.catalog.access import AccessRequest, Grant
from storage.catalog.ledger import LedgerOpening
from storage.database import Database

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def people(archive: Any) -> dict[str, Any]:
    """One person of each role in one unit, a second supervisor, and a case."""
    unit = archive.unit()
    roles = ("officer", "supervisor", "legal_reviewer", "publisher", "auditor", "administrator")
    people = {role: archive.person(unit, role) for role in roles}
    return people | {"second": archive.person(unit, "supervisor"), "case": archive.case(people["officer"])}


def pending(session: Session, people: dict[str, Any], kind: str = "view", asker: str = "officer") -> AccessRequest:
    return ask(session, people[asker], case_id=people["case"].id, kind=kind, purpose="核对询问过程")


@pytest.mark.parametrize("role", ["officer", "supervisor", "legal_reviewer"])
def test_request_keeps_its_purpose_and_the_ledger_only_commits_to_it(
    session: Session, archive: Any, people: dict[str, Any], role: str
) -> None:
    request = pending(session, people, asker=role)
    assert (request.state, request.purpose, request.kind) == ("pending", "核对询问过程", "view")
    entry = archive.last_entry("access.requested")
    assert (entry.actor_id, entry.subject_id) == (str(people[role].id), str(request.id))
    assert "核对询问过程" not in archive.ledger_text()
    opening = session.get(LedgerOpening, (entry.id, "purpose"))
    assert opening.value == "核对询问过程"


@pytest.mark.parametrize("role", ["publisher", "administrator"])
def test_others_may_not_ask(session: Session, people: dict[str, Any], role: str) -> None:
    with pytest.raises(RoleNotAllowed, match="officer, supervisor, legal_reviewer"):
        pending(session, people, asker=role)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"purpose": ""}, TextUnusable),
        ({"purpose": "\u3000 \r\n"}, TextUnusable),
        ({"purpose": "x\x00"}, TextUnusable),
        ({"kind": "delete"}, WordUnknown),
        ({"case_id": uuid.uuid4()}, UnknownSubject),
    ],
)
def test_unusable_request_is_refused(
    session: Session, archive: Any, people: dict[str, Any], values: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(session, people["officer"], **{"case_id": people["case"].id, "kind": "view", "purpose": "p"} | values)
    assert archive.entries("access.requested") == []


def test_lines_of_a_purpose_typed_into_a_form_are_kept(session: Session, people: dict[str, Any]) -> None:
    request = ask(session, people["officer"], case_id=people["case"].id, kind="view", purpose="一、\r\n二、")
    assert request.purpose == "一、\n二、"


def test_case_of_another_unit_cannot_be_asked_for(session: Session, archive: Any, people: dict[str, Any]) -> None:
    with pytest.raises(OutsideUnit):
        ask(session, archive.person(archive.unit(), "officer"), case_id=people["case"].id, kind="view", purpose="p")


@pytest.mark.parametrize(
    ("kind", "role", "may"),
    [
        ("view", "supervisor", True),
        ("view", "legal_reviewer", False),
        ("copy", "supervisor", False),
        ("copy", "legal_reviewer", True),
        *((kind, role, False) for kind in ("view", "copy") for role in ("publisher", "auditor", "administrator")),
    ],
)
def test_who_may_approve_which_kind(
    session: Session, archive: Any, people: dict[str, Any], kind: str, role: str, may: bool
) -> None:
    request = pending(session, people, kind)
    if not may:
        with pytest.raises(RoleNotAllowed):
            approve(session, people[role], request.id, expires_at=NOW + DAY, now=NOW)
        assert (request.state, archive.entries("access.granted")) == ("pending", [])
        return
    grant = approve(session, people[role], request.id, expires_at=NOW + DAY, now=NOW)
    assert (grant.kind, grant.person_id, grant.approved_by) == (kind, people["officer"].id, people[role].id)
    assert (request.state, request.decided_by, request.decided_at) == ("approved", people[role].id, NOW)
    entry = archive.last_entry("access.granted")
    assert entry.subject_id == str(grant.id)
    assert entry.data["expires_at"] == "2026-03-11T08:00:00.000000Z"


def test_nobody_decides_on_his_own_request(session: Session, archive: Any, people: dict[str, Any]) -> None:
    request = pending(session, people, asker="supervisor")
    with pytest.raises(OwnRequest):
        approve(session, people["supervisor"], request.id, expires_at=NOW + DAY, now=NOW)
    with pytest.raises(OwnRequest):
        refuse(session, people["supervisor"], request.id, "不用了")
    assert approve(session, people["second"], request.id, expires_at=NOW + DAY, now=NOW).person_id == request.person_id


def test_supervisor_of_another_unit_decides_nothing(session: Session, archive: Any, people: dict[str, Any]) -> None:
    request, stranger = pending(session, people), archive.person(archive.unit(), "supervisor")
    for deed in (
        lambda: approve(session, stranger, request.id, expires_at=NOW + DAY, now=NOW),
        lambda: refuse(session, stranger, request.id, "r"),
        lambda: find_request(session, stranger, request.id),
    ):
        with pytest.raises(OutsideUnit):
            deed()
    grant = approve(session, people["supervisor"], request.id, expires_at=NOW + DAY, now=NOW)
    with pytest.raises(OutsideUnit):
        revoke(session, stranger, grant.id, "r")


@pytest.mark.parametrize(
    "expires_at",
    [
        NOW,
        NOW - DAY,
        NOW + timedelta(days=30, microseconds=1),
        (NOW + DAY).replace(tzinfo=None),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_unusable_end_of_a_grant_is_refused(session: Session, people: dict[str, Any], expires_at: datetime) -> None:
    request = pending(session, people)
    with pytest.raises(ExpiryUnusable):
        approve(session, people["supervisor"], request.id, expires_at=expires_at, now=NOW)
    assert request.state == "pending"


def test_refusal_keeps_its_reason_privately_and_is_final(
    session: Session, archive: Any, people: dict[str, Any]
) -> None:
    request = pending(session, people)
    with pytest.raises(TextUnusable):
        refuse(session, people["supervisor"], request.id, "")
    refuse(session, people["supervisor"], request.id, "与案件无关")
    assert (request.state, request.decision_reason) == ("refused", "与案件无关")
    assert "与案件无关" not in archive.ledger_text()
    with pytest.raises(AlreadyDecided, match="refused"):
        approve(session, people["second"], request.id, expires_at=NOW + DAY, now=NOW)
    assert session.scalars(select(Grant).where(Grant.request_id == request.id)).all() == []


def test_grant_is_revoked_once_with_a_reason(session: Session, archive: Any, people: dict[str, Any]) -> None:
    grant = approve(session, people["supervisor"], pending(session, people).id, expires_at=NOW + DAY, now=NOW)
    with pytest.raises(TextUnusable):
        revoke(session, people["second"], grant.id, " ")
    for role in ("officer", "legal_reviewer", "auditor"):
        with pytest.raises(RoleNotAllowed):
            revoke(session, people[role], grant.id, "r")
    revoke(session, people["second"], grant.id, "目的已达到")
    assert grant.revoked_by == people["second"].id
    assert archive.last_entry("access.grant_revoked").data["person_id"] == str(people["officer"].id)
    assert "目的已达到" not in archive.ledger_text()
    with pytest.raises(AlreadyRevoked):
        revoke(session, people["supervisor"], grant.id, "r")


def test_of_two_approvals_at_once_one_wins(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        archive = archive_in(session)
        unit = archive.unit()
        officer = archive.person(unit, "officer")
        supervisors = [archive.person(unit, "supervisor") for _ in range(4)]
        case = archive.case(officer)
        request = ask(session, officer, case_id=case.id, kind="view", purpose="p")
    start = threading.Barrier(len(supervisors))
    outcomes: list[str] = []

    def decide(supervisor: Any) -> None:
        try:
            with database.transaction() as own:
                seen = find_request(own, supervisor, request.id)  # as a page would, before the button is pressed
                start.wait()
                assert seen.state == "pending"
                approve(own, supervisor, request.id, expires_at=NOW + DAY, now=NOW)
                assert seen.state == "approved"
            outcomes.append("approved")
        except AlreadyDecided as error:
            outcomes.append(f"already {error.state}")

    threads = [threading.Thread(target=decide, args=(supervisor,)) for supervisor in supervisors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already approved"] * 3 + ["approved"]
    with database.reading() as session:
        assert len(session.scalars(select(Grant)).all()) == 1
        assert len(archive_in(session).entries("access.granted")) == 1


def test_requests_and_grants_are_listed_by_what_is_wanted(
    session: Session, archive: Any, people: dict[str, Any]
) -> None:
    officer, supervisor = people["officer"], people["supervisor"]
    waiting, decided, other = (
        pending(session, people),
        pending(session, people),
        pending(session, people, asker="legal_reviewer"),
    )
    grant = approve(session, supervisor, decided.id, expires_at=NOW + DAY, now=NOW)
    unit_id = officer.unit_id

    def ids(page: Any) -> set[uuid.UUID]:
        return {row.id for row in page.items}

    assert ids(list_requests(session, unit_id, state="pending")) == {waiting.id, other.id}
    assert ids(list_requests(session, unit_id, person_id=officer.id)) == {waiting.id, decided.id}
    assert ids(list_requests(session, archive.unit().id)) == set()
    assert ids(list_grants(session, unit_id, live_at=NOW)) == {grant.id}
    assert ids(list_grants(session, unit_id, live_at=NOW + DAY)) == set()
    assert ids(list_grants(session, unit_id, person_id=supervisor.id)) == set()
    first = list_requests(session, unit_id, limit=2)
    assert ids(first) | ids(list_requests(session, unit_id, limit=2, after=first.next)) == {
        waiting.id,
        decided.id,
        other.id,
    }
