"""What every table has in common: naming of constraints, column types, and the unit it belongs to."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column
from sqlalchemy.types import UserDefinedType

Id = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid.uuid4)]
UnitId = Annotated[uuid.UUID, mapped_column(ForeignKey("unit.id"), index=True)]
HeldUnitId = Annotated[uuid.UUID, mapped_column(index=True)]
"""That of the recording or the case it belongs to, by `of_recording` or `of_case`."""
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]
Octets = Annotated[bytes, mapped_column(LargeBinary)]
Size = Annotated[int, mapped_column(BigInteger)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
JsonList = Annotated[list[Any], mapped_column(JSONB)]


class Base(DeclarativeBase):
    """Tables live by domain in this folder; a package writes only its own (docs/architecture.md)."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {str: Text, datetime: DateTime(timezone=True)}


def of_recording() -> ForeignKeyConstraint:
    """A row of a recording is of that recording's unit, whoever writes it: storage/catalog/held_units.py."""
    return ForeignKeyConstraint(["recording_id", "unit_id"], ["recording.id", "recording.unit_id"])


def of_case() -> ForeignKeyConstraint:
    """The same of a case."""
    return ForeignKeyConstraint(["case_id", "unit_id"], ["case.id", "case.unit_id"])


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's xid8: the 64-bit transaction id, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def one_of(column: str, *values: str) -> str:
    """The SQL of a check that a column holds one of a few words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def none_of(column: str, *values: str) -> str:
    """The SQL of a condition that a column holds none of a few words."""
    return f"{column} NOT IN ({', '.join(repr(value) for value in values)})"


def sought_by(expression: str) -> MappedColumn[str]:
    """What a row is found by: each sign twice, so that trigrams serve from two signs on (casework/search/sought.py).

    PostgreSQL writes it. It is for conditions alone: no row loads it.
    """
    return mapped_column(Computed(expression, persisted=True), nullable=False, deferred=True)


def sought_index(table: str) -> Index:
    """The index of trigrams over what `table` is found by."""
    name = f"ix_{table}_sought"
    return Index(name, "sought", postgresql_using="gin", postgresql_ops={"sought": "gin_trgm_ops"})
