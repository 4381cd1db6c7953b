"""A migration written in SQL beside its Python file."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def execute_sql_beside(migration: str) -> None:
    """Run `<migration>.sql` in the migration's transaction; `migration` is the caller's `__file__`.

    Straight through the driver, because SQLAlchemy's text() takes colons for parameters; psycopg takes percent signs.
    """
    statements = Path(migration).with_suffix(".sql").read_text("utf-8")
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
