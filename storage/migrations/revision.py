"""Which schema the database has, and which one this release was written for. Known without Alembic, which is slow."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from storage.errors import SchemaBehind


@lru_cache(maxsize=1)
def own_revision() -> str:
    """The last of this release's: they are numbered in their order."""
    return max(path.name[:4] for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))


def read_revision(connection: Connection | Session) -> str:
    """The database's. Empty where it never had one, or one before 0083, which told its owner alone."""
    told = "SELECT has_table_privilege(to_regclass('public.alembic_version'), 'SELECT')"
    if not connection.execute(text(told)).scalar():
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def is_behind(found: str) -> bool:
    return found < own_revision()


def is_ahead(found: str) -> bool:
    """A newer release's. Processes of this one go on beside it until they are replaced: docs/operating.md."""
    return found > own_revision()


def require_schema(connection: Connection | Session) -> None:
    """Raises SchemaBehind. What is ahead serves a release that is one behind."""
    found = read_revision(connection)
    if is_behind(found):
        raise SchemaBehind(found, own_revision())
