"""执法办案场所: rooms with recorders of their own (询问室, 听证室), and who used them when, for which case."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.catalog.base import Base, Id, Instant, UnitId, one_of

ROOM_KINDS = ("questioning", "hearing_room")
"""Each is also the kind of act that goes on in such a room: docs/completeness.md."""


class Room(Base):
    """A room of a unit, in use from then on; closed for good, never deleted. Its name is one room's while in use."""

    __tablename__ = "room"
    __table_args__ = (
        CheckConstraint(one_of("kind", *ROOM_KINDS), name="kind"),
        CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (close_reason IS NULL)", name="closed"
        ),
        Index("uq_room_name_in_use", "unit_id", "name", unique=True, postgresql_where=text("closed_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    kind: Mapped[str]
    name: Mapped[str]
    in_use_from: Mapped[Instant]
    added_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[Instant]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    close_reason: Mapped[str | None]


class RoomSession(Base):
    """使用: a room used from then to then (no end: it is in use now), by which officers, for which case.

    With a case it is an act of that case, over the same span; the database holds the one against the other. Sessions
    of one room do not overlap. Withdrawn, never changed, where it was entered wrongly.
    """

    __tablename__ = "room_session"
    __table_args__ = (
        CheckConstraint(
            "lower_inc(span) AND NOT lower_inf(span) AND NOT upper_inc(span) AND NOT isempty(span)", name="span"
        ),
        CheckConstraint("(case_id IS NULL) = (act_id IS NULL)", name="act_of_case"),
        CheckConstraint("second_officer_id IS DISTINCT FROM officer_id", name="two_officers"),
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdraw_reason IS NULL)",
            name="withdrawn",
        ),
        ExcludeConstraint(
            ("room_id", "="),
            ("span", "&&"),
            name="ex_room_session_one_at_a_time",
            using="gist",
            where=text("withdrawn_at IS NULL"),
        ),
        Index("uq_room_session_act_id", "act_id", unique=True),
        Index("ix_room_session_caseless", "unit_id", postgresql_where=text("case_id IS NULL AND withdrawn_at IS NULL")),
    )
    id: Mapped[Id]
    unit_id: Mapped[UnitId]
    room_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("room.id"))
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    second_officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case.id"))
    act_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_act.id"))
    stated_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    stated_at: Mapped[Instant]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    withdraw_reason: Mapped[str | None]

    @property
    def starts_at(self) -> datetime:
        assert self.span.lower is not None
        return self.span.lower

    @property
    def ends_at(self) -> datetime | None:
        """None: in use now."""
        return self.span.upper

    @property
    def officers(self) -> tuple[uuid.UUID, ...]:
        return tuple(each for each in (self.officer_id, self.second_officer_id) if each is not None)
