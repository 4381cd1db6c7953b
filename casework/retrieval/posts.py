"""Posts (职务) of a unit: its chief (单位负责人) and its head of legal (法制机构负责人), by whom footage is approved.

A role says what an account can do, a post what somebody answers for: of a unit's supervisors one or two are its chief.
Where nobody holds a post, in the unit or above it, whoever has the role that goes with it stands in: an archive that
never named anybody goes on as before.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.naming import Naming
from casework.retrieval.errors import PostEnded, PostUnfit
from casework.units import Doer, lines_of
from storage.catalog.organisation import POSTS, Person, PersonPost

HELD = Naming(
    PersonPost,
    word="post",
    called="post",
    entry="post.",
    live="uq_person_post_live",
    roles={post: (role,) for post, role in POSTS.items()},
    unfit=lambda name, post: PostUnfit(name, post, POSTS[post]),
    ended=PostEnded,
)


@dataclass(frozen=True)
class Approvers:
    """Who can decide what needs a post. `stands_in`: nobody holds it, and these have the role that goes with it."""

    post: str
    names: dict[uuid.UUID, str]
    stands_in: bool

    def includes(self, person: Person) -> bool:
        return person.active and person.id in self.names


def name_to_post(session: Session, by: Doer, person_id: uuid.UUID, post: str) -> PersonPost:
    """Somebody holds a post of his own unit from now on.

    Raises WordUnknown, PostUnfit for one who has left or has another role, Taken, Unknown, OutsideUnit, RoleNotAllowed.
    """
    return HELD.name(session, by, person_id, post)


def end_post(session: Session, by: Doer, post_id: uuid.UUID, reason: str) -> PersonPost:
    """He holds it no more; that he did stays. Raises PostEnded, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed."""
    return HELD.end(session, by, post_id, reason)


def posts_in(session: Session, unit_ids: Collection[uuid.UUID]) -> tuple[PersonPost, ...]:
    """Posts that are held now in these units, the earliest first."""
    return HELD.held_in(session, unit_ids)


@dataclass(frozen=True)
class Decided:
    """A request of a unit that needs a post, and whose it is: he himself decides nothing of it."""

    unit_id: uuid.UUID
    post: str
    but: uuid.UUID


def approvers_of(session: Session, unit_id: uuid.UUID, post: str, but: uuid.UUID) -> Approvers:
    """Whoever holds the post in the nearest unit, upwards, where anybody but `but` does; else who stands in, likewise.

    Whoever has left, or has another role by now, holds it no more, whatever the rows say.
    """
    asked = Decided(unit_id, post, but)
    return approvers_of_each(session, [asked])[asked]


def approvers_of_each(session: Session, asked: Iterable[Decided]) -> dict[Decided, Approvers]:
    """The same of many requests, in as many queries as for one."""
    asked = set(asked)
    lines = lines_of(session, {each.unit_id for each in asked})
    fit = Person.active.is_(True), Person.unit_id.in_({unit_id for line in lines.values() for unit_id in line})
    columns = select(Person.unit_id, Person.id, Person.name, Person.role)
    people = session.execute(columns.where(*fit, Person.role.in_({POSTS[each.post] for each in asked}))).all()
    held = {(row.person_id, row.post) for row in posts_of(session, [row.id for row in people])}

    def approvers(each: Decided) -> Approvers:
        line = lines.get(each.unit_id, ())
        others = [row for row in people if row.role == POSTS[each.post] and row.id != each.but]
        nearest = _nearest(line, (row for row in others if (row.id, each.post) in held))
        return Approvers(each.post, nearest or _nearest(line, others), stands_in=not nearest)

    return {each: approvers(each) for each in asked}


def posts_of(session: Session, people: Collection[uuid.UUID]) -> tuple[PersonPost, ...]:
    """Posts that these people hold now."""
    held = select(PersonPost).where(PersonPost.person_id.in_(people), PersonPost.ended_at.is_(None))
    return tuple(session.scalars(held))


def _nearest(line: Iterable[uuid.UUID], people: Iterable[Any]) -> dict[uuid.UUID, str]:
    by_unit: dict[uuid.UUID, dict[uuid.UUID, str]] = {}
    for row in people:
        by_unit.setdefault(row.unit_id, {})[row.id] = row.name
    return next((by_unit[unit_id] for unit_id in line if unit_id in by_unit), {})
