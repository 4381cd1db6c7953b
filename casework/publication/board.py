"""The board of posts (岗位信息公示牌): who enforces in a unit, in which post, with which badge; by the register."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from storage.catalog.devices import OfficerCertificate
from storage.catalog.organisation import POSTS, Person, PersonPost, Unit

ON_THE_BOARD: Final = ("supervisor", "officer")


@dataclass(frozen=True)
class BoardLine:
    """`posts` are words of POSTS, else the role says what somebody is; `badge_number` None: none is entered yet."""

    name: str
    role: str
    posts: tuple[str, ...]
    badge_number: str | None


def board_of(session: Session, unit: Unit, today: date) -> tuple[BoardLine, ...]:
    """Officers and supervisors who are active in the unit and hold a certificate that is valid today; heads first, then
    by badge. Whoever has another role by now holds a post no more, whatever the rows say."""
    certified = exists().where(
        OfficerCertificate.person_id == Person.id,
        OfficerCertificate.voided_at.is_(None),
        OfficerCertificate.valid.contains(today),
    )
    statement = select(Person.id, Person.name, Person.role, Person.badge_number).where(
        Person.unit_id == unit.id, Person.active.is_(True), Person.role.in_(ON_THE_BOARD), certified
    )
    rows = session.execute(statement.order_by(Person.badge_number.nulls_last(), Person.name)).all()
    posts: dict[uuid.UUID, list[str]] = defaultdict(list)
    live = PersonPost.unit_id == unit.id, PersonPost.ended_at.is_(None)
    held = select(PersonPost.person_id, PersonPost.post, Person.role).join(Person, Person.id == PersonPost.person_id)
    for person_id, post, role in session.execute(held.where(*live).order_by(PersonPost.named_at, PersonPost.id)):
        if POSTS[post] == role:
            posts[person_id].append(post)
    lines = [BoardLine(row.name, row.role, tuple(posts[row.id]), row.badge_number) for row in rows]
    return tuple(sorted(lines, key=lambda line: (not line.posts, ON_THE_BOARD.index(line.role))))
