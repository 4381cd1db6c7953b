"""Being named to something in one's own unit, a post or a duty: from when, by whom, until when and why; never deleted.

A role says what an account can do. What somebody answers for he is named to, by whoever may change the organisation,
and of his own unit alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import CaseworkError, Taken, Unknown
from casework.rows import unique
from casework.units import Doer, actor_of, require_live, require_over
from casework.wording import known_word, required_text
from storage.catalog.organisation import Person, PersonPost
from storage.catalog.publication import PublicationDuty
from storage.ledger.append import Change, record_change

DEED: Final = "change_the_organisation"
RowT = TypeVar("RowT", PersonPost, PublicationDuty)


@dataclass(frozen=True)
class Naming(Generic[RowT]):
    """What people are named to. `word`: the column that says to which; `entry`: how the actions of its entries begin.

    `roles`: those that go with each. `unfit` is told a name and the word, `ended` when it was given up: they make the
    errors. `live`: the index by which nobody is named to the same twice.
    """

    table: type[RowT]
    word: str
    called: str
    entry: str
    live: str
    roles: Mapping[str, Collection[str]]
    unfit: Callable[[str, str], CaseworkError]
    ended: Callable[[datetime], CaseworkError]

    def name(self, session: Session, by: Doer, person_id: uuid.UUID, to: str) -> RowT:
        """From now on. Raises WordUnknown, `unfit` for one who has left or has another role, Taken, UnitEnded,
        Unknown, OutsideUnit, RoleNotAllowed."""
        known_word(self.word, to, tuple(self.roles))
        unit_id = session.scalar(select(Person.unit_id).where(Person.id == person_id))
        if unit_id is None:
            raise Unknown("person", person_id)
        require_over(session, by, DEED, unit_id)
        # The unit first, then whoever is in it: a merge locks them in that order too.
        require_live(session, unit_id)
        wanted = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
        person = session.scalars(wanted.execution_options(populate_existing=True)).one()
        if not person.active or person.role not in self.roles[to]:
            raise self.unfit(person.name, to)
        row = self.table(
            id=uuid.uuid4(),
            unit_id=person.unit_id,
            person_id=person.id,
            named_by=by.id if isinstance(by, Person) else None,
            named_at=datetime.now(UTC),
            **{self.word: to},
        )
        with unique(session, {self.live: Taken(self.called, to)}):
            session.add(row)
        self._record(session, by, row, "named")
        return row

    def end(self, session: Session, by: Doer, row_id: uuid.UUID, reason: str) -> RowT:
        """Given up; that it was held stays. Raises `ended`, TextUnusable, Unknown, OutsideUnit, RoleNotAllowed."""
        reason = required_text("reason", reason)
        wanted = select(self.table).where(self.table.id == row_id).with_for_update()
        row = session.scalars(wanted.execution_options(populate_existing=True)).first()
        if row is None:
            raise Unknown(self.table.__tablename__, row_id)
        require_over(session, by, DEED, row.unit_id)
        if row.ended_at is not None:
            raise self.ended(row.ended_at)
        row.ended_at, row.end_reason = datetime.now(UTC), reason
        row.ended_by = by.id if isinstance(by, Person) else None
        session.flush()
        self._record(session, by, row, "ended", {"reason": reason})
        return row

    def held_in(self, session: Session, unit_ids: Collection[uuid.UUID]) -> tuple[RowT, ...]:
        """What is held now in these units, the earliest first."""
        held = select(self.table).where(self.table.unit_id.in_(unit_ids), self.table.ended_at.is_(None))
        return tuple(session.scalars(held.order_by(self.table.named_at, self.table.id)))

    def _record(
        self, session: Session, by: Doer, row: RowT, deed: str, private: Mapping[str, str] | None = None
    ) -> None:
        data = {f"{self.word}_id": str(row.id), self.word: str(getattr(row, self.word))}
        change = Change(f"{self.entry}{deed}", "person", str(row.person_id), row.unit_id, data, dict(private or {}))
        record_change(session, actor_of(by), change)
