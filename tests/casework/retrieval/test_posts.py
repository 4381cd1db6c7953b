"""Who decides: whoever holds the post in the nearest unit; the role that goes with it where nobody does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed, Taken, WordUnknown
from casework.organisation import change_role, deactivate_person
from casework.requests import approve, ask
from casework.retrieval.deciding import decidable, list_to_decide
from casework.retrieval.errors import NotTheApprover, OwnRequest, PostEnded, PostUnfit
from casework.retrieval.posts import approvers_of, end_post, name_to_post, posts_in
from retention.errors import OutsideUnit
from storage.catalog.access import AccessRequest
from storage.database import Database
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def bureau(archive: Any) -> dict[str, Any]:
    """A bureau with a brigade below it; in the brigade an officer with a case, two supervisors, a legal reviewer."""
    top = archive.unit()
    team = archive.unit(top)
    people = {name: archive.person(team, role) for name, role in TEAM.items()}
    above = {name: archive.person(top, role) for name, role in ABOVE.items()}
    return {"top": top, "team": team, **people, **above, "case": archive.case(people["officer"])}


TEAM = {"officer": "officer", "first": "supervisor", "second": "supervisor", "reviewer": "legal_reviewer"}
ABOVE = {"bureau_chief": "supervisor", "bureau_legal": "legal_reviewer", "administrator": "administrator"}


def asked(session: Session, bureau: dict[str, Any], kind: str = "view", asker: str = "officer") -> AccessRequest:
    return ask(session, bureau[asker], case_id=bureau["case"].id, kind=kind, purpose="核对")


def say_yes(session: Session, by: Any, request: AccessRequest) -> Any:
    return approve(session, by, request.id, expires_at=NOW + DAY, now=NOW)


def test_once_somebody_is_chief_the_other_supervisors_decide_no_more(
    session: Session, archive: Any, bureau: dict[str, Any]
) -> None:
    request = asked(session, bureau)
    assert decidable(session, bureau["second"], [request]) == {request.id}
    post = name_to_post(session, bureau["administrator"], bureau["first"].id, "chief")
    assert archive.last_entry("post.named").data == {"post_id": str(post.id), "post": "chief"}
    assert decidable(session, bureau["second"], [request]) == frozenset()
    with pytest.raises(NotTheApprover, match=bureau["first"].name):
        say_yes(session, bureau["second"], request)
    assert say_yes(session, bureau["first"], request).approved_by == bureau["first"].id


def test_copies_are_the_head_of_legal_s_alone(session: Session, bureau: dict[str, Any]) -> None:
    request = asked(session, bureau, "copy")
    for nobody in ("first", "second", "bureau_chief"):
        with pytest.raises(RoleNotAllowed):
            say_yes(session, bureau[nobody], request)
    assert say_yes(session, bureau["reviewer"], request).kind == "copy"


def test_what_a_unit_has_nobody_for_is_decided_above_it(session: Session, bureau: dict[str, Any]) -> None:
    name_to_post(session, OPERATOR, bureau["bureau_legal"].id, "head_of_legal")
    request = asked(session, bureau, "copy")
    with pytest.raises(NotTheApprover):
        say_yes(session, bureau["reviewer"], request)
    assert [row.id for row in list_to_decide(session, bureau["bureau_legal"]).items] == [request.id]
    assert say_yes(session, bureau["bureau_legal"], request).unit_id == bureau["team"].id
    assert list_to_decide(session, bureau["bureau_legal"]).items == ()


def test_the_only_chief_s_own_request_goes_to_somebody_else(session: Session, bureau: dict[str, Any]) -> None:
    name_to_post(session, OPERATOR, bureau["first"].id, "chief")
    request = asked(session, bureau, asker="first")
    with pytest.raises(OwnRequest):
        say_yes(session, bureau["first"], request)
    # Nobody else holds the post: whoever has the role in the nearest unit stands in, and not the chief for himself.
    found = approvers_of(session, bureau["team"].id, "chief", but=bureau["first"].id)
    assert (set(found.names), found.stands_in) == ({bureau["second"].id}, True)
    name_to_post(session, OPERATOR, bureau["bureau_chief"].id, "chief")
    assert say_yes(session, bureau["bureau_chief"], request).person_id == bureau["first"].id


def test_nobody_below_or_beside_decides(session: Session, archive: Any, bureau: dict[str, Any]) -> None:
    own = ask(
        session, bureau["bureau_legal"], case_id=archive.case(bureau["bureau_chief"]).id, kind="view", purpose="p"
    )
    for stranger in (bureau["first"], archive.person(archive.unit(), "supervisor")):
        with pytest.raises(OutsideUnit):
            say_yes(session, stranger, own)


def test_an_approver_who_left_or_changed_his_role_decides_no_more(session: Session, bureau: dict[str, Any]) -> None:
    name_to_post(session, OPERATOR, bureau["first"].id, "chief")
    request = asked(session, bureau)
    deactivate_person(session, OPERATOR, bureau["first"].id, "离职")
    with pytest.raises(RoleNotAllowed):
        say_yes(session, bureau["first"], request)
    assert decidable(session, bureau["second"], [request]) == {request.id}
    name_to_post(session, OPERATOR, bureau["second"].id, "chief")
    change_role(session, OPERATOR, bureau["second"].id, "officer")
    with pytest.raises(RoleNotAllowed):
        say_yes(session, bureau["second"], request)
    assert decidable(session, bureau["bureau_chief"], [request]) == {request.id}


def test_a_post_is_named_and_ended_once_and_its_role_is_asked_for(
    session: Session, archive: Any, bureau: dict[str, Any]
) -> None:
    with pytest.raises(WordUnknown):
        name_to_post(session, OPERATOR, bureau["first"].id, "king")
    with pytest.raises(PostUnfit):
        name_to_post(session, OPERATOR, bureau["officer"].id, "chief")
    with pytest.raises(RoleNotAllowed):
        name_to_post(session, bureau["first"], bureau["first"].id, "chief")
    with pytest.raises(OutsideUnit):
        name_to_post(session, archive.person(archive.unit(), "administrator"), bureau["first"].id, "chief")
    post = name_to_post(session, OPERATOR, bureau["first"].id, "chief")
    with pytest.raises(Taken):
        name_to_post(session, OPERATOR, bureau["first"].id, "chief")
    end_post(session, bureau["administrator"], post.id, "调任")
    assert "调任" not in archive.ledger_text()
    with pytest.raises(PostEnded):
        end_post(session, OPERATOR, post.id, "再次")
    assert posts_in(session, [bureau["team"].id]) == ()
    assert name_to_post(session, OPERATOR, bureau["first"].id, "chief").id != post.id


def test_raw_sql_makes_no_grant_without_an_approver_who_is_there(database: Database, archive_in: Any) -> None:
    with database.transaction() as session:
        archive = archive_in(session)
        unit = archive.unit()
        officer, supervisor, reviewer = (
            archive.person(unit, role) for role in ("officer", "supervisor", "legal_reviewer")
        )
        request = ask(session, officer, case_id=archive.case(officer).id, kind="copy", purpose="p")
    forge = text(
        "WITH decided AS ("
        "UPDATE access_request SET state = 'approved', decided_by = CAST(:by AS uuid), decided_at = now()"
        " WHERE id = :request RETURNING *) INSERT INTO access_grant"
        " (id, unit_id, request_id, case_id, person_id, kind, approved_by, granted_at, expires_at)"
        " SELECT gen_random_uuid(), unit_id, id, case_id, person_id, kind, CAST(:by AS uuid), now(),"
        " now() + interval '1 day'"
        " FROM decided"
    )
    for by in (supervisor.id, None):
        with pytest.raises(DBAPIError) as refused, database.transaction() as session:
            session.execute(forge, {"by": by, "request": request.id})
        assert isinstance(refused.value.orig, psycopg.errors.CheckViolation)
    with pytest.raises(DBAPIError), database.transaction() as session:
        session.execute(text("UPDATE access_request SET approval = 'none', needs = '[]'"))
    with database.reading() as session:
        assert session.scalars(select(AccessRequest.state)).one() == "pending"
    with database.transaction() as session:
        assert say_yes(session, reviewer, request).approved_by == reviewer.id
