"""Units that were merged into others: see 0063_merged_units.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what is in force is never taken back")
