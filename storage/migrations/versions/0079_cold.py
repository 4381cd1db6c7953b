"""Originals that lie in a cold place, and who asks for them: see 0079_cold.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("where an original lies is not forgotten")
