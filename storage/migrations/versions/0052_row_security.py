"""A unit's people see its rows and those of the units below, by the database: see 0052_row_security.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
