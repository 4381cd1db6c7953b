"""Posts: who is a unit's chief, and who its head of legal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.names import people_named
from api.http.schema.base import Listed, PersonRef, Reason
from api.http.schema.posts import NewPost, PostItem
from api.http.sessions import SignedIn, TheArchive
from casework.permission import require
from casework.retrieval.posts import end_post, name_to_post, posts_in
from casework.units import unit_tree
from storage.catalog.organisation import PersonPost

router = api_router(tags=["organisation"])


@router.post("/people/{person_id}/posts", summary="任命职务 / Name to a post", status_code=201)
def name_post(person_id: uuid.UUID, form: NewPost, viewer: SignedIn, archive: TheArchive) -> PostItem:
    """The person's role has to be the one that goes with the post. Which needs whose word, the rules say."""
    with doing(archive, viewer) as session:
        return _items(session, [name_to_post(session, viewer.person, person_id, form.post)])[0]


@router.get("/posts", summary="现任职务 / Who holds which post now")
def show_posts(viewer: SignedIn, archive: TheArchive) -> Listed[PostItem]:
    """In one's own unit and those below it."""
    require(viewer.person, "list_people")
    with looking(archive, viewer) as session:
        units = session.scalars(select(unit_tree(viewer.person.unit_id).c.id)).all()
        return Listed(items=_items(session, posts_in(session, units)))


@router.post("/posts/{post_id}/end", summary="免去职务 / End a post")
def finish_post(post_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> PostItem:
    with doing(archive, viewer) as session:
        return _items(session, [end_post(session, viewer.person, post_id, form.reason)])[0]


def _items(session: Session, rows: Sequence[PersonPost]) -> list[PostItem]:
    names = people_named(session, *(row.person_id for row in rows))
    return [
        PostItem(
            id=row.id,
            unit_id=row.unit_id,
            person=PersonRef.of(row.person_id, names),
            post=row.post,
            named_at=row.named_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]
