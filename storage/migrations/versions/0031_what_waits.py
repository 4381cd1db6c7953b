"""Indexes for what waits: see 0031_what_waits.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("there is no way back")
