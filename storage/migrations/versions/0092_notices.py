"""The party is told before a penalty (处罚法 44, 45, 51, 62 to 64): see 0092_notices.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what a party was told, and what he said, is never thrown away")
