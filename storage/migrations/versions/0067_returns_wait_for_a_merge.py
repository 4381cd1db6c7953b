"""A return waits for a merge that is under way: see 0067_returns_wait_for_a_merge.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what is in force is never taken back")
