"""What `liuhen admin post` does: posts named, ended and listed, by the operator at the machine."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.admin_people import OPERATOR, Facts, find_unit
from api.errors import UsageRefused
from casework.organisation import find_person
from casework.retrieval.posts import end_post, name_to_post, posts_in
from integrity.fields import format_instant
from storage.catalog.organisation import Person, PersonPost, Unit


def name_person(session: Session, sign_in_name: str, post: str) -> Facts:
    """Raises UsageRefused for nobody, and what casework does."""
    person = _person(session, sign_in_name)
    return _facts(session, name_to_post(session, OPERATOR, person.id, post))


def end_of_person(session: Session, sign_in_name: str, post: str, reason: str) -> Facts:
    """Raises UsageRefused for nobody, or one who does not hold it."""
    person = _person(session, sign_in_name)
    held = select(PersonPost).where(PersonPost.person_id == person.id, PersonPost.post == post)
    row = session.scalars(held.where(PersonPost.ended_at.is_(None))).first()
    if row is None:
        raise UsageRefused(
            f"{sign_in_name} 未任 {post}；请用 liuhen admin post list 查看",
            f"{sign_in_name} is no {post}: see liuhen admin post list",
        )
    return _facts(session, end_post(session, OPERATOR, row.id, reason))


def list_held(session: Session, unit_code: str | None) -> list[Facts]:
    wanted = (
        select(Unit.id) if unit_code is None else select(Unit.id).where(Unit.id == find_unit(session, unit_code).id)
    )
    return [_facts(session, row) for row in posts_in(session, session.scalars(wanted).all())]


def _person(session: Session, sign_in_name: str) -> Person:
    person = find_person(session, sign_in_name)
    if person is None:
        raise UsageRefused(f"没有用户名为 {sign_in_name} 的人员", f"nobody signs in as {sign_in_name}")
    return person


def _facts(session: Session, row: PersonPost) -> Facts:
    person, unit = session.get_one(Person, row.person_id), session.get_one(Unit, row.unit_id)
    return {
        "post_id": str(row.id),
        "post": row.post,
        "person_id": str(person.id),
        "name": person.name,
        "sign_in_name": person.sign_in_name,
        "unit": unit.code,
        "named_at": format_instant(row.named_at),
        "ended_at": None if row.ended_at is None else format_instant(row.ended_at),
    }
