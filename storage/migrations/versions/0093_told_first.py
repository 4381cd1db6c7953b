"""The gate asks whether the party was told (处罚法 62): see 0093_told_first.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("nobody would be told before a penalty again")
