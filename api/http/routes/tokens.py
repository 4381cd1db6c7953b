"""Bearer tokens for programs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import select

from api.credentials import create_api_token, hash_secret
from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.errors import InputUnusable, NotFound, OthersToken, TokenRevoked
from api.http.paging import Wanted, listed_each
from api.http.reading.scope import require_in_tree
from api.http.schema.base import Listed
from api.http.schema.organisation import IssuedToken, NewToken, TokenItem
from api.http.sessions import SignedIn, TheArchive
from casework.permission import require
from casework.units import unit_of
from retention.paging import Cursor, newest_first, take_page
from storage.catalog.organisation import Person
from storage.catalog.signin import ApiToken
from storage.ledger.append import Actor, Change, record_change

router = api_router(tags=["tokens"])


@router.post("/people/{person_id}/tokens", summary="签发访问令牌 / Issue a token", status_code=201)
def make_token(person_id: uuid.UUID, form: NewToken, viewer: SignedIn, archive: TheArchive) -> IssuedToken:
    """For a program. Everybody makes their own; an administrator makes those of programs, which have no password.

    Nobody gets a token of somebody who signs in: with two of them one person could ask and approve in others' names.
    """
    if person_id != viewer.person.id:
        require(viewer.person, "issue_others_tokens")
    if form.expires_at is not None and form.expires_at.tzinfo is None:
        raise InputUnusable("expires_at", "缺少时区", "has no time zone")
    with doing(archive, viewer) as session:
        person = session.get(Person, person_id)
        if person is None or not person.active:
            raise NotFound(f"person {person_id}")
        require_in_tree(session, viewer.person, person.unit_id)
        if person.id != viewer.person.id and person.can_sign_in:
            raise OthersToken
        token = create_api_token(session, person, form.label, form.expires_at, Actor.person(viewer.person.id))
        session.flush()
        row = session.scalars(select(ApiToken).where(ApiToken.token_hash == hash_secret(token))).one()
        return IssuedToken(id=row.id, token=token)


@router.get("/people/{person_id}/tokens", summary="令牌列表 / List tokens")
def show_tokens(person_id: uuid.UUID, viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[TokenItem]:
    require(viewer.person, "list_others_tokens")
    with looking(archive, viewer) as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound(f"person {person_id}")
        require_in_tree(session, viewer.person, person.unit_id)
        statement = select(ApiToken).where(ApiToken.person_id == person_id)
        rows = session.scalars(newest_first(statement, ApiToken.created_at, ApiToken.id, page.after, page.limit)).all()
        tokens = take_page(rows, page.limit, lambda row: Cursor(row.created_at, str(row.id)))
        return listed_each(tokens, TokenItem.model_validate)


@router.post("/tokens/{token_id}/revoke", summary="吊销令牌 / Revoke a token")
def revoke_token(token_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> TokenItem:
    require(viewer.person, "issue_others_tokens")
    with doing(archive, viewer) as session:
        row = session.get(ApiToken, token_id, with_for_update={"key_share": True})
        unit_id = unit_of(session, "api_token", token_id) if row is None else row.unit_id
        if unit_id is None:
            raise NotFound(f"token {token_id}")
        require_in_tree(session, viewer.person, unit_id)
        assert row is not None  # of a unit that is seen
        if row.revoked_at is not None:
            raise TokenRevoked
        row.revoked_at = datetime.now(UTC)
        change = Change("token.revoked", "person", str(row.person_id), row.unit_id, {"token_id": str(row.id)})
        record_change(session, Actor.person(viewer.person.id), change)
        return TokenItem.model_validate(row)
