"""Stores beside the archive's own, by the place at which each was named: replicas and cold places."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from storage.catalog.base import Base


class NamedStore(Base):
    """`mark` lies in it since it was begun, so that a disk that is not mounted is not taken for it; one at most is in
    use. `failing_since`: it does not work, and `failure` is the error's class."""

    __abstract__ = True
    place: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[uuid.UUID | None]
    in_use: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    failing_since: Mapped[datetime | None]
    failure: Mapped[str | None]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint("NOT in_use OR mark IS NOT NULL", name="in_use"),
            CheckConstraint("(failing_since IS NULL) = (failure IS NULL)", name="failure"),
            Index(f"ix_{cls.__tablename__}_in_use", "in_use", unique=True, postgresql_where=text("in_use")),
        )
