"""A package is as old as its contents: see 0054_package_since.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
